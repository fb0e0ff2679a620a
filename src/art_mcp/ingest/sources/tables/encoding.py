"""Detects the encoding of a text file, and says what looks wrong in its text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

import chardet

from art_mcp.errors import Advice
from art_mcp.ingest.sources.source import SourceError, encoding_argument
from art_mcp.ingest.sources.tables.column_names import matches
from art_mcp.painting import readable

CANDIDATES = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8-r", "mac-roman"),
    *("mac-cyrillic", "mac-latin2", "iso8859-2", "iso8859-5", "cp437", "cp850", "cp852", "cp866"),
    *("cp932", "euc_jis_2004", "gb18030", "big5hkscs", "cp949", "tis-620"),
)
"""Encodings that are distinguished; others that tables have are supersets or rare."""
LATIN = frozenset(
    (
        *("windows-1250", "windows-1252", "windows-1254", "windows-1257", "macroman", "maclatin2", "iso-8859-2"),
        *("cp437", "cp850", "cp852"),
    )
)
PREFERENCE = {"windows-1252": 1.25, "maccyrillic": 0.8, "maclatin2": 0.8, "cp437": 0.9, "cp850": 0.9, "cp852": 0.9}
"""Factors on the scores of encodings that are more or less frequent than others."""
CLOSE, CLOSE_IF_SHORT = 0.75, 0.5
"""Share of the best score from which another encoding is nearly as likely, in general and for a few words."""
GUESSED_BYTES = 1 << 16
"""Number of bytes of lines with non-ASCII characters from which an encoding is guessed."""
MAX_WORD = 60
LOOKED_AT = 1 << 20
"""Number of characters of a text that are looked at for damage."""
_NO_TEXT = frozenset(("idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf_7", "undefined", "mbcs", "oem"))
# Latin letters next to those of another alphabet, or an accented capital after a small letter.
_ODD = re.compile(
    r"[A-Za-z][\u0370-\u1dff]|[\u0370-\u1dff][A-Za-z]|[a-z\u00df-\u00ff][\u00c0-\u00d6\u00d8-\u00deŠŸŽŒČŔĽŁĄĘŚŹŻ]"
)
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_HIGH_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2,}")
_DAMAGE = (
    (re.compile("\ufffd"), "characters that an earlier program could not read"),
    (re.compile(r"[^\W\d_]{2}\?[^\W\d_]{2}"), "a question mark within a word, where an accent was lost"),
    (re.compile(r"[À-ÿ]{4}"), "runs of accented letters, which another alphabet gives in a wrong encoding"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a file."""

    name: str
    """For Python's `open`."""
    notes: Sequence[str]
    """Sentences for the user."""


def detect(sample: bytes, given: str | None = None) -> Encoding:
    """Detect the encoding of a file from its beginning.

    A byte order mark decides, then whether most lines with other than ASCII characters are UTF-8: a few invalid lines
    in a UTF-8 file are refused individually, and the rest stays readable. What remains is guessed.

    Args:
        given: name of the encoding that the user chose.

    Raises:
        SourceError: there is no encoding of the given name.
    """
    if given is not None:
        return Encoding(_known(given), [f"Encoding: {readable(given)}, as chosen."])
    if name := _marked(sample):
        return Encoding(name, [f"Encoding: {name.removesuffix('-sig').upper()}."])
    other = [line for line in sample.splitlines() if not line.isascii()]
    votes = sum(1 if _is_utf8(line) else -1 for line in other)
    if votes >= 0:
        return Encoding("utf-8-sig", ["Encoding: UTF-8."])
    return _guess(other)


def damage(text: str) -> list[str]:
    """Sentences on what looks wrong in a decoded text."""
    words = dict.fromkeys(word for word in _words(text[:LOOKED_AT]) if not word.startswith("http"))
    found = [(next(filter(pattern.search, words), None), what) for pattern, what in _DAMAGE]
    misread = next((word for word in words if not word.isascii() and _is_misread(word)), None)
    found.insert(0, (misread, "UTF-8 that an earlier program read as another encoding"))
    return [f"Some text looks damaged ({what}), e.g. {readable(word)[:40]}." for word, what in found if word]


def _words(text: str) -> list[str]:
    """The words of a table's text, without very long ones, which are no words."""
    return [word for word in re.findall(r"[^\s,;|\"]+", text) if len(word) <= MAX_WORD]


def _accented(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text) if len(word) <= MAX_WORD and not word.isascii()]


