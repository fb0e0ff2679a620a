"""Names in what is measured: a closed set, so that callers cannot make as many as they like, or write into them."""

from __future__ import annotations

from collections.abc import Container

OTHER = "_OTHER"
"""What OpenTelemetry's conventions call that which is not in the set."""


def known(said: object, names: Container[str]) -> str:
    """A name that somebody said if it is one of these, else `OTHER`."""
    return said if isinstance(said, str) and said in names else OTHER
