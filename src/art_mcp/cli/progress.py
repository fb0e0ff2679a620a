"""A progress bar for long-running commands."""

from __future__ import annotations

import inspect
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple, TypeVar

import anyio
import click
from rich import progress as rich
from rich.console import Console

from art_mcp.errors import ArtMcpError
from art_mcp.tasks import task_group

T = TypeVar("T")

REFRESH_S = 0.5


class Progress(NamedTuple):
    """A snapshot of a running task: `done` of `total` items."""

    name: str
    done: int
    total: int


async def with_bar(
    work: Callable[[], Awaitable[T]], progress: Callable[[], Progress | Awaitable[Progress | None]]
) -> T:
    """Run `work`, showing `progress` as a bar on stderr, and return its result.

    The first Ctrl-C or SIGTERM cancels the work, which finishes the items in progress; the second ends the process.

    Raises:
        click.Abort: the work was cancelled.
    """
    columns = rich.TextColumn("{task.description}"), rich.BarColumn(), rich.MofNCompleteColumn()
    done: list[T] = []
    with rich.Progress(*columns, rich.TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        bar = bars.add_task("Loading", total=None)

        async def update() -> None:
            with suppress(ArtMcpError):  # if the database is gone, the work raises that error itself
                found = progress()
                if (now := await found if inspect.isawaitable(found) else found) is not None:
                    bars.update(bar, description=now.name, total=now.total, completed=now.done)

        async def show() -> None:
            while True:
                await update()
                await anyio.sleep(REFRESH_S)

        async def stop_at_signal() -> None:
            await _signal()
            bars.console.print("Stopping after the items in progress. Press Ctrl-C again to stop now.")
            background.cancel_scope.cancel()

        async with task_group() as background:
            background.start_soon(show)
            background.start_soon(stop_at_signal)
            done.append(await work())
            background.cancel_scope.cancel()
        await update()
    if not done:
        raise click.Abort
    return done[0]


async def _signal() -> None:
    """Return at the first SIGINT or SIGTERM; the next one has its default effect."""
    # A shell ignores SIGINT for background jobs; leave it ignored.
    handled = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) is not signal.SIG_IGN]
    # Windows has no signal receiver; there, Ctrl-C cancels all tasks.
    with suppress(NotImplementedError), anyio.open_signal_receiver(*handled) as signals:
        async for _ in signals:
            return
    await anyio.sleep_forever()
