"""What a process works with: database, providers and loader, each made when it is needed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import anyio

from art_mcp.errors import ArtMcpError
from art_mcp.settings import Settings
from art_mcp.space import Leg, Space
from art_mcp.spending import Spending
from art_mcp.store import collection_sizes, spaces, vector_index
from art_mcp.store.accounts import Account
from art_mcp.store.database import Database
from art_mcp.store.errors import MovedError
from art_mcp.vision import factory
from art_mcp.vision.provider import Provider
from art_mcp.vision.retiring import RetiredError, RetiringProvider

if TYPE_CHECKING:
    from art_mcp.images.loader import PictureLoader
    from art_mcp.ingest.job import Ingest
    from art_mcp.ingest.reembed import Move
    from art_mcp.search.finder import Finder

T = TypeVar("T")

log = logging.getLogger(__name__)

SHOWN_AT_ONCE = 2
"""Each may take some 200 MB, where pictures of the largest size are kept."""
LOOK_AGAIN_S = 30
"""How long a process may go on searching in spaces that another process has left."""


@dataclass(frozen=True, slots=True)
class Model:
    """What is searched, and what embeds questions for it."""

    provider: RetiringProvider
    """The one that fills the pixel space, if it can be had, else the built-in one."""
    spaces: list[Space]
    """The active ones, whoever fills them."""


class Runtime:
    """Opens what is asked for and closes it at the end of the `async with`.

    What decodes pictures is imported inside the methods, so that a server can answer its first requests before it
    is loaded.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._opening = anyio.Lock()
        self._opened = anyio.Event()
        self._choosing = anyio.Lock()
        self._database: Database | None = None
        self._model: Model | None = None
        self._look_at = 0.0
        self._target: Provider | None = None
        self._loader: PictureLoader | None = None
        self.showing = anyio.CapacityLimiter(SHOWN_AT_ONCE)
        """Threads that decode kept pictures to show them."""

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
        """Raises `ArtMcpError` if it cannot be opened; the next call tries again."""
        async with self._opening:
            if self._database is None:
                self._database = await Database.open(self.settings)
                self._opened.set()
            return self._database

    async def repair_indexes(self) -> None:
        """Build the indexes that an import left out when it was killed, as soon as somebody opens the database."""
        await self._opened.wait()
        try:
            await vector_index.repair(await self.database())
        except ArtMcpError as error:
            log.warning("Whether indexes are missing cannot be seen: %s", error)

    async def provider(self) -> Provider:
        """The one that fills the database's pixel space, if it can be had, else the built-in one."""
        return (await self.model()).provider

    async def spaces(self) -> list[Space]:
        """The active spaces, whoever fills them."""
        return (await self.model()).spaces

    async def model(self, *, look: bool = False) -> Model:
        """What is searched now; another process may have moved the database, so it is looked at every now and then.

        Args:
            look: do so in any case.
        """
        database = await self.database()
        async with self._choosing:
            if self._model is None or look or anyio.current_time() >= self._look_at:
                self._model = await self._look(database, self._model, look)
                self._look_at = anyio.current_time() + LOOK_AGAIN_S
            return self._model

    async def _look(self, database: Database, known: Model | None, look: bool) -> Model:
        active = await spaces.active(database)
        if known and active == known.spaces and not look:
            return known
        filled = await collection_sizes.sizes(database)
        if known and not filled and not look:
            return known  # nothing can be found, whatever is active
        pixels = next((each for each in active if filled and each.leg is Leg.PIXELS), None)
        if known and self._fits(known.provider, pixels):
            return Model(known.provider, await spaces.activate(database, known.provider.spaces.values()))
        provider = RetiringProvider(factory.choose(self.settings, partial(self._account, database), pixels))
        model = Model(provider, await spaces.activate(database, provider.spaces.values()))
        if known:
            await known.provider.retire()
        return model

    def _fits(self, provider: Provider, pixels: Space | None) -> bool:
        """Whether it is the one for a pixel space, or for what is stored first."""
        own = provider.spaces.get(Leg.PIXELS)
        return own == pixels if pixels else own is not None and own.provider == self.settings.embeds_by

    def _account(self, database: Database, name: str) -> Account:
        """The rate and the budget of a paid service, which all processes share that use the same key."""
        address, key, rate = factory.paying(self.settings, name)
        return Account(database, address, key, rate=rate, budget=self.settings.budget)

    async def spending(self, calls: int, of: str | None = None) -> Spending:
        """What so many paid calls will take.

        Args:
            of: the provider's name; None: the one that loads use now.
        """
        price = self.settings.price_per_1000
        of = of or (await self.provider()).spaces[Leg.PIXELS].provider
        account = self._account(await self.database(), of)
        return Spending(calls, account.rate, None if price is None else calls * price / 1000, await account.remaining())

    def loader(self) -> PictureLoader:
        """What reads pictures that come from outside."""
        if self._loader is None:
            from art_mcp.images.loader import PictureLoader

            self._loader = PictureLoader(image_dirs=self.settings.image_dirs)
        return self._loader

    async def finder(self) -> Finder:
        from art_mcp.search.finder import Finder

        model = await self.model()
        return Finder(await self.database(), model.provider, model.spaces, self.loader())

    async def ask(self, question: Callable[[Finder], Awaitable[T]]) -> T:
        """The answer to a question, which is asked once more if the database has been moved meanwhile."""
        try:
            return await question(await self.finder())
        except (MovedError, RetiredError):
            await self.model(look=True)
            return await question(await self.finder())

    async def ingest(self) -> Ingest:
        from art_mcp.ingest.job import Ingest

        model = await self.model(look=True)
        provider = model.provider
        for space in model.spaces:
            if space.leg is Leg.PIXELS and provider.spaces.get(Leg.PIXELS) != space:
                raise _cannot_fill(space)
        return Ingest(
            await self.database(),
            provider,
            [space for space in model.spaces if provider.spaces.get(space.leg) == space],
            self.loader().decoder,
            display_size=self.settings.display_size,
        )

    async def move(self) -> Move:
        """To the spaces of the provider that the settings name, whoever has filled the database.

        Raises:
            VisionError: it is not set up.
        """
        from art_mcp.ingest.reembed import Move

        database = await self.database()
        if self._target is None:
            self._target = factory.make(self.settings, partial(self._account, database), self.settings.embeds_by)
        return Move(database, self._target)


def _cannot_fill(space: Space) -> ArtMcpError:
    return ArtMcpError(
        f"The pictures of this database are embedded by {space.made_by}, which is not set up here.",
        "Set it up as it was (`art-mcp doctor` says what is missing), move the pictures to what is set up "
        "(`art-mcp reembed`), or load into another database.",
    )
