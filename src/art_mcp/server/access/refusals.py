"""Logs refused HTTP requests among the lines on calls."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from art_mcp.server.access import audit
from art_mcp.settings import Settings

LINES_A_MINUTE = 60
"""The rest is only counted, so that a flood does not fill a disk."""
MAX_CHARACTERS = 100
"""Of what a request says that it calls."""


class Refusals:
    """Logs who was refused what, and why, but never a token or arguments.

    Args:
        settings: as for `Audit`.
        clock: seconds.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._is_logging = audit.kept(settings) != "none"
        self._clock = clock
        self._since, self._lines = clock(), 0

    def log(
        self, status: int, reason: str, principal: str | None = None, method: object = None, name: object = None
    ) -> None:
        """Log a refusal.

        Args:
            principal: who was refused; None if unknown. method, name: what was called, as the caller says.
        """
        left_out = 0
        if (now := self._clock()) >= self._since + 60:
            left_out = max(0, self._lines - LINES_A_MINUTE)
            self._since, self._lines = now, 0
        self._lines += 1
        if not self._is_logging or self._lines > LINES_A_MINUTE:
            return
        called = {"method": method, "tool": name}
        line = {
            "time": audit.now(),
            "principal": principal,
            **{key: said[:MAX_CHARACTERS] for key, said in called.items() if isinstance(said, str) and said},
            "outcome": "refused",
            "status": status,
            "reason": reason,
            **({"left_out": left_out} if left_out else {}),
        }
        audit.log.info("%s", json.dumps(line))
