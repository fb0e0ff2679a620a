from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS, Refusal, Row, SourceError
from art_mcp.ingest.sources.tables.json_document import objects_in
from art_mcp.ingest.sources.tables.table import Table

SEA, WOOD = {"image": "1.jpg", "title": "Sea"}, {"image": "2.jpg", "title": "Wood"}
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def rows_of(path: Path, content: str | bytes) -> list[Row | Refusal]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    source = open_source(str(path), DEFAULTS)
    assert isinstance(source, Table)
    return list(source.rows())


def titles(rows: list[Row | Refusal]) -> list[str | None]:
    return [row.catalogue.title if isinstance(row, Row) else row.reason for row in rows]


@pytest.mark.parametrize("name", ["t.json", "t.jsonl", "t.ndjson"])
@pytest.mark.parametrize(
    "content",
    [
        json.dumps([SEA, WOOD]),
        json.dumps([SEA, WOOD], indent=2),
        "\ufeff\n " + json.dumps([SEA, WOOD], indent=2),
        f"{json.dumps(SEA)}\n{json.dumps(WOOD)}\n",
        f"{json.dumps(SEA)}\n\n{json.dumps(WOOD)}",
        json.dumps({"total": 2, "items": [SEA, WOOD]}),
        json.dumps({"total": 2, "data": {"items": [SEA, WOOD]}, "next": None}, indent=2),
        json.dumps({"facets": [{"n": 1}], "records": [SEA, WOOD]}),
        json.dumps({"records": [SEA, {**WOOD, "makers": [{"name": "A"}]}]}),
        json.dumps({"a": SEA, "b": WOOD}),
        json.dumps({key: {"0": SEA[key], "1": WOOD[key]} for key in SEA}),
        json.dumps([{"id": "rec1", "fields": SEA}, {"id": "rec2", "fields": WOOD}]),
        json.dumps({"data": [{"type": "artworks", "attributes": SEA}, {"type": "artworks", "attributes": WOOD}]}),
        json.dumps({"data": {"works": {"edges": [{"node": SEA}, {"node": WOOD}]}}}),
        f"{json.dumps(SEA)},\n{json.dumps(WOOD)},\n",
    ],
)
def test_an_array_or_lines(tmp_path: Path, name: str, content: str) -> None:
    assert titles(rows_of(tmp_path / name, content)) == ["Sea", "Wood"]


MET = {
    "objectID": 1,
    "title": "Sea",
    "artistDisplayName": "Ann Lee",
    "objectDate": "1900",
    "primaryImage": "https://x.example/1.jpg",
    "tags": [{"term": "Seas", "AAT_URL": "https://x.example/a"}],
    "constituents": [{"name": "Ann Lee", "role": "Artist"}],
}


@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_object_of_one_painting_is_a_row_and_its_arrays_are_no_tables(
    tmp_path: Path, name: str, indent: int | None
) -> None:
    (row,) = rows_of(tmp_path / name, json.dumps(MET, indent=indent))
    assert isinstance(row, Row) and row.catalogue.title == "Sea" and row.catalogue.artist == "Ann Lee"
    assert (row.key, row.image, row.catalogue.description) == ("1", "https://x.example/1.jpg", "Seas")


def test_objects_in_objects_are_columns_unless_a_text_stands_for_them(tmp_path: Path) -> None:
    smithsonian = {
        "id": "edanmdm-1",
        "content": {
            "descriptiveNonRepeating": {
                "title": {"label": "Title", "content": "Sea"},
                "online_media": {"media": [{"type": "Images", "content": "https://x.example/1.jpg"}]},
            },
            "freetext": {"name": [{"label": "Artist", "content": "Ann Lee"}], "date": [{"content": "1900"}]},
        },
        "unit": {"id": 3, "name": "Paintings", "parts": [{"id": 4}]},
        "dates": {"made": {"earliest": 1895}},
    }
    (row,) = rows_of(tmp_path / "t.jsonl", json.dumps(smithsonian))
    assert isinstance(row, Row) and row.image == "https://x.example/1.jpg"
    assert (row.catalogue.title, row.catalogue.artist, row.catalogue.date) == ("Sea", "Ann Lee", "1900")
    assert row.details == {"unit": "Paintings", "dates.made.earliest": "1895"}


