"""What a process works with: database, provider and loader, each made at first use and only once."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio

if TYPE_CHECKING:
    from art_mcp.ingest.job import Ingest
    from art_mcp.search.finder import Finder
    from art_mcp.settings import Settings
    from art_mcp.space import Space
    from art_mcp.store.database import Database
    from art_mcp.vision.provider import Provider


class Runtime:
    """Opens what is asked for and closes it at the end of the `async with`.

    Everything heavy is imported here, inside the methods, so that a server can answer its first requests
    before any of it is loaded.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._opening = anyio.Lock()
        self._database: Database | None = None
        self._provider: Provider | None = None
        self._spaces: list[Space] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            if self._provider is not None:
                await self._provider.aclose()
            if self._database is not None:
                await self._database.aclose()

    async def database(self) -> Database:
        """Raises `ArtMcpError` if it cannot be opened; the next call tries again."""
        async with self._opening:
            if self._database is None:
                from art_mcp.store.database import Database

                self._database = await Database.open(self.settings)
            return self._database

    def provider(self) -> Provider:
        if self._provider is None:
            from art_mcp.vision.local import LocalProvider

            self._provider = LocalProvider()
        return self._provider

    async def spaces(self) -> list[Space]:
        """The active spaces that this process can fill and search."""
        database = await self.database()
        if self._spaces is None:
            from art_mcp.store.spaces import activate

            self._spaces = await activate(database, self.provider().spaces.values())
        return self._spaces

    async def finder(self) -> Finder:
        from art_mcp.images.reference import PictureLoader
        from art_mcp.search.finder import Finder

        loader = PictureLoader(image_dirs=self.settings.image_dirs)
        return Finder(await self.database(), self.provider(), await self.spaces(), loader)

    async def ingest(self) -> Ingest:
        from art_mcp.ingest.job import Ingest

        return Ingest(
            await self.database(),
            self.provider(),
            await self.spaces(),
            display_size=self.settings.display_size,
        )
