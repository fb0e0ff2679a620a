from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from art_mcp.ingest.sources.tables.cell_text import cell_text, is_nothing, is_vector
from art_mcp.ingest.sources.tables.coerce import coerce
from art_mcp.ingest.sources.tables.columns import FIELDS
from art_mcp.painting import readable


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "",
            " ",
            "NULL",
            "null",
            "None",
            "nan",
            "NaN",
            "NaT",
            "N/A",
            "#N/A",
            "\\N",
            "#REF!",
            "#NAME?",
            "########",
            "-",
        ),
        *("—", "...", "<NA>", "[]", "{}", "undefined", "#VALUE!", " NULL "),
        *("n.a.", "(blank)", "(leer)", "#NV", "#BEZUG!", "#¡VALOR!", "#NOM?", "#Н/Д", "#ИМЯ?", "#WAARDE!", "#DEEL/0!"),
    ],
)
def test_spellings_of_nothing_are_empty(cell: str) -> None:
    assert is_nothing(cell)
    assert [cell_text(field, cell) for field in FIELDS if field != "vector"] == [""] * (len(FIELDS) - 1)


@pytest.mark.parametrize("cell", ["Unknown", "Nan", "0", "?", "NULL and void", "None of the above", "#3", "Na", "A-1"])
def test_what_looks_like_nothing_but_is_not(cell: str) -> None:
    assert cell_text("title", cell) == cell


@pytest.mark.parametrize(
    ("field", "cell", "text"),
    [
        ("title", "<em>Sunrise</em> at Sea", "Sunrise at Sea"),
        ("title", "Mother &amp; Child", "Mother & Child"),
        ("title", "Fisher&#39;s house", "Fisher's house"),
        ("title", "Mother &amp;amp; Child", "Mother & Child"),
        ("title", "1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("title", "Portrait of <unknown>", "Portrait of <unknown>"),
        ("title", "A&B; C", "A&B; C"),
        ("description", "<p>A <b>boat</b>&nbsp;&amp; two gulls.</p><p>Calm.</p>", "A boat & two gulls. Calm."),
        ("description", "<script>alert(1)</script>A boat<style>b{}</style>", "A boat"),
        ("description", '<a href="https://x.example/">A</a><br/>B', "A B"),
        ("artist", "Ana Ruiz|Ben Cole", "Ana Ruiz; Ben Cole"),
        ("artist", "Ana Ruiz ; Ben Cole;", "Ana Ruiz; Ben Cole"),
        ("artist", "Ana Ruiz\nBen Cole\n", "Ana Ruiz; Ben Cole"),
        ("artist", "Ana Ruiz^^Ben Cole", "Ana Ruiz; Ben Cole"),
        ("artist", "Ana&nbsp;Ruiz<br/>Ben Cole", "Ana Ruiz; Ben Cole"),
        ("title", "&lt;em&gt;Sea&lt;/em&gt; &amp;amp; sky", "Sea & sky"),
        ("school", "(American) (Danish) (American)", "American; Danish"),
        ("school", "()", ""),
        ("number", '="0012"', "0012"),
        ("title", '=HYPERLINK("https://x.example/1.jpg","The ""Sea""")', 'The "Sea"'),
        ("image", '=HYPERLINK("https://x.example/1.jpg";"Sea")', "https://x.example/1.jpg"),
        ("image", '=IMAGE("https://x.example/1.jpg")', "https://x.example/1.jpg"),
        ("title", "=SUM(A1)", "=SUM(A1)"),
        ("artist", "Ana Ruiz|NULL", "Ana Ruiz"),
        ("artist", "['Ana Ruiz', 'Ben Cole']", "Ana Ruiz; Ben Cole"),
        ("artist", '[{"name": "Ana Ruiz", "role": "painter"}, {"name": "Ben Cole"}]', "Ana Ruiz; Ben Cole"),
        ("artist", "Ana Ruiz (Spanish, 1577-1640)", "Ana Ruiz (Spanish, 1577-1640)"),
        ("artist", "Ruiz, Ana", "Ruiz, Ana"),
        ("school", "Spanish|English", "Spanish; English"),
        ("title", "[Untitled]", "[Untitled]"),
        ("title", "[Ana's] 'house']", "[Ana's] 'house']"),
        ("title", '["unfinished', '["unfinished'),
        ("title", '{"a": 1}', ""),
        ("date", "1887-01-01T00:00:00Z", "1887-01-01"),
        ("date", "1887-05-03 00:00:00", "1887-05-03"),
        ("date", "1887-05-03 10:00:00", "1887-05-03 10:00:00"),
        ("image", '[{"url": "https://x.example/1.jpg", "filename": "1.jpg"}]', "https://x.example/1.jpg"),
        ("image", "https://x.example/1.jpg?a=1&amp;b=2", "https://x.example/1.jpg?a=1&b=2"),
        ("image", "a&amp;b.jpg", "a&amp;b.jpg"),
        ("vector", "[1, 2]", "[1, 2]"),
    ],
)
def test_the_text_of_a_cell(field: str, cell: str, text: str) -> None:
    assert readable(cell_text(field, cell)) == text


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("artist", [{"artist_id": "p/1", "full_name": "Ben Cole", "nationality": "English"}], "Ben Cole"),
        ("artist", ["Ana Ruiz", "Ben Cole"], "Ana Ruiz; Ben Cole"),
        ("artist", {"id": 5}, ""),
        ("technique", ["oil", "wood"], "oil, wood"),
        ("image", [{"image_url": "https://museum.example/1.jpg"}], "https://museum.example/1.jpg"),
        ("image", {"id": "x", "thumbnails": {"small": {"url": "https://x.example/s.jpg"}}, "url": "a.jpg"}, "a.jpg"),
        ("description", {"id": 1, "name": "all", "children": [{"name": "trees"}, {"name": "sea"}]}, "all, trees, sea"),
        ("description", {"seen": True, "parts": [1, 2]}, ""),
        ("title", {"nl": "Zee", "en": "Sea"}, "Sea"),
        ("title", {"de": ["Meer"], "fr": ["Mer"]}, "Meer"),
        ("title", {"def": ["Sea"], "id": 3}, "Sea"),
        ("title", {"@value": "Sea", "@language": "en"}, "Sea"),
        ("key", {"$oid": "abc"}, "abc"),
        ("image", {"type": "uri", "value": "https://x.example/1.jpg"}, "https://x.example/1.jpg"),
        ("date", 1829.0, "1829"),
        ("title", float("nan"), ""),
        ("image 1", ["a.jpg", "b.jpg"], "a.jpg"),
        ("vector", [0.5, 1], "[0.5, 1]"),
    ],
)
def test_the_name_of_a_nested_value(field: str, value: object, text: str) -> None:
    assert coerce(field, value) == text


