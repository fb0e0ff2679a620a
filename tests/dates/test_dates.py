"""The forms are real: from the tables of SemArt and the Tate, and as the Met, the MoMA and the NGA write them.

`forms.tsv` has forms of other languages and kinds, as their museums write them.
"""

from __future__ import annotations

import csv
import random
import time
from itertools import product
from pathlib import Path

import pytest

from art_mcp.dates import EARLIEST, LATEST, years
from art_mcp.dates.calendars import hijri
from art_mcp.dates.words import LANGUAGES, SPLITS

FORMS = {
    # Years and ranges
    "1515": (1515, 1515),
    "999": (999, 999),
    "1504-08": (1504, 1508),
    "1509-10": (1509, 1510),
    "1799-1800": (1799, 1800),
    "1595-1600": (1595, 1600),
    "1788–9": (1788, 1789),
    "1779–80": (1779, 1780),
    "1969–2010": (1969, 2010),
    "1984–5,1992–3": (1984, 1993),
    "1480/1490": (1480, 1490),
    "1640 / 41": (1640, 1641),
    "1650-1640": (1640, 1650),
    "between 1500 and 1510": (1500, 1510),
    "from 1500 to 1510": (1500, 1510),
    "1500 to 10": (1500, 1510),
    "1640-": (1640, 1640),
    "[1640]": (1640, 1640),
    "1601-1650": (1601, 1650),
    "0751-0800": (751, 800),
    "jún.02": (1902, 1906),
    "jan.00": (1900, 1901),
    # Alternatives
    "1510 or 1516": (1510, 1516),
    "1860 or 63": (1860, 1863),
    "1916 and 1920": (1916, 1920),
    "1888 (1889?)": (1888, 1889),
    "c.1841 or c.1852": (1836, 1857),
    "c.1800–5 or ?c.1815": (1795, 1820),
    "1908, ?1930s": (1908, 1939),
    # About
    "c. 1594": (1589, 1599),
    "c 1655": (1650, 1660),
    "c.1470": (1465, 1475),
    "c1500": (1495, 1505),
    "ca. 1525–30": (1520, 1535),
    "c. 800": (795, 805),
    "c. 1665-67": (1660, 1672),
    "c.1795–1800": (1790, 1805),
    "c.1985–6": (1980, 1991),
    "around 1540": (1535, 1545),
    "about 1540": (1535, 1545),
    "um 1540": (1535, 1545),
    "1640 circa": (1635, 1645),
    "1640 (circa)": (1635, 1645),
    "c. 1505/1510": (1500, 1515),
    "c.1827, 1843": (1822, 1843),
    "c.1827–31, 1843": (1822, 1843),
    "c.1924–6, c.1929–35": (1919, 1940),
    "1927–8 and c.1948": (1927, 1953),
    "1938 and c.1952": (1938, 1957),
    "1921–c.23": (1921, 1928),
    # Doubt
    "?1819": (1819, 1819),
    "?1827–8": (1827, 1828),
    "?c.1780": (1775, 1785),
    "?c.1760–70": (1755, 1775),
    "c.1825–30?": (1820, 1835),
    "?1890s": (1890, 1899),
    "probably 1628": (1628, 1628),
    "1765-1770 (?)": (1765, 1770),
    # Bounds
    "after 1532": (1532, 1542),
    "After 1927": (1927, 1937),
    "post 1500": (1500, 1510),
    "1596 or after": (1596, 1606),
    "1520 or later": (1520, 1530),
    "not before 1500": (1500, 1510),
    "before 1674": (1664, 1674),
    "ante 1500": (1490, 1500),
    "by 1620": (1610, 1620),
    "in or before 1640": (1630, 1640),
    "no later than 1640": (1630, 1640),
    "before c. 1640": (1625, 1645),
    "after the 1650s": (1659, 1669),
    # Decades
    "1320s": (1320, 1329),
    "1600s": (1600, 1609),
    "1890's": (1890, 1899),
    "1510s-20s": (1510, 1529),
    "1510s-1520s": (1510, 1529),
    "early 1960s": (1960, 1963),
    "mid-1640s": (1643, 1646),
    "late 1640s-early 1650s": (1646, 1653),
    "late 1800s": (1866, 1899),
    # Centuries
    "12th century": (1101, 1200),
    "XVII century": (1601, 1700),
    "seventeenth century": (1601, 1700),
    "XVI secolo": (1501, 1600),
    "XVIe siècle": (1501, 1600),
    "16. Jahrhundert": (1501, 1600),
    "16./17. Jahrhundert": (1501, 1700),
    "XVI-XVII century": (1501, 1700),
    "17th-18th century": (1601, 1800),
    "17th or 18th century": (1601, 1800),
    "18th century?": (1701, 1800),
    "1st half of 17th century": (1601, 1650),
    "first half of XVII century": (1601, 1650),
    "second half 14th century": (1351, 1400),
    "first quarter of the 16th century": (1501, 1525),
    "last quarter of the 17th century": (1676, 1700),
    "1st third of the 17th century": (1601, 1634),
    "second decade of the 17th century": (1611, 1620),
    "early 18th c.": (1701, 1734),
    "mid-15th century": (1434, 1467),
    "late 18th C": (1767, 1800),
    "end of the 15th century": (1467, 1500),
    "early to mid-18th century": (1701, 1767),
    "late 15th–early 16th century": (1467, 1534),
    "turn of the 17th century": (1591, 1610),
    # Days, months, seasons and places
    "Summer 1887, Paris": (1887, 1887),
    "June 1890, Auvers-sur-Oise": (1890, 1890),
    "Winter 1885/86, Antwerp": (1885, 1886),
    "October-November 1889, Saint-Rémy": (1889, 1889),
    "Spring-Summer 1887, Paris": (1887, 1887),
    "12th June 1889": (1889, 1889),
    "June 12, 1889": (1889, 1889),
    "12.6.1889": (1889, 1889),
    "1905-06-12": (1905, 1905),
    "1889-06": (1889, 1889),
    # What else happened to it
    "1829, exhibited 1831": (1829, 1829),
    "1834–5, exhibited 1835": (1834, 1835),
    "c.1802, ?exhibited 1805": (1797, 1807),
    "1809–1839, exhibited 1809, 1840": (1809, 1839),
    "1822, restored 2011": (1822, 1822),
    "exhibited 1829, painted 1827": (1827, 1827),
    "exhibited 1812": (1812, 1812),
    "?exhibited 1857 or 1866": (1857, 1866),
    "exhibited 1806?": (1806, 1806),
    "published 1818": (1818, 1818),
    "?engraved 1775": (1775, 1775),
    "1828, reworked 1830": (1828, 1830),
    "1503-06; reworked 1510": (1503, 1510),
    "c.1800–10, reworked and exhibited 1847": (1795, 1847),
    "begun c. 1511, completed 1567": (1506, 1567),
    "completed 1567": (1567, 1567),
    # Antiquity
    "2nd-1st century BC": (-200, -1),
    "5th century B.C.E.": (-500, -401),
    "c. 1390–1352 B.C.": (-1395, -1347),
    "500BC": (-500, -500),
    "30 BC-AD 14": (-30, 14),
    "AD 140-50": (140, 150),
    "c. AD 150": (145, 155),
}


