"""Changes one entry of a client's configuration file, keeps everything else, and replaces the file atomically."""

from __future__ import annotations

import codecs
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from art_mcp.clients.client import Client
from art_mcp.clients.json_text import drop, put
from art_mcp.errors import ArtMcpError

BOM = codecs.BOM_UTF8


class ClientFileError(ArtMcpError):
    """A client's file cannot be read or changed; it is left unchanged."""


@dataclass(frozen=True, slots=True)
class ClientFile:
    """The file as it was read."""

    client: Client
    raw: bytes | None
    """None if there is no file."""
    text: str
    servers: dict[str, Any]

    @classmethod
    def read(cls, client: Client) -> Self:
        """Read the file; if it is missing or empty, it has no servers.

        Raises:
            ClientFileError: it is not plain JSON, or not structured like the client's files.
        """
        by_hand = f"It was not changed; add the output of `art-mcp setup {client.name}` to it by hand."
        try:
            raw = _bytes(client.file)
            text = (raw or b"").removeprefix(BOM).decode("utf-8")
            text = text if text.strip() else "{}\n"
            top = json.loads(text)
        except OSError as error:
            raise ClientFileError(
                f"{client.file} cannot be read ({error.strerror}).", "Check its permissions."
            ) from None
        except UnicodeDecodeError:
            raise ClientFileError(f"{client.file} is not UTF-8 text.", by_hand) from None
        except json.JSONDecodeError as error:
            raise ClientFileError(
                f"{client.file} is not plain JSON: line {error.lineno} has a comment, trailing comma or syntax error.",
                by_hand,
            ) from None
        if not isinstance(top, dict):
            raise ClientFileError(f"{client.file} does not contain a JSON object.", by_hand)
        servers = top.get(client.key, {})
        if not isinstance(servers, dict):
            raise ClientFileError(f'"{client.key}" in {client.file} is not a JSON object.', by_hand)
        return cls(client, raw, text, servers)

    def put(self, name: str, entry: dict[str, Any]) -> None:
        """Write the file with this entry. Raises `ClientFileError` if it cannot be written."""
        self._write(put(self.text, (self.client.key, name), entry))

    def drop(self, name: str) -> None:
        """Write the file without this entry, which must exist. Raises `ClientFileError` if it cannot be written."""
        self._write(drop(self.text, (self.client.key, name)))

    def _write(self, text: str) -> None:
        data = (BOM if (self.raw or b"").startswith(BOM) else b"") + text.encode("utf-8")
        target = Path(os.path.realpath(self.client.file))  # replaces a link's target, not the link
        try:
            if self.raw is not None and not os.access(target, os.W_OK):
                raise PermissionError(0, "it is write-protected")
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor, new = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            try:
                with open(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(descriptor)
                self._replace(target, new)
            except BaseException:
                os.unlink(new)
                raise
        except OSError as error:
            raise ClientFileError(
                f"{self.client.file} cannot be written ({error.strerror}).",
                "Check the permissions of the file and its folder.",
            ) from None

    def _replace(self, target: Path, new: str) -> None:
        if self.raw is not None:
            shutil.copymode(target, new)
        if _bytes(target) != self.raw:  # Claude Code writes its file often
            raise ClientFileError(f"{self.client.file} was changed by another program just now.", "Try again.")
        os.replace(new, target)


def _bytes(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
