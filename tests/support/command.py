"""`art-mcp`, run as a user runs it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from art_mcp.cli import main


def art_mcp(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command with these variables besides those of the tests, and with nobody at the keyboard."""
    return subprocess.run(
        [sys.executable, "-m", "art_mcp", *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
    )


def failed(done: subprocess.CompletedProcess[str]) -> str:
    """What it said on stderr."""
    assert done.returncode != 0
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def art_mcp_here(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """`art_mcp` in this process, which saves a second; not within an event loop, since most commands run their own."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["art_mcp", *arguments])
        patch.setattr(sys, "stdin", io.StringIO())
        if cwd:
            patch.chdir(cwd)
        with pytest.raises(SystemExit) as ended:
            main()
    status = ended.value.code or 0
    assert isinstance(status, int)
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())
