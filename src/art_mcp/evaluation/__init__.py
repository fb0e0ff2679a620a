"""Measures how often a search finds the painting that was asked for."""
