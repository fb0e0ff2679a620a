"""The words of dates, one module per language."""
