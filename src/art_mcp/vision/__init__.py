"""Makes embeddings of pictures and texts, by the built-in model or by a service."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from art_mcp.vision import factory as factory
    from art_mcp.vision import local as local
    from art_mcp.vision import pair as pair
    from art_mcp.vision import retiring as retiring

# They load the tokenizer or HTTP clients, so a server answers its first requests without them.
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["factory", "local", "pair", "retiring"])
