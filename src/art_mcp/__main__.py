"""`python -m art_mcp` is `art-mcp`."""

from art_mcp.cli import main

if __name__ == "__main__":
    main()
