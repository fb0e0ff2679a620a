"""Finds the artists of the collection that a question names, also misspelt or by the last name alone.

A last name can be an ordinary word (Church, Winter, Brown), what is shown (a portrait of Rembrandt), or a model (in the
style of Monet). So the words around it decide whether works by the artist are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from art_mcp.normalization import LONG, fold, is_misspelt, spellings
from art_mcp.search.person import QUALIFIER, Person
from art_mcp.search.words import in_other_languages, listed
from art_mcp.search.years import WORKS
from art_mcp.store.artists import Artist, Usage

LOOKED_UP = 100
"""Words of a question that are compared with names; a longer one is a description."""
NO_USAGE: Mapping[str, Usage] = {}

_MAKERS = rf"(?:{WORKS}|art|artists?|painters?|oeuvre|brush|hand)"
_DIRECT = re.compile(rf"(?:\bby|\b{_MAKERS} (?:of|from)|\b(?:artist|painter|master)|\battributed to)$", re.I)
_MADE_BY = re.compile(rf"\b(?:{_MAKERS}|painted|made|drawn|created|signed|anything|something|one) by$", re.I)
_CONNECTOR = re.compile(
    r"(?:(?:(?:that|which) (?:was|were) )?\b(?:painted|made|created|drawn|executed|done|signed) )?"
    r"(?:\b(?:attributed to|from the (?:hand|brush) of|by|of|from) )?(?:\bthe )?(?:\b(?:artist|painter|master) )?\(?$",
    re.I,
)
_NEGATION = re.compile(
    r",? ?\b(?:but not|not|except(?: for)?|excluding|other than|apart from|(?:any|every)(?:thing|one) but|all but)"
    r"(?: (?:any|the|works?|paintings?|pictures?|painted|made|by|of|from))* $",
    re.I,
)
_ELSE = re.compile(
    r"(?:\b(?:style|manner|spirit|mood|tradition|vein|influence|footsteps|palette|colou?rs) of"
    r"|(?<!\bi )(?<!would )(?<!\bd )\b(?:like|unlike|resembling|than|as|la|similar to|reminiscent of"
    r"|(?:inspired|influenced) by)"
    rf"(?: (?:an?|the|those|{WORKS}))*(?: (?:by|of))?"
    r"|(?<!self[- ])\b(?:portraits?|busts?|statues?|head|likeness|depiction|death|birth|life|house|home|garden|grave"
    r"|tomb|wife|mother|father|son|daughter|sister|brother|family|friend|pupil|city|town|village|street) of"
    r"|\b(?:with|to|about|near|beside|versus|showing|depicting|mr|mrs|miss|ms|saint|st|mount|lake|port|fort|river)\.?)$"
    r"|(?<!search )(?<!look )(?<!looking )\bfor$",
    re.I,
)
_PLACE = re.compile(r"\b(?:in|at|on|over|into)(?: the)?$", re.I)
_THING = re.compile(
    r"[ -](?:museum|street|square|house|prize|gallery|bridge|road|castle|hall|abbey|park|palace|bay|island|style|esque"
    r"|like)\b",
    re.I,
)
_POSSESSIVE = re.compile(r"['’]s\b|(?<=s)['’](?!\w)", re.I)
_WITHIN = re.compile(r" |\.? ?|-|, |['’]")
"""What may stand between two words of one name."""
_JOINS = re.compile(r",? ?(?:and|or|&|und|et)? ?(?:by )?", re.I)
"""What may stand between two names for which the same holds."""


class Name(NamedTuple):
    """A name in a question."""

    artists: tuple[Artist, ...]
    span: tuple[int, int]
    """Where it is, with the words that connect it."""
    asked: bool
    """Whether works by these artists are asked for. If not, they are excluded: "not by Monet"."""
    called: str
    """The name alone."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a question."""

    text: str
    folded: str
    start: int
    end: int

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()

    @property
    def ordinary(self) -> bool:
        """Whether it is a common English word."""
        return self.folded in listed("ordinary") or self.folded.removesuffix("s") in listed("ordinary")

    @property
    def proper(self) -> bool:
        """Whether it is a frequent given name, or a place."""
        return self.folded in listed("proper")


