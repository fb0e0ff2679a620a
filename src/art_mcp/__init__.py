"""art-mcp: find paintings by words, by a picture, or by both, from any MCP client."""
