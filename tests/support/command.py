"""`art-mcp` within this process, for commands that run no event loop: a process for each takes a second."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from art_mcp.cli import main


def art_mcp_here(*arguments: str, environ: Mapping[str, str], cwd: Path | None = None) -> CompletedProcess[str]:
    """Run the command with these variables and no others, and with nobody at the keyboard."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in os.environ.keys() - environ.keys():
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["art_mcp", *arguments])
        patch.setattr(sys, "stdin", io.StringIO())
        if cwd:
            patch.chdir(cwd)
        with pytest.raises(SystemExit) as ended:
            main()
    return CompletedProcess(arguments, ended.value.code or 0, out.getvalue(), err.getvalue())