def tokens(text: str, quoted: Iterable[tuple[int, int]] = ()) -> list[Token]:
    """Return the first words of a text that may be names, without those in the spans `quoted`."""
    quoted = list(quoted)
    found = [
        Token(match[0], fold(match[0]), *match.span())
        for match in re.finditer(r"\w+", text)
        if not any(start <= match.start() < end for start, end in quoted)
    ]
    return found[:LOOKED_UP]


class LookUp(NamedTuple):
    """Arguments of `store.artists.named`."""

    forms: list[str]
    pairs: list[tuple[str, str]]


def look_up(text: str, words: Sequence[Token]) -> LookUp:
    """Return what to look up in order to find the artists that these words of a question may name."""
    words = [word for word in words if word.folded not in listed("small") and not word.folded.isdecimal()]
    forms: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    for place, word in enumerate(words):
        if not word.proper and not word.ordinary:
            forms |= spellings(word.folded) | in_other_languages(word.folded)
        elif not word.proper and (word.capital or _DIRECT.search(text[: word.start].rstrip())):
            forms.add(word.folded)
        following = words[place + 1 : place + 2]
        pairs |= {
            (word.folded, other.folded) for other in following if word.proper and (other.proper or other.ordinary)
        }
    return LookUp(sorted(forms), sorted(pairs))


class _Match(NamedTuple):
    person: Person
    last: int
    """Place of the last word in the question."""
    exact: int
    """Number of words that are spelled as in the name."""


