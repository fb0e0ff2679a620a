"""The programs of `package.json`, which need Node 22; `.ci/run` installs both."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

CONFORMANCE = Path(__file__).parent.parent / "conformance"
PROGRAMS = CONFORMANCE / "node_modules" / ".bin"
OLDEST = 22


def run(program: str, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run one of them; skips the test where it is not installed.

    Args:
        program: its name.
        arguments: what it is given.
        home: a folder for what it writes down.
    """
    return subprocess.run(
        [str(PROGRAMS / program), *arguments],
        env=environment_of(program, home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def environment_of(program: str, home: Path) -> dict[str, str]:
    """The variables that one of them runs with; skips the test where it is not installed."""
    environment = {**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", "HOME": str(home)}
    if not (PROGRAMS / program).exists() or _node(environment) < OLDEST:
        pytest.skip(f"{program} or Node {OLDEST} is not installed: run `npm ci` in tests/conformance")
    return environment


def _node(environment: dict[str, str]) -> int:
    try:
        said = subprocess.run(["node", "--version"], env=environment, capture_output=True, text=True).stdout
        return int(said.removeprefix("v").partition(".")[0])
    except (OSError, ValueError):
        return 0