def test_what_a_repository_exports(tmp_path: Path) -> None:
    omeka = {
        "@id": "https://o.example/api/items/1",
        "@type": ["o:Item"],
        "dcterms:title": [{"type": "literal", "@value": "Sea"}],
        "dcterms:creator": [{"type": "resource", "display_title": "Ann Lee", "@id": "https://o.example/api/items/9"}],
        "thumbnail_display_urls": {"large": "https://o.example/l/1.jpg", "square": "https://o.example/s/1.jpg"},
    }
    (row,) = rows_of(tmp_path / "t.json", json.dumps([omeka]))
    assert isinstance(row, Row) and (row.image, row.catalogue.type) == ("https://o.example/l/1.jpg", None)
    assert (row.key, row.catalogue.title, row.catalogue.artist) == (omeka["@id"], "Sea", "Ann Lee")


def test_what_a_query_service_exports(tmp_path: Path) -> None:
    known = {"title": {"type": "literal", "value": "Sea"}, "image": {"type": "uri", "value": "https://x.example/1.jpg"}}
    (row,) = rows_of(tmp_path / "t.json", json.dumps({"head": {"vars": []}, "results": {"bindings": [known]}}))
    assert isinstance(row, Row) and (row.image, row.catalogue.title) == ("https://x.example/1.jpg", "Sea")


def test_a_bad_object_costs_only_itself(tmp_path: Path) -> None:
    bad = [
        b'{"title": NaN, "image": "x.jpg"}',
        b'{"title": bad}',
        b'{"title": "\xff"}',
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": "' + b"x" * (5 << 20) + b'"}',
        b'{"a": "' + b'\\"}' * (2 << 20) + b'"}',
        b'{"year": ' + b"9" * 5_000 + b"}",
    ]
    whole = b"[" + b", ".join([json.dumps(SEA).encode(), *bad, json.dumps(WOOD).encode()]) + b', {"title": "cut'
    rows = rows_of(tmp_path / "t.json", whole)
    assert [row.label.removeprefix("t.json ").partition(" (")[0] for row in rows] == [
        f"object {n}" for n in range(1, 11)
    ]
    found = titles(rows)
    assert (found[0], found[1], found[8]) == ("Sea", None, "Wood")
    assert found[2] == found[7] == "The object is not JSON, or has a number that is too long."
    assert found[3:5] == ["The object is not UTF-8 text.", "The object's JSON is nested too deep."]
    assert found[5] == found[6] == found[9] == "The object is cut off, or larger than 4 MiB."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty or has no JSON objects"),
        ("[]", "empty or has no JSON objects"),
        ("[1, 2]", "empty or has no JSON objects"),
        ("[[[" * 50_000, "empty or has no JSON objects"),
        ('{"a":' * 50_000, "empty or has no JSON objects"),
        ('{"a": [{"x": 1}], "b": [{"y": 1}]}', r"has 2 arrays of objects \(a, b\)\. Save the right one"),
    ],
)
def test_what_has_no_table(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        rows_of(tmp_path / "t.json", content)


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=6), st.integers(0, 3), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_objects_of_any_array_are_found(items: list[dict[str, object]], depth: int, wide: bool) -> None:
    document: object = items
    for level in range(depth):
        document = {f"k{level}": document, "n": level}
    text = json.dumps(document, indent=2 if wide else None, ensure_ascii=wide)
    found = list(objects_in(io.BytesIO(text.encode("utf-8", "surrogatepass"))))
    assert [path for path, _ in found] == [tuple(f"k{level}" for level in reversed(range(depth)))] * len(items)
    assert [json.dumps(json.loads((each or b"").decode("utf-8", "surrogatepass"))) for _, each in found] == [
        json.dumps(each) for each in items
    ]


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_split(data: bytes) -> None:
    assert all(each is None or each in data for _, each in objects_in(io.BytesIO(data)))
