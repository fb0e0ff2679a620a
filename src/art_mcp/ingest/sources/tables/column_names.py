"""Recognises what the columns of a table hold by their names, which are listed in `column_names.tsv`, by language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import count, product

from art_mcp.normalization import fold

MAX_NAME = 200
"""Maximum number of characters of a column's name that are compared."""
MAIN = frozenset(("title", "artist", "date", "image"))
ENGLISH = frozenset(("en", "eng", "english"))
OTHER_LANGUAGES = frozenset(
    "original ar cs da de el es et fi fr he hu it ja ko lt lv nb nl no pl pt ro ru sk sl sv tr uk zh".split()  # noqa: SIM905
)
OTHER_EVENTS = frozenset(
    (
        *("acquired", "acquisition", "accession", "accessioned", "birth", "born", "death", "died", "dates", "entry"),
        *("modified", "updated", "upload", "uploaded", "role", "roles", "rolle", "funktion", "bio", "biography"),
        *("nationality", "gender", "lifespan", "lebensdaten", "id", "ids", "url", "uri", "link"),
    )
)
"""Words in brackets that make another column of it: the date of a purchase is none of the painting, a role no name."""
_BRACKETS = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
_WORD_ENDS = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
PARTS = ("name", "made", "file", "picture", "maker", "dating")
_ALTERNATIVES = re.compile(
    r"\s*[/,;|&+]\s*|\s+(?:and|or|und|oder|et|ou|y|e|o|en|of|i|a|och|og|ja|и|или)\s+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, order=True)
class Match:
    """How well a column's name says that it holds a field; the lowest is the best."""

    place: int
    """Place in the table of names."""
    steps: int
    """How much of the name was left out: 0 for nothing."""
    foreign: bool
    """Whether the name says that the text is in another language than English."""
    last_resort: bool
    """Whether the name says so little that the column is used only if there is no other."""


@dataclass(frozen=True, slots=True)
class _Table:
    parts: dict[str, frozenset[str]]
    """The words that names are composed of, by their kind."""
    places: dict[str, dict[str, tuple[int, bool]]]
    """Place and last resort of each name, by the name in its `plain` form and the field."""
    ignored: frozenset[str]


def words(name: str) -> list[str]:
    """The words of a column's name, without case and accents: "objectTitle[1]" has object, title and 1."""
    name = unicodedata.normalize("NFKC", name[:MAX_NAME])
    return re.findall(r"[^\W_]+", fold(_WORD_ENDS.sub(" ", name)))


def plain(name: str) -> str:
    """Normalise a column's name for comparison: its letters and digits of any script, without case and accents."""
    return "".join(words(name))


def names_of(field: str) -> tuple[str, ...]:
    """The recognised names of a field, in the form that `plain` returns, the best first."""
    return tuple(name for _, name in sorted((at[field], name) for name, at in _table().places.items() if field in at))


@lru_cache(10_000)
def matches(name: str) -> dict[str, Match]:
    """The fields that a column of this name can hold, each with how well the name says so.

    The whole name comes first, then its words without those that are ignored, then "artist" without "name", then
    alternatives ("Künstler/in", "Titel / Title"), then words of one field, then the name without what is in brackets.
    """
    table, said = _table(), words(name)
    if name.startswith("@") and said != ["id"]:  # @type is what JSON-LD and XML say about the record
        return {}
    kept = [word for word in said if word not in table.ignored and not word.isdecimal()]
    unnamed = "".join(word for word in kept if word not in ("name", "names"))
    found: dict[str, tuple[int, bool]] = {}
    steps = 0
    unlabelled = "".join(said[:-1]) if said[-1:] == ["label"] else ""  # Wikidata: gemäldeLabel
    for steps, form in enumerate(("".join(said), "".join(kept), unnamed, unlabelled)):
        found = table.places.get(form, {})
        if steps == 2:
            found = {field: place for field, place in found.items() if field == "artist"}
        if found:
            break
    else:
        steps += 1
        found = _agreed(table, name) or _composed(table, said) or _without_brackets(table, name) or _file(table, name)
    foreign = not OTHER_LANGUAGES.isdisjoint(said) and ENGLISH.isdisjoint(said)
    return {field: Match(place, steps, foreign, last) for field, (place, last) in found.items()}


def _agreed(table: _Table, name: str) -> dict[str, tuple[int, bool]]:
    """The fields of the first of several alternatives, as in "Titel / Title"; not in "Title/Artist"."""
    parts = [said for part in _ALTERNATIVES.split(name[:MAX_NAME]) if (said := words(part))]
    known = [
        table.places.get("".join(said)) or table.places.get("".join(w for w in said if w not in table.ignored), {})
        for said in parts
    ]
    if len(known) < 2 or (re.search(r"\sof\s", name, re.IGNORECASE) and not all(known)):  # "or" in Dutch: year of birth
        return {}
    return {
        field: place
        for field, place in known[0].items()
        if all(field in other or (MAIN.isdisjoint(other) and not place[1]) for other in known[1:])
    }


def _composed(table: _Table, said: list[str]) -> dict[str, tuple[int, bool]]:
    """The field of a name like "Jaar van vervaardiging" or "Fájl neve": all words are one field's, or go with it."""
    pieces = {piece for word in said if not word.isdecimal() for piece in _pieces(table, word)} - table.ignored
    names, files = table.parts["name"], table.parts["file"]
    last = len(table.places)
    for field, own, also in (
        ("image", "picture", files | names),
        ("artist", "maker", names),
        ("date", "dating", table.parts["made"]),
        ("title", "", names),
    ):
        mine = {piece for piece in pieces if piece in table.parts.get(own, ()) or field in table.places.get(piece, ())}
        if mine and pieces <= mine | also and not mine <= names:
            known = (table.places.get(piece, {}) for piece in mine)
            return {field: min((at[field] for at in known if field in at), default=(last, False))}
    if pieces and pieces <= names:  # Nombre de la obra, unless it says of nothing: Nombre
        return {"title": (last, True)} if len(said) > 1 and not table.ignored.isdisjoint(said) else {}
    is_page = any("page" in table.places.get(piece, ()) for piece in pieces)
    return {"image": (last, True)} if pieces & files and pieces <= files | names and not is_page else {}


def _pieces(table: _Table, word: str) -> Iterator[str]:
    """The known words that a word without spaces is made of, as in Chinese, Japanese, Korean and Thai."""
    while word and _UNSPACED.search(word):
        for end in range(len(word), 0, -1):
            start = word[:end]
            if start in table.ignored or start in table.places or any(start in each for each in table.parts.values()):
                break
        else:
            break
        yield start
        word = word[end:]
    if word:
        yield word


def _without_brackets(table: _Table, name: str) -> dict[str, tuple[int, bool]]:
    bracketed = _BRACKETS.search(name[:MAX_NAME])
    if not bracketed or not OTHER_EVENTS.isdisjoint(words(bracketed[0])):
        return {}
    kept = [word for word in words(_BRACKETS.sub(" ", name[:MAX_NAME])) if word not in table.ignored]
    return table.places.get("".join(kept), {})


def _file(table: _Table, name: str) -> dict[str, tuple[int, bool]]:
    """The picture, if the last part of a name says so: "MediaFiles.FileName"."""
    found = table.places.get(plain(name[:MAX_NAME].rpartition(".")[2]), {}) if "." in name else {}
    return {field: place for field, place in found.items() if field == "image"}


@cache
def _table() -> _Table:
    places: dict[str, dict[str, tuple[int, bool]]] = {}
    ignored: set[str] = set()
    parts: dict[str, set[str]] = {kind: set() for kind in PARTS}
    order = count()
    for line in files(__package__).joinpath("column_names.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        field, language, listed = line.split("\t")
        for name in map(plain, _written_out(listed)):
            if field == "ignored":
                ignored.add(name)
            elif field in parts:
                parts[field].add(name)
            else:
                places.setdefault(name, {}).setdefault(field, (next(order), language.startswith("last resort")))
    return _Table({kind: frozenset(words) for kind, words in parts.items()}, places, frozenset(ignored))


def _written_out(listed: str) -> Iterator[str]:
    """Each name of a line, with the alternatives of `a|b` written out."""
    for name in listed.split(", "):
        yield from map(" ".join, product(*(word.split("|") for word in name.split())))
