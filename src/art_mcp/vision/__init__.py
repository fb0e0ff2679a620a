"""Makes embeddings of pictures and texts, by the built-in model or by a service."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from art_mcp.vision import local as local
    from art_mcp.vision import pair as pair

# They load the tokenizer, and are imported on first use, so a server answers its first requests without it.
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["local", "pair"])
