"""Collections that museums serve on the web."""
