from __future__ import annotations

import random
import unicodedata

import pytest

from art_mcp.normalization import MARKS, fold, normalize
from art_mcp.painting import readable


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("DÜRER, Albrecht", "durer, albrecht"),
        ("Christen Købke", "christen kobke"),
        ("Stanisław Wyspiański", "stanislaw wyspianski"),
        ("Đorđe Andrejević Kun", "dorde andrejevic kun"),
        ("Gauß", "gauss"),
        ("Ærø, Œuvre", "aero, oeuvre"),
        ("Þórarinn Þorláksson", "thorarinn thorlaksson"),
        ("İbrahim Çallı", "ibrahim calli"),
        ("Hồ Chí Minh", "ho chi minh"),
        ("Niccolò dell’Abate", "niccolo dell'abate"),
        ("1788–9", "1788-9"),
        ("ﬁn ＡＢ", "fin ab"),
        ("Γκρέκο", "γκρεκο"),
        ("Андрей Рублёв", "андреи рублев"),
        ("葛飾北斎", "葛飾北斎"),
        ("がは", "がは"),
        ("서울", "서울"),
        ("", ""),
    ],
)
def test_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_composed_and_decomposed_letters_are_equal() -> None:
    assert fold("Duc\N{COMBINING CEDILLA}") == fold("Duç") == "duc"


def test_folding_twice_changes_nothing() -> None:
    chance = random.Random(1471)
    for _ in range(5_000):
        text = "".join(chr(chance.choice((chance.randrange(0x600), chance.randrange(0x3_0000)))) for _ in range(8))
        assert fold(fold(text)) == fold(text), ascii(text)


def test_marks_that_would_take_long_to_sort_are_left_out() -> None:
    hostile = "a" + "\u0315\u0300" * 500_000  # which nobody would live to see sorted
    assert len(normalize(hostile)) == len(readable(hostile)) == 1 + MARKS - 1  # one of them is a part of the letter
    assert fold(hostile + "b") == "ab"


def test_no_language_loses_a_mark() -> None:
    for text in ("Hồ Chí Minh ", "ཨོཾ་མ་ཎི་པདྨེ་ཧཱུྃ ", "בְּרֵאשִׁית ", "z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍a "):
        assert normalize(text * 300) == unicodedata.normalize("NFC", text * 300)
