from __future__ import annotations

import anyio
import pytest

from art_mcp.vision.single_flight import SingleFlight

pytestmark = pytest.mark.anyio


class Asked:
    """Equal questions, each in a scope of its own, and how often the answer was made."""

    def __init__(self) -> None:
        self.flights: SingleFlight[str, str] = SingleFlight(1)
        self.scopes: list[anyio.CancelScope] = []
        self.answered: list[int] = []
        self.made = 0
        self.go = anyio.Event()

    async def make(self) -> str:
        self.made += 1
        await self.go.wait()
        return "answer"

    async def ask(self, number: int) -> None:
        with anyio.CancelScope() as scope:
            self.scopes.append(scope)
            assert await self.flights.get("question", self.make) == "answer"
            self.answered.append(number)


@pytest.mark.parametrize(("gone", "made"), [([1], 1), ([0], 2), ([0, 2], 2), ([2, 3], 1), ([0, 1, 2, 3], 1)])
async def test_who_goes_away_takes_nobody_along(gone: list[int], made: int) -> None:
    """The first one makes the answer, and if it goes, one of the others does."""
    asked = Asked()
    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(asked.ask, number)
        await anyio.wait_all_tasks_blocked()
        for number in gone:
            asked.scopes[number].cancel()
        await anyio.wait_all_tasks_blocked()
        asked.go.set()
    assert sorted(asked.answered) == [number for number in range(4) if number not in gone]
    assert asked.made == made
    assert await asked.flights.get("question", asked.make) == "answer"
    assert asked.made == made + (len(gone) == 4)  # of those who have all gone, nothing stays in the way


async def test_one_after_another_goes_away() -> None:
    asked = Asked()
    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(asked.ask, number)
        for number in range(3):
            await anyio.wait_all_tasks_blocked()
            asked.scopes[number].cancel()
        await anyio.wait_all_tasks_blocked()
        asked.go.set()
    assert asked.answered == [3]
