"""The collection that real clients ask about."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.real_clients import Collection

from art_mcp.settings import Settings


@pytest.fixture
def collection(loaded: Settings, twelve: tuple[str, Path]) -> Collection:
    assert loaded.database_url
    return Collection(loaded.database_url.get_secret_value(), twelve[1])
