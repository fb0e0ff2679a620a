"""The scopes of tokens, and which tools and prompts need which."""

from __future__ import annotations

from collections.abc import Iterable

READ, INGEST, ADMIN = "art:read", "art:ingest", "art:admin"
SCOPES = {
    READ: "search and look at paintings",
    INGEST: "load collections, and everything that art:read allows",
    ADMIN: "see and cancel others' loads, and everything that art:ingest allows",
}

_NEEDS_INGEST = [("tools/call", "ingest_collection"), ("prompts/get", "load_collection")]
"""What changes collections: the method that uses it, and its name."""


def with_implied(scopes: Iterable[str]) -> frozenset[str]:
    """Those of the scopes that are known, and what they imply."""
    known = frozenset(scopes) & SCOPES.keys()
    if ADMIN in known:
        return known | {READ, INGEST}
    return known | {READ} if INGEST in known else known


def needed(method: object, name: object) -> tuple[str, ...]:
    """The scopes that a request needs: all of them, so that a client asks its user once.

    Args:
        method: of the protocol, e.g. `tools/call`.
        name: of the tool or prompt, if the method has one.
    """
    return (READ, INGEST) if (method, name) in _NEEDS_INGEST else (READ,)
