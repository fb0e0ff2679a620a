"""Search: from a query to ranked paintings. Its limits are here, where tool schemas import them at no cost."""

from typing import Literal

MAX_QUERY = 2_000
"""Maximum characters of a query."""
DEFAULT_LIMIT = 10
MAX_LIMIT = 50
"""Hits per page."""
MAX_PAINTINGS = 5
"""Paintings that one query compares with."""
SORTS: dict[str, Literal["oldest", "newest", "title", "random"] | None] = {
    "relevance": None,
    "year": "oldest",
    "-year": "newest",
    "title": "title",
    "random": "random",
}
"""What hits can be sorted by, with the order in the database."""
