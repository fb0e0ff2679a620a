"""Reads a question: the artists and years that it names, and the rest, which says what a picture shows.

"stormy seas by Turner before 1840" asks for works by Turner, for the years up to 1839, and for "stormy seas".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from art_mcp.search.names import NO_USAGE, LookUp, Name, Reading, Token, look_up, tokens
from art_mcp.search.phrases import blanked, phrases
from art_mcp.search.relevance import TEXT
from art_mcp.search.years import PICTURES, When, order, shown_year, when
from art_mcp.store.artists import Artist, Usage
from art_mcp.store.order import Order
from art_mcp.store.preference import Preference

ORDERS: Mapping[Order, str] = {
    "oldest": "sorted by year, oldest first",
    "newest": "sorted by year, newest first",
    "title": "sorted by title",
    "random": "in random order",
}
SHOWN_ARTISTS = 3
"""How many artists of one name a note lists."""

# What surrounds a name: "Do you have any paintings by", "that were painted".
_FILLER = (
    r"please|show(?: me)?|find(?: me)?|list|give me|get(?: me)?|search for|look(?:ing)? for|"
    r"i (?:want|like|love|would like)(?: to see)?|do (?:you|we) have|(?:is|are) there|what|which|were|was|are|"
    r"is|did|paints?|"
    r"all|any|some|every|the|an?|that|by|of|from|in|and|or|"
    rf"painted|made|created|dated|with|showing|depicting|art|artists?|painters?|{PICTURES}"
)
_LEADING = re.compile(rf"[\s,;:.!?()-]*(?:(?:{_FILLER})(?![\w'’-])[\s,;:.!?()-]*)*", re.IGNORECASE)
_TRAILING = re.compile(rf"(?:[\s,;:.!?()-]+(?:{_FILLER}))*[\s,;:.!?(-]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for."""

    preference: Preference | None
    """What comes first."""
    words: str
    """What is embedded and searched as full text; never empty."""
    phrases: tuple[str, ...]
    """The quoted parts of `words`."""
    about: str | None = None
    """What comes first, in words."""
    rest: str = ""
    """The part of the question that says what a picture shows."""
    excluded: str | None = None
    """The part that was left out, because no search excludes an artist."""

    @property
    def names_all(self) -> bool:
        """Whether artists and years say what is asked for, not only an order of what the rest of the question shows."""
        return self.preference is not None and (self.preference.selects or not self.rest)

    def note(self, fulfilled: bool) -> str | None:
        """Return what the reader should know.

        Args:
            fulfilled: whether any painting is what the question asks for by name and year.
        """
        notes, order = [], ""
        if self.preference and self.preference.order:
            which = "all" if self.preference.from_score is None else "those that fit"
            order = f"{which} are {ORDERS[self.preference.order]}"
        if self.about:
            rest = f'; the rest of the question, "{self.rest}", was searched for what they show' if self.rest else ""
            rest += order and f"; {order}"
            if fulfilled:
                notes.append(f"{self.about} come first{rest}.")
            else:
                notes.append(f"No painting here is what was asked for: {self.about[0].lower()}{self.about[1:]}{rest}.")
        elif order:
            notes.append(f"{order[0].upper()}{order[1:]}.")
        if self.excluded:
            notes.append(f'"{self.excluded}" was left out, because a search cannot exclude an artist.')
        return " ".join(notes) or None


class Question:
    """A question, read in two steps: what to look up, and what it asks for."""

    def __init__(self, text: str) -> None:
        self.text = " ".join(text.split())
        quoted = phrases(self.text)
        # What is quoted is neither a name nor a year.
        open_text = blanked(self.text)
        self._when: When | None = when(open_text)
        self._order = order(open_text)
        taken = [each.span if isinstance(each, When) else each[1] for each in (self._when, self._order) if each]
        self._words: Sequence[Token] = tokens(self.text, [*quoted, *taken])
        self._taken = taken

    @property
    def look_up(self) -> LookUp:
        """What to look up among the artists of the collection."""
        return look_up(self.text, self._words)

    def doubts(self, artists: Sequence[Artist]) -> set[str]:
        """Return the words that are names unless the collection uses them otherwise."""
        return Reading(self.text, self._words, artists).doubts

    def asked(
        self, artists: Sequence[Artist], usage: Mapping[str, Usage] = NO_USAGE, sort: Order | None = None
    ) -> Asked:
        """Return what the question asks for.

        Args:
            artists: those of the collection that it may name.
            usage: how the collection uses its `doubts`.
            sort: an order requested in addition to the question, whose own order it replaces.
        """
        found = Reading(self.text, self._words, artists, usage).names
        wanted = list(dict.fromkeys(artist for name in found if name.asked for artist in name.artists))
        excluded = ", ".join(self.text[slice(*name.span)].strip(" ,") for name in found if not name.asked) or None
        if not (found or self._taken):
            preference = Preference(order=sort, from_score=TEXT.fair) if sort else None
            quoted = tuple(phrases(self.text).values())
            return Asked(preference, self.text, quoted, rest=self.text if sort else "")
        before = (order(self.text[: name.span[0]]) for name in found)  # latest Monet
        newest = self._order or next(filter(None, before), None)
        spans = [*self._taken, *(name.span for name in found), *([newest[1]] if newest else [])]
        rest = _rest(self.text, spans)
        named = " and ".join(part for name in found if name.asked for part in _makers(name))
        words = rest or named or _rest(self.text, (name.span for name in found)) or self.text
        quoted = tuple(phrases(words).values())
        if not (wanted or self._taken or sort):
            return Asked(None, words, quoted, excluded=excluded if rest else None)
        first, last = (self._when.first, self._when.last) if self._when else (None, None)
        keys = tuple(artist.key for artist in wanted)
        # If the question also says what they show, only hits that do are put in the order of their years.
        by = sort or (newest[0] if newest else None)
        preference = Preference(keys, first, last, by, from_score=TEXT.fair if by and rest else None)
        makers = [each for name in found if name.asked for each in _makers(name, counted=True)]
        about = _about(makers, first, last) if wanted or self._taken else None
        return Asked(preference, words, quoted, about, rest, excluded)


def _rest(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return a text without these parts, and without the words at its ends that say nothing about a picture."""
    at, parts = 0, []
    for start, end in [*sorted(spans), (len(text), len(text))]:
        part = text[at : max(at, start)]
        leading = _LEADING.match(part)
        part = part[leading.end() :] if leading else part
        parts.append(_TRAILING.sub("", f" {part}").strip())
        at = max(at, end)
    return " ".join(part for part in parts if part)


def _makers(name: Name, *, counted: bool = False) -> list[str]:
    """Return the names of artists, or what they are all called if they are many."""
    if len(name.artists) > SHOWN_ARTISTS:
        return [f"{name.called} ({len(name.artists)} artists)" if counted else name.called]
    return [artist.name for artist in name.artists]


def _about(makers: Sequence[str], first: int | None, last: int | None) -> str:
    """Say which paintings come first: "Works by Claude Monet from 1880 or later"."""
    makers = list(dict.fromkeys(makers))
    by = f"Works by {' and '.join(filter(None, [', '.join(makers[:-1]), makers[-1]]))}" if makers else "Paintings"
    if first is not None and last is not None:
        return f"{by} from {shown_year(first)}" + (f" to {shown_year(last)}" if last != first else "")
    if first is not None:
        return f"{by} from {shown_year(first)} or later"
    if last is not None:
        return f"{by} from {shown_year(last)} or earlier"
    return by if makers else "Paintings with a date"
