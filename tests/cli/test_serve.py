"""`art-mcp serve` as a person and as a client start it."""

from __future__ import annotations

import configparser
import json
import os
import re
import select
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import art_mcp
from support.servers import START_WITHIN_S, serving

if os.name != "nt":
    import pty

ACCESS = Path(__file__).parents[2] / "docs" / "access.md"


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


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_the_documented_service_starts_with_its_file_of_settings_and_ends_in_peace(
    database_url: str, tmp_path: Path
) -> None:
    documented = re.search(r"```ini\n(.*?)```", ACCESS.read_text("utf-8"), re.DOTALL)
    assert documented
    unit = configparser.RawConfigParser()
    unit.read_string(documented[1])
    file = tmp_path / "art-mcp.env"
    file.write_text(f"ART_MCP_DATABASE_URL={database_url}\nART_MCP_PUBLIC_URL=https://art.example.org\n")
    start = unit["Service"]["ExecStart"].replace("/etc/art-mcp.env", str(file)).replace("%i", "0")
    with serving("-m", "art_mcp", *shlex.split(start)[1:]) as served:
        assert "Its address for clients: https://art.example.org/mcp" in served.stderr()
        served.process.terminate()
        assert served.process.wait(START_WITHIN_S) == 0
