"""Recognises artists in words of a question that no catalogue has, where no other rule takes them for a name."""

from __future__ import annotations

import re

import anyio.to_thread

from art_mcp.background.words import weights
from art_mcp.search.names import Token, tokens
from art_mcp.search.person import Person
from art_mcp.search.phrases import phrases
from art_mcp.similarity import likeness, nearest
from art_mcp.store import artists
from art_mcp.store.artists import Artist
from art_mcp.store.database import Database
from art_mcp.store.filters import has_value
from art_mcp.store.full_text import unknown

SHORTEST = 6
"""Letters of a word that may be a misspelt name: Manet is not Monet."""
ENOUGH = 0.5
"""`likeness` of a word and a last name from which one may stand for the other."""
COMPARED = 20
"""How many of the nearest artists are looked at."""


async def did_you_mean(database: Database, text: str) -> str | None:
    """Return a note on the first word that is in no catalogue but close to an artist's last name.

    Args:
        text: the part of a question that names no artist of the collection.
    """
    words = {word.folded: word for word in tokens(text, phrases(text)) if _may_be_misspelt(word)}
    for folded in await unknown(database, list(words)) if words else ():
        there = {artist.key: artist for artist in await artists.everyone(database)}
        near = await anyio.to_thread.run_sync(nearest, [folded], there.keys(), COMPARED)
        for artist in (there[key] for key in near):
            if _is_close(folded, artist) and await has_value(database, "artist", artist.name):
                return f'No catalogue entry has "{words[folded].text}". Did you mean {artist.name}?'
    return None


def _may_be_misspelt(word: Token) -> bool:
    if not re.fullmatch(rf"[^\W\d_]{{{SHORTEST},}}", word.folded):
        return False
    return not (word.ordinary or word.proper or weights(word.folded))


def _is_close(word: str, artist: Artist) -> bool:
    return any(likeness(word, name) >= ENOUGH for name in Person.of(artist).known_as)
