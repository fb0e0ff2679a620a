"""A polite HTTP client for museum APIs: one request at a time, rate-limited, with retries when the server is busy."""

from __future__ import annotations

import json
import random
import re
from html.parser import HTMLParser
from typing import Any

import anyio

from art_mcp.images.fetch import Fetcher, FetchError
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.sources.source import SourceError

TRIES = 5
"""Maximum attempts per request; the wait between them doubles each time."""
BACKOFF_S, MAX_WAIT_S = 2.0, 120.0
"""Base and maximum of the wait before a retry in seconds."""
GONE = frozenset({404, 410})
"""HTTP statuses of records that do not exist."""
FAILED_IN_ROW = 3
"""Number of consecutive pictures that fail with server errors after which the server, not the picture, is at fault."""


class Unreadable(SourceError):
    """One document of a source cannot be read; others may be."""


def secured(url: str) -> str:
    """A URL with https in place of http, which old catalogues state although their servers have https by now."""
    url = url.strip()
    scheme, _, rest = url.partition("://")
    if scheme.lower() != "http":
        return f"https:{url}" if url.startswith("//") else url
    return "https://" + re.sub(r"^([^/?#]*):80(?=[/?#]|$)", r"\1", rest)


def new_fetcher() -> Fetcher:
    """A fetcher for one source, with a timeout of 60 seconds per download."""
    return Fetcher(within=60.0)


class Web:
    """The requests of one source.

    Args:
        pause: seconds between two requests for records. Pictures mostly come from other hosts, so they have a separate
            queue without a pause.
    """

    def __init__(self, *, pause: float) -> None:
        self._fetcher = new_fetcher()
        self._pause = pause
        self._rows = {"records": anyio.Lock(), "pictures": anyio.Lock()}
        self._failed_in_row = 0

    async def record(self, url: str) -> Any:
        """Fetch and decode a JSON document; None if it does not exist.

        Raises:
            SourceError: the server does not respond; `Unreadable` if it does, but not with JSON.
        """
        try:
            data = await self.get(url, "records")
        except FetchError as error:
            if error.status in GONE:
                return None
            kind = SourceError if error.busy else Unreadable
            raise kind(
                f"The source is unavailable: {error.problem}", "Continue the job later; stored rows are kept."
            ) from error
        except ImageError as error:
            raise Unreadable(error.problem, "Check the address and this machine's network.") from error
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise Unreadable(
                "The source did not return JSON.",
                "Open its address in a browser, and try again later.",
            ) from None

    async def picture(self, url: str) -> bytes:
        """Download a picture and return the bytes of its file.

        Raises:
            ImageError: this picture cannot be downloaded.
            SourceError: `FAILED_IN_ROW` consecutive pictures failed, so the server seems to be down.
        """
        try:
            data = await self.get(url, "pictures")
        except FetchError as error:
            if not error.busy:
                raise
            self._failed_in_row += 1
            if self._failed_in_row < FAILED_IN_ROW:
                raise
            raise SourceError(
                f"The source cannot deliver pictures: {error.problem}",
                "Continue the job later; stored rows are kept.",
            ) from error
        self._failed_in_row = 0
        return data

    async def aclose(self) -> None:
        await self._fetcher.aclose()

    async def get(self, url: str, row: str, *, patient: bool = True) -> bytes:
        """Download a URL and return the bytes of the response.

        Args:
            row: the queue to wait in, "records" or "pictures"; each allows one request at a time.
            patient: whether to retry while the server is busy.

        Raises:
            ImageError: the download failed.
        """
        async with self._rows[row]:
            for attempt in range(1, TRIES + 1):
                try:
                    data = await self._fetcher.get(url)
                except FetchError as error:
                    # The Met's firewall returns 403 to clients that are too fast.
                    if not (error.busy or error.status == 403) or attempt == TRIES or not patient:
                        raise
                    backoff = random.uniform(0.5, 1) * BACKOFF_S * 2 ** (attempt - 1)  # noqa: S311
                    await anyio.sleep(min(MAX_WAIT_S, max(error.retry_after or 0.0, backoff)))
                else:
                    if row == "records":
                        await anyio.sleep(self._pause)
                    return data
            raise AssertionError


def text_of(html: object) -> str:
    """The plain text of a string that may be HTML; empty if it is not a string."""
    if not isinstance(html, str):
        return ""
    if "<" not in html and "&" not in html:
        return html
    words = _Words()
    words.feed(html)
    words.close()
    return "".join(words.parts)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "p", "li", "div"):
            self.parts.append(" ")
