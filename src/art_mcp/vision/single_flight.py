"""Concurrent requests for the same value share one computation, and its result is cached."""

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
    """A cache of the most recently used values, each of which is computed once at a time.

    Args:
        size: how many values to keep.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._flights: dict[K, _Flight] = {}

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """The value of a key, computed now unless it is cached or being computed.

        Args:
            make: computes the value.

        Raises:
            Exception: the error of `make`, for all who waited for it; it is not cached.
        """
        while key not in self._kept:
            if (flight := self._flights.get(key)) is None:
                return await self._make(key, make)
            await flight.landed.wait()
            if flight.error is not None:
                raise flight.error
            # The value is cached now; or its caller was cancelled, and this one takes over.
        self._kept.move_to_end(key)
        return self._kept[key]

    async def _make(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        flight = self._flights[key] = _Flight()
        try:
            value = self._kept[key] = await make()
        except Exception as error:
            flight.error = error
            raise
        finally:
            del self._flights[key]
            flight.landed.set()
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return value
