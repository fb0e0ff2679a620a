"""The product's server over stdio, for a bench database: `server.py DATA_DIR [wide]`.

With `wide` the built-in model's vectors have 1,024 dimensions; nothing else differs from `art-mcp`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from bench.vectors import WideProvider

from art_mcp.server.app import build_server
from art_mcp.settings import Settings
from art_mcp.vision import factory

if __name__ == "__main__":
    data_dir, *wide = sys.argv[1:]
    if wide:
        wide_provider = WideProvider()

        factory.choose = lambda settings, open_account, pixels: wide_provider
    build_server(Settings(database_url=None, data_dir=Path(data_dir))).run("stdio")
