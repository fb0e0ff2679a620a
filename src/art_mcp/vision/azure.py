"""Azure AI Vision's multimodal embeddings.

Microsoft ends the service on 25 September 2028, and points to Cohere Embed in Foundry (`art_mcp.vision.http_api`).
Its failures are those of Microsoft's documentation and of users' reports, not all of them documented.
"""

from __future__ import annotations

import json
import logging
from typing import Any, Final

from pydantic import SecretStr

from art_mcp.space import Leg, Space
from art_mcp.vision.entra import INSTALL, KEY, Credential, EntraLogin
from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.client import Client, Kind
from art_mcp.vision.remote.errors import BUSY, FAILED, LEAVE_OUT, ErrorRule, Service, on_the_way
from art_mcp.vision.remote.login import ApiKey
from art_mcp.vision.remote.preparation import PREPROCESSING
from art_mcp.vision.remote.reply import Reply
from art_mcp.vision.remote.transport import DEADLINE_S, JSON, checked_address

DIMENSIONS = 1024
MOST_WORDS = 70
PROBE_DEADLINE_S = 10.0
ENDPOINT, API_VERSION = "ART_MCP_AZURE_ENDPOINT", "ART_MCP_AZURE_API_VERSION"
MODEL_VERSION = "ART_MCP_AZURE_MODEL_VERSION"
EXAMPLE: Final = "Set it to an address such as https://NAME.cognitiveservices.azure.com."

_INPUT: Final = ErrorRule(
    (400, 413),
    "refuses this input",
    LEAVE_OUT,
    r"InvalidImage|\bimage (format|size|dimension|url)|\b(input|image) data\b|\btext\b|\bwords?\b|too large",
    Fault.INPUT,
)
_OTHER: Final = ErrorRule(
    range(400, 500), "refuses the call", f"Check {ENDPOINT} and the Azure resource that it names."
)
SERVICE: Final = Service(
    name="Azure AI Vision",
    address=ENDPOINT,
    rules=(
        ErrorRule(
            (403, 429),
            "has no calls left for this period",
            "Go on {then}, or move the Azure resource to a higher tier.",
            r"call volume quota|out of .{0,20}\bquota",
        ),
        BUSY,
        ErrorRule((400, 415), "does not take what was sent", "Report this: it is a fault of art-mcp.", r"content type"),
        ErrorRule(
            (400,),
            "has no multimodal embeddings in the region of this resource",
            f"Create the resource in a region that has them, and set {ENDPOINT} to it.",
            r"not enabled in this region",
        ),
        ErrorRule(
            (400,),
            "takes no token at this endpoint",
            f"Set {ENDPOINT} to the resource's own https://NAME.cognitiveservices.azure.com, or set {KEY}.",
            r"custom subdomain",
        ),
        ErrorRule((400,), "does not have this version of its model", f"Check {MODEL_VERSION}.", r"model.?version"),
        _INPUT,
        ErrorRule(
            (401,),
            "refuses the token",
            "Check that you are signed in to the right tenant, and have the role Cognitive Services User on the "
            "resource.",
            r"access token",
        ),
        ErrorRule((401,), "refuses the key", f"Check that {KEY} and {ENDPOINT} are those of one Azure resource."),
        ErrorRule(
            (403,),
            "takes no keys on this resource",
            f"Leave {KEY} empty to sign in with Entra ID ({INSTALL}), or allow keys on the resource.",
            r"AuthenticationTypeDisabled|authentication is disabled",
        ),
        ErrorRule(
            (403,),
            "is closed to this network",
            "Allow your network on the Azure resource (Networking), or go through one that is allowed.",
            r"Virtual Network|Firewall",
        ),
        ErrorRule(
            (403,),
            "does not allow this to your identity",
            "Have the role Cognitive Services User given to it on the resource.",
            r"PermissionDenied|data action",
        ),
        ErrorRule(
            (404,),
            "is not at this address",
            f"Check {ENDPOINT}: it must name a Computer Vision or Azure AI services resource, in a region with "
            "multimodal embeddings.",
        ),
        ErrorRule((410,), "has retired this version of its API", f"Set {API_VERSION} to another, or update art-mcp."),
        *on_the_way(ENDPOINT),
        _OTHER,
        FAILED,
    ),
    codes={"InvalidRequest": 400, "BadRequest": 400},
    trace={"request": "apim-request-id", "region": "x-ms-region"},
)

