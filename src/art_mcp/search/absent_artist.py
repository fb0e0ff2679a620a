"""Notes that the collection has no painting by the artist that a question names: "paintings by Turner", without one.

There is no list of all artists, so only what can hardly be anything else counts as one: a capitalised name after a word
for works ("a painting by") or with a given name ("seas by William Turner"), whose last word no catalogue entry has.
"""

from __future__ import annotations

import re

from art_mcp.search.names import tokens
from art_mcp.search.phrases import blanked
from art_mcp.search.words import listed
from art_mcp.search.years import PICTURES
from art_mcp.store.database import Database
from art_mcp.store.full_text import unknown

_CAPITAL = r"(?:(?:[OD]['’])?[A-ZÀ-ÖØ-ÞĀČĎĐĒĞĢĪİĶŁĻŃŅŇŌŐŘŚŞŠŤŪŮŰŹŻŽ][\w-]+|[A-Z]\.)"
_NAME = rf"{_CAPITAL}(?:[ ]?(?:(?:{'|'.join(sorted(listed('particles')))}) )*{_CAPITAL}){{0,5}}"
_BY = re.compile(
    rf"(?P<work>^|\b(?i:{PICTURES}|art|oeuvre|portraits?|seascapes?|landscapes?|still[- ]lifes?|painted|made|drawn"
    rf"|created|signed|anything|something|one) |\b)by (?P<name>{_NAME})"
    # Not a part of something else: by Dutch masters, by Turner's house, by Lake Como
    r"(?=[.?!;:)]*$|[.?!;:)] | (?:from|before|after|between|around|about|until|since|painted|made|that|which|with"
    r"|showing|of|in|on|at)\b)"
)
_LIGHT_OR_GROUP = re.compile(r"light$|(?:ists|ians|ites|ans|ish)$")
"""Painted by candlelight, works by Impressionists."""


async def absent_artist(database: Database, text: str) -> str | None:
    """Return a note on the first artist that a question names and no catalogue entry does."""
    for match in _BY.finditer(blanked(text)):
        last = _last_name(match["name"], bool(match["work"]) or not match.start())
        if last and await unknown(database, [last]):
            return f"No painting here is catalogued as by {match['name']}."
    return None


def _last_name(name: str, of_works: bool) -> str | None:
    """Return the last word of a name, normalised; None if the words may say something else."""
    words = [word for word in tokens(name) if word.folded not in listed("small")]
    if not words:
        return None
    first, last = words[0], words[-1]
    known_so = last.folded in listed("first_names")  # Titian
    given = words[1:] and (first.proper or first.folded in listed("first_names") or len(first.text) == 1)
    if not (of_works or known_so or given) or (last.proper and not known_so):
        return None
    if (
        len(last.folded) < 3
        or any(word.ordinary and not word.proper for word in words)
        or _LIGHT_OR_GROUP.search(last.folded)
    ):
        return None
    return last.folded
