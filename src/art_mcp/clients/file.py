"""Changes one entry of a client's configuration file, keeps everything else, and replaces the file atomically."""

from __future__ import annotations

import codecs
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from art_mcp.clients.client import Client
from art_mcp.clients.in_place import Malformed, Unchangeable
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
    top: dict[str, Any]

    @classmethod
    def read(cls, client: Client) -> Self:
        """Read the file; if it is missing or empty, it has no servers.

        Raises:
            ClientFileError: it is not in its format, or not structured like the client's files.
        """
        form, key = client.format.NAME, client.shape.key
        try:
            raw = _bytes(client.file)
            text = (raw or b"").removeprefix(BOM).decode("utf-8")
            top = client.format.parse(text)
        except OSError as error:
            raise ClientFileError(
                f"{client.file} cannot be read ({error.strerror}).", "Check its permissions."
            ) from None
        except UnicodeDecodeError:
            raise ClientFileError(f"{client.file} is not UTF-8 text.", _by_hand(client)) from None
        except Malformed as error:
            raise ClientFileError(
                f"{client.file} is not {form}: line {error.line} has a syntax error.", _by_hand(client)
            ) from None
        except (ValueError, RecursionError):  # a date that is none, a number of thousands of digits
            raise ClientFileError(
                f"{client.file} has a value that cannot be read as {form}.", _by_hand(client)
            ) from None
        if not isinstance(top, dict):
            raise ClientFileError(f"{client.file} does not contain a {form} object.", _by_hand(client))
        if not isinstance(top.get(key), dict | None):
            raise ClientFileError(f'"{key}" in {client.file} is not a {form} object.', _by_hand(client))
        return cls(client, raw, text, top)

    @property
    def servers(self) -> dict[str, Any]:
        return self.top.get(self.client.shape.key) or {}

    def put(self, name: str, entry: Mapping[str, Any]) -> None:
        """Write the file with this entry; of one that is there, only what differs is written.

        Raises:
            ClientFileError: it cannot be written.
        """
        path, before = (self.client.shape.key, name), self.servers.get(name)
        changes: dict[tuple[str, ...], Any] = {path: dict(entry)}
        if before is not None:
            changes = {(*path, key): value for key, value in entry.items() if before.get(key) != value}

        def edit(text: str) -> str:
            for each, value in changes.items():
                text = self.client.format.put(text, each, value)
            return text

        self._edit(edit, self.servers | {name: dict(entry)})

    def drop(self, name: str) -> None:
        """Write the file without this entry, which must exist. Raises `ClientFileError` if it cannot be written."""
        path: Sequence[str] = (self.client.shape.key, name)
        servers = deepcopy(self.servers)
        del servers[name]
        self._edit(lambda text: self.client.format.drop(text, path), servers)

    def _edit(self, edit: Callable[[str], str], servers: Mapping[str, Any]) -> None:
        """Write the edited text, once it is certain that it has these servers, and all else that it had."""
        key, form = self.client.shape.key, self.client.format
        try:
            text = edit(self.text)
            sure = {key: {}} | form.parse(text) == {**self.top, key: servers}
        except (Malformed, Unchangeable):
            sure = False
        if not sure:
            raise ClientFileError(
                f'"{key}" in {self.client.file} is written in a form that cannot be changed in place.',
                _by_hand(self.client),
            )
        self._write(text)

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


def _by_hand(client: Client) -> str:
    return f"It was not changed; add the output of `art-mcp setup {client.name}` to it by hand."
