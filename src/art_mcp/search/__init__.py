"""Search: from a query to ranked paintings. Its limits are here, where tool schemas import them at no cost."""

from typing import TYPE_CHECKING, Literal

import lazy_loader

if TYPE_CHECKING:
    from art_mcp.search import contact_sheet as contact_sheet
    from art_mcp.search import filter_values as filter_values
    from art_mcp.search import finder as finder
    from art_mcp.search import heading as heading

# `search.finder` compiles many patterns, so a server answers its first requests without it.
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["contact_sheet", "filter_values", "finder", "heading"])

MAX_QUERY = 2_000
"""Maximum characters of a query."""
DEFAULT_LIMIT = 10
MAX_LIMIT = 50
"""Hits per page."""
MAX_SHEET = 100_000
"""Bytes of a contact sheet. Base64 adds a third, and Claude drops results of more than about 150,000 characters."""
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
