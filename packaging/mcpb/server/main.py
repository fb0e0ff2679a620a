"""Starts art-mcp, which uv installs first."""

from art_mcp.__main__ import main

main()
