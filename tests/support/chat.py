"""A chat that shows the gallery in a real browser: the official host side of MCP Apps, the official client of MCP."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser, Frame, Page, Route

from support.browser import errors_of, keep_choosers
from support.node import CONFORMANCE, PROGRAMS

CHAT = "https://chat.example"
SPEC_CSP = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; media-src 'self' data:; connect-src 'none'"
)
"""What the specification sets for a page that declares no domains."""
NO_PICTURES_CSP = SPEC_CSP.replace("img-src 'self' data:", "img-src 'none'")

EVERYTHING: dict[str, Any] = {
    "serverTools": {},
    "openLinks": {},
    "message": {"text": {}},
    "updateModelContext": {"text": {}, "image": {}, "structuredContent": {}},
}
CLAUDE = {
    "theme": "light",
    "displayMode": "inline",
    "availableDisplayModes": ["inline", "fullscreen"],
    "containerDimensions": {"width": 720, "maxHeight": 5000},
}


@functools.cache
def bundle() -> str:
    """The chat's script with the official packages in it; skips the test where they are not installed."""
    esbuild = PROGRAMS / "esbuild"
    if not esbuild.exists():
        pytest.skip("The SDK of MCP Apps is not installed: run `npm ci` in tests/conformance")
    return subprocess.run(
        [
            str(esbuild),
            str(Path(__file__).with_name("chat.js")),
            "--bundle",
            "--minify",
            "--format=esm",
            "--log-level=error",
        ],
        env={**os.environ, "NODE_PATH": str(CONFORMANCE / "node_modules")},
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout


@dataclass
class Chat:
    """What is seen of a chat.

    Attributes:
        page: the browser's page; the gallery is in its frame.
        server: the origin of art-mcp.
        csp: what the chat allows the page.
        html: what is shown instead of art-mcp's own page.
        http: by which the server is asked.
        calls: the requests to the server, as `{"name", "arguments"}`, in order.
        errors: what the browser has said.
        offline: whether the server is out of reach.
    """

    page: Page
    server: str
    csp: str
    html: str
    http: httpx2.AsyncClient
    calls: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    offline: bool = False
    _own: str = ""

    @property
    def frame(self) -> Frame:
        return next(frame for frame in self.page.frames if frame.url == f"{CHAT}/frame")

    async def ask(
        self,
        tool: str = "search_paintings_by_text",
        *,
        capabilities: dict[str, Any] = EVERYTHING,
        context: dict[str, Any] = CLAUDE,
        size: tuple[int, int] = (720, 150),
        cancelled: str = "",
        refuses: bool = False,
        **arguments: Any,
    ) -> Frame:
        """Let the model call a tool, and show the answer; returns the gallery's frame."""
        asked = {
            **{"tool": tool, "args": arguments, "capabilities": capabilities, "context": context},
            **{"size": {"width": size[0], "height": size[1]}, "cancelled": cancelled, "refuses": refuses},
        }
        await self.page.evaluate("(asked) => ask(asked)", asked)
        return self.frame

    async def heard(self, what: str) -> Any:
        """What the gallery has told the chat: sizes, messages, contexts, links, modes."""
        return await self.page.evaluate("(what) => heard[what]", what)

    def called(self, name: str) -> list[dict[str, Any]]:
        """The arguments of all calls of a tool."""
        return [call["arguments"] for call in self.calls if call["name"] == name]

    async def until_called(self, name: str, times: int) -> dict[str, Any]:
        """Wait until a tool has been called so often; returns the last arguments."""
        for _ in range(300):
            if len(called := self.called(name)) >= times:
                return called[-1]
            await self.page.wait_for_timeout(50)
        raise AssertionError(f"{name} has been called {len(called)} times, not {times}")

    async def change(self, **context: Any) -> None:
        """Tell the gallery that something around it has changed."""
        await self.page.evaluate("(context) => bridge.sendHostContextChange(context)", context)

    async def answer(self, route: Route) -> None:
        """Serve the chat's own files, and pass on what is for the server."""
        path = route.request.url.removeprefix(CHAT)
        if path == "/mcp":
            await self._pass_on(route)
        elif path == "/frame":
            await route.fulfill(
                body=self.html or self._own, content_type="text/html", headers={"Content-Security-Policy": self.csp}
            )
        elif path == "/chat.js":
            await route.fulfill(body=bundle(), content_type="text/javascript")
        else:
            await route.fulfill(
                body='<!DOCTYPE html><html lang="en"><link rel="icon" href="data:,"><title>Chat</title>'
                '<style>body { margin: 0; background: Canvas }</style><script type="module" src="/chat.js"></script>',
                content_type="text/html",
            )

    async def _pass_on(self, route: Route) -> None:
        if self.offline:
            return await route.abort("connectionrefused")
        request = route.request
        if request.method != "POST":
            return None  # the client waits for what the server may say unasked, which is nothing
        asked = json.loads(request.post_data or "")
        if asked["method"] == "tools/call":
            self.calls.append({"name": asked["params"]["name"], "arguments": asked["params"].get("arguments", {})})
        headers = {name: value for name, value in request.headers.items() if name not in ("origin", "referer", "host")}
        answer = await self.http.post(f"{self.server}/mcp", content=request.post_data_buffer, headers=headers)
        if asked["method"] == "resources/read":
            self._own = _message(answer.text)["result"]["contents"][0]["text"]
        kept = {name: value for name, value in answer.headers.items() if name in ("content-type", "mcp-session-id")}
        await route.fulfill(status=answer.status_code, headers=kept, body=answer.content)


def _message(text: str) -> Any:
    data = [line.removeprefix("data:") for line in text.splitlines() if line.startswith("data:")]
    return json.loads(data[-1] if data else text)


@asynccontextmanager
async def chatting(
    browser: Browser, server: str, *, csp: str = SPEC_CSP, html: str = "", **options: Any
) -> AsyncIterator[Chat]:
    """A new chat in a window of its own.

    Args:
        browser: where it is opened.
        server: the origin of art-mcp.
        csp: what the chat allows the page.
        html: what is shown instead of art-mcp's own page.
        options: those of Playwright's `new_context`.
    """
    bundle()
    window = await browser.new_context(**{"viewport": {"width": 800, "height": 1000}, **options})
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as http:
        await window.grant_permissions(["clipboard-read", "clipboard-write"])
        page = await window.new_page()
        keep_choosers(page)
        chat = Chat(page, server, csp, html, http, errors=errors_of(page))
        await page.route(f"{CHAT}/**", chat.answer)
        await page.goto(CHAT)
        await page.wait_for_function("() => window.ask")
        yield chat
        await page.unroute_all(behavior="ignoreErrors")
    await window.close()
