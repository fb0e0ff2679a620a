"""What chat clients do with the parts of an answer: its text, its structured data and its picture."""

from __future__ import annotations

from dataclasses import dataclass

from mcp.types import CallToolResult, ImageContent

from art_mcp.server.services import ToolContext, services


@dataclass(frozen=True, slots=True)
class Host:
    """How a client passes an answer on to its model; by default as the specification says."""

    sees_pictures: bool = True
    """False: it writes a picture as base64 into the text, which costs up to 150,000 characters and shows nothing."""
    data_beside_pictures: bool = True
    """False: it passes structured data alone, if there is any, and drops the text and the picture."""


HOSTS = {
    "codex-mcp-client": Host(data_beside_pictures=False),  # OpenAI Codex, seen with 0.171
    "google-adk": Host(sees_pictures=False),  # Google's Agent Development Kit, seen with 2.13
    "@cline/core": Host(sees_pictures=False),  # Cline's command line, seen with 3.0
}
"""By the name that the client itself sends (`clientInfo.name`), as found in its source.

Others that write pictures as text have no name of their own (LlamaIndex sends "mcp", as every client does that is built
on the Python SDK), or do so with some models only (the AI SDK). Their users have ART_MCP_PICTURES.
"""


def shows_pictures(ctx: ToolContext) -> bool:
    """Whether answers to this client have pictures."""
    setting = services(ctx).runtime.settings.pictures
    return _host(ctx).sees_pictures if setting == "auto" else setting == "always"


def shaped(ctx: ToolContext, result: CallToolResult) -> CallToolResult:
    """The answer in the form in which all of it reaches the client's model; its text is complete without the data."""
    if _host(ctx).data_beside_pictures or not any(isinstance(part, ImageContent) for part in result.content):
        return result
    return result.model_copy(update={"structured_content": None})


def _host(ctx: ToolContext) -> Host:
    client = ctx.request_context.session.client_params
    return HOSTS.get(client.client_info.name, Host()) if client else Host()
