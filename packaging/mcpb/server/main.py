"""Starts art-mcp, which uv installs first."""

from art_mcp.cli import main

main()
