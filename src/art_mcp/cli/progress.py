"""A bar that shows how far a long work is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

import anyio

T = TypeVar("T")

REFRESH_S = 0.5


class Standing(NamedTuple):
    """How far it is."""

    name: str
    done: int
    total: int


async def with_bar(work: Callable[[], Awaitable[T]], standing: Callable[[], Awaitable[Standing | None]]) -> T:
    """Do `work`, and show on stderr meanwhile what `standing` says."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("Loading", total=None)

        async def show(once: bool = False) -> None:
            while (now := await standing()) is not None:
                progress.update(bar, description=now.name, total=now.total, completed=now.done)
                if once:
                    return
                await anyio.sleep(REFRESH_S)

        async with anyio.create_task_group() as showing:
            showing.start_soon(show)
            done = await work()
            showing.cancel_scope.cancel()
        await show(once=True)
    return done
