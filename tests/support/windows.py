"""The rules of Windows for paths, on any system."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def rules_of_windows() -> Iterator[None]:
    """Let `PurePath` and all that asks `os.name` follow the rules of Windows; nothing may touch a file meanwhile."""
    with patch.object(os, "name", "nt"):
        yield
