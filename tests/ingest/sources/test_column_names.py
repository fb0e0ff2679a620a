from __future__ import annotations

import json
from pathlib import Path

import pytest

from art_mcp.ingest.sources.tables.choosing import NoPictureColumn, choose
from art_mcp.ingest.sources.tables.column_names import MAIN, matches, names_of, plain, words
from art_mcp.ingest.sources.tables.columns import FIELDS

HEADERS = json.loads(Path(__file__).with_name("headers.json").read_text(encoding="utf-8"))
"""The columns of systems and spreadsheets, and the one in which each field is expected."""
NOT_FOUND = {
    ("lido flat", "image"),  # LIDO's linkResource is a picture, The Met's Link Resource a page
    ("artwork archive", "artist"),  # found, in two columns
    ("notion", "date"),  # "Created" may be the record's
}


@pytest.mark.parametrize("system", HEADERS)
def test_fields_are_found_in_the_columns_of_many_systems(system: str) -> None:
    header = HEADERS[system]
    columns = choose(system, header["columns"], {})
    found = {field: header["columns"][at[0]] for field, at in columns.fields.items()}
    for field in ("title", "artist", "date", "image", *(("number",) if "number" in header["fields"] else ())):
        if (system, field) not in NOT_FOUND:
            assert found.get(field) == header["fields"].get(field), field


@pytest.mark.parametrize(
    ("name", "compared"),
    [
        ("objectTitle[1]", ["object", "title", "1"]),
        ("image_filename", ["image", "filename"]),
        ("Künstler/in", ["kunstler", "in"]),
        ("IIIFThumbURL", ["iiif", "thumb", "url"]),
        ("作品名", ["作品名"]),
        ("ＴＩＴＬＥ", ["title"]),
        ("№ п/п", ["no", "п", "п"]),
        ("--", []),
    ],
)
def test_the_words_of_a_name(name: str, compared: list[str]) -> None:
    assert words(name) == compared
    assert plain(name) == "".join(compared)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Title (EN)", "title"),
        ("Dublin Core:Title", "title"),
        ("painting title", "title"),
        ("Titel / Title", "title"),
        ("Title/Artist", None),
        ("Name des Künstlers", "artist"),
        ("Artist(s)", "artist"),
        ("Artist Nationality", "school"),
        ("Artist Begin Date", None),
        ("Artist ULAN URL", None),
        ("artist_id", "artist ids"),
        ("Date Acquired", None),
        ("Date (acquired)", None),
        ("制作年（西暦）", "date"),
        ("Date/Place", "date"),
        ("birth_date", None),
        ("MediaFiles.FileName", "image"),
        ("artist.title", "artist"),
        ("Height (cm)", None),
        ("x" * 10_000, None),
    ],
)
def test_what_a_name_says(name: str, field: str | None) -> None:
    best = sorted((match, field) for field, match in matches(name).items())
    assert (best[0][1] if best else None) == field


def test_every_field_has_names_and_none_is_ignored() -> None:
    for field in FIELDS:
        names = names_of(field)
        assert names
        assert all(field in matches(name) for name in names), field


def test_a_table_that_says_nothing_of_paintings() -> None:
    with pytest.raises(NoPictureColumn, match="a title or an artist; it has the columns: w, p"):
        choose("t.csv", ["w", "p"], {})


@pytest.mark.parametrize(
    "name",
    [
        "Owner name",
        "Name of sitter",
        "Museum name",
        "Nombre del museo",
        "Nome do museu",
        "Photo date",
        "Image rights",
        "Year of birth",
        "Artist (role)",
        "Künstler (Lebensdaten)",
        "Year acquired",
        "File size",
        "Data di acquisizione",
        "Rok urodzenia artysty",
        "Anno di nascita",
        "Jahr der Erwerbung",
        "Foto datum",
        "Exhibition title",
        "artist_url",
        "creator_uri",
        "Maker role",
        "Publication date",
        "作者国籍",
        "画家生年",
        "作者ID",
        "작가 생년",
        "Nombre",
        "Made in",
        "Artist birth year",
    ],
)
def test_words_of_a_field_beside_others_are_none(name: str) -> None:
    assert MAIN.isdisjoint(matches(name))
