"""Paths of files and folders that the user of a command typed."""

from __future__ import annotations

import difflib
import os

from art_mcp.errors import ArtMcpError


def existing(typed: str | os.PathLike[str]) -> str:
    """The absolute path of a file or folder.

    Raises:
        ArtMcpError: it does not exist; the message has the path as it was typed.
    """
    try:
        os.stat(typed)
    except (FileNotFoundError, NotADirectoryError):
        raise ArtMcpError(f"There is no file or folder {os.fspath(typed)}.", _nearest(os.fspath(typed))) from None
    except OSError:
        pass  # reported when it is read
    return os.path.abspath(typed)


def _nearest(typed: str) -> str:
    folder, name = os.path.split(typed.rstrip(os.sep))
    try:
        names = os.listdir(folder or os.curdir)
    except OSError:
        names = []
    if nearest := difflib.get_close_matches(name, names, n=1):
        return f"The nearest name there is {nearest[0]}."
    return "Check its spelling." if os.path.isabs(typed) else f"Relative paths start at {os.getcwd()}."
