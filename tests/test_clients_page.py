"""docs/clients.md: what it says that `art-mcp setup` writes is generated, and the links install the package."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import fill
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from inline_snapshot import external_file
from install_links import buttons

from art_mcp.clients.client import Client
from art_mcp.clients.known import clients

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "clients.md"
HOME = Path("/home/me")
SYSTEMS = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}
LINK = re.compile(r"(?:https://(?:cursor\.com|insiders\.vscode\.dev|lmstudio\.ai)/|goose:)[^\s)`>\"]+")


def place(client: Client) -> str:
    path = client.file.relative_to(HOME).as_posix()
    roaming = "AppData/Roaming/"
    return "%APPDATA%\\" + path.removeprefix(roaming).replace("/", "\\") if roaming in path else f"~/{path}"


def places(name: str) -> str:
    """The file on each system."""
    systems: dict[str, list[str]] = {}
    for platform, title in SYSTEMS.items():
        systems.setdefault(place(clients(platform, HOME, {})[name]), []).append(title)
    if len(systems) == 1:
        return f"`{next(iter(systems))}`"
    return ", ".join(f"`{file}` ({' and '.join(titles)})" for file, titles in systems.items())


def section(client: Client) -> str:
    entry = client.shape.entry("art", ["uvx", "art-mcp"], {})
    snippet = client.snippet("art", entry, "linux")
    in_terminal = client.name == "claude-code"
    what = "does the same as this command, which changes" if in_terminal else "writes to"
    language = "sh" if in_terminal else client.format.NAME.lower()
    said = fill(f"`art-mcp setup {client.name} --write` {what} {places(client.name)}:", 120, break_on_hyphens=False)
    return f"{said}\n\n```{language}\n{snippet}\n```\n"


@pytest.mark.snapshot
def test_what_setup_writes_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    parts = {name: section(client) for name, client in clients("linux", HOME, {}).items()}
    for name, expected in {**parts, "links": buttons()}.items():
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        assert start and end, name
        text = f"{before}{start}\n{expected}\n{end}{after}"
    assert text == external_file("../docs/clients.md", format=".txt")


def test_each_client_has_a_section() -> None:
    headings = re.findall(r"^### (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert headings == [client.title for client in clients("linux", HOME, {}).values()]


def installed(link: str) -> Any:
    """What a client adds that is given this link, decoded as the clients' documentation says."""
    url = urlsplit(link)
    query = {key: value for key, (value,) in parse_qs(url.query, strict_parsing=True).items()}
    if url.scheme == "goose":
        assert query["id"] == query["name"] == "art"
        return {"command": query["cmd"], "args": [query["arg"]]}
    assert query["name"] == "art"
    if url.netloc == "insiders.vscode.dev":
        return json.loads(query["config"])
    return json.loads(base64.b64decode(query["config"], validate=True))


@pytest.mark.parametrize("file", ["README.md", "docs/clients.md"])
def test_each_link_installs_the_package(file: str) -> None:
    links = LINK.findall((ROOT / file).read_text("utf-8"))
    assert links or file == "README.md"
    for link in links:
        entry = installed(link)
        assert entry.pop("type", "stdio") == "stdio"
        assert entry == {"command": "uvx", "args": ["art-mcp"]}, link


def test_a_link_that_is_wrong_is_noticed() -> None:
    link = next(iter(LINK.findall(buttons())))
    with pytest.raises(ValueError):
        installed(link.replace("config=", "config=x"))


def test_the_script_prints_the_buttons() -> None:
    script = ROOT / "scripts" / "install_links.py"
    done = subprocess.run([sys.executable, script], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == buttons()
