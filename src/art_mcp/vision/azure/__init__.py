"""Azure AI Vision's multimodal embeddings.

Microsoft ends the service on 25 September 2028, and points to Cohere Embed in Foundry (`art_mcp.vision.http`).
"""

from art_mcp.vision.azure.client import shortened
from art_mcp.vision.azure.provider import CALLS_IN_FLIGHT, AzureProvider

__all__ = ["CALLS_IN_FLIGHT", "AzureProvider", "shortened"]
