"""The built-in model, loaded once for all tests."""

from __future__ import annotations

from art_mcp.vision.local import LocalProvider

_ONE = LocalProvider()


class BuiltIn(LocalProvider):
    """The built-in model. All of them share networks that are loaded once, which takes half a second."""

    def __init__(self) -> None:
        vars(self).update(vars(_ONE))
