"""Who waits for a place in which order: real threads, held until the test lets them go on."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskGroup

from art_mcp.turns import Turns, caller

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def occupied(turns: Turns) -> AsyncIterator[TaskGroup]:
    """A group of tasks that can wait for the only place, which becomes free at the end."""
    started, release = threading.Event(), threading.Event()

    def hold() -> None:
        started.set()
        assert release.wait(30)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(turns.run, hold)
        while not started.is_set():
            await anyio.sleep(0.01)
        try:
            yield tasks
        finally:
            release.set()


async def ask(turns: Turns, tasks: TaskGroup, who: str, ran: list[str]) -> None:
    """Begin to wait for a place as this caller."""

    async def work() -> None:
        caller.set(who)
        await turns.run(ran.append, who)

    tasks.start_soon(work)
    await anyio.lowlevel.checkpoint()


async def test_callers_take_turns_however_many_calls_one_of_them_makes() -> None:
    turns, ran = Turns(1), list[str]()
    async with occupied(turns) as tasks:
        for who in ("eve", "eve", "eve", "eve", "ada", "ada", "bob"):
            await ask(turns, tasks, who, ran)
        assert not ran
    assert ran == ["eve", "ada", "bob", "eve", "ada", "eve", "eve"]


async def test_what_is_cancelled_while_it_waits_leaves_its_place_to_others() -> None:
    turns, ran = Turns(1), list[str]()
    async with occupied(turns) as tasks:
        with anyio.move_on_after(0.05) as scope:
            await turns.run(ran.append, "too late")
        assert scope.cancelled_caught
        await ask(turns, tasks, "ada", ran)
    await turns.run(ran.append, "after")
    assert ran == ["ada", "after"]


async def test_a_place_that_is_given_to_what_is_cancelled_at_that_moment_is_passed_on() -> None:
    turns, ran = Turns(1), list[str]()
    async with occupied(turns), anyio.create_task_group() as cancelled:
        await ask(turns, cancelled, "too late", ran)
        turns._give_back("")  # as the end of other work does
        cancelled.cancel_scope.cancel()
    await turns.run(ran.append, "ada")
    assert ran == ["ada"]


async def test_an_error_frees_the_place() -> None:
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError):
        await turns.run(lambda: 1 // 0)
    assert await turns.run(str, 1) == "1"


async def test_as_much_runs_at_once_as_there_are_places() -> None:
    turns, together = Turns(2), threading.Barrier(2, timeout=30)
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(turns.run, together.wait)


async def test_a_caller_has_no_more_places_than_one_may_have() -> None:
    turns, running, ended = Turns(3, of_one=2), list[str](), anyio.Event()

    async def work(who: str) -> None:
        caller.set(who)
        async with turns.turn():
            running.append(who)
            await ended.wait()

    async with anyio.create_task_group() as tasks:
        for who in ("eve", "eve", "eve", "eve", "ada"):
            tasks.start_soon(work, who)
            await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()
        assert running == ["eve", "eve", "ada"]
        ended.set()
    assert running == ["eve", "eve", "ada", "eve", "eve"]
