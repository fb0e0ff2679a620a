"""Finds years, centuries and an order by year in a question: "before 1650", "late 19th century", "newest first"."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from art_mcp.dates import ORDINAL, years

PICTURES = (
    "paintings?|pictures?|works?|artworks?|canvas(?:es)?|images?|drawings?|watercolou?rs?|oils?|prints?|masterpieces?|"
    "pieces?"
)
"""Words for what artists make, as a pattern. They say nothing about what is shown."""
WORKS = (
    rf"(?:{PICTURES}|portraits?|self-portraits?|landscapes?|seascapes?|cityscapes?|still[- ]lifes?|scenes?|"
    r"sketch(?:es)?)"
)
"""The same, with words that do."""

_PART = (
    r"(?:(?:early|mid|middle|late|(?:beginning|start|middle|end|turn) of(?: the)?"
    r"|(?:first|second|third|fourth|last) (?:half|third|quarter|decade) of(?: the)?)[ -])?"
)
_ERA = r"(?: ?(?:b\.? ?c\.?(?: ?e\b\.?)?|a\.? ?d\b\.?|c\.? ?e\b\.?))"
_CENTURY = rf"(?:the )?{_PART}(?:{ORDINAL})[ -]centur(?:y|ies){_ERA}?"
_DECADE = rf"(?:the )?{_PART}\d{{2,3}}0'?s\b{_ERA}?"
_YEAR = rf"(?:a\.?d\.? ?)?(?:\d{{1,4}}{_ERA}|\d{{4}}|(?<=ad )\d{{1,3}}|(?<=ad)\d{{1,3}})(?!\w)"
_WHEN = rf"(?:{_CENTURY}|{_DECADE}|{_YEAR})"
_START = rf"(?:{_WHEN}|(?:the )?{_PART}(?:{ORDINAL})|\d{{1,4}})"  # its century or its era may follow the end
_DASH = "[-‐‑‒–—]"
_COUNTED = rf"(?:(?<!\d)|(?! (?!(?:{WORKS})\b)(?:\w\w+[^\Ws]s|men|women|people|children)\b))"  # after 1000 nights
_FORMS = {
    "between": rf"between {_START} (?:and|to) {_WHEN}|from {_START} (?:to|until|till|through) {_WHEN}"
    rf"|(?:{ORDINAL}) (?:and|or|to) {_CENTURY}"
    rf"|(?:(?:in|from|dated) )?{_START} ?{_DASH} ?(?:{_WHEN}|(?<=\d{{4}}{_DASH})\d\d\b)",
    "before": rf"(?:from )?(?:before|prior to|earlier than) {_WHEN}",
    "until": rf"(?:until|till|up to|not? later than|by) {_WHEN}|{_WHEN} (?:or|and) (?:earlier|before)\b",
    "after": rf"(?:from )?(?:after|later than) {_WHEN}",
    "since": rf"(?:since|not? earlier than) {_WHEN}|(?:from )?{_WHEN} (?:or|and) (?:later|after)\b"
    rf"|from {_WHEN} (?:on(?:wards?)?|to (?:today|now|the present))\b",
    "during": rf"(?:in|from|during|around|about|circa|c\.|ca\.|dated(?: to)?) {_WHEN}"
    rf"|(?:(?<=works )|(?<=paintings ))of {_WHEN}|{_CENTURY}|{_DECADE}",
}
_MADE = r"(?:(?:that were |which were )?(?:painted|made|created|dated|dating|executed|done) )?"
_TIME = re.compile(
    rf"(?<![\w.]){_MADE}(?:" + "|".join(f"(?P<{name}>{form})" for name, form in _FORMS.items()) + rf")(?!\w){_COUNTED}",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"\W*(?:{_YEAR})\W*", re.IGNORECASE)
# What a picture shows can be the oldest or the latest (man, fashion), but hardly the newest.
_ORDER = re.compile(
    r"(?<!\w)(?:(?:sort|order)(?:ed)? by )?(?:the )?"
    r"(?:(?P<newest>newest|latest|most recent)|(?P<oldest>oldest|earliest))"
    rf"(?: first\b|(?= (?:\w+ ){{0,2}}(?:{WORKS})\b)|(?=\W*$)|(?<=newest)(?= ))",
    re.IGNORECASE,
)
_AROUND = re.compile(
    rf"^{_MADE}|\b(?:or|to) (?:earlier|later|before|after)\b"
    r"|\b(?:between|before|prior to|earlier than|until|till|up to|not? later than|by|after|later than|since"
    r"|not? earlier than|on(?:wards?)?)\b",
    re.IGNORECASE,
)
_HUNDREDS = re.compile(r"(?<!early )(?<!mid )(?<!mid-)(?<!late )(?<!of )(?<!of the )\b(\d\d)00'?s\b", re.IGNORECASE)
_DATES = re.compile(rf"(?:^|[,(]|\b{WORKS}) ?$", re.IGNORECASE)
_LATEST = 2100


class When(NamedTuple):
    """The years that a question names, and where."""

    first: int | None
    last: int | None
    span: tuple[int, int]


def when(text: str) -> When | None:
    """Return the first and last year that a text asks for; None for an open end, and if it names none."""
    if match := _ALONE.fullmatch(text):
        found = years(text)
        return When(*found, match.span()) if found else None
    for match in _TIME.finditer(text):
        form = match.lastgroup or ""
        if form == "between" and match[0][0].isdigit() and not _DATES.search(text[: match.start()]):
            continue  # World War I 1914-1918
        found = _years(match[0])
        if found is None or found[1] > _LATEST:
            continue
        first, last = found
        start = {"before": None, "until": None, "after": last + 1}.get(form, first)
        end = {"before": first - 1, "until": last, "after": None, "since": None}.get(form, last)
        return When(start, end, match.span())
    return None


def order(text: str) -> tuple[Literal["newest", "oldest"], tuple[int, int]] | None:
    """Return which years should come first and where the text says so, or None if it does not."""
    match = _ORDER.search(text)
    if match is None:
        return None
    return "newest" if match["newest"] else "oldest", match.span()


def shown_year(year: int) -> str:
    """Return a year as people write it; BC is negative."""
    return f"{-year} BC" if year < 0 else str(year)


def _years(text: str) -> tuple[int, int] | None:
    """Read years without the words around them, which a catalogue's date uses with another meaning."""
    text = _AROUND.sub(" ", re.sub(r"\band\b", "to", text, flags=re.IGNORECASE))
    # In a question, "1800s" is a century; in catalogues it stands next to "1810s".
    return years(_HUNDREDS.sub(lambda match: f"{match[1]}00-{match[1]}99", text))
