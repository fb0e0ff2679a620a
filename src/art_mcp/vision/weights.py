"""Model files, each checked against its SHA-256 before it is used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from art_mcp.vision.provider import VisionError

MODELS = Path(__file__).parent / "models"
"""The folder of art-mcp's own model files; `manifest.json` has their SHA-256 digests."""


class ModelFile:
    """A model file and the SHA-256 that it must have.

    Args:
        path: None if the package that contains the file is not installed.
        name: the name that errors use; never the whole path.
        sha256: hexadecimal; None if unknown, in which case the file is refused.
        next_step: what to do if the file is missing or damaged.
    """

    def __init__(self, path: Path | None, name: str, sha256: str | None, next_step: str) -> None:
        self.path = path
        self.name = name
        self.sha256 = sha256
        self.next_step = next_step

    def read(self) -> bytes:
        """The content. Raises `VisionError` if the file is missing or its SHA-256 differs."""
        with self._opened() as file:
            content = file.read()
        self._compare(hashlib.sha256(content))
        return content

    def check(self) -> None:
        """Raise the errors of `read`, but keep only a small part of the file in memory at a time."""
        with self._opened() as file:
            self._compare(hashlib.file_digest(file, "sha256"))

    @contextmanager
    def _opened(self) -> Iterator[BufferedReader]:
        if self.path is None:
            raise VisionError(f"The model file {self.name} is not installed.", self.next_step)
        try:
            with self.path.open("rb") as file:
                yield file
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise VisionError(f"The model file {self.name} cannot be read: {reason}.", self.next_step) from error

    def _compare(self, digest: hashlib._Hash) -> None:
        if digest.hexdigest() != self.sha256:
            raise VisionError(
                f"The model file {self.name} is not the one that was shipped (its SHA-256 differs).",
                self.next_step,
            )


def read_manifest(models: Path) -> dict[str, str]:
    """SHA-256 by file name; empty if the manifest is missing or damaged, so that every file is refused."""
    try:
        manifest = json.loads((models / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}
