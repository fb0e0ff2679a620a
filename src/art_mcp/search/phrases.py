"""Finds the phrases in quotation marks in a query."""

from __future__ import annotations

import re

DOUBLE = '"“”„‟«»‹›＂〝〞〟「」『』'
"""Quotation marks that open and close, because languages disagree: “English”, „Deutsch“, »dansk«, ”svenska”."""
_PHRASE = re.compile(
    rf"[{DOUBLE}](?P<double>[^{DOUBLE}]*)[{DOUBLE}]"
    # A single mark may be an apostrophe ('The Artist's Wife'): it opens only before a word, and closes only after one.
    r"|(?<!\w)['‘’‚‛](?=\w)(?P<single>[^‘‚‛]+?)['‘’‛](?!\w)"
)


def phrases(text: str) -> dict[tuple[int, int], str]:
    """Return the quoted phrases of a text in their order, without quotation marks and outer spaces, by their spans."""
    found = {match.span(): (match["double"] or match["single"] or "").strip() for match in _PHRASE.finditer(text)}
    return {span: phrase for span, phrase in found.items() if phrase}


def blanked(text: str) -> str:
    """Return a text with underscores in place of its quoted phrases, so that the rest keeps its place."""
    for start, end in phrases(text):
        text = f"{text[:start]}{'_' * (end - start)}{text[end:]}"
    return text
