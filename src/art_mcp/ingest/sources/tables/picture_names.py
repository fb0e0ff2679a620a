"""Finds the picture that a table's cell names, in the forms that people and exports write."""

from __future__ import annotations

import html
import re
import threading
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote

from art_mcp.images.undecoded import OTHER_SUFFIXES, PICTURE_SUFFIXES, ImageError
from art_mcp.ingest.sources.places import Place
from art_mcp.ingest.sources.tables.records import is_link
from art_mcp.normalization import fold
from art_mcp.painting import readable

MAX_FILES = 300_000
"""Maximum number of files whose names are indexed per place, about 100 MB of memory."""
MAX_NAMESAKES = 1_000
"""Maximum number of files with one name that are compared; only their exact paths are found beyond it."""
MAX_MEANINGS = 20
"""Maximum number of names and links tried for one cell."""
_ATTACHED = re.compile(r"[\s,]*(\S.*?)\s*\((https?://[^\s()]+)\)", re.IGNORECASE)  # "name (link)", as Airtable writes
_FILE_URI = re.compile(r"file:/{1,3}(?:localhost/)?(?=(.+))", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s\"'<>()|;]+", re.IGNORECASE)
_NOTE = re.compile(r"(?<=\.\w{3})\s+\([^()]*\)$|(?<=\.\w{4})\s+\([^()]*\)$")  # 1.jpg (original)
_HOST = re.compile(r"//(?=[\w-]+(?:\.[\w-]+)+/)|(?=www\.[\w.-]+/)", re.IGNORECASE)
_QUERY = re.compile(r"[?#][\w=&.%-]*$")
_BETWEEN = re.compile(r"[|;\r\n]|,\s|(?<=\.\w{3}),|(?<=\.\w{4}),")
_ABSOLUTE = re.compile(r"[A-Za-z]:|[/\\]")
_ALIKE = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".tiff": ".tif", ".heif": ".heic", ".hif": ".heic"}


def meanings(cell: str) -> list[str]:
    """The names and links that a cell can mean, the most literal first.

    A cell can hold one name, several that are separated by "|", ";", ", " or line breaks, or names with links.
    """
    plain = " ".join(part for part in (readable(line) for line in cell.splitlines()) if part)
    if is_link(plain):
        return re.split(r"[|;,\s]+(?=https?://)", plain, flags=re.IGNORECASE)[:MAX_MEANINGS]
    parts = [cell, plain]
    if attached := _ATTACHED.findall(plain):
        parts += [part for pair in attached for part in pair]
    else:
        parts += [part.strip("[]\"' \t") for part in _BETWEEN.split(cell)]
        parts += _LINK.findall(plain)
    found: dict[str, None] = {}
    for part in parts[:MAX_MEANINGS]:
        if uri := _FILE_URI.match(part):
            part = f"/{uri[1]}"
        found.setdefault(part)
        found.setdefault(name := readable(part))
        found.setdefault(_QUERY.sub("", name) if not is_link(name) else name)
        if is_link(name):
            continue
        if host := _HOST.match(name):  # a link without its beginning, unless a file has this path
            found.setdefault(f"https://{name[host.end() :]}")
        if "%" in name:
            found.setdefault(unquote(name))
        found.setdefault(_NOTE.sub("", html.unescape(name)))
    return [each for each in found if each.strip()][:MAX_MEANINGS]


def leads_out(name: str) -> bool:
    """Whether a name can lead out of the folder that it is relative to."""
    return _ABSOLUTE.match(name) is not None or ".." in re.split(r"[/\\]", name)


class PictureNames:
    """The files in the places that may hold a table's pictures; the names in a place are read when first needed.

    Args:
        groups: places that are searched together: for the exact name in each, then for other spellings.
    """

    def __init__(self, *groups: Sequence[Place]) -> None:
        self._groups = groups
        self._known: dict[Place, dict[str, list[str]]] = {}
        self._lock = threading.Lock()

    def find(self, name: str) -> tuple[Place, str] | None:
        """The place and path of the file that a name means, or None. Blocks.

        Raises:
            ImageError: several files have this name.
        """
        for places in self._groups:
            if not leads_out(name):
                for place in places:
                    if place.has(name):
                        return place, name
            for place in places:
                if path := _best(name, self._names(place)):
                    return place, path
        return None

    def _names(self, place: Place) -> dict[str, list[str]]:
        """Paths of the files in a place, by the comparable form of their name without its ending."""
        with self._lock:
            if place not in self._known:
                names: dict[str, list[str]] = {}
                count = 0
                for folder, files in place.walk(lambda path, reason: None):
                    for file in files:
                        names.setdefault(_split(_comparable(file))[0], []).append(f"{folder}/{file}".lstrip("/"))
                    count += len(files)
                    if count > MAX_FILES:
                        break
                self._known[place] = names
            return self._known[place]


def _best(name: str, names: dict[str, list[str]]) -> str | None:
    """The path that a name means best, of those that are the end of the name, or that the name is the end of."""
    wanted = [part for part in re.split(r"[/\\]+", name) if part not in ("", ".", "..")]
    if not wanted:
        return None
    is_absolute = _ABSOLUTE.match(name) is not None
    folded = [_comparable(part) for part in wanted]
    stem, suffix = _split(folded[-1])
    ranked: list[tuple[tuple[bool, int, bool, bool, int], str]] = []
    twice_suffixed = names.get(folded[-1], ()) if suffix else ()  # 1.tif, of which 1.tif.jpg is there
    for path in [*names.get(stem, ()), *twice_suffixed][:MAX_NAMESAKES]:
        parts = path.split("/")
        shorter = min(len(parts), len(wanted))
        common = 1
        while common < shorter and _comparable(parts[-1 - common]) == folded[-1 - common]:
            common += 1
        if common == shorter or is_absolute:
            _, other = _split(_comparable(parts[-1]))
            rank = (common < shorter, -common, other in OTHER_SUFFIXES, suffix != other, _unlike(wanted[-1], parts[-1]))
            ranked.append((rank, path))
    least = min(rank for rank, _ in ranked) if ranked else None
    best = [path for rank, path in ranked if rank == least]
    if len(best) > 1:
        raise ImageError(
            f"{len(best)} files have the picture's name, such as {readable(best[0])} and {readable(best[1])}.",
            "Write the folder and the ending of the right one into the table.",
        )
    return best[0] if best else None


def _comparable(name: str) -> str:
    """A name without case and accents, with spaces for underscores, which systems for pictures write for them."""
    return re.sub(r"[\s_]+", " ", fold(readable(name))).strip()


def _split(name: str) -> tuple[str, str]:
    """A comparable file name without its ending, and the usual form of the ending; "" if no picture ends so."""
    suffix = PurePosixPath(name).suffix
    if suffix not in PICTURE_SUFFIXES + OTHER_SUFFIXES:
        return name, ""
    return name.removesuffix(suffix).rstrip(), _ALIKE.get(suffix, suffix)


def _unlike(one: str, other: str) -> int:
    """How two spellings of a name differ: 0 not at all, 1 by case, 2 by accents."""
    one, other = (unicodedata.normalize("NFC", name).rpartition(".")[0] or name for name in (one, other))
    return 0 if one == other else 1 if one.casefold() == other.casefold() else 2
