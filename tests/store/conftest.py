"""Runs tests of statements that differ on a Citus cluster on the stand-in for one as well."""

from __future__ import annotations

import pytest

ON_BOTH = {"test_facets", "test_preference", "test_ranking"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    is_fast = metafunc.definition.get_closest_marker("slow") is None
    if is_fast and metafunc.module.__name__.rpartition(".")[2] in ON_BOTH and "empty" in metafunc.fixturenames:
        metafunc.parametrize("empty", ["plain", "citus"], indirect=True, scope="session")
