"""A bar that shows how far a long work is."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple, TypeVar

import anyio
import click

from art_mcp.errors import ArtMcpError
from art_mcp.tasks import task_group

T = TypeVar("T")

REFRESH_S = 0.5


class Standing(NamedTuple):
    """How far it is."""

    name: str
    done: int
    total: int


async def with_bar(work: Callable[[], Awaitable[T]], standing: Callable[[], Awaitable[Standing | None]]) -> T:
    """Do `work`, and show on stderr meanwhile what `standing` says.

    The first Ctrl-C or SIGTERM cancels the work, which ends what is under way; the second ends the process.

    Raises:
        click.Abort: it was cancelled.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    done: list[T] = []
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("Loading", total=None)

        async def look() -> None:
            with suppress(ArtMcpError):  # the work's own error is the one to tell
                if (now := await standing()) is not None:
                    progress.update(bar, description=now.name, total=now.total, completed=now.done)

        async def show() -> None:
            while True:
                await look()
                await anyio.sleep(REFRESH_S)

        async def stop_at_signal() -> None:
            await _signal()
            progress.console.print("Stopping: what is under way ends first. Once more stops at once.")
            beside.cancel_scope.cancel()

        async with task_group() as beside:
            beside.start_soon(show)
            beside.start_soon(stop_at_signal)
            done.append(await work())
            beside.cancel_scope.cancel()
        await look()
    if not done:
        raise click.Abort
    return done[0]


async def _signal() -> None:
    """Return at the first one that asks this process to end; the next does what it does by default."""
    # A shell makes what it runs in the background deaf to Ctrl-C, and it stays so.
    heard = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) is not signal.SIG_IGN]
    # On Windows there are none to wait for, and Ctrl-C cancels all tasks.
    with suppress(NotImplementedError), anyio.open_signal_receiver(*heard) as signals:
        async for _ in signals:
            return
    await anyio.sleep_forever()
