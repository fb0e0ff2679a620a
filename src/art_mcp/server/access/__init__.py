"""Decides who may call the server over HTTP, and which tools."""
