"""Finds the stored values that a filter means: "Monet" is Claude Monet, "oil" every technique with oil."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from operator import eq
from typing import Any, NamedTuple

import anyio.to_thread

from art_mcp.background.words import stems
from art_mcp.errors import Advice, Argument, ArtMcpError
from art_mcp.normalization import LONG, fold, is_misspelt
from art_mcp.painting import FILTERS, LISTED_FIELDS, Filters, detail_key, detail_name, filter_key
from art_mcp.search.person import Person
from art_mcp.search.words import in_other_languages, listed
from art_mcp.similarity import sound
from art_mcp.store import collection_sizes, details
from art_mcp.store.artists import Artist
from art_mcp.store.database import Database
from art_mcp.store.filters import Value, closest, count_paintings, has_value, missing, not_there, stored_values

SHOWN_TAKEN = 3
"""How many of the values that are taken a note lists."""
MAX_DETAILS = 5
"""Maximum number of details to filter by at once."""
COUNTED = 200
"""Of more values than this, the first are taken whether they have paintings or not."""


class FilterError(ArtMcpError):
    """No painting can match the filters."""


class Resolved(NamedTuple):
    filters: Filters
    note: str | None
    """Which values were taken for others."""


async def resolve(database: Database, filters: Filters) -> Resolved:
    """Replace each value that no painting has by the stored ones that it means.

    Raises:
        StoreError: it means none; the error names the nearest.
        FilterError: nothing is stored yet, or the first year is after the last.
    """
    if filters.year_from is not None and filters.year_to is not None and filters.year_from > filters.year_to:
        raise FilterError(
            f"year_from {filters.year_from} is after year_to {filters.year_to}.",
            "Swap them; years BC are negative.",
        )
    taken: list[str] = []
    chosen: dict[str, Any] = {}
    for field in LISTED_FIELDS:
        given = getattr(filters, field)
        if not isinstance(given, str) or await has_value(database, field, given):
            continue
        there = await stored_values(database, field)
        meant = await _meant(database, field, given, there)
        if not meant:
            raise await _nothing(database, field, given)
        chosen[field] = tuple(sorted(value.key for value in meant))
        taken.append(f"{field}: {_shown(meant)}, for {given!r:.60}")
    if filters.where:
        if len(filters.where) > MAX_DETAILS:
            raise FilterError(f"where has {len(filters.where)} details.", f"Give at most {MAX_DETAILS}.")
        others = replace(filters, **chosen, where=None)
        found = [await _detail(database, name, value, others, taken) for name, value in filters.where]
        chosen["where"] = tuple(zip((name for name, _ in filters.where), found, strict=True))
    return Resolved(replace(filters, **chosen), f"{'; '.join(taken)}." if taken else None)


async def _meant(database: Database, field: str, given: str, there: Sequence[Value]) -> list[Value]:
    """Those of the stored values that have paintings and that a given one means, the most frequent first."""
    find = partial(_artists, given, there) if field == "artist" else partial(_values, field, given, there)
    meant = await anyio.to_thread.run_sync(find)  # up to a tenth of a second for ten thousand values
    counts = await count_paintings(database, field, [value.key for value in meant][:COUNTED])
    meant = [value for value in meant if value.key in counts or len(meant) > COUNTED]
    return sorted(meant, key=lambda value: (-counts.get(value.key, 0), value.shown))


async def _detail(
    database: Database, name: str, given: str | tuple[str, ...], others: Filters, taken: list[str]
) -> str | tuple[str, ...]:
    """The given value of a detail, or the keys of those that it means, which are noted in `taken`.

    Args:
        others: the other filters; if no painting has the detail, those are meant that paintings under these have.
    """
    if not isinstance(given, str) or await has_value(database, "where", detail_key(name, given) or ""):
        return given
    names = [Value(detail_name(name), name)]
    # Among the paintings that have its words, a value is found even if the detail has too many to compare.
    there = await details.values_of(database, names[0].key, fold(given))
    meant = await _meant(database, "where", given, there)
    if not meant:
        there = await details.values_of(database, names[0].key)
        if not there:
            names = await _details_meant(database, name, others)
            there = [value for each in names for value in await details.values_of(database, each.key)]
        meant = await _meant(database, "where", given, there)
    if not meant:
        near = await closest(database, "where", _words(given), there)
        spelt = await details.shown(database, [value for value, _ in near])
        counts = [count for _, count in near]
        raise not_there(names[0].shown, given, [*zip(spelt, counts, strict=True)], len(there))
    shown = await details.shown(database, meant[:SHOWN_TAKEN]) + meant[SHOWN_TAKEN:]
    taken.append(f"{' or '.join(each.shown for each in names)}: {_shown(shown)}, for {given!r:.60}")
    return tuple(sorted(value.key for value in meant))


def _spaced(name: str) -> str:
    """A detail's name in words: CurLocDisplay and current_location have several."""
    return re.sub("_|(?<=[a-z])(?=[A-Z])", " ", name)


