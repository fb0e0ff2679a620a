"""The shared objects of a process: database, providers and loader, each created on first use."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import anyio

from art_mcp import images, ingest, search, store, vision
from art_mcp.errors import ArtMcpError
from art_mcp.settings import Settings
from art_mcp.space import Leg, Space
from art_mcp.spending import Spending
from art_mcp.steps import step
from art_mcp.turns import Turns

if TYPE_CHECKING:
    from art_mcp.images.loader import PictureLoader
    from art_mcp.ingest.job import Ingest
    from art_mcp.ingest.reembed import Move
    from art_mcp.search.finder import Finder
    from art_mcp.store.accounts import Account
    from art_mcp.store.database import Database
    from art_mcp.vision.provider import Provider
    from art_mcp.vision.retiring import RetiringProvider


T = TypeVar("T")

log = logging.getLogger(__name__)

SHOWN_AT_ONCE = 2
"""Stored pictures that are decoded concurrently; each may take 200 MB at the largest display size."""
SPACES_REFRESH_S = 30
"""How long a process may keep searching in spaces that another process has replaced."""


@dataclass(frozen=True, slots=True)
class Model:
    """The active spaces, and the provider that embeds queries for them."""

    provider: RetiringProvider
    """The provider that fills the pixel space if it is configured, else the built-in one."""
    spaces: list[Space]
    """All active spaces, including those that `provider` does not fill."""


class Runtime:
    """Opens resources on demand, and closes them at the end of the `async with`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._opening = anyio.Lock()
        self._opened = anyio.Event()
        self._choosing = anyio.Lock()
        self._database: Database | None = None
        self._model: Model | None = None
        self._refresh_at = 0.0
        self._target: Provider | None = None
        self._loader: PictureLoader | None = None
        self.showing = Turns(SHOWN_AT_ONCE)
        """Turns in decoding stored pictures to show them."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            if self._loader is not None:
                await self._loader.aclose()
            if self._model is not None:
                await self._model.provider.aclose()
            if self._target is not None:
                await self._target.aclose()
            if self._database is not None:
                await self._database.aclose()

    async def database(self) -> Database:
        """Open the database on the first call. Raises `ArtMcpError` if that fails; the next call tries again."""
        async with self._opening:
            if self._database is None:
                with step("open database", {"db.system.name": "postgresql"}):
                    self._database = await store.database.Database.open(self.settings)
                self._opened.set()
            return self._database

    async def opened(self) -> Database:
        """Wait until the database has been opened for something else."""
        await self._opened.wait()
        return await self.database()

    async def repair_indexes(self) -> None:
        """Wait until the database is open, then build indexes that an import did not build because it was killed."""
        database = await self.opened()
        try:
            await store.vector_index.repair(database)
        except ArtMcpError as error:
            log.warning("Cannot check for missing indexes: %s", error)

    async def provider(self) -> Provider:
        """The provider that fills the database's pixel space if it is configured, else the built-in one."""
        return (await self.model()).provider

    async def spaces(self) -> list[Space]:
        """All active spaces, including those that the provider does not fill."""
        return (await self.model()).spaces

    async def suggestion(self) -> str | None:
        """A sentence on the model that could replace the built-in one; None if that one is not in use."""
        built_in = any(space.leg is Leg.PIXELS and space.provider == "local" for space in await self.spaces())
        return vision.pair.pulled.suggestion(self.settings) if built_in else None

    async def model(self, *, refresh: bool = False) -> Model:
        """The current model. The active spaces are re-read periodically, since another process may replace them.

        Args:
            refresh: re-read them now.
        """
        database = await self.database()
        async with self._choosing:
            if self._model is None or refresh or anyio.current_time() >= self._refresh_at:
                self._model = await self._refresh(database, self._model, refresh)
                self._refresh_at = anyio.current_time() + SPACES_REFRESH_S
            return self._model

    async def _refresh(self, database: Database, known: Model | None, refresh: bool) -> Model:
        active = await store.spaces.active(database)
        if known and active == known.spaces and not refresh:
            return known
        filled = await store.collection_sizes.sizes(database)
        if known and not filled and not refresh:
            return known  # nothing can be found, whatever is active
        pixels = next((each for each in active if filled and each.leg is Leg.PIXELS), None)
        if known and self._fits(known.provider, pixels):
            return Model(known.provider, await store.spaces.activate(database, known.provider.spaces.values()))
        provider = vision.retiring.RetiringProvider(
            vision.factory.choose(self.settings, partial(self._account, database), pixels)
        )
        model = Model(provider, await store.spaces.activate(database, provider.spaces.values()))
        if known:
            await known.provider.retire()
        return model

    def _fits(self, provider: Provider, pixels: Space | None) -> bool:
        """Whether a provider fills this pixel space or, for an empty database, is the one that the settings name."""
        own = provider.spaces.get(Leg.PIXELS)
        return own == pixels if pixels else own is not None and own.provider == self.settings.embeds_by

    def _account(self, database: Database, name: str) -> Account:
        """The rate and the budget of a paid service, which all processes share that use the same key."""
        address, key, rate = vision.factory.paying(self.settings, name)
        return store.accounts.Account(database, address, key, rate=rate, budget=self.settings.budget)

    async def spending(self, calls: int, of: str | None = None) -> Spending:
        """Estimate the time and cost of a number of paid calls.

        Args:
            of: the provider's name; by default that of the current provider.
        """
        price = self.settings.price_per_1000
        of = of or (await self.provider()).spaces[Leg.PIXELS].provider
        account = self._account(await self.database(), of)
        return Spending(calls, account.rate, None if price is None else calls * price / 1000, await account.remaining())

    def loader(self) -> PictureLoader:
        """The loader of pictures from outside the database."""
        if self._loader is None:
            self._loader = images.loader.PictureLoader(image_dirs=self.settings.image_dirs)
        return self._loader

    async def finder(self) -> Finder:
        model = await self.model()
        return search.finder.Finder(await self.database(), model.provider, model.spaces, self.loader())

    async def ask(self, question: Callable[[Finder], Awaitable[T]]) -> T:
        """Run a search, and repeat it once if another process has replaced the active spaces in the meantime."""
        try:
            return await question(await self.finder())
        except (store.errors.MovedError, vision.retiring.RetiredError):
            await self.model(refresh=True)
            return await question(await self.finder())

    async def ingest(self) -> Ingest:
        model = await self.model(refresh=True)
        provider = model.provider
        for space in model.spaces:
            if space.leg is Leg.PIXELS and provider.spaces.get(Leg.PIXELS) != space:
                raise _cannot_fill(space)
        return ingest.job.Ingest(
            await self.database(),
            provider,
            [space for space in model.spaces if provider.spaces.get(space.leg) == space],
            self.loader().decoder,
            display_size=self.settings.display_size,
        )

    async def move(self) -> Move:
        """A move of the database to the spaces of the provider that the settings name.

        Raises:
            VisionError: that provider is not configured.
        """
        database = await self.database()
        if self._target is None:
            self._target = vision.factory.make(self.settings, partial(self._account, database), self.settings.embeds_by)
        return ingest.reembed.Move(database, self._target)


def _cannot_fill(space: Space) -> ArtMcpError:
    return ArtMcpError(
        f"The pictures of this database were embedded by {space.made_by}, which is not configured here.",
        "Configure it again (`art-mcp doctor` says what is missing), re-embed the pictures with the configured model "
        "(`art-mcp reembed`), or load into another database.",
    )
