"""Orders of paintings other than by relevance, as SQL."""

from __future__ import annotations

from typing import Literal, TypeAlias

Order: TypeAlias = Literal["oldest", "newest", "title", "random"]


def sort_key(order: Order, seed: int) -> str:
    """Return an SQL expression on paintings `p` that sorts them in an order, ascending, those without a value last.

    Args:
        seed: of the random order; the same one gives the same order.
    """
    match order:
        case "oldest":
            return "p.year_from"
        case "newest":
            return "-p.year_from"
        case "title":
            return "art_mcp.title_order(p.title)"
        case "random":
            return f"uuid_hash_extended(p.id, {seed:d})"
