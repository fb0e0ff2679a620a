"""Image-text pairs: two networks with one space, described by a manifest, pulled once and run on this machine."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from art_mcp.vision.pair import provider as provider
    from art_mcp.vision.pair import pulled as pulled

# They are slow to import, the first because it loads the tokenizer, so that is done on first use.
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["provider", "pulled"])