log = logging.getLogger(__name__)


class AzureClient(Client):
    """Talks to one Azure resource; vectors have 1,024 dimensions.

    Args:
        endpoint: of the resource, e.g. `https://NAME.cognitiveservices.azure.com`.
        key: of the resource; None signs in with Entra ID.
        credential: for Entra ID, instead of azure-identity's default; closed with this.
        deadline: seconds for one attempt.

    Raises:
        VisionError: the endpoint or the key cannot be right.
    """

    calls_in_flight = 20
    probe_is_free = True

    def __init__(
        self,
        endpoint: str,
        key: SecretStr | None,
        *,
        api_version: str,
        model_version: str,
        credential: Credential | None = None,
        deadline: float = DEADLINE_S,
    ) -> None:
        address = checked_address(endpoint, ENDPOINT, EXAMPLE)
        if address.rest not in ("", "/"):
            raise VisionError(f"{ENDPOINT} goes on after the name of the host.", EXAMPLE)
        login = (
            EntraLogin(credential)
            if key is None
            else ApiKey(
                key,
                header="Ocp-Apim-Subscription-Key",
                variable=KEY,
                next_step="Copy it again from the Azure portal.",
            )
        )
        space = Space(Leg.PIXELS, "azure", "vision", f"{model_version}.{PREPROCESSING}", DIMENSIONS)
        # The rules above know its refusals, so that none need be the settings' fault because it is the first.
        super().__init__(SERVICE, address.host, login, space, deadline=deadline, proven=Kind)
        self.endpoint: Final = address.origin
        self._versions = {"api-version": api_version, "model-version": model_version}
        self._model_version = model_version

    @property
    def described(self) -> str:
        transport = self.transport
        return f"{SERVICE.name} at {transport.host} (model {self._model_version}, signed in {transport.login.name})"

    def as_read(self, text: str) -> str:
        """The first 70 words."""
        short, cut = shortened(text)
        if cut:
            log.info("A question has more than %d words; Azure reads the first.", MOST_WORDS)
        return short

    async def probe(self) -> None:
        """Send an empty text, which is refused, unpaid, but as such only when everything else is right.

        Raises:
            VisionError: something else is wrong.
        """
        deadline = min(self.transport.deadline, PROBE_DEADLINE_S)
        reply = await self._post("vectorizeText", b'{"text": ""}', deadline=deadline)
        about_input = reply.status == 400 and SERVICE.rule(reply) in (_INPUT, _OTHER)
        if reply.status != 200 and not about_input:
            raise SERVICE.refusal(reply)

    async def _post_image(self, file: bytes) -> Reply:
        return await self._post("vectorizeImage", file, "application/octet-stream")

    async def _post_text(self, text: str) -> Reply:
        return await self._post("vectorizeText", json.dumps({"text": text}).encode())

    async def _post(
        self, operation: str, body: bytes, content_type: str = JSON, deadline: float | None = None
    ) -> Reply:
        url = f"{self.endpoint}/computervision/retrieval:{operation}"
        return await self.transport.post(url, body, content_type, parameters=self._versions, deadline=deadline)

    def _values(self, kind: Kind, content: dict[str, Any], reply: Reply) -> object:
        made_by = content.get("modelVersion")
        if isinstance(made_by, str) and made_by != self._model_version:
            what = f"with model version {reply.said(made_by)[:60]} where {self._model_version} was asked for"
            raise SERVICE.malformed(what, reply, Fault.SETUP, f"Check {MODEL_VERSION}.")
        return None if made_by is None else content.get("vector")


def shortened(text: str) -> tuple[str, bool]:
    """The first 70 words of a text, which is what Azure takes, and whether there were more."""
    words = text.split()
    return (text, False) if len(words) <= MOST_WORDS else (" ".join(words[:MOST_WORDS]), True)
