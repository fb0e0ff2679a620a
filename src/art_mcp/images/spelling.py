"""Finds the file that a path means if its name went through a chat, a shell, a link or another system.

macOS writes narrow spaces into the names of screenshots and decomposes letters, shells put a backslash before a space,
links write it as %20, and models turn all of them into what looks the same.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote

from art_mcp.images.undecoded import ImageError, printable_name
from art_mcp.normalization import fold, normalize

COMPARED = 5_000
"""Maximum number of names in which the nearest are looked for, which takes 10 µs each."""
SHOWN = 3
"""How many of the nearest names an error lists."""
_HOME = re.compile(r"(?:~|\$HOME|\$\{HOME\}|%USERPROFILE%)(?=[/\\]|$)")
_QUOTES = "'\"`“”‘’„«»‹›<>"
_INVISIBLE = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"


def unquoted(text: str) -> str:
    """Remove what chats and shells put around a path or a link: spaces, quotes, marks of direction."""
    text = text.strip().strip(_INVISIBLE).strip()
    if len(text) > 2 and text[0] in _QUOTES and text[-1] in _QUOTES:
        text = text[1:-1].strip()
    return text


def with_home(path: str) -> str:
    """Replace ~ at the start of a path by the user's home folder; that of another user is left as it is."""
    return _HOME.sub(lambda _: os.path.expanduser("~"), path, count=1) if _HOME.match(path) else path


def as_written(path: str | os.PathLike[str]) -> str:
    """A path as the user would write it, with ~ for the home folder, on one line."""
    path, home = os.fspath(path), os.path.expanduser("~")
    inside = home not in ("~", os.sep) and Path(path).is_relative_to(home)
    return _line(os.path.join("~", os.path.relpath(path, home)) if inside and path != home else path)


def listed(folders: Iterable[str | os.PathLike[str]]) -> str:
    """The folders that may be read, as the user would write them; those that exist, if any does."""
    folders = list(folders)
    return ", ".join(map(as_written, [folder for folder in folders if os.path.isdir(folder)] or folders))


def as_on_disk(path: str, listable: Callable[[str], bool], roots: Sequence[str | os.PathLike[str]]) -> str:
    """Return a path as its folders and its file are spelled on disk, as far as that may be known.

    A part that does not exist is replaced by the one name in its folder that is the same but for case, the kind of
    spaces, the Unicode form, percents or backslashes, or else also but for accents, quotation marks and dashes.

    Args:
        path: absolute.
        listable: whether the names in a folder may be known to the caller.
        roots: the allowed folders, whose own names may be known as well.

    Raises:
        ImageError: a listable folder has no such name, or several; the error names the nearest.
    """
    start, *parts = Path(path).parts
    folder = start
    for place, part in enumerate(parts):
        name = part
        if not os.path.lexists(os.path.join(folder, part)):
            try:
                names = os.listdir(folder) if listable(folder) else None
            except OSError:
                names = None
            found = _same(part, _towards(folder, roots) if names is None else names)
            if len(found) != 1:
                if names is None:
                    return os.path.join(folder, *parts[place:])
                raise _unknown(part, folder, names, found, is_last=place == len(parts) - 1)
            name = found[0]
        folder = os.path.join(folder, name)
    return folder


def _towards(folder: str, roots: Sequence[str | os.PathLike[str]]) -> list[str]:
    """The names in a folder that lead to an allowed folder."""
    below = (Path(root).relative_to(folder).parts for root in roots if Path(root).is_relative_to(folder))
    return sorted({parts[0] for parts in below if parts})


def _same(asked: str, names: Sequence[str]) -> list[str]:
    """The names that are the same as the one asked for, by the strictest comparison that finds any."""
    for of_asked, of_name in ((_plain, _plain), (_undone, _plain), (_loose, _loose)):
        wanted = of_asked(asked)
        if found := [name for name in names if of_name(name) == wanted]:
            return found
    return []


def _plain(name: str) -> str:
    return _line(normalize(name, "NFKD")).casefold()


def _undone(name: str) -> str:
    return _plain(unquote(name if os.name == "nt" else re.sub(r"\\(.)", r"\1", name)))


def _loose(name: str) -> str:
    return _line(fold(_undone(name)).replace("+", " "))


def _stem(name: str) -> str:
    return os.path.splitext(_undone(name))[0]


def _line(name: str) -> str:
    return " ".join(name.translate(dict.fromkeys(map(ord, _INVISIBLE))).split())


def _unknown(asked: str, folder: str, names: Sequence[str], found: Sequence[str], *, is_last: bool) -> ImageError:
    what = printable_name(asked) if is_last else f"The folder {printable_name(asked)}"
    if found:
        several = f"{len(found)} names in {as_written(folder)}: {', '.join(sorted(map(_line, found))[:SHOWN])}"
        return ImageError(f"{what} may be one of {several}.", "Choose one.")
    stems = {_stem(name): name for name in sorted(names)[:COMPARED]}
    near = [printable_name(_line(stems[stem])) for stem in difflib.get_close_matches(_stem(asked), stems, SHOWN)]
    nearest = (
        f"Closest names in {as_written(folder)}: {', '.join(near)}." if near else "Check the spelling of its path."
    )
    return ImageError(f"{what} does not exist.", nearest)
