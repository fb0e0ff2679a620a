import pytest

from art_mcp.search.years import order, when


@pytest.mark.parametrize(
    ("question", "first", "last", "named"),
    [
        ("ships before 1650", None, 1649, "before 1650"),
        ("from before 1650", None, 1649, "from before 1650"),
        ("by 1700", None, 1700, "by 1700"),
        ("no later than 1700", None, 1700, "no later than 1700"),
        ("1850 or earlier", None, 1850, "1850 or earlier"),
        ("after 1880", 1881, None, "after 1880"),
        ("since 1900", 1900, None, "since 1900"),
        ("paintings from 1880 onwards", 1880, None, "from 1880 onwards"),
        ("1850 or later", 1850, None, "1850 or later"),
        ("painted in 1642", 1642, 1642, "painted in 1642"),
        ("works of 1872", 1872, 1872, "of 1872"),
        ("1872", 1872, 1872, "1872"),
        ("circa 1650", 1645, 1655, "circa 1650"),
        ("between 1600 and 1650", 1600, 1650, "between 1600 and 1650"),
        ("from 1600 to 1650", 1600, 1650, "from 1600 to 1650"),
        ("1650-60", 1650, 1660, "1650-60"),
        ("1650–1660", 1650, 1660, "1650–1660"),
        ("landscapes, 1650-60", 1650, 1660, "1650-60"),
        ("in 1650-60", 1650, 1660, "in 1650-60"),
        ("from 1900 to today", 1900, None, "from 1900 to today"),
        ("the 1870s", 1870, 1879, "the 1870s"),
        ("from the 1860s to the 1880s", 1860, 1889, "from the 1860s to the 1880s"),
        ("the 1800s", 1800, 1899, "the 1800s"),
        ("early 1900s", 1900, 1933, "early 1900s"),
        ("in the 17th century", 1601, 1700, "in the 17th century"),
        ("Seventeenth Century", 1601, 1700, "Seventeenth Century"),
        ("18th-century ships", 1701, 1800, "18th-century"),
        ("19th and 20th century", 1801, 2000, "19th and 20th century"),
        ("late 19th century", 1867, 1900, "late 19th century"),
        ("the first half of the 19th century", 1801, 1850, "the first half of the 19th century"),
        ("before 500 BC", None, -501, "before 500 BC"),
        ("between 500 and 300 BC", -500, -300, "between 500 and 300 BC"),
        ("3rd century BC", -300, -201, "3rd century BC"),
    ],
)
def test_years_of_a_question(question: str, first: int | None, last: int | None, named: str) -> None:
    found = when(question)
    assert found is not None and (found.first, found.last) == (first, last)
    start, end = found.span
    assert question[start:end].removeprefix("the ") == named.removeprefix("the ")


@pytest.mark.parametrize(
    "question",
    [
        "a man of 30",
        "5 ships",
        "room 1984",
        "after 1000 nights",
        "in 2000 years",
        "a girl in her 20s",
        "between 20 and 30 people",
        "from 3 to 5",
        "12-14 boats",
        "the battle of Waterloo 1815",  # it says what happened, not when it was painted
        "the first half of the century",
        "in 9999",
        "World War I 1914-1918",
        "second street",
        "",
    ],
)
def test_other_numbers_are_no_years(question: str) -> None:
    assert when(question) is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("oldest paintings", "oldest"),
        ("newest ships", "newest"),
        ("the newest works by Monet", "newest"),
        ("earliest Dutch landscape", "oldest"),
        ("Turner, newest first", "newest"),
        ("ships sorted by oldest", "oldest"),
        ("the most recent pictures", "newest"),
    ],
)
def test_an_order_by_year(question: str, expected: str) -> None:
    found = order(question)
    assert found is not None and found[0] == expected


@pytest.mark.parametrize("question", ["the oldest man in the village", "the latest fashion", "an older woman"])
def test_an_age_is_no_order(question: str) -> None:
    assert order(question) is None
