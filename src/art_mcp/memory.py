"""Returns freed memory to the operating system, on Linux with glibc; a no-op elsewhere.

glibc keeps an arena per thread. When several threads allocate and free large buffers such as pixels, vectors and
requests, the arenas fragment, and the process grows for as long as a load runs or a server over HTTP serves.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

import anyio
import anyio.to_thread

TRIM_INTERVAL_S = 3
"""Seconds between two calls of `malloc_trim`, each of which takes 30 ms."""
# Parameters of mallopt in <malloc.h>. A block of at least the threshold is returned to the system when it is freed.
# With 256 KiB instead, calls during large requests took half as long again, for 80 MB less.
_M_MMAP_THRESHOLD, _THRESHOLD = -3, 8 * 1024**2
_M_ARENA_MAX, _ARENAS = -8, 2


@cache
def keep_little() -> ctypes.CDLL | None:
    """Return glibc, configured to keep little freed memory; None on any other C library."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        return None
    libc.mallopt(_M_MMAP_THRESHOLD, _THRESHOLD)
    libc.mallopt(_M_ARENA_MAX, _ARENAS)
    return libc


async def give_back() -> None:
    """Return unused heap memory to the operating system."""
    if (libc := keep_little()) is not None:
        await anyio.to_thread.run_sync(libc.malloc_trim, 0)


async def keep_giving_back() -> None:
    """Call `give_back` every `TRIM_INTERVAL_S` seconds until cancelled."""
    while True:
        await give_back()
        await anyio.sleep(TRIM_INTERVAL_S)