def test_a_vector_is_told_from_text() -> None:
    assert is_vector("[" + "0.25, " * 30 + "1]") and is_vector("-1.5e-3 " * 300)
    assert not is_vector("1889, 1890") and not is_vector("Oil on canvas, 12 x 13 cm, in a frame of about 1900")


@pytest.mark.parametrize(
    "hostile",
    [
        *("[[" * 40_000, '["' * 40_000 + "]", "{'a':" * 40_000 + "}", "(" * 1_000_000, "9," * 500_000),
        *("<script>" * 100_000, "<script" * 100_000, "<b " * 300_000, "&" * 1_000_000, "&a" * 500_000),
        *(" " * 1_000_000 + "x", "|" * 500_000, "; " * 500_000 + "x", "\x00" * 1_000_000),
    ],
)
def test_hostile_cells_take_linear_time(hostile: str) -> None:
    """Quadratic code would not end before the test's time limit."""
    for field in ("title", "artist", "school", "image", "date", "detail"):
        assert len(cell_text(field, hostile)) <= 2 * len(hostile)
    assert not is_vector(hostile) or hostile.startswith("9,")


@given(st.sampled_from((*FIELDS, "detail")), st.text())
def test_any_cell_becomes_text(field: str, cell: str) -> None:
    assert isinstance(cell_text(field, cell), str)


@given(
    st.sampled_from((*FIELDS, "detail 3", "sample 1")),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    ),
)
def test_any_value_becomes_text_and_no_object_is_dumped(field: str, value: object) -> None:
    assert isinstance(coerce(field, value), str)
    assert coerce("title", {"seen": value, "also": [value]}) == ""
