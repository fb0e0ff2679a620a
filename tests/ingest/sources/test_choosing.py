"""What the columns of a table are used for, where their names alone do not say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from art_mcp.errors import on_command_line
from art_mcp.ingest.sources.source import Refusal, Row, SourceError
from art_mcp.ingest.sources.tables.choosing import MAX_KEPT, Columns, NoPictureColumn, choose
from art_mcp.ingest.sources.tables.columns import FIELDS
from art_mcp.painting import MAX_DETAIL, kept_details

LINK = "https://museum.example/pictures/{}.jpg"
ENTITY = "http://www.wikidata.org/entity/Q{}"


def table(columns: Mapping[str, Sequence[str]], **wanted: str) -> tuple[Columns, list[Row | Refusal]]:
    """Choose the columns of a table by its rows, and read these."""
    names, cells = list(columns), list(zip(*columns.values(), strict=True))
    chosen = choose("t.csv", names, wanted, [dict(enumerate(row)) for row in cells])
    rows = [
        chosen.row(f"line {at}", {slot: row[column] for slot, column in chosen.slots.items()})
        for at, row in enumerate(cells, 2)
    ]
    return chosen, rows


def fields(columns: Columns) -> dict[str, str]:
    return {field: columns.names[at[0]] for field, at in columns.fields.items()}


@pytest.mark.parametrize(
    ("columns", "image"),
    [
        ({"hasImage": ["True"], "a": [LINK.format(1)]}, "a"),  # no name says it
        ({"image": ["True"], "a": ["1.jpg"]}, "a"),  # a name says it, but the cells do not
        ({"image": ["yes"], "a": ["x"]}, None),
        ({"image": ["INV-12"], "a": ["x"]}, "image"),  # a file without its ending
        ({"url": ["https://museum.example/object/7"], "a": ["x"]}, None),
        ({"url": [LINK.format(1)], "a": ["x"]}, "url"),
        ({"url": ["https://museum.example/1"], "preview": ["https://museum.example/2"]}, "preview"),
        ({"a": ["https://iiif.example/2/x/full/843,/0/default.jpg"]}, "a"),
        ({"a": ["https://commons.example/wiki/Special:FilePath/Sea%20view.jpg?width=300"]}, "a"),
        ({"a": ["sea.jpg (https://files.example/x)"]}, "a"),
        ({"painting": ["vincent_sunflowers-1888"], "emotion": ["awe"]}, "painting"),
        ({"painting": [ENTITY.format(1)], "artist": ["A"]}, None),
        ({"image_id": ["25c31d8d-21a4-9ea1-1d73-6a2eca4dda7e"]}, None),
    ],
)
def test_the_cells_tell_the_picture(columns: dict[str, list[str]], image: str | None) -> None:
    chosen, _ = table({"title": ["T"], **columns})
    assert fields(chosen).get("image") == image
    assert ("No column names pictures" in " ".join(chosen.notes)) == (image is None)


@pytest.mark.parametrize(
    ("first", "last", "begun", "ended", "date"),
    [
        ("YEAR FROM", "YEAR TO", "1900", "1910", "1900 - 1910"),
        ("Start Year", "End Year", "1900", "", "1900"),
        ("production.date.start", "production.date.end", "", "1910", "1910"),
        ("Datering vroegst", "Datering laatst", "-500", "-400", "-500 - -400"),
        ("Jahr von", "Jahr bis", "1900", "1900", "1900 - 1900"),
        ("dates.earliest", "dates.latest", "", "", None),
    ],
)
def test_two_columns_of_years_are_the_date_if_there_is_no_other(
    first: str, last: str, begun: str, ended: str, date: str | None
) -> None:
    _, (row,) = table({"title": ["T"], first: [begun], last: [ended]})
    assert isinstance(row, Row) and row.catalogue.date == date
    _, (row,) = table({"title": ["T"], first: [begun], last: [ended], "date": [""]})
    assert isinstance(row, Row) and row.catalogue.date == date
    _, (row,) = table({"title": ["T"], first: [begun], last: [ended], "date": ["c. 1905"]})
    assert isinstance(row, Row) and row.catalogue.date == "c. 1905" and row.details[first] == begun


def test_commas_part_the_makers_if_there_are_as_many_ids() -> None:
    columns = {
        "Title": ["A", "B", "C"],
        "Artist": ["Ann Lee, Bo Ek", "Gilbert & George, London", "Cy Oz, Di Um, Ed"],
        "ConstituentID": ["7661, 8131", "12", "1,2,3"],
    }
    _, rows = table(columns)
    made = ["Ann Lee; Bo Ek", "Gilbert & George, London", "Cy Oz; Di Um; Ed"]
    assert [isinstance(row, Row) and row.catalogue.artist for row in rows] == made


def test_the_years_of_a_person_or_a_loan_are_no_date() -> None:
    for first, last in (("BeginDate", "EndDate"), ("loan start date", "loan end date"), ("birth year", "death year")):
        chosen, _ = table({"title": ["T"], first: ["1900"], last: ["1910"]})
        assert "date" not in {*chosen.fields, *chosen.patterns}


def test_labels_come_before_entities_which_are_no_names() -> None:
    columns = {
        "item": [ENTITY.format(1)],
        "itemLabel": ["River at dusk"],
        "creator": [ENTITY.format(5)],
        "creatorLabel": ["Ana Ruiz"],
        "genre": [ENTITY.format(6)],
        "inception": ["1887-01-01T00:00:00Z"],
        "image": ["1.jpg"],
    }
    _, (row,) = table(columns)
    assert isinstance(row, Row)
    said = row.catalogue
    assert (said.title, said.artist, said.date) == ("River at dusk", "Ana Ruiz", "1887-01-01")
    assert row.catalogue.type is None and row.details["genre"] == ENTITY.format(6)
    assert row.key == ENTITY.format(1)


def test_a_second_column_fills_the_empty_cells_of_the_first() -> None:
    columns = {
        "image": ["1.jpg", "2.jpg"],
        "Title": ["A", "B"],
        "Culture": ["", "Flemish"],
        "Artist Nationality": ["English", ""],
        "dateText": ["", "about 1700"],
        "year": ["1794", "1700"],
    }
    chosen, rows = table(columns)
    first, second = (row for row in rows if isinstance(row, Row))
    assert (first.catalogue.school, first.catalogue.date) == ("English", "1794")
    assert (second.catalogue.school, second.catalogue.date) == ("Flemish", "about 1700")
    assert kept_details(second.details) == {"year": "1700"}
    assert "school from Artist Nationality (where empty, from Culture)" in chosen.reading()[0]


def test_every_other_column_is_kept_by_its_own_name() -> None:
    columns = {
        "image": ["1.jpg"],
        "title": ["A"],
        "Location": ["Room <b>7</b>"],
        "Gallery": ["N/A"],
        "embedding": ["[" + "0.25, " * 200 + "1]"],
        "numbers": ["[" + "0.25, " * 200 + "1]"],
        "other view": ["2.jpg"],
        "record": ['{"a": {"b": 1}, "c": [1, 2]}'],
        "restorers": ["['Ana', 'Ben']"],
        "same": ["A"],
        "bad\x00 name": ["x\x00y\ud800"],
        "": ["nameless"],
        "size": ["9" * 5_000],
    }
    chosen, (row,) = table(columns)
    assert isinstance(row, Row)
    kept = kept_details(row.details)
    assert kept.pop("size") == "9" * MAX_DETAIL + "…"
    assert kept == {"Location": "Room 7", "restorers": "Ana, Ben", "bad name": "xy\ufffd", "column 12": "nameless"}
    assert "Not used: numbers (numbers of a model), other view (pictures)" in " ".join(chosen.reading())
    assert "Empty in the first rows: Gallery." in chosen.reading()


def test_doubled_names_are_told_and_no_field() -> None:
    chosen = choose("t.csv", ["image", "title", "notes", "Notes", "x", "x"], {})
    assert fields(chosen) == {"image": "image", "title": "title"}
    assert list(chosen.details.values()) == ["notes", "Notes", "x", "x (2)"]
    assert chosen.notes[0] == "The column notes is there twice, so it is not read as a field."
    with pytest.raises(SourceError, match="has the column 'nOtes' twice"):
        choose("t.csv", ["image", "notes", "Notes "], {"title": "nOtes"})
    assert fields(choose("t.csv", ["image", "notes", "Notes"], {"title": "Notes"}))["title"] == "Notes"  # exact


@pytest.mark.parametrize("wanted", ["Naam", "", " ", "--", "#", "名"])
def test_a_given_column_that_is_not_there_is_an_error_that_lists_likely_ones(wanted: str) -> None:
    names = [*(f"c{n}" for n in range(40)), "Titles of works", "bild"]
    with pytest.raises(
        SourceError, match=r"has no column .*\. It has 42 columns, such as: Titles of works, "
    ) as raised:
        choose("t.csv", names, {"title": wanted})
    assert "c39" not in str(raised.value)


def test_no_picture_column_lists_likely_ones_and_how_to_choose_one() -> None:
    names = [*(f"c{n}" for n in range(40)), "photographer's jpeg"]
    with pytest.raises(NoPictureColumn) as raised:
        choose("t.csv", names, {})
    assert "it has 41 columns, such as: photographer's jpeg, c0" in raised.value.problem
    assert str(raised.value).endswith('choose it with columns {"image": "NAME"}.')
    assert raised.value.on_command_line.endswith("choose it with --column image=NAME.")


def test_patterns_make_links_and_names_of_files() -> None:
    columns = {"id": ["7", "8", "9"], "image_id": ["a b/c", "", "null"], "Inv.Nr": ["K-1", "K-2", ""]}
    columns["title"] = ["T"] * 3
    _, rows = table(columns, image="https://iiif.example/2/{image_id}/full/843,/0/default.jpg")
    assert [row.image for row in rows if isinstance(row, Row)] == [
        "https://iiif.example/2/a%20b%2Fc/full/843,/0/default.jpg",
        "",
        "",
    ]
    _, rows = table(columns, image="scans/{inv nr}.tif", page="https://museum.example/{id}")
    assert [(row.image, row.holding.page) for row in rows if isinstance(row, Row)] == [
        ("scans/K-1.tif", "https://museum.example/7"),
        ("scans/K-2.tif", "https://museum.example/8"),
        ("", "https://museum.example/9"),
    ]
    with pytest.raises(SourceError, match="has no column 'nope'"):
        table(columns, image="{nope}.jpg")


def test_ids_of_pictures_are_told_with_a_pattern_to_write() -> None:
    chosen, (row,) = table({"title": ["T"], "image_id": ["25c31d8d"]})
    assert isinstance(row, Row) and row.image == "" and row.details == {"image_id": "25c31d8d"}
    (hint, _) = chosen.notes
    assert hint.startswith("image_id contains ids, not links") and '{"image": "https://HOST/{image_id}"}' in hint
    assert "--column image=https://HOST/{image_id}" in on_command_line(hint)


@pytest.mark.parametrize(
    ("link", "image"),
    [
        ("https://api.example/iiif/4d8a-7", "https://api.example/iiif/4d8a-7/full/!1024,1024/0/default.jpg"),
        ("https://api.example/iiif/3/x/info.json", "https://api.example/iiif/3/x/full/!1024,1024/0/default.jpg"),
        ("https://api.example/iiif/x/full/max/0/default.jpg", None),
        ("https://api.example/iiif/x/manifest.json", None),
        ("https://api.example/iiif/x.jpg", "https://api.example/iiif/x.jpg/full/!1024,1024/0/default.jpg"),
        ("https://museum.example/1.jpg?a=1&amp;b=2", "https://museum.example/1.jpg?a=1&b=2"),
    ],
)
def test_links_to_pictures(link: str, image: str | None) -> None:
    _, (row,) = table({"title": ["T"], "iiifurl": [link]})
    assert isinstance(row, Row) and row.image == (image or link)


def test_names_of_persons() -> None:
    assert fields(choose("t", ["id", "name", "years", "bio", "paintings"], {})) == {"key": "id", "artist": "name"}
    assert fields(choose("t", ["Title", "Name", "Date"], {}))["artist"] == "Name"
    assert fields(choose("t", ["Name", "Artist", "File"], {}))["title"] == "Name"
    columns = {"Artist First Name": ["Ana", ""], "Artist Last Name": ["Ruiz", "Cole"], "image": ["1.jpg", "2.jpg"]}
    _, rows = table(columns)
    assert [row.catalogue.artist for row in rows if isinstance(row, Row)] == ["Ruiz, Ana", "Cole"]


def test_an_accession_number_is_key_and_number_and_an_id_key_only() -> None:
    _, (row,) = table({"accession_number": ["SK-C-5"], "image": ["1.jpg"]})
    assert isinstance(row, Row) and (row.key, row.catalogue.number) == ("SK-C-5", "SK-C-5")
    _, (row,) = table({"id": ["7"], "accession_number": ["SK-C-5"], "image": ["1.jpg"]})
    assert isinstance(row, Row) and (row.key, row.catalogue.number) == ("7", "SK-C-5")
    _, (row,) = table({"id": ["7"], "image": ["1.jpg"]})
    assert isinstance(row, Row) and (row.key, row.catalogue.number) == ("7", None)


def test_when_a_record_was_created_is_no_date_of_the_painting() -> None:
    assert "date" not in fields(choose("t", ["image", "created", "modified"], {}))
    assert fields(choose("t", ["image", "title", "created"], {}))["date"] == "created"


@given(
    st.lists(st.text(max_size=20), min_size=1, max_size=12),
    st.lists(st.text(max_size=40), min_size=1, max_size=12),
    st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=20), max_size=2),
)
def test_any_header_and_cells_give_rows_or_an_error(names: list[str], cells: list[str], wanted: dict[str, str]) -> None:
    row = {at: cells[at % len(cells)] for at in range(len(names))}
    try:
        chosen = choose("t.csv", names, wanted, [row])
    except SourceError as error:
        assert error.problem.startswith("t.csv has ")
        return
    made = chosen.row("line 2", {slot: row[column] for slot, column in chosen.slots.items()})
    assert isinstance(made, Row | Refusal)
    assert len(chosen.details) <= MAX_KEPT
    "\n".join(chosen.reading()).encode("utf-8", "strict")
