#!/usr/bin/env python3
"""Prints buttons in Markdown that install art-mcp in a client with one click."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, urlencode

WORDS = ("uvx", "art-mcp")


def links() -> dict[str, str]:
    """The links by the name of the client."""
    command, *arguments = WORDS
    entry = {"command": command, "args": arguments}
    plain = json.dumps(entry, separators=(",", ":"))
    typed = json.dumps({"type": "stdio", **entry}, separators=(",", ":"))
    encoded = urlencode({"name": "art", "config": base64.b64encode(plain.encode()).decode()})
    extension = urlencode({"cmd": command, "arg": " ".join(arguments), "id": "art", "name": "art"})
    return {
        "Cursor": f"https://cursor.com/en/install-mcp?{encoded}",
        "VS Code": f"https://insiders.vscode.dev/redirect/mcp/install?name=art&config={quote(typed, safe='')}",
        "LM Studio": f"https://lmstudio.ai/install-mcp?{encoded}",
        "Goose": f"goose://extension?{extension}",
    }


def buttons() -> str:
    """A button for each link that works in a browser; GitHub makes no link of `goose:`, which is given as text."""
    lines = []
    for client, link in links().items():
        if link.startswith("https:"):
            badge = f"https://img.shields.io/badge/install_in-{quote(client)}-1f3a4d"
            lines.append(f"[![Install in {client}]({badge})]({link})")
        else:
            lines.append(f"\n{client}, pasted into the address bar: `{link}`")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(buttons(), end="")
