"""The log on stderr: lines for people, or JSON objects for log collectors."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

notices = logging.getLogger("art_mcp.notices")
"""Messages that are logged at any level, such as where a server listens."""


class AsJson(logging.Formatter):
    """Writes a record as one line of JSON in ASCII, so that nothing in it can forge another one.

    Args:
        members: whether messages are JSON objects, whose members are added, instead of texts.
    """

    def __init__(self, *, members: bool = False) -> None:
        super().__init__()
        self._members = members

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname, "logger": record.name}
        line |= json.loads(record.getMessage()) if self._members else {"message": record.getMessage()}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if trace_id := getattr(record, "trace_id", None):
            line["trace_id"] = trace_id
        return json.dumps(line)


def set_up(level: str, style: Literal["text", "json"]) -> None:
    """Send the log of all libraries to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(AsJson() if style == "json" else logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    bare(notices)


def bare(log: logging.Logger, *, members: bool = False) -> logging.Handler:
    """Send a logger's messages to stderr at any level, without a prefix unless the log is JSON.

    Args:
        members: as for `AsJson`.
    """
    handler = logging.StreamHandler(sys.stderr)
    if is_json():
        handler.setFormatter(AsJson(members=members))
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    return handler


def is_json() -> bool:
    """Whether the log is JSON."""
    return any(isinstance(handler.formatter, AsJson) for handler in logging.getLogger().handlers)
