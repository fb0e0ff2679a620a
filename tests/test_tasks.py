from __future__ import annotations

import anyio
import pytest

from art_mcp.errors import ArtMcpError
from art_mcp.tasks import task_group

pytestmark = pytest.mark.anyio


async def fail(error: BaseException, cause: Exception | None = None) -> None:
    raise error from cause


async def test_the_only_error_is_raised_by_itself_with_its_cause() -> None:
    cause = OSError("cause")
    with pytest.raises(ArtMcpError) as raised:
        async with task_group() as outer, task_group() as inner:
            outer.start_soon(anyio.sleep_forever)
            inner.start_soon(fail, ArtMcpError("It failed.", "Try again."), cause)
    assert raised.value.__cause__ is cause


async def test_an_unexpected_error_is_raised_before_an_expected_one() -> None:
    with pytest.raises(ZeroDivisionError):
        async with task_group() as group:
            group.start_soon(fail, ArtMcpError("It failed.", "Try again."))
            group.start_soon(fail, ZeroDivisionError())


async def test_cancellation_is_not_an_error() -> None:
    with anyio.move_on_after(0.01) as scope:
        async with task_group() as group:
            group.start_soon(anyio.sleep_forever)
    assert scope.cancelled_caught
