"""Any embedding service that speaks one of the usual dialects: a server of one's own, Jina, Cohere, Cohere in Azure."""

from art_mcp.vision.http.client import HttpClient
from art_mcp.vision.http.provider import CALLS_IN_FLIGHT, HttpProvider

__all__ = ["CALLS_IN_FLIGHT", "HttpClient", "HttpProvider"]
