"""Model files, each checked against its SHA-256 before it is used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from art_mcp.vision.provider import VisionError

MODELS = Path(__file__).parent / "models"
"""The model files of this package, with their SHA-256 in `manifest.json`."""

REINSTALL = "Reinstall art-mcp, for example with `pip install --force-reinstall --no-deps art-mcp`."


class ModelFile:
    """A file and the SHA-256 it must have.

    Args:
        path: where it lies; None when the package that brings it is not installed.
        name: what people are told, never the whole path.
        sha256: hexadecimal; None when it is not known, which is an error on reading.
        next_step: what helps when the file is missing or damaged.
    """

    def __init__(self, path: Path | None, name: str, sha256: str | None, next_step: str) -> None:
        self.path = path
        self.name = name
        self.sha256 = sha256
        self.next_step = next_step

    def read(self) -> bytes:
        """The content; raises `VisionError` unless it is what was shipped."""
        if self.path is None:
            raise VisionError(f"The model file {self.name} is not installed.", self.next_step)
        try:
            content = self.path.read_bytes()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise VisionError(f"The model file {self.name} cannot be read: {reason}.", self.next_step) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise VisionError(
                f"The model file {self.name} is not the one that was shipped (its SHA-256 differs).",
                self.next_step,
            )
        return content


def read_manifest(models: Path) -> dict[str, str]:
    """File name to SHA-256; empty when the manifest is missing or damaged, so that every file is refused."""
    try:
        manifest = json.loads((models / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}
