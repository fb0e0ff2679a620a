"""What a process works with: database, provider and loader, each made at first use and only once."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio

from art_mcp.errors import ArtMcpError
from art_mcp.space import Leg

if TYPE_CHECKING:
    from art_mcp.ingest.job import Ingest
    from art_mcp.search.finder import Finder
    from art_mcp.settings import Settings
    from art_mcp.space import Space
    from art_mcp.store.database import Database
    from art_mcp.vision.provider import Provider

log = logging.getLogger(__name__)


class Runtime:
    """Opens what is asked for and closes it at the end of the `async with`.

    Everything heavy is imported here, inside the methods, so that a server can answer its first requests
    before any of it is loaded.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._opening = anyio.Lock()
        self._choosing = anyio.Lock()
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

    async def provider(self) -> Provider:
        """The one that fills the database's pixel space, if it can be had, else the built-in one."""
        database = await self.database()
        async with self._choosing:
            if self._provider is None:
                self._provider = await self._choose(database)
            return self._provider

    async def _choose(self, database: Database) -> Provider:
        from art_mcp.store import collections, spaces
        from art_mcp.vision.provider import VisionError

        filled = await collections.sizes(database)
        pixels = next((each for each in await spaces.active(database) if filled and each.leg is Leg.PIXELS), None)
        if (self.settings.embeds_by if pixels is None else pixels.provider) != "azure":
            return local_provider()
        try:
            return self._azure(database)
        except VisionError as error:
            if pixels is None:
                raise
            # A database that Azure has filled is searched by its words where Azure is not set up.
            log.warning("The pictures cannot be searched: %s", error)
            return local_provider()

    def _azure(self, database: Database) -> Provider:
        from art_mcp.store.accounts import Account
        from art_mcp.vision.azure import CALLS_IN_FLIGHT, AzureProvider
        from art_mcp.vision.pacing import Pacer
        from art_mcp.vision.provider import VisionError

        settings, key = self.settings, self.settings.azure_key
        if settings.azure_endpoint is None:
            raise VisionError("ART_MCP_VISION is azure, but there is no endpoint.", "Set ART_MCP_AZURE_ENDPOINT.")
        who = key.get_secret_value() if key else "entra"
        account = Account(database, settings.azure_endpoint, who, rate=settings.azure_rate, budget=settings.budget)
        return AzureProvider(
            settings.azure_endpoint,
            key,
            pacer=Pacer(account, in_flight=CALLS_IN_FLIGHT),
            local=local_provider(),
            api_version=settings.azure_api_version,
            model_version=settings.azure_model_version,
        )

    async def spaces(self) -> list[Space]:
        """The active spaces, whoever fills them."""
        provider, database = await self.provider(), await self.database()
        if self._spaces is None:
            from art_mcp.store.spaces import activate

            self._spaces = await activate(database, provider.spaces.values())
        return self._spaces

    async def finder(self) -> Finder:
        from art_mcp.images.reference import PictureLoader
        from art_mcp.search.finder import Finder

        loader = PictureLoader(image_dirs=self.settings.image_dirs)
        return Finder(await self.database(), await self.provider(), await self.spaces(), loader)

    async def ingest(self) -> Ingest:
        from art_mcp.ingest.job import Ingest

        self._spaces = None  # another process may have filled the database meanwhile
        database, provider = await self.database(), await self.provider()
        for space in await self.spaces():
            if space.leg is Leg.PIXELS and provider.spaces.get(Leg.PIXELS) != space:
                raise _cannot_fill(space)
        return Ingest(
            database,
            provider,
            [space for space in await self.spaces() if provider.spaces.get(space.leg) == space],
            display_size=self.settings.display_size,
        )


def _cannot_fill(space: Space) -> ArtMcpError:
    return ArtMcpError(
        f"The pictures of this database are embedded by {space.made_by}, which is not set up here.",
        "Set it up as it was (`art-mcp doctor` says what is missing), or load into another database.",
    )


def local_provider() -> Provider:
    """The built-in one."""
    from art_mcp.vision.local import LocalProvider

    return LocalProvider()
