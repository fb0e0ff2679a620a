"""Downloads the pictures that a table links to, on any hosts."""

from __future__ import annotations

from urllib.parse import urlsplit

from art_mcp.images.fetch import FetchError
from art_mcp.ingest.sources.web import FAILED_IN_ROW, Web


class Links:
    """Fetches pictures from public hosts over https, one at a time.

    A dead link refuses only its own row. After several consecutive failures, a host gets no more retries: the links of
    old tables are often dead, and each would cost half a minute.
    """

    def __init__(self) -> None:
        self._web = Web(pause=0.0)
        self._failed: dict[str, int] = {}

    async def picture(self, url: str) -> bytes:
        """Download a picture and return the bytes of its file.

        Raises:
            ImageError: the download failed.
        """
        url = url.strip()
        if url.lower().startswith("http:"):  # old catalogues predate their servers' https
            url = f"https{url[4:]}"
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            host = ""
        failed = self._failed.get(host, 0)
        try:
            data = await self._web.get(url, "pictures", patient=failed < FAILED_IN_ROW)
        except FetchError as error:
            if error.busy:
                self._failed[host] = failed + 1
            raise
        self._failed.pop(host, None)
        return data

    async def aclose(self) -> None:
        await self._web.aclose()
