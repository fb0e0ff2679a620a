"""Model files: checked before they are used, then run by ONNX Runtime."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from art_mcp.vision.provider import VisionError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MODELS = Path(__file__).parent / "models"
"""The model files of this package, with their SHA-256 in `manifest.json`."""

REINSTALL = "Reinstall art-mcp, for example with `pip install --force-reinstall --no-deps art-mcp`."
MAX_THREADS = 4
"""These networks are too small to gain from more, and the machine is a person's own."""


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


def start_session(file: ModelFile, *, arena: bool = False) -> InferenceSession:
    """Load a checked ONNX file; takes 0.1 to 1 s. Raises `VisionError`.

    Args:
        arena: keep the memory of the largest batch for the next ones, until a run is told to give it back.
    """
    file.read()
    # Since 1.29 ONNX Runtime reports the machine to its maker unless this is set before it is loaded.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
    except ImportError as error:
        raise VisionError("ONNX Runtime cannot be loaded.", "Install onnxruntime 1.20 or newer.") from error

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(available_cores(), MAX_THREADS)
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = arena
    options.enable_mem_pattern = False
    # Idle threads sleep instead of spinning: a query takes 4 ms instead of 3, the other programs get the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # By path, since a session made from bytes keeps them all for its life.
        return onnxruntime.InferenceSession(file.path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions share no public base class
        raise VisionError(f"ONNX Runtime cannot run the model file {file.name}.", file.next_step) from error


def available_cores() -> int:
    """Cores that this process may use; the affinity mask counts where the system has one."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
