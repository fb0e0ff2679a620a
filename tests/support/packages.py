"""uv, which builds and installs this package from what it has in its cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def offline() -> dict[str, str]:
    """The variables with which uv uses its cache alone, which `scripts/test` has filled; skips the test without uv."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed")
    cache = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    return {**os.environ, "UV_OFFLINE": "1", "UV_CACHE_DIR": cache}


def run_uv(*arguments: str) -> None:
    """Run uv; skips the test if something that it needs is not in its cache."""
    done = subprocess.run(["uv", *arguments], env=offline(), capture_output=True, text=True)
    if "the network was disabled" in done.stderr:
        pytest.skip("uv has not everything in its cache: remove .venv, and run scripts/test again")
    assert done.returncode == 0, done.stderr
