"""A folder as a place of files."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from art_mcp.ingest.sources.places import Folder


def test_a_junction_of_windows_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sea").mkdir()
    (tmp_path / "sea" / "again").mkdir()  # as if it led back to tmp_path
    (tmp_path / "sea" / "again" / "ship.jpg").touch()
    lstat = os.lstat

    def of_windows(path: str | os.PathLike[str]) -> SimpleNamespace:
        tag = 0xA0000003 if os.path.basename(path) == "again" else 0
        return SimpleNamespace(st_mode=lstat(path).st_mode, st_reparse_tag=tag)

    skipped: dict[str, str | None] = {}
    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", of_windows)
        patch.setattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", 0xA0000003, raising=False)
        walked = [*Folder(tmp_path, None).walk(skipped.__setitem__)]
    assert walked == [("", []), ("sea", [])]
    assert list(skipped) == ["sea/again"]
