"""The official Inspector's web page in a real browser: a host of MCP Apps, used as a person would."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
from playwright.async_api import Browser, FrameLocator, Page, expect

from support.browser import errors_of
from support.node import PROGRAMS, environment_of
from support.servers import START_WITHIN_S

PROGRAM = "mcp-inspector"


@dataclass(frozen=True, slots=True)
class Inspector:
    """The page, which is connected to a server, and what it logs as an error, which includes what the gallery logs."""

    page: Page
    errors: list[str]

    async def open(self, tool: str, **arguments: str) -> FrameLocator:
        """Call a tool that has an App, by its title, and return the frame in which the App is."""
        await self.page.get_by_text("Apps", exact=True).click()
        await self.page.get_by_role("button", name=tool).first.click()
        for name, value in arguments.items():
            await self.page.get_by_label(name, exact=True).fill(value)
        await self.page.get_by_role("button", name="Open App").click()
        return self.page.frame_locator("iframe").frame_locator("iframe")

    async def called(self, tool: str) -> bool:
        """Whether the Inspector's list of messages has a call of a tool."""
        return await self.page.get_by_text(tool, exact=True).count() > 0


def free_port() -> int:
    """A port that is free now; the Inspector takes no other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@asynccontextmanager
async def inspecting(browser: Browser, home: Path, *target: str) -> AsyncIterator[Inspector]:
    """The Inspector, connected; skips the test where it is not installed.

    Args:
        home: a folder for what it writes down.
        target: its options that say how to reach the server.
    """
    environment = environment_of(PROGRAM, PROGRAMS / PROGRAM, home) | {
        "MCP_AUTO_OPEN_ENABLED": "false",
        "MCP_INSPECTOR_SECRET_STORE": "memory",
        "CLIENT_PORT": str(free_port()),
        "MCP_SANDBOX_PORT": "0",
    }
    log = home / "inspector.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [PROGRAMS / PROGRAM, "--web", *target],
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with anyio.fail_after(START_WITHIN_S):
            while not (address := re.search(r"http://\S+TOKEN=\w+", log.read_text())):
                assert process.poll() is None, log.read_text()
                await anyio.sleep(0.05)
        page = await browser.new_page(viewport={"width": 1600, "height": 1100})
        errors = errors_of(page)
        await page.goto(address[0])
        switch = page.get_by_role("switch", name="Connect or disconnect")
        await switch.locator("xpath=..").click()
        await expect(page.get_by_text("Apps", exact=True)).to_be_visible(timeout=START_WITHIN_S * 1000)
        yield Inspector(page, errors)
        await page.close()
    finally:
        with suppress(ProcessLookupError):
            if sys.platform != "win32":
                os.killpg(process.pid, signal.SIGTERM)
        process.wait()
