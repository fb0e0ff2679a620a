"""Node 22, and the programs that need it; `.ci/run` installs both."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CONFORMANCE = Path(__file__).parent.parent / "conformance"
PROGRAMS = CONFORMANCE / "node_modules" / ".bin"
OLDEST = 22


def run(program: str, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of `tests/conformance/package.json`, or `node`; skips the test where it is not installed.

    Args:
        program: its name.
        arguments: what it is given.
        home: a folder for what it writes down.
    """
    return subprocess.run(
        [str(PROGRAMS / program), *arguments],
        env=environment_of(program, PROGRAMS / program, home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


@contextmanager
def issuing(redirect_uri: str, home: Path) -> Iterator[str]:
    """The address of a running `issuer.mjs`; skips the test where what it needs is not installed."""
    environment = environment_of("oidc-provider", CONFORMANCE / "node_modules" / "oidc-provider", home)
    command = ["node", str(CONFORMANCE / "issuer.mjs"), redirect_uri]
    with subprocess.Popen(
        command, env=environment, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def environment_of(program: str, path: Path, home: Path) -> dict[str, str]:
    """The variables that a program runs with; skips the test where its file or folder is missing."""
    if not path.exists():
        pytest.skip(f"{program} is not installed: run `npm ci` in tests/conformance")
    return {**os.environ, "PATH": path_with_node(), "HOME": str(home)}


def path_with_node() -> str:
    """The PATH on which Node is found; skips the test where it is too old."""
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    try:
        said = subprocess.run(["node", "--version"], env={**os.environ, "PATH": path}, capture_output=True, text=True)
        found = int(said.stdout.removeprefix("v").partition(".")[0])
    except (OSError, ValueError):
        found = 0
    if found < OLDEST:
        pytest.skip(f"Node {OLDEST} is not installed: run `npm ci` in tests/conformance")
    return path
