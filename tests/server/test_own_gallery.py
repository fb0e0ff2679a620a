"""`art-mcp gallery` as a person starts it: what their browser gets, and what others on the machine do not."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from mcp import Client
from support.command import art_mcp, failed
from support.uploading import config_of, refused

from art_mcp.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

BROWSER = '#!/bin/sh\necho "$1" > "$OPENED"\n'


@dataclass(frozen=True, slots=True)
class Gallery:
    process: subprocess.Popen[str]
    address: str
    opened: Path
    """The address that a browser was started with, once it was."""

    @property
    def origin(self) -> str:
        return "http://" + urlsplit(self.address).netloc


@contextmanager
def gallery(folder: Path, settings: Settings, *options: str) -> Iterator[Gallery]:
    """The command, on a machine whose browser only notes where it is sent."""
    (folder / "xdg-open").write_text(BROWSER)
    (folder / "xdg-open").chmod(0o755)
    variables = {
        "ART_MCP_DATABASE_URL": settings.database_url.get_secret_value(),
        "ART_MCP_IMAGE_DIRS": str(folder),
        "ART_MCP_LOG_LEVEL": "INFO",
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "OPENED": str(folder / "opened"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "art_mcp", "gallery", *options],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = process.stdout.readline()
        address = re.fullmatch(r"The gallery is at (http://127\.0\.0\.1:\d+/[\w-]{32}/) \(Ctrl-C stops it\)\n", said)
        assert address, said
        yield Gallery(process, address[1], folder / "opened")
    finally:
        process.kill()
        process.communicate()


async def test_the_users_browser_is_led_to_it_once(loaded: Settings, tmp_path: Path) -> None:
    async with httpx2.AsyncClient(timeout=60) as http:
        with gallery(tmp_path, loaded) as served:
            until = time.monotonic() + 60
            while not served.opened.exists() or not served.opened.read_text():
                assert time.monotonic() < until
                time.sleep(0.02)
            entrance = served.opened.read_text().strip()
            secret = urlsplit(served.address).path
            assert entrance.startswith(f"{served.origin}/enter/") and secret not in entrance

            entered = await http.get(entrance)
            assert (entered.status_code, entered.headers["location"]) == (303, secret)
            assert entered.headers["referrer-policy"] == "no-referrer"
            again = await http.get(entrance)
            assert again.status_code == 404 and secret not in again.text
            page = await http.get(served.address)
            assert page.status_code == 200 and "frame-ancestors 'none'" in page.headers["content-security-policy"]
            assert page.headers["referrer-policy"] == "no-referrer"

            async with Client(served.origin + config_of(page.text)["endpoint"]) as client:
                found = await client.call_tool("search_paintings_by_text", {"query": "noise"})
                assert found.structured_content["total"] == 12
                assert "ingest_collection" not in {tool.name for tool in (await client.list_tools()).tools}
                said = await refused(client, image=str(tmp_path / "opened"))
                assert said.startswith("The gallery does not read files by their path.")
            served.process.send_signal(signal.SIGINT)
            out, err = served.process.communicate(timeout=60)
            assert (served.process.returncode, out) == (0, "")
            assert secret.strip("/") not in err and "Traceback" not in err


async def test_others_find_nothing(tmp_path: Path) -> None:
    async with httpx2.AsyncClient(timeout=60) as http:
        with gallery(tmp_path, Settings(database_url="postgresql://user@127.0.0.1:1/none"), "--no-open") as served:
            secret = urlsplit(served.address).path.strip("/")
            for path in ("/", "/mcp", "/health", "/upload/x", "/x/", "/x/mcp", f"/{secret[:-1]}/", f"/{secret}", "//"):
                for method in ("GET", "POST"):
                    answer = await http.request(method, served.origin + path)
                    assert (answer.status_code, answer.text) == (404, "Not Found"), path
            assert (await http.get(f"{served.origin}/enter/{secret}")).status_code == 404
            for path in ("", "mcp"):
                for headers, status in (
                    ({"Host": "evil.example"}, 421),
                    ({"Host": f"evil.example:{urlsplit(served.origin).port}"}, 421),
                    ({"Origin": "https://evil.example"}, 403),
                    ({"Origin": "null"}, 403),
                ):
                    answer = await http.post(served.address + path, content=b"{}", headers=headers)
                    assert answer.status_code == status
            assert not served.opened.exists()
            served.process.send_signal(signal.SIGTERM)
            served.process.communicate(timeout=60)
            assert served.process.returncode == 0


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with gallery(tmp_path, Settings(database_url="postgresql://user@127.0.0.1:1/none"), "--no-open") as served:
        port = urlsplit(served.origin).port
        said = failed(art_mcp("gallery", "--no-open", "--port", str(port)))
    assert said.startswith(f"art-mcp: Cannot bind port {port} of 127.0.0.1")
