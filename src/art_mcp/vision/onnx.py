"""ONNX Runtime: the only module that imports it, because its telemetry must be off before it loads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from art_mcp.vision.provider import VisionError
from art_mcp.vision.weights import ModelFile

if TYPE_CHECKING:
    from types import ModuleType

    from onnxruntime import InferenceSession as InferenceSession
    from onnxruntime import RunOptions as RunOptions

MAX_THREADS = 4
"""Threads per network: these are too small to run faster on more, and the user's other programs need the cores."""


def threads() -> int:
    """The number of threads that a network may use."""
    return min(available_cores(), MAX_THREADS)


def start_session(file: ModelFile, *, arena: bool = False, per_run: int | None = None) -> InferenceSession:
    """Load an ONNX file after checking it, which takes 0.1 to 1 s. Blocking.

    Args:
        file: the file to load.
        arena: keep the memory of the largest batch for later ones, until a run with `release_memory()`.
        per_run: threads that a run uses; by default `threads()`.

    Raises:
        VisionError: the file is missing, damaged or unusable, or ONNX Runtime is.
    """
    file.check()
    onnxruntime = _load()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = per_run or threads()
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = arena
    options.enable_mem_pattern = False
    # Idle threads sleep instead of spinning: a query takes 4 ms instead of 3, but other programs get the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # By path, since a session that is made from bytes keeps a copy of them.
        return onnxruntime.InferenceSession(file.path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions share no public base class
        raise VisionError(f"ONNX Runtime cannot run the model file {file.name}.", file.next_step) from error


def release_memory() -> RunOptions:
    """Options of a run after which a session with an arena frees its memory. Raises `VisionError`."""
    options = _load().RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _load() -> ModuleType:
    # From 1.29 on, ONNX Runtime sends its maker a device id and usage events unless this is set before it loads.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
    except ImportError as error:
        raise VisionError("ONNX Runtime cannot be loaded.", "Install onnxruntime 1.20 or newer.") from error
    loaded: ModuleType = onnxruntime
    return loaded


def available_cores() -> int:
    """The number of cores that this process may use, by its CPU affinity where the system has one."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
