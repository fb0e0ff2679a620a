"""From a question to ranked paintings; what a question may be stands here, light enough for a tool's schema."""

MAX_QUERY = 2_000
"""Characters of a description."""
DEFAULT_LIMIT = 10
MAX_LIMIT = 50
"""Hits on a page."""