@pytest.mark.parametrize(("text", "expected"), FORMS.items())
def test_form(text: str, expected: tuple[int, int]) -> None:
    assert years(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " ",
        "-",
        "?",
        "date not known",
        "n.d.",
        "undated",
        "12th June",
        "summer",
        "sep.23",
        "12345",
        "0000",
        "63",
    ],
)
def test_nothing_to_say(text: str | None) -> None:
    assert years(text) is None


def _forms() -> dict[str, tuple[int, int] | None]:
    with (Path(__file__).parent / "forms.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {row["date"]: (int(row["year_from"]), int(row["year_to"])) if row["year_from"] else None for row in rows}


def test_forms_of_all_languages_and_kinds() -> None:
    forms = _forms()
    assert len(forms) > 850
    assert {text: years(text) for text in forms} == forms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("made for 1650", (1650, 1650)),  # "for" is not "før"
        ("1926 -1940", (1926, 1940)),  # no minus
        ("1640 of 1650", (1640, 1650)),  # Dutch "or"
        ("end of 1650", (1650, 1650)),
        ("la fine del 1650", (1650, 1650)),
        ("1784 [i.e. 1785]", (1784, 1785)),  # not Hungarian for BC
        ("2nd half, 17th century", (1651, 1700)),
        ("1984 (designed); 2000", (1984, 2000)),
        ("12 juni 1889", (1889, 1889)),
        ("12.VI.1889", (1889, 1889)),
        ("Louis XIV", (1643, 1715)),
        ("Philip IV", None),  # a king, not the 4th century
        ("XVIII", (1701, 1800)),
        ("c", None),
        ("C19 oil", (1801, 1900)),
        ("18 mars", None),
        ("42nd Street, 1920", (1920, 1920)),
        ("5 St James's Square, 1890", (1890, 1890)),  # "st" is a century in Czech, after a dot
        ("5th St., New York, 1912", (1912, 1912)),
        ("Room 123, 1948", (1948, 1948)),
        ("No. 1765, 1948", (1948, 1948)),
        ("999 or 1001", (999, 1001)),
        ("Lot 1765", None),
        ("150 x 200", None),
        ("45 × 60,5 cm, 1889", (1889, 1889)),
        ("-50", (-50, -50)),
        ("a.C.", None),
        ("１６６５年", (1665, 1665)),
        ("19th century, probably 1850s", (1850, 1859)),
        ("18th century, after 1713", (1701, 1800)),
        ("not 1640", (1640, 1640)),
        ("Pre-Raphaelite, 1850", (1850, 1850)),
        ("元祐三年", None),  # not the Yuan dynasty
        ("20 х 30 см, 1890", (1890, 1890)),  # a Cyrillic letter, but no numeral
        ("i.e. 1651", (1651, 1651)),
        ("c. 1880, 100-200 copies", (1875, 1885)),
    ],
)
def test_words_that_mean_something_elsewhere(text: str, expected: tuple[int, int] | None) -> None:
    assert years(text) == expected


