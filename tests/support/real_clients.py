"""The real clients of `tests/clients/real`: what they are asked to call, and what each of them has to be answered.

`.ci/run` installs those of `package.json`. Python SDKs are installed by the tests, each into an environment of its own.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from art_mcp.painting import painting_id
from support.node import path_with_node
from support.servers import serving

REAL = Path(__file__).parent.parent / "clients" / "real"
MODULES = REAL / "node_modules"

TOOLS = (
    "search_paintings_by_text",
    "search_paintings_by_image",
    "get_painting",
    "describe_collection",
    "gallery_pictures",
    "ingest_collection",
)
NO_PAINTING = "There is no painting with the id 'none'. Take an id from the results of a search."

Calls = list[tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Collection:
    """The twelve paintings of `support.loading`, and how a server finds them."""

    url: str
    pictures: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"ART_MCP_DATABASE_URL": self.url, "ART_MCP_IMAGE_DIRS": str(self.pictures)}

    @property
    def calls(self) -> Calls:
        """Of the four main tools, three with a picture; the last call is refused."""
        return [
            ("search_paintings_by_text", {"query": "green", "limit": 3}),
            ("search_paintings_by_image", {"image": str(self.pictures / "images" / "7.jpg"), "limit": 3}),
            ("get_painting", {"id": str(painting_id("pictures", "7.jpg"))}),
            ("describe_collection", {}),
            ("get_painting", {"id": "none"}),
        ]


FACTS = (("Composition in green", 1), ("Composition in noise 3", 1), ("Composition in noise 3", 1), ("Max Muster", 0))
"""What the answer to each call says, and how many pictures it has."""


def check(said: dict[str, Any]) -> None:
    """Assert that an SDK was answered all that the specification has.

    Args:
        said: the `tools` that it was told, and its `answers` as the protocol writes them.
    """
    assert sorted(said["tools"]) == sorted(TOOLS)
    *answers, refused = said["answers"]
    for (fact, pictures), answer in zip(FACTS, answers, strict=True):
        text, *shown = answer["content"]
        assert fact in text["text"]
        assert fact in json.dumps(answer["structuredContent"])
        assert [(part["type"], part["mimeType"]) for part in shown] == [("image", "image/jpeg")] * pictures
        assert not answer.get("isError")
    assert refused["isError"]
    assert [part["text"] for part in refused["content"]] == [NO_PAINTING]


def is_jpeg(content: bytes) -> bool:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return image.format == "JPEG"


def over_stdio(collection: Collection, delay: float = 0) -> dict[str, Any]:
    """What an SDK is told of a server that it starts as a process; it starts late by `delay` seconds."""
    code = f"import time; time.sleep({delay}); from art_mcp.__main__ import main; main()"
    environment = {**os.environ, **collection.environment}  # some SDKs pass nothing else
    return {"command": sys.executable, "args": ["-c", code], "env": environment}


@contextmanager
def over_http(collection: Collection) -> Iterator[dict[str, Any]]:
    """What an SDK is told of a server that runs."""
    with serving(**collection.environment) as served:
        yield {"url": served.url}


def called(*command: str | Path, server: dict[str, Any], calls: Calls) -> Any:
    """What a script of `tests/clients/real` prints, which makes these calls."""
    asked = json.dumps({"server": server, "calls": calls})
    done = subprocess.run(
        [*map(str, command), asked], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def node(package: str) -> list[str]:
    """The command for Node; skips the test where the package is not installed."""
    installed(package, package)
    return ["env", f"PATH={path_with_node()}", "node"]


def installed(path: str, name: str) -> Path:
    """A file or package of `package.json`; skips the test where it is not installed."""
    if not (MODULES / path).exists():
        pytest.skip(f"{name} is not installed: run `npm ci --ignore-scripts` in tests/clients/real")
    return MODULES / path


def python_with(*requirements: str) -> Path:
    """A Python that has this SDK, installed if it is not yet; skips the test where that cannot be."""
    folder = REAL / f".venv-{requirements[0]}"
    if not folder.exists():
        uv = shutil.which("uv")
        with tempfile.TemporaryDirectory(prefix=".venv-", dir=REAL) as building:
            new = Path(building) / "new"
            venv.create(new, with_pip=not uv)
            python = str(new / "bin" / "python")
            install = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
            done = subprocess.run([*install, "--quiet", *requirements], capture_output=True, text=True, timeout=300)
            if done.returncode:
                pytest.skip(f"{requirements[0]} cannot be installed: {' '.join(done.stderr.split())[:300]}")
            new.rename(folder)  # complete from its first moment; Python finds its modules from anywhere
    return folder / "bin" / "python"
