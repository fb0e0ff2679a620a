"""What the settings say about access, and the refusals and metadata that tell clients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcp.types import INVALID_REQUEST
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from art_mcp.server.access.scopes import INGEST, READ
from art_mcp.settings import Settings

METADATA_PATH = "/.well-known/oauth-protected-resource"
MCP_PATH = "/mcp"


class Refusal(JSONResponse):
    """An answer that clients show their users, since it has the form of an error of the protocol."""

    def __init__(self, status: int, problem: str, headers: dict[str, str]) -> None:
        self.problem = problem
        error = {"code": INVALID_REQUEST, "message": problem}
        content = {"jsonrpc": "2.0", "id": None, "error": error}
        super().__init__(content, status, {**headers, "Cache-Control": "no-store"})


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may call, and where clients are sent for a token."""

    public_url: str
    issuer: str | None
    audience: str
    prefix: str
    anonymous: frozenset[str]
    """The scopes of callers without a token."""
    offered: tuple[str, ...]
    """The scopes that are of use here."""

    @classmethod
    def of(cls, settings: Settings) -> Policy | None:
        """Return what the settings say; None if there is no access control."""
        if settings.public_url is None:
            return None
        return cls(
            settings.public_url,
            settings.oidc_issuer,
            settings.oidc_audience or settings.public_url + MCP_PATH,
            settings.oidc_scope_prefix,
            frozenset([READ] if settings.anonymous_reading else []),
            (READ,) if settings.read_only else (READ, INGEST),
        )

    def routes(self) -> list[Route]:
        """The metadata of the protected resource (RFC 9728), at its path and at the root; none without an issuer."""
        paths = [METADATA_PATH + MCP_PATH, METADATA_PATH] if self.issuer else []
        return [Route(path, self._metadata) for path in paths]

    def refusal(self, status: int, problem: str, *, error: str = "", scopes: Iterable[str] = ()) -> Refusal:
        """An answer that says what is missing; `error` as RFC 6750 names it, empty if no token was sent."""
        said = {"error": error, "error_description": problem if error else "", "scope": self._named(scopes)}
        if self.issuer:
            said["resource_metadata"] = self.public_url + METADATA_PATH + MCP_PATH
        challenge = "Bearer " + ", ".join(f'{name}="{value}"' for name, value in said.items() if value)
        return Refusal(status, problem, {"WWW-Authenticate": challenge})

    def describe(self) -> list[str]:
        """Sentences for the owner, when the server starts."""
        sentences = [f"Access: with a token of `art-mcp token new`{f' or of {self.issuer}' if self.issuer else ''}."]
        if self.anonymous:
            sentences.append(
                "WARNING: without a token, anyone who can reach this server can search and see all paintings, and use "
                "the paid calls of the embedding service (ART_MCP_ANONYMOUS_READING)."
            )
        return sentences

    async def _metadata(self, _: Request) -> JSONResponse:
        document = {
            "resource": self.public_url + MCP_PATH,
            "authorization_servers": [self.issuer],
            "scopes_supported": self._named(self.offered).split(),
            "bearer_methods_supported": ["header"],
            "resource_name": "art-mcp",
        }
        return JSONResponse(document)

    def _named(self, scopes: Iterable[str]) -> str:
        """The scopes as a client asks the issuer for them, separated by spaces."""
        return " ".join(self.prefix + scope for scope in scopes)