def test_each_language_has_words_for_each_idea() -> None:
    for words in LANGUAGES:
        assert {"about", "before", "after", "century", "early", "late", "bc", "event"} <= words.keys(), words["about"]


@pytest.mark.parametrize("words", LANGUAGES, ids=lambda words: words["century"].split("|")[0])
def test_every_word_of_a_language_means_what_it_is_listed_as(words: dict[str, str]) -> None:
    century = words["century"].split("|")[0]
    for word in words["century"].split("|"):
        assert years(f"XVII {word}") == years(f"{word} XVII") == (1601, 1700), word
    for key, part in (("early", (1601, 1634)), ("mid", (1634, 1667)), ("late", (1667, 1700))):
        for word in filter(None, words.get(key, "").split("|")):
            assert years(f"{word} XVII {century}") == part, word
    for key, ordinal in product(("half", "quarter"), ("2.", "II")):
        for word in filter(None, words.get(key, "").split("|")):
            last = 1700 if key == "half" else 1650
            assert years(f"{ordinal} {word} XVII {century}") == (last - 100 // SPLITS[key] + 1, last)
    for word in words["before"].split("|"):
        assert (1640, 1650) in (years(f"{word} 1650"), years(f"1650 {word}")), word
    for word in words["after"].split("|"):
        assert (1650, 1660) in (years(f"{word} 1650"), years(f"1650 {word}")), word
    for word in words["about"].split("|"):
        assert (1645, 1655) in (years(f"{word} 1650"), years(f"1650 {word}")), word
    for word in f"{words['event']}|{words['later event']}".split("|"):
        assert years(f"1650, {word} 1750") == (1650, 1650), word
    for word in words["bc"].split("|"):
        assert (years(f"500 {word}") or years(f"{word} 500")) == (-500, -500), word


def test_hijri_years() -> None:
    assert hijri(1) == (622, 623)
    assert hijri(1024) == (1615, 1616)
    assert hijri(1420) == (1999, 2000)
    assert years("AH 1024-25") == (1615, 1617)


def test_whatever_is_written_the_years_are_in_order_and_in_bounds() -> None:
    chance = random.Random(1665)
    pieces = [
        *" ".join(FORMS).split(),
        *"-–/,;()?.'",
        *(str(chance.randrange(12_000)) for _ in range(200)),
        "9999-01-01",
    ]
    for _ in range(20_000):
        text = chance.choice((" ", "", ", ")).join(chance.choices(pieces, k=chance.randrange(1, 7)))
        if (found := years(text)) is not None:
            assert EARLIEST <= found[0] <= found[1] <= LATEST, text
    for _ in range(2_000):
        years("".join(chr(chance.choice((chance.randrange(0x250), chance.randrange(0x11_0000)))) for _ in range(20)))


@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1-",
        "c. ",
        "x",
        "x ",
        "ix-",
        "1st ",
        "1640-",
        "or before ",
        "early ",
        "a.d. ",
        "(",
        " ",
        "reworked and ",
        "明",
        "~",
        "1/2 XVII ",
        "20s-",
        "18--",
        "lata 20 ",
        "AH 1024-",
        "-500",
        "1,000,",
        "2nd half ",
        "av. J.-",
    ],
)
def test_long_texts_take_no_long_time(piece: str) -> None:
    start = time.process_time()
    years(piece * (10_000 // len(piece)))
    assert time.process_time() - start < 1
