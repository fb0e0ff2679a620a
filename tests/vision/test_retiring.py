from __future__ import annotations

from collections.abc import Mapping, Sequence

import anyio
import pytest
from support.model import BuiltIn

from art_mcp.space import Leg
from art_mcp.vision.provider import Vectors
from art_mcp.vision.retiring import RetiredError, RetiringProvider

pytestmark = pytest.mark.anyio


class Slow(BuiltIn):
    """Answers when it is let, and knows how often it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may_answer = anyio.Event(), anyio.Event()
        self.closed = 0

    async def embed_queries(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        self.asked.set()
        await self.may_answer.wait()
        assert not self.closed
        return await super().embed_queries(texts)

    async def aclose(self) -> None:
        self.closed += 1


async def test_a_call_under_way_ends_well_and_the_last_one_closes() -> None:
    slow = Slow()
    provider = RetiringProvider(slow)
    answers = []

    async def ask() -> None:
        answers.append(await provider.embed_queries(["the sea"]))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as calls:
            calls.start_soon(ask)
            calls.start_soon(ask)
            await slow.asked.wait()
            await provider.retire()
            assert slow.closed == 0
            with pytest.raises(RetiredError):
                await provider.embed_queries(["the sky"])
            assert slow.closed == 0
            slow.may_answer.set()
    assert [answer[Leg.WORDS].shape for answer in answers] == [(1, 384)] * 2
    assert slow.closed == 1


async def test_what_nobody_uses_is_closed_at_once() -> None:
    slow = Slow()
    await RetiringProvider(slow).retire()
    assert slow.closed == 1


async def test_a_call_that_is_cancelled_closes_too() -> None:
    slow = Slow()
    provider = RetiringProvider(slow)
    async with anyio.create_task_group() as calls:
        calls.start_soon(provider.embed_queries, ["the sea"])
        await slow.asked.wait()
        await provider.retire()
        calls.cancel_scope.cancel()
    assert slow.closed == 1
