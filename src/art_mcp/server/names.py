"""Names in metrics and spans: a closed set, so that callers cannot invent names or fill them with text."""

from __future__ import annotations

from collections.abc import Container

OTHER = "_OTHER"
"""OpenTelemetry's name for everything outside the set."""


def known(said: object, names: Container[str]) -> str:
    """A given name if it is in the set, else `OTHER`."""
    return said if isinstance(said, str) and said in names else OTHER
