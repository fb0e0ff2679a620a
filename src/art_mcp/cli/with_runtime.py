"""Makes commands of asynchronous functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

import anyio
import click

from art_mcp.runtime import Runtime
from art_mcp.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


def with_runtime(command: Callable[Concatenate[Runtime, P], Awaitable[T]]) -> Callable[P, T]:
    """Let a command run until its function is done, which gets a runtime with the settings of the command line."""

    @click.pass_obj
    @wraps(command)
    def run(settings: Settings, /, *args: P.args, **given: P.kwargs) -> T:
        async def work() -> T:
            async with Runtime(settings) as runtime:
                return await command(runtime, *args, **given)

        return anyio.run(work)

    return run
