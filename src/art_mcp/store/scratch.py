"""Temporary folders and databases for measurements; nothing of them is left afterwards."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from pydantic import SecretStr

from art_mcp.store import host_os
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.embedded_watcher import GRACE_S


@contextmanager
def scratch() -> Iterator[Path]:
    """A new folder, which may hold the data folder `data` of an embedded server."""
    folder = Path(tempfile.mkdtemp(prefix="art-mcp-"))
    try:
        yield folder
    finally:
        clear(folder / "data")
        shutil.rmtree(folder, ignore_errors=True)


def clear(data_dir: Path) -> None:
    """End the embedded servers of a data folder, and delete the folder."""
    home = host_os.home(data_dir)  # for root, elsewhere
    for cluster in home.glob("postgres-*/data"):
        host_os.kill_processes_in(cluster)
    until = time.monotonic() + 3 * GRACE_S  # Windows does not delete what the watcher has open
    while True:
        for folder in (home, data_dir):
            shutil.rmtree(folder, ignore_errors=True)
        if not home.exists() or time.monotonic() > until:
            break
        time.sleep(0.1)


@contextmanager
def temporary_database() -> Iterator[SecretStr]:
    """The URL of an empty database on an embedded server of its own. Blocks for about 2 seconds.

    Raises:
        StoreError: the server cannot be started.
    """
    with scratch() as folder:
        server = EmbeddedServer.start(folder / "data")
        try:
            given = server.connect_args
            password = f":{quote(given['password'])}" if "password" in given else ""
            place = f"host={quote(str(given['host']), safe='')}&port={given.get('port', 5432)}"
            yield SecretStr(f"postgresql://{given['user']}{password}@/{given['database']}?{place}")
        finally:
            server.close()
