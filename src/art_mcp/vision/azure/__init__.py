"""Azure AI Vision's multimodal embeddings."""

from art_mcp.vision.azure.provider import CALLS_IN_FLIGHT, AzureProvider, shortened

__all__ = ["CALLS_IN_FLIGHT", "AzureProvider", "shortened"]
