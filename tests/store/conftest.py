"""Runs tests whose statements differ on a Citus cluster on the stand-in for one as well."""

from __future__ import annotations

import pytest

ON_BOTH = {"test_browsing", "test_facets", "test_filters", "test_preference", "test_ranking"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.rpartition(".")[2] in ON_BOTH and "empty" in metafunc.fixturenames:
        metafunc.parametrize("empty", ["plain", "citus"], indirect=True, scope="session")
