"""Sources of paintings: each is a small module that yields rows."""
