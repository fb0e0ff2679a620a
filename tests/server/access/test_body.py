"""How many large bodies are in memory at once, and how long one may take to arrive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import anyio
import pytest
from starlette.types import Message
from support.access import guarded_here

from art_mcp.server.access import body
from art_mcp.server.access.body import LARGE, Body, TooSlowError
from art_mcp.server.access.scopes import READ
from art_mcp.settings import Settings
from art_mcp.store import tokens
from art_mcp.store.database import Database
from art_mcp.turns import Turns, caller

pytestmark = pytest.mark.anyio

PART = LARGE // 2 + 1


class Sender:
    """Sends parts of `PART` bytes, then nothing more if it has not sent the last one."""

    def __init__(self, parts: int, *, ends: bool = True) -> None:
        self._messages: list[Message] = [
            {"type": "http.request", "body": bytes(PART), "more_body": not ends or number < parts - 1}
            for number in range(parts)
        ]

    async def receive(self) -> Message:
        if not self._messages:
            await anyio.sleep_forever()
        return self._messages.pop(0)


async def received(given: Body) -> int:
    """The number of bytes, once all are received."""
    while (await given.receive())["more_body"]:
        pass
    return given.size


async def call(who: str, places: Turns, parts: int, arrived: list[str], ended: anyio.Event) -> None:
    caller.set(who)
    async with Body(Sender(parts).receive, places) as given:
        assert await received(given) == parts * PART
        arrived.append(who)
        await ended.wait()


async def arrivals(calls: Sequence[tuple[str, int]], places: Turns) -> tuple[list[str], list[str]]:
    """Whose bodies arrive before any of these calls has ended, and whose do in the end."""
    arrived, ended = list[str](), anyio.Event()
    async with anyio.create_task_group() as tasks:
        for who, parts in calls:
            tasks.start_soon(call, who, places, parts, arrived, ended)
        await anyio.wait_all_tasks_blocked()
        first = list(arrived)
        ended.set()
    return first, arrived


async def test_large_bodies_of_one_caller_wait_for_each_other_and_keep_nobody_else_waiting() -> None:
    first, all_ = await arrivals([("eve", 3)] * 5 + [("ada", 3)], Turns(4, of_one=2))
    assert sorted(first) == ["ada", "eve", "eve"]
    assert sorted(all_) == ["ada"] + ["eve"] * 5


async def test_there_are_only_so_many_large_bodies_at_once_and_any_number_of_small_ones() -> None:
    large = [(who, 3) for who in "abcdef"]
    first, all_ = await arrivals([*large, *[("g", 1)] * 20], Turns(4, of_one=2))
    assert sorted(first) == [*"abcd", *"g" * 20]
    assert sorted(all_) == [*"abcdef", *"g" * 20]


async def test_a_large_body_that_does_not_arrive_in_time_gives_up_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "RECEIVE_WITHIN_S", 0.05)
    places = Turns(1)
    with pytest.raises(TooSlowError):
        async with Body(Sender(3, ends=False).receive, places) as given:
            await received(given)
    assert await arrivals([("ada", 3)], places) == (["ada"], ["ada"])


async def test_a_call_that_lasts_is_not_taken_for_a_body_that_does_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "RECEIVE_WITHIN_S", 0.2)
    async with Body(Sender(3).receive, Turns(1)) as given:
        await received(given)
        with anyio.move_on_after(0.5) as waited:
            await given.receive()  # as the server does, to learn of a client that goes away
        assert waited.cancelled_caught


async def test_a_slow_sender_is_told_so(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "RECEIVE_WITHIN_S", 0.2)
    token, _ = await tokens.create(database, "ada", [READ], timedelta(days=1))
    async with guarded_here(settings) as origin:
        address, _, port = origin.removeprefix("http://").partition(":")
        async with await anyio.connect_tcp(address, int(port)) as connection:
            head = f"POST /mcp HTTP/1.1\r\nHost: {address}:{port}\r\nAuthorization: Bearer {token}\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {4 * LARGE}\r\n\r\n"
            await connection.send(head.encode() + b" " * 2 * LARGE)
            with anyio.fail_after(30):
                answer = (await connection.receive()).decode()
    assert answer.startswith("HTTP/1.1 408 ") and "connection: close" in answer.lower()
