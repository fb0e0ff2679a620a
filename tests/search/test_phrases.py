import pytest

from art_mcp.search.phrases import phrases


@pytest.mark.parametrize(
    "query",
    [
        'a copy of "the night watch"',
        "a copy of “the night watch”",
        "eine Kopie von „the night watch“",
        "une copie de « the night watch »",
        "en kopi af »the night watch«",
        "en kopia av ”the night watch”",
        "une copie de ‹the night watch›",
        "コピー「the night watch」",
        "コピー『the night watch』",
        "a copy of 'the night watch'",
        "a copy of ‘the night watch’, please",
        "kopie van ‚the night watch‘",
    ],
)
def test_quotation_marks_of_every_language_make_a_phrase(query: str) -> None:
    assert tuple(phrases(query).values()) == ("the night watch",)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("the artist's wife in the painters' hall", ()),
        ("'The Artist's Wife' and \"a red hat\"", ("The Artist's Wife", "a red hat")),
        ("‘The Artist’s Wife’", ("The Artist’s Wife",)),
        ("“The Artist's Wife”", ("The Artist's Wife",)),
        ('a frame of 5" and nothing else', ()),
        ('"" and " "', ()),
        ("no quotes", ()),
    ],
)
def test_apostrophes_and_inches_make_no_phrase(query: str, expected: tuple[str, ...]) -> None:
    assert tuple(phrases(query).values()) == expected


def test_a_query_of_quotation_marks_is_read_at_once() -> None:
    assert phrases("'a " * 700) == {}


def test_a_phrase_is_found_with_its_marks() -> None:
    query = "boats, “a red hat”"
    ((start, end),) = phrases(query)
    assert query[start:end] == "“a red hat”"
