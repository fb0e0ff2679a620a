"""Azure AI Vision's multimodal embeddings.

Microsoft retires the service on 25 September 2028 and recommends Cohere Embed in Foundry (see `http_api`). The error
rules come from Microsoft's documentation and from users' reports of errors that it does not mention.
"""

from __future__ import annotations

import json
import logging
from typing import Any, Final

from pydantic import SecretStr

from art_mcp.background.cosines import Background
from art_mcp.installation import how_to_add
from art_mcp.space import Leg, Space
from art_mcp.vision.entra import KEY, Credential, EntraLogin
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
KEY_HEADER: Final = "Ocp-Apim-Subscription-Key"
EXAMPLE: Final = "Set it to an address such as https://NAME.cognitiveservices.azure.com."

_INPUT: Final = ErrorRule(
    (400, 413),
    "refused this input",
    LEAVE_OUT,
    r"InvalidImage|\bimage (format|size|dimension|url)|\b(input|image) data\b|\btext\b|\bwords?\b|too large",
    Fault.INPUT,
)
_OTHER: Final = ErrorRule(
    range(400, 500), "refused the call", f"Check {ENDPOINT} and the Azure resource that it names."
)
SERVICE: Final = Service(
    name="Azure AI Vision",
    address=ENDPOINT,
    rules=(
        ErrorRule(
            (403, 429),
            "has no calls left for this period",
            "Resume {then}, or move the Azure resource to a higher tier.",
            r"call volume quota|out of .{0,20}\bquota",
        ),
        BUSY,
        ErrorRule(
            (400, 415),
            "rejected the content type",
            "Report this as a bug in art-mcp.",
            r"content type",
        ),
        ErrorRule(
            (400,),
            "offers no multimodal embeddings in the region of this resource",
            f"Create a resource in a region that offers them, and set {ENDPOINT} to it.",
            r"not enabled in this region",
        ),
        ErrorRule(
            (400,),
            "accepts no token at this endpoint",
            f"Set {ENDPOINT} to the resource's own https://NAME.cognitiveservices.azure.com, or set {KEY}.",
            r"custom subdomain",
        ),
        ErrorRule((400,), "does not have this version of its model", f"Check {MODEL_VERSION}.", r"model.?version"),
        _INPUT,
        ErrorRule(
            (401,),
            "refused the token",
            "Check that you are signed in to the right tenant, and have the role Cognitive Services User on the "
            "resource.",
            r"access token",
        ),
        ErrorRule((401,), "refused the key", f"Check that {KEY} and {ENDPOINT} belong to the same Azure resource."),
        ErrorRule(
            (403,),
            "accepts no keys for this resource",
            f"Leave {KEY} empty to sign in with Entra ID ({how_to_add('azure')}), or allow keys on the resource.",
            r"AuthenticationTypeDisabled|authentication is disabled",
        ),
        ErrorRule(
            (403,),
            "accepts no calls from this network",
            "Allow your network in the Azure resource's Networking settings, or connect through one that is allowed.",
            r"Virtual Network|Firewall",
        ),
        ErrorRule(
            (403,),
            "does not authorize this identity",
            "Have the role Cognitive Services User assigned to it on the resource.",
            r"PermissionDenied|data action",
        ),
        ErrorRule(
            (404,),
            "was not found at this address",
            f"Check {ENDPOINT}: it must name a Computer Vision or Azure AI services resource, in a region with "
            "multimodal embeddings.",
        ),
        ErrorRule(
            (410,), "has retired this version of its API", f"Set {API_VERSION} to a newer one or update art-mcp."
        ),
        *on_the_way(ENDPOINT),
        _OTHER,
        FAILED,
    ),
    codes={"InvalidRequest": 400, "BadRequest": 400},
    trace={"request": "apim-request-id", "region": "x-ms-region"},
)

log = logging.getLogger(__name__)


class AzureClient(Client):
    """A client of one Azure resource; vectors have 1,024 dimensions.

    Args:
        endpoint: the resource's address, e.g. `https://NAME.cognitiveservices.azure.com`.
        key: one of the resource's keys; None to sign in with Entra ID.
        credential: for Entra ID, instead of azure-identity's default; closed with the client.
        deadline: seconds for one attempt.

    Raises:
        VisionError: the endpoint or the key is malformed.
    """

    calls_in_flight = 20
    probe_is_free = True
    background = Background(mean=0.195, deviation=0.0175)
    """Azure's documentation has cosines from 0.16 to 0.23 for texts and pictures that do not match, and from 0.32 for
    those that do."""

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
            raise VisionError(f"{ENDPOINT} has a path or a query after the host name.", EXAMPLE)
        login = EntraLogin(credential) if key is None else ApiKey(key, KEY_HEADER, KEY, "the Azure portal")
        space = Space(Leg.PIXELS, "azure", "vision", f"{model_version}.{PREPROCESSING}", DIMENSIONS)
        # The rules above tell a wrong setting from a refused input, so the first refusal is like any other.
        super().__init__(SERVICE, address.host, login, space, deadline=deadline, proven=Kind)
        self.endpoint: Final = address.origin
        self._versions = {"api-version": api_version, "model-version": model_version}
        self._model_version = model_version

    @property
    def described(self) -> str:
        transport = self.transport
        return f"{SERVICE.name} at {transport.host} (model {self._model_version}, signed in {transport.login.name})"

    def as_read(self, text: str) -> str:
        """The first 70 words, which is all that Azure accepts."""
        short, cut = shortened(text)
        if cut:
            log.info("A query has more than %d words; Azure reads only the first ones.", MOST_WORDS)
        return short

    async def probe(self) -> None:
        """Send an empty text, which is not billed. It is refused as invalid input only if everything else is right.

        Raises:
            VisionError: it was refused for another reason.
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

    def _values(self, content: dict[str, Any], reply: Reply, odd: Fault) -> object:
        made_by = content.get("modelVersion")
        if isinstance(made_by, str) and made_by != self._model_version:
            what = f"with model version {reply.said(made_by)[:60]} instead of {self._model_version}"
            raise SERVICE.malformed(what, reply, Fault.SETUP, f"Check {MODEL_VERSION}.")
        return None if made_by is None else content.get("vector")


def shortened(text: str) -> tuple[str, bool]:
    """The first 70 words of a text, and whether it has more."""
    words = text.split()
    return (text, False) if len(words) <= MOST_WORDS else (" ".join(words[:MOST_WORDS]), True)
