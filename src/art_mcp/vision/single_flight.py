"""Answers that cost something are asked for once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio

K = TypeVar("K")
V = TypeVar("V")


class _Flight:
    def __init__(self) -> None:
        self.landed = anyio.Event()
        self.error: Exception | None = None


class SingleFlight(Generic[K, V]):
    """Remembers the answers used last, and lets equal questions wait for one answer.

    Args:
        kept: how many answers to remember.
    """

    def __init__(self, kept: int) -> None:
        self._most = kept
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._flights: dict[K, _Flight] = {}

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """The answer, made now unless it is there or on its way.

        Raises:
            Exception: what `make` raised, for all who waited; it is not remembered.
        """
        while key not in self._kept:
            if (flight := self._flights.get(key)) is None:
                return await self._make(key, make)
            await flight.landed.wait()
            if flight.error is not None:
                raise flight.error
            # It succeeded, or who made it was cancelled, and another one takes over.
        self._kept.move_to_end(key)
        return self._kept[key]

    async def _make(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        flight = self._flights[key] = _Flight()
        try:
            answer = self._kept[key] = await make()
        except Exception as error:
            flight.error = error
            raise
        finally:
            del self._flights[key]
            flight.landed.set()
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return answer
