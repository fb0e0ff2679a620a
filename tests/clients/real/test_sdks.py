"""The SDKs that clients are built with, from the oldest to the newest, call the tools over both transports."""

from __future__ import annotations

import sys

import anyio
import pytest
from support.real_clients import REAL, Collection, called, check, node, over_http, over_stdio, python_with

pytestmark = pytest.mark.slow

OLDER = "pydantic<2.12"  # the newest with which they can be imported
PYTHON = {
    ("mcp==1.2.1", OLDER): "2024-11-05",  # the oldest that clients are seen with; it has no streamable HTTP
    ("mcp==1.14.1", OLDER): "2025-06-18",
    ("mcp==1.30.0",): "2025-11-25",
    ("mcp==2.0.0",): "2026-07-28",
    (): "2026-07-28",  # the one that is installed with art-mcp
}
"""Versions of the SDK for Python, and of the protocol that each speaks."""

JAVASCRIPT = {
    "sdk-0.4": False,  # the first that there is; none has streamable HTTP before 1.10
    "sdk-1.10": True,
    "@modelcontextprotocol/sdk": True,
    "@modelcontextprotocol/client": True,
}
"""Packages with an SDK for JavaScript, and whether it has streamable HTTP."""


@pytest.mark.parametrize("requirements", PYTHON, ids=lambda requirements: (*requirements, "installed")[0])
def test_python(collection: Collection, requirements: tuple[str, ...]) -> None:
    call = [python_with(*requirements) if requirements else sys.executable, REAL / "call.py"]
    said = [called(*call, server=over_stdio(collection), calls=collection.calls)]
    if PYTHON[requirements] > "2024-11-05":
        with over_http(collection) as server:
            said.append(called(*call, server=server, calls=collection.calls))
    for each in said:
        check(each)
        assert each["version"] == PYTHON[requirements]


@pytest.mark.parametrize("package", JAVASCRIPT)
def test_javascript(collection: Collection, package: str) -> None:
    call = [*node(package), REAL / "call.mjs", package]
    check(called(*call, server=over_stdio(collection), calls=collection.calls))
    if JAVASCRIPT[package]:
        with over_http(collection) as server:
            check(called(*call, server=server, calls=collection.calls))


@pytest.mark.anyio
async def test_the_ai_sdk_waits_for_a_server_that_starts_late(collection: Collection) -> None:
    call = [*node("@ai-sdk/mcp"), REAL / "ai_sdk.mjs"]

    async def connect(delay: float) -> None:
        server = over_stdio(collection, delay)
        check(await anyio.to_thread.run_sync(lambda: called(*call, server=server, calls=collection.calls)))

    async with anyio.create_task_group() as clients:
        for delay in (0, 0.7, 2, 6):
            clients.start_soon(connect, delay)


def test_the_ai_sdk_over_http(collection: Collection) -> None:
    with over_http(collection) as server:
        call = [*node("@ai-sdk/mcp"), REAL / "ai_sdk.mjs"]
        check(called(*call, server=server, calls=collection.calls))
