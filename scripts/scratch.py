"""A folder for a measurement, and the embedded server in it; nothing of either is left afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from art_mcp.store import host_os


@contextmanager
def scratch() -> Iterator[Path]:
    """A new folder. The data folder of whoever uses it is `data` in it."""
    folder = Path(tempfile.mkdtemp(prefix="art-mcp-"))
    try:
        yield folder
    finally:
        home = host_os.home(folder / "data")  # for root, elsewhere
        for cluster in home.glob("postgres-*/data"):
            host_os.kill_processes_in(cluster)
        for each in (home, folder):
            shutil.rmtree(each, ignore_errors=True)
