"""Reading a museum's service politely: one request at a time, not too fast, and again when it is busy."""

from __future__ import annotations

import json
import random
from html.parser import HTMLParser
from typing import Any

import anyio

from art_mcp.images.fetch import Fetcher, FetchError
from art_mcp.ingest.sources.source import SourceError

TRIES = 5
"""Of one request, the waits between them doubled each time."""
BACKOFF_S, MOST_WAIT_S = 2.0, 120.0
GONE = frozenset({404, 410})
FAILED_IN_ROW = 3
"""Pictures after each other that cannot be had for the server's sake: then it is down, and no picture is to blame."""


def new_fetcher() -> Fetcher:
    """One for each source."""
    return Fetcher(within=60.0)


class Web:
    """The requests of one source.

    Args:
        pause: seconds between two requests for records. Pictures come from other hosts than records mostly, and have a
            row of their own.
    """

    def __init__(self, *, pause: float) -> None:
        self._fetcher = new_fetcher()
        self._pause = pause
        self._rows = {"records": anyio.Lock(), "pictures": anyio.Lock()}
        self._failed_in_row = 0

    async def record(self, url: str) -> Any:
        """What a service answers, from its JSON; None if it has nothing there.

        Raises:
            SourceError: there is no answer now, or none that can be read.
        """
        try:
            data = await self.get(url, "records")
        except FetchError as error:
            if error.status in GONE:
                return None
            raise SourceError(
                f"The source does not answer: {error.problem}", "Continue the job later; what is stored stays."
            ) from error
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise SourceError(
                "The source answered something else than JSON.",
                "Look at its address in a browser, and try again later.",
            ) from None

    async def picture(self, url: str) -> bytes:
        """A picture's file.

        Raises:
            ImageError: this one cannot be had.
            SourceError: none can, it seems.
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
                f"Pictures cannot be had from the source now: {error.problem}",
                "Continue the job later; what is stored stays.",
            ) from error
        self._failed_in_row = 0
        return data

    async def aclose(self) -> None:
        await self._fetcher.aclose()

    async def get(self, url: str, row: str, *, patient: bool = True) -> bytes:
        """A link's file.

        Args:
            row: "records" or "pictures", of which each waits for the one before.
            patient: try again while the server is busy.

        Raises:
            ImageError: it cannot be had.
        """
        async with self._rows[row]:
            for attempt in range(1, TRIES + 1):
                try:
                    data = await self._fetcher.get(url)
                except FetchError as error:
                    # The Met's firewall answers 403 to who is too fast.
                    if not (error.busy or error.status == 403) or attempt == TRIES or not patient:
                        raise
                    backoff = random.uniform(0.5, 1) * BACKOFF_S * 2 ** (attempt - 1)  # noqa: S311
                    await anyio.sleep(min(MOST_WAIT_S, max(error.retry_after or 0.0, backoff)))
                else:
                    if row == "records":
                        await anyio.sleep(self._pause)
                    return data
            raise AssertionError


def text_of(html: object) -> str:
    """The words of a text that may be HTML; empty if it is no text."""
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
