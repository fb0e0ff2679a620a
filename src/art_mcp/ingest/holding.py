"""Spaces that one process fills, and nobody else meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from art_mcp.store import moves
from art_mcp.tasks import task_group

if TYPE_CHECKING:
    from art_mcp.space import Space
    from art_mcp.store.database import Database

RELEASE_WITHIN_S = 5


@asynccontextmanager
async def holding(database: Database, spaces: Sequence[Space]) -> AsyncIterator[bool]:
    """Hold spaces, and renew that, until the block ends.

    Returns:
        Whether they are held; not where somebody else holds one of them.

    Raises:
        StoreError: somebody else has got them, since this process could not renew in time.
    """
    holder = uuid.uuid4()
    if not await moves.hold(database, spaces, holder):
        yield False
        return
    try:
        async with task_group() as renewing:
            renewing.start_soon(_renew, database, holder)
            yield True
            renewing.cancel_scope.cancel()
    finally:
        with anyio.move_on_after(RELEASE_WITHIN_S, shield=True):
            await moves.release(database, holder)


async def _renew(database: Database, holder: uuid.UUID) -> None:
    while True:
        await anyio.sleep(moves.HOLD_S / 3)
        await moves.renew(database, holder)
