"""The demonstration, as `scripts/demo` runs it after installing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from support.postgres import remove_server

from art_mcp.store.embedded import EmbeddedServer
from art_mcp.vision.pair.pulled import SUGGESTION


def run(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "art_mcp", "demo", "--folder", str(folder)],
        env={**os.environ, "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_cold_then_warm(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    try:
        first = run(folder)
        second = run(folder)
    finally:
        server = EmbeddedServer.start(folder / "data")
        server.close()
        remove_server(server)
    assert "26 stored, 0 unchanged, 0 refused" in first
    assert "0 stored, 26 unchanged, 0 refused" in second
    for said in (first, second):
        assert "1  Sunset over the Sea" in said and "1  Morning in the Harbour" in said
        assert "1  Windmill by the Canal" in said
        assert "Next steps" in said and "Traceback" not in said and SUGGESTION in said
    for name in ("1-description.jpg", "2-picture.jpg", "3-painting.jpg", "4-similar.jpg"):
        with Image.open(folder / "answers" / name) as picture:
            assert picture.width > 600


@pytest.mark.slow
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "art_mcp", "demo", "--folder", str(tmp_path / "file" / "demo")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "cannot be written" in done.stderr and "Choose another --folder" in done.stderr
