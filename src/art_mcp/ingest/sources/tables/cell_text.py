"""The text of a table's cells: spellings of nothing are empty, HTML and nested values become text."""

from __future__ import annotations

import ast
import html
import json
import re

from art_mcp.ingest.sources.tables.coerce import coerce
from art_mcp.ingest.sources.tables.records import is_link
from art_mcp.ingest.sources.web import text_of

NOTHING = frozenset(
    (
        *("NULL", "null", "Null", "(null)", "[null]", "<null>", "None", "none", "NONE", "(none)", "nil", "undefined"),
        *("nan", "NaN", "NAN", "NaT", "nat", "N/A", "n/a", "NA", "<NA>", "\\N", "[]", "{}", "[{}]", "[None]", "['']"),
        *("n.a.", "N.A.", "n/d", "(blank)", "(empty)", "(leer)", "(vide)", "(vacío)", "(vuoto)"),
        *("#N/A", "#n/a", "#NA", "#NV", "#N/D", "#N/B", "#Н/Д"),
    )
)
"""What databases, programming languages and spreadsheets write into a cell without a value."""
MAX_NESTED = 100_000
"""Maximum length in characters of a cell that is read as a nested value."""
MAX_BRACKETS = 2_000
"""Maximum number of opening brackets in such a cell, since Python's parsers recurse."""
_RULE = re.compile(r"#{3,}|[-‐‑‒–—―−_.·…]+|#[¡¿]?[^\Wa-z_][^\Wa-z_]+(?:/[^\Wa-z_])?[!?]")
"""Cells without a value: too narrow for a number, with a dash, with an error of a spreadsheet, such as #REF!, #ИМЯ?."""
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|center|cite|code|dd|div|dl|dt|em|figcaption|font|h[1-6]|hr|i|img|li|mark|ol|p|pre|"
    r"q|s|small|span|strong|strike|sub|sup|table|tbody|td|th|tr|u|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|li|div)>", re.IGNORECASE)
_SCRIPT = re.compile(r"<(script|style)\b[^<>]*>.*?(</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_NESTED = re.compile(r"""(?:\[\s*[\[{"']|\{\s*["'])""")
_FORMULA = re.compile(
    r'=(?:"((?:[^"]|"")*)"|(?:HYPERLINK|IMAGE)\(\s*"((?:[^"]|"")*)"\s*(?:[,;]\s*"((?:[^"]|"")*)"\s*)?\))', re.IGNORECASE
)
_MIDNIGHT = re.compile(r"(?<=\d)[T ]00:00(?::00)?(?:\.0+)?(?:Z|\+00:?00)?$")
_MAKERS = re.compile(r"[;|\r\n]|\^\^")
_VECTOR = re.compile(r"[\[\s]*(?:[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?[,;\s\]]+){15,}[-+\d.e\]\s]*", re.IGNORECASE)


def is_nothing(cell: str) -> bool:
    """Whether a whole cell is one of the spellings of nothing."""
    cell = cell.strip()
    return not cell or cell in NOTHING or _RULE.fullmatch(cell) is not None


def is_vector(cell: str) -> bool:
    """Whether a cell is a list of many numbers, such as an embedding."""
    return len(cell) > 30 and _VECTOR.fullmatch(cell[:1_000]) is not None


def cell_text(field: str, cell: str) -> str:
    """The text of a cell as a field's value, which may still have line breaks and control characters.

    Several makers are joined by "; ", whether the cell separates them by ";", "|", "^^" or lines.
    """
    if field == "vector":
        return cell.strip()
    if is_nothing(cell):
        return ""
    text = _nested(field, _without_formula(field, cell.strip()))
    if field in ("image", "page") and is_link(text):
        return text.replace("&amp;", "&")
    if field in ("image", "key", "number"):
        return text
    text = _without_html(_BREAK.sub("; ", text) if field == "artist" else text)
    if field == "artist":
        makers = (maker for maker in _MAKERS.split(text) if not is_nothing(maker))
        return "; ".join(dict.fromkeys(maker.strip() for maker in makers))
    if field == "date":
        return _MIDNIGHT.sub("", text)
    if field == "school" and re.fullmatch(r"(?:\([^()]*\) ?)+", text):  # (American) (Danish)
        text = "|".join(dict.fromkeys(text.strip("() ").split(") (")))
    if field in ("school", "type", "technique", "timeframe"):
        return "; ".join(part.strip() for part in re.split(r"\||\^\^", text) if not is_nothing(part))
    return "" if is_nothing(text) else text


def _without_formula(field: str, text: str) -> str:
    """What a spreadsheet's formula shows that an export left in a cell: the text of a link, or its address."""
    if not text.startswith("=") or not (formula := _FORMULA.fullmatch(text)):
        return text
    shown, address, label = (part.replace('""', '"') if part else "" for part in formula.groups())
    return shown or (address if field in ("image", "page") or not label else label)


def _without_html(text: str) -> str:
    for _ in range(3):  # some exports escape twice
        if "<" in text and (_TAG.search(text) or _SCRIPT.search(text)):
            text = text_of(_SCRIPT.sub(" ", text))
        if not ("&" in text and _ENTITY.search(text)):
            break
        text = html.unescape(text)
    return text


def _nested(field: str, text: str) -> str:
    """The names in a nested value of JSON, or of Python as pandas writes it; other text unchanged."""
    if not _NESTED.match(text) or text[-1] not in "]}" or len(text) > MAX_NESTED:
        return text
    if text.count("[") + text.count("{") > MAX_BRACKETS or _depth(text) > 50:
        return ""
    try:
        return coerce(field, json.loads(text))
    except (ValueError, RecursionError):
        pass
    try:
        return coerce(field, ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character in "[{(") - (character in ")}]")
        deepest = max(deepest, depth)
    return deepest