class Reading:
    """The words of a question, compared with names.

    Args:
        text: the question, with single spaces.
        words: its words that may be names.
        artists: those that `store.artists.named` found.
        usage: how the collection uses its `doubts`.
    """

    def __init__(
        self, text: str, words: Sequence[Token], artists: Sequence[Artist], usage: Mapping[str, Usage] = NO_USAGE
    ) -> None:
        self._text, self._words, self._usage = text, words, usage
        self._people = [Person.of(artist) for artist in artists]
        self.doubts: set[str] = set()
        """The words that are names unless the collection uses them otherwise."""
        self.names = self._names()
        """The artists whose works the question asks for or excludes, in their order."""

    def _names(self) -> list[Name]:
        found: list[Name] = []
        at, previous, end = 0, "", 0
        while self._people and at < len(self._words):
            matches = [match for person in self._people if (match := self._match(at, person))]
            best = max(((match.last, match.exact) for match in matches), default=None)
            matches = [match for match in matches if (match.last, match.exact) == best]
            if not matches:
                at += 1
                continue
            start, last = self._words[at].start, matches[0].last
            joined = end and _JOINS.fullmatch(self._text[end:start])
            before = previous if joined else self._text[:start]
            if name := self._judge(at, matches, before):
                if joined and found and found[-1].span[1] <= start:
                    name = name._replace(span=(found[-1].span[1], name.span[1]))
                found.append(name)
            at, previous, end = last + 1, before, self._end(last)
        return found

    def _end(self, last: int) -> int:
        end = self._words[last].end
        return match.end() if (match := _POSSESSIVE.match(self._text, end)) else end

    def _match(self, at: int, person: Person) -> _Match | None:
        """Match the words from `at` on with a name, as many as belong to it."""
        left, exact, last, called = set(person.words), 0, at - 1, False
        if self._words[at].folded in listed("small") - listed("particles"):
            return None
        for place in range(at, len(self._words)):
            word = self._words[place]
            gap = self._text[self._words[place - 1].end : word.start] if place > at else " "
            if not _WITHIN.fullmatch(gap) or (word.folded == "s" and gap in "'’"):
                break
            own = {word.folded} & left or _initials(self._text, word, left)
            exact += bool(own)
            own = own or left & in_other_languages(word.folded)
            own = own or {each for each in sorted(left)[:20] if _is_misspelt(word, each)}
            if not own:
                break
            left -= own
            called |= bool(own & person.known_as)
            if word.folded not in listed("small"):
                last = place
        return _Match(person, last, exact) if called and last >= at else None

    def _judge(self, at: int, matches: Sequence[_Match], before: str) -> Name | None:
        """Return the name if works by these artists are asked for or excluded, from the words around it."""
        last, exact = matches[0].last, matches[0].exact
        run = self._words[at : last + 1]
        start, end, called = run[0].start, self._end(last), self._text[run[0].start : run[-1].end]
        connected = match.start() if (match := _CONNECTOR.search(self._text[:start])) else start
        sure = any(word.capital or not (word.ordinary or word.proper) for word in run)
        if (negation := _NEGATION.search(before)) and sure:
            artists = tuple(match.person.artist for match in matches)
            return Name(artists, (min(negation.start(), connected), end), False, called)
        before = before.rstrip(" (")
        qualifier = match[1].lower() if (match := QUALIFIER.search(before)) else None
        known = [match for match in matches if match.person.qualifier == qualifier]
        if qualifier == "attributed":
            known = [match for match in matches if match.person.qualifier in (None, qualifier)]
        possessive = end > run[-1].end
        works = re.match(rf" {_MAKERS}\b", self._text[end:], re.I) is not None
        if (
            not known
            or (qualifier is None and _ELSE.search(before))
            or (_PLACE.search(before) and not (possessive and works))
            or _THING.match(self._text, end)
            or not self._is_meant(at, run, exact, before, possessive, works)
        ):
            return None
        if qualifier and (match := QUALIFIER.search(self._text[:start].rstrip(" ("))):
            connected = match.start()
        return Name(tuple(match.person.artist for match in known), (connected, end), True, called)

    def _is_meant(self, at: int, run: Sequence[Token], exact: int, before: str, possessive: bool, works: bool) -> bool:
        """Whether words that match a name are one, rather than ordinary words or the name of somebody else."""
        own = [word for word in run if word.folded not in listed("small")]
        direct = _DIRECT.search(before) is not None
        by = _MADE_BY.search(before) is not None or (direct and all(word.capital for word in own))
        capital = all(word.capital for word in own) and not self._is_headline(run)
        if len(run) > 1 and exact:  # Claude Monnet, van gough
            plain = [word for word in own if not word.ordinary and not word.proper]
            named = [word for word in own if word.proper and not word.ordinary]
            return bool(plain or named or len(own) < len(run)) or by or capital
        word, before_it = own[0], self._words[at - 1] if at else None
        if before_it and before_it.proper and not direct and self._text[before_it.end : run[0].start] == " ":
            return False  # somebody else: John Turner
        inside = before != "" and before[-1] not in ".!?:"
        if exact < len(run):
            capital = capital and (inside or len(word.folded) >= LONG)
            if word.ordinary or word.proper or not (direct or possessive or works or capital or self._is_all(run)):
                return False
            usage = self._use(word)
            return not usage.elsewhere and not usage.titled
        if word.proper:
            return by
        if word.ordinary:
            return by or (capital and inside and not self._has_capital_neighbour(at))
        if direct or possessive or works or (capital and inside):
            return True
        usage = self._use(word)
        return usage.titled <= usage.by

    def _use(self, word: Token) -> Usage:
        self.doubts.add(word.folded)
        return self._usage.get(word.folded) or Usage(0, 0, False)

    def _is_all(self, run: Sequence[Token]) -> bool:
        """Whether the question has no other words that say anything."""
        others = (word.folded for word in self._words if word not in run)
        return all(word in listed("small") or re.fullmatch(_MAKERS, word) for word in others)

    def _is_headline(self, run: Sequence[Token]) -> bool:
        """Whether most of the other words begin with a capital, too, so that a capital says nothing."""
        others = [word for word in self._words if word not in run and word.folded not in listed("small")]
        return sum(word.capital for word in others) > len(others) / 2

    def _has_capital_neighbour(self, at: int) -> bool:
        return any(
            self._words[place].capital and self._words[place].folded not in listed("small")
            for place in (at - 1, at + 1)
            if 0 <= place < len(self._words)
        )


def _initials(text: str, word: Token, left: Iterable[str]) -> set[str]:
    """Return the words of a name that a word in capitals stands for: JMW, J."""
    found: set[str] = set()
    if len(word.text) > 3 or not (
        text[word.end : word.end + 1] == "." or re.fullmatch("[^aeiouyAEIOUY]{2,3}", word.text)
    ):
        return found
    for letter in word.folded:
        fitting = (
            each
            for each in sorted(set(left) - found)
            if each[0] == letter and (each == letter or each not in listed("small"))
        )
        own = next(fitting, None)
        if own is None:
            return set()
        found.add(own)
    return found


def _is_misspelt(word: Token, name: str) -> bool:
    return len(word.folded) >= 5 and not word.ordinary and is_misspelt(word.folded, name)
