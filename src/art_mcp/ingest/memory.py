"""Giving memory back to the system while a load runs, on Linux with glibc; elsewhere nothing has to be done.

What several threads take and free in turn, such as pixels and vectors, glibc keeps for each of them, in pieces that
grow for as long as a load runs.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

import anyio
import anyio.to_thread

EVERY_S = 3
"""It takes 30 ms."""
# Of <malloc.h>. A piece of a threshold's size or more goes back when it is freed.
_M_MMAP_THRESHOLD, _THRESHOLD = -3, 256 * 1024
_M_ARENA_MAX, _ARENAS = -8, 2


@cache
def _libc() -> ctypes.CDLL | None:
    """The C library, told to keep little; None if it is another."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        return None
    libc.mallopt(_M_MMAP_THRESHOLD, _THRESHOLD)
    libc.mallopt(_M_ARENA_MAX, _ARENAS)
    return libc


async def give_back() -> None:
    """What is not used now."""
    if (libc := _libc()) is not None:
        await anyio.to_thread.run_sync(libc.malloc_trim, 0)


async def keep_giving_back() -> None:
    """Until it is cancelled."""
    while True:
        await give_back()
        await anyio.sleep(EVERY_S)
