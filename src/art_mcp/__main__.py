"""The entry point of `art-mcp`, and of `python -m art_mcp`."""

import gc
from importlib import import_module


def main() -> None:
    """Run the command line."""
    gc.disable()  # imported modules stay; looking for garbage in them takes a twentieth of a server's start
    import_module("art_mcp.cli").main()


if __name__ == "__main__":
    main()