def _is_misread(word: str) -> bool:
    """Whether a word is UTF-8 that was decoded as an 8-bit encoding: "CafÃ©"."""
    for encoding in ("cp1252", "latin-1", "mac-roman"):
        try:
            return len(word.encode(encoding).decode("utf-8")) < len(word)
        except UnicodeError:
            continue
    return False


def _known(given: str) -> str:
    name = given.strip()
    try:
        info = codecs.lookup(name)
        is_text = info.name.replace("-", "_") not in _NO_TEXT and "a,1\n;".encode(name).decode(name) == "a,1\n;"
    except (LookupError, UnicodeError, ValueError, AttributeError):
        is_text = False
    if not is_text:
        raise SourceError(
            f"There is no encoding {readable(given)[:40]!r}.",
            "Frequent ones are utf-8, utf-16, cp1252, cp1250, cp1251, macroman, shift_jis, gbk, big5 and euc_kr.",
        )
    return "utf-8-sig" if info.name == "utf-8" else name


def _marked(sample: bytes) -> str | None:
    """The encoding that a byte order mark names, or that zero bytes at every other place tell."""
    if sample.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    head = sample[:4_000]
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = head[start::2].count(0), head[1 - start :: 2].count(0)
        if zeros > len(head) / 20 and others == 0:
            return name
    return None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guess(lines: Sequence[bytes]) -> Encoding:
    # A stray byte that cp1252 does not have refuses its own line and says nothing about the others.
    regular = [line for line in lines if not _UNDEFINED.search(line)]
    data = b"\n".join(regular if 2 * len(regular) >= len(lines) else lines)[:GUESSED_BYTES]
    words = [word for word in _HIGH_WORD.findall(data) if not word.isascii()]
    foreign = sum(not re.search(rb"[A-Za-z]", word) for word in words if len(word) > 2)
    is_latin = 2 * foreign < len(words)
    scores: list[tuple[float, str]] = []
    for found in chardet.detect_all(data, ignore_threshold=True, include_encodings=CANDIDATES):
        if found["encoding"] is None:
            continue
        name = found["encoding"].lower()
        factor = PREFERENCE.get(name, 1.0) * (1.0 if is_latin or name not in LATIN else 0.2)
        text = data.decode(name, "replace")
        scores.append((found["confidence"] * factor * 0.1 ** _oddity(text) * (1 + _known_names(text)), name))
    scores.sort(key=lambda each: -each[0])
    best, name = scores[0] if scores else (0.0, "windows-1252")
    text = data.decode(name, "replace")
    others: list[str] = []
    for score, other in scores[1:]:
        known = [text, *(data.decode(each, "replace") for each in others)]
        if score >= (CLOSE if len(words) > 4 else CLOSE_IF_SHORT) * best and data.decode(other, "replace") not in known:
            others.append(other)
    note = f"Encoding: {name}, guessed"
    if not others:
        return Encoding(name, [f"{note}; it reads {_example(text, '')}."])
    likely = " or ".join(f"{each} ({_example(data.decode(each, 'replace'), text)})" for each in others[:2])
    doubt = "{}; it reads {}, but {} is nearly as likely. If that is right, choose it with {}."
    example = _example(text, data.decode(others[0], "replace"))
    return Encoding(name, [Advice(doubt, note, example, likely, encoding_argument(others[0]))])


def _known_names(text: str) -> int:
    """The number of names of columns in the first line that are known and need an encoding."""
    names = re.split(r"[\t,;|]", text[: MAX_WORD * 100].partition("\n")[0])
    return sum(not name.isascii() and bool(matches(name.strip(' "'))) for name in names[:100])


def _oddity(text: str) -> float:
    """The share of the words with other than ASCII characters that no language writes, from 0 to 1."""
    found = _accented(text)
    odd = sum(_ODD.search(word) is not None for word in found)
    controls = sum("\x7f" <= character <= "\x9f" for character in text)
    return min(1.0, (odd + controls) / max(1, len(found)))


def _example(text: str, other: str) -> str:
    """The first words of a text that are not ASCII, if possible ones that differ from another reading."""
    mine, theirs = (dict.fromkeys(_accented(each)) for each in (text, other))
    differing = [word for word in mine if word not in theirs] or list(mine)
    differing = differing or [word for word in _words(text) if not word.isascii() and word.isprintable()]
    return ", ".join(readable(word)[:30] for word in differing[:2]) or "no words that can be shown"
