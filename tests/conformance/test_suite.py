"""The official conformance suite against the real server, over real HTTP, in both eras of the protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.node import CONFORMANCE, run
from support.servers import Served, serving

pytestmark = pytest.mark.slow

NOWHERE = "postgresql://user@127.0.0.1:1/none"
ERAS = ["2025-11-25", "2026-07-28"]

# What the server of a user must pass by itself. The other scenarios call tools, resources and prompts that the
# suite prescribes; they run against the same server with these added.
OWN = {
    "2025-11-25": {
        "completion-complete",
        "dns-rebinding-protection",
        "ping",
        "prompts-list",
        "resources-list",
        "server-initialize",
        "server-session-lifecycle",
        "server-sse-multiple-streams",
        "tools-list",
    },
    "2026-07-28": {
        "caching",
        "completion-complete",
        "dns-rebinding-protection",
        "http-header-validation",
        "input-required-result-unsupported-methods",
        "prompts-list",
        "resources-list",
        "sep-2164-resource-not-found",
        "server-sse-multiple-streams",
        "tools-list",
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with serving(ART_MCP_DATABASE_URL=NOWHERE) as served:
        yield served


@pytest.fixture(scope="module")
def server_with_access_control() -> Iterator[Served]:
    """Open to who reads, since the suite sends no token; its scenarios of authorization are for clients and issuers."""
    access = {"ART_MCP_PUBLIC_URL": "https://art.example.org", "ART_MCP_ANONYMOUS_READING": "true"}
    with serving(ART_MCP_DATABASE_URL=NOWHERE, **access) as served:
        yield served


@pytest.fixture(scope="module")
def server_with_fixtures() -> Iterator[Served]:
    with serving(str(CONFORMANCE / "app.py"), ART_MCP_DATABASE_URL=NOWHERE) as served:
        yield served


@pytest.mark.parametrize("era", ERAS)
def test_every_required_scenario_passes(server_with_fixtures: Served, era: str, tmp_path: Path) -> None:
    status, passed, failed, said = suite(server_with_fixtures, era, tmp_path)
    assert status == 0, said
    # Run, but not scored: an extension of which the server says nothing. Nothing else may fail, required or not.
    assert all(name.startswith("tasks-") for name in failed), said
    assert len(passed) > 30


@pytest.mark.parametrize("era", ERAS)
def test_the_server_of_a_user_passes_what_needs_no_fixture(server: Served, era: str, tmp_path: Path) -> None:
    _, passed, _, said = suite(server, era, tmp_path)
    assert passed >= OWN[era], said


@pytest.mark.parametrize("era", ERAS)
def test_access_control_changes_nothing_of_it(server_with_access_control: Served, era: str, tmp_path: Path) -> None:
    _, passed, _, said = suite(server_with_access_control, era, tmp_path)
    assert passed >= OWN[era], said


def suite(served: Served, era: str, folder: Path) -> tuple[int, set[str], set[str], str]:
    """Exit status, the scenarios that passed and those that failed, and all that was said."""
    done = run("conformance", "server", "--url", served.url, "--requirements", era, home=folder)
    summary = done.stdout.partition("=== SUMMARY ===")[2]
    results = re.findall(r"^([✓✗]) ([a-z0-9-]+): \d+ passed", summary, re.MULTILINE)
    passed, failed = ({name for mark, name in results if mark == wanted} for wanted in "✓✗")
    return done.returncode, passed, failed, done.stdout + done.stderr
