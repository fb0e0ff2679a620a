"""`art-mcp serve` as a person and as a client start it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys

import pytest
from support.command import art_mcp

if os.name != "nt":
    import pty


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_person_who_starts_the_server_is_told_what_it_is() -> None:
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "art_mcp"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(terminal)
    try:
        assert select.select([process.stderr], [], [], 30)[0]
        said = process.stderr.readline()
        assert "this server is waiting" in said and "`art-mcp setup CLIENT`" in said and "`art-mcp search" in said
        os.write(keyboard, b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        assert json.loads(process.stdout.readline())["id"] == 1
        os.write(keyboard, b"\x04")  # Ctrl-D
        assert process.communicate(timeout=60) == ("", "")
        assert process.returncode == 0
    finally:
        process.kill()
        os.close(keyboard)


@pytest.mark.slow
def test_a_client_that_starts_the_server_is_told_nothing() -> None:
    done = art_mcp()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
