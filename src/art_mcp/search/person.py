"""The name of a catalogued artist, as it is compared with the words of a question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from art_mcp.normalization import fold
from art_mcp.search.words import listed
from art_mcp.store.artists import Artist

_NOBODY = re.compile(r"\b(unknown|anonymous|unidentified|various|artists?|masters?|painters?|schools?|n/a)\b", re.I)
QUALIFIER = re.compile(
    r"\b(attributed|studio|workshop|circle|school|follower|pupil|student|manner|after|copy|imitator)"
    r"(?: of| to| after)?(?: the)?$",
    re.I,
)
"""What stands before the name of an artist whom somebody else followed or copied, or who is not certain."""


@dataclass(frozen=True, slots=True)
class Person:
    """An artist, as names are compared."""

    artist: Artist
    words: frozenset[str]
    """All words of the name, normalised."""
    known_as: frozenset[str]
    """Those that name the artist without the others."""
    qualifier: str | None
    """What stands before the name of another artist: after, follower, studio."""

    @classmethod
    @lru_cache(2_000)
    def of(cls, artist: Artist) -> Person:
        name = re.sub(r"\(.*?\)|\?", " ", artist.name)
        head = re.match(r"(?:[\w ]+ )?(?:of|to|after) |after ", name, re.I)
        qualifier = QUALIFIER.search(head[0].strip()) if head else None
        if qualifier and head:
            name = name[head.end() :]
        known: set[str] = set()
        if not _NOBODY.search(name):
            letters = re.findall(r"[^\W\d_]{3,}|\bY\b", artist.catalogued)
            capitals = [word for word in letters if word.isupper()]
            if capitals and artist.name != artist.catalogued and ";" not in name:
                known.add(_last(fold(" ".join(capitals)).split()))
            else:
                for person in re.split(r";|&|\band\b", name):
                    known |= _last_names(person)
        words = frozenset(re.findall(r"\w+", fold(name)))
        return cls(artist, words, frozenset(known) & words, fold(qualifier[1]) if qualifier else None)


def _last_names(person: str) -> set[str]:
    """Return the words that name a person alone. More than one person may stand between commas."""
    parts = [re.findall(r"\w+", fold(part.partition(" of ")[0])) for part in person.split(",")]
    parts = [[word for word in part if word not in listed("titles") | {"the"}] for part in parts]
    full = [[word for word in part if word not in listed("small")] for part in parts]
    inverted = len(full[0]) == 1 and len(full) > 1  # Rubens, Peter Paul
    found = {_last(part) for part, own in zip(parts, full, strict=True) if own and (part is parts[0] or len(own) > 1)}
    if inverted:
        found = {full[0][0]}
    return found | (set(full[0][:1]) & listed("first_names") if full[0] else set())


def _last(words: Sequence[str]) -> str:
    if "y" in words[1:-1]:  # Goya y Lucientes
        return words[words.index("y") - 1]
    return words[-1]