async def _details_meant(database: Database, name: str, filters: Filters) -> list[Value]:
    """The details that are meant by a name that no painting has for one."""
    there = [each.name for each in await details.listed(database, filters)]
    spaced = {Value(detail_name(each), _spaced(each)): Value(detail_name(each), each) for each in there}
    if meant := _values("where", _spaced(name), [*spaced]):
        return [spaced[each] for each in meant]
    if not there and not await collection_sizes.sizes(database):
        raise nothing_yet()
    known = f"There are: {', '.join(there)}." if there else "These paintings have none."
    if (own := name.lower().replace(" ", "_")) in FILTERS:
        known = Advice("Use {} instead.", Argument(f"the argument {own}", f"--{own.replace('_', '-')}"))
    raise FilterError(f"No painting has the detail {name!r:.60}.", known)


def nothing_yet() -> FilterError:
    """The error for a search without any stored painting."""
    return FilterError(
        "There are no paintings yet.",
        "Load some with `art-mcp ingest FOLDER`, or with the tool ingest_collection if it is available.",
    )


async def _nothing(database: Database, field: str, given: str) -> ArtMcpError:
    if not await collection_sizes.sizes(database):
        return nothing_yet()
    words = _words(given)
    return await missing(database, field, given, [word for word in words if word not in listed("small")] or words)


def _shown(meant: Sequence[Value]) -> str:
    names = [value.shown for value in meant]
    if len(names) <= SHOWN_TAKEN:
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{len(names)} values, such as {', '.join(names[:SHOWN_TAKEN])}"


def _values(field: str, given: str, there: Sequence[Value]) -> list[Value]:
    """The values that are the same but for endings and filler, else those that have all words, else misspelt ones."""
    wanted = _stems(filter_key(field, given) or "")
    if not wanted:
        return []
    bare = [word for word in wanted if word not in _FILLER] or wanted
    words = {value: set(_stems(filter_key(field, value.shown) or "")) for value in there}

    def having(fits: Callable[[set[str]], bool]) -> list[Value]:
        return [value for value, its in words.items() if fits(its)]

    return (
        having(lambda its: its == set(wanted))
        or having(lambda its: its - _FILLER == set(bare))
        or having(lambda its: its >= set(wanted))
        or having(lambda its: its >= set(bare))
        or having(lambda its: all(any(is_misspelt(word, each) for each in its) for word in bare))
    )


def _stems(text: str) -> list[str]:
    """The words of a text without endings, so that Impressionism and Impressionist are the same."""
    return [re.sub("is[mt]$", "", stem) for stem in stems(text)]


def _artists(given: str, there: Sequence[Value]) -> list[Value]:
    """The artists whose name has all words of the one given, or whose whole name it has; else those misspelt.

    Of these, those who are known by one of these words; an artist who is only a follower only if nobody else is meant.
    """
    wanted = [word for word in _words(given) if word not in listed("small") | listed("titles")] or _words(given)
    if not wanted:
        return []
    for fits in (eq, _is_same, is_misspelt, _sounds_alike):
        found = []
        for value in there:
            its = value.key.split()
            shared = {each for each in its if any(fits(word, each) for word in wanted)}
            if not shared:
                continue
            person = Person.of(Artist(value.key, value.shown, value.shown))
            own = [each for each in its if each not in listed("small") | listed("titles")]
            all_wanted = all(any(fits(word, each) for each in its) or _is_initial(word, its) for word in wanted)
            if all_wanted or (shared.issuperset(own) and shared & person.known_as):
                found.append((value, person, bool(shared & person.known_as)))
        if meant := _best(found, alone=fits in (eq, _is_same)):
            return meant
    return []


def _best(found: Iterable[tuple[Value, Person, bool]], *, alone: bool) -> list[Value]:
    """Of artists that fit, those who are meant.

    Args:
        alone: whether an artist who is not known by these words is meant if there is no other.
    """
    found = list(found)
    known = [(value, person) for value, person, is_known in found if is_known]
    own = [value for value, person in known if person.qualifier is None]
    if known:
        return own or [value for value, _ in known]
    return [value for value, _, _ in found] if alone and len(found) == 1 else []


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", fold(text))


def _is_same(word: str, other: str) -> bool:
    return word == other or word in in_other_languages(other)


def _sounds_alike(word: str, other: str) -> bool:
    return is_misspelt(word, other) or (min(len(word), len(other)) >= LONG and sound(word) == sound(other))


def _is_initial(word: str, names: Sequence[str]) -> bool:
    """Whether a word is the first letters of names, or a name of which only the first letter is there: JMW, Joseph."""
    initials = {name[0] for name in names}
    if len(word) == 1 or re.fullmatch("[^aeiouy]{2,3}", word):
        return initials.issuperset(word)
    return word[0] in {name for name in names if len(name) == 1}


_FILLER = frozenset(
    stems(
        "art artist collection era genre movement museum of on paint painter painting paintings period picture "
        "pictures school style technique the type with work works"
    )
)
"""Stems of words that say nothing about a value but which field it is of."""
