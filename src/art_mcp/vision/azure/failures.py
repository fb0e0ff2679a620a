"""What Azure's refusals mean: whose fault each is, how long to wait, and what a person can do about it.

The failures are those of Microsoft's documentation and of users' reports, not all of them documented.
"""

from __future__ import annotations

from typing import Final

from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.failures import BUSY, FAILED, LEAVE_OUT, Meaning, Service, on_the_way
from art_mcp.vision.remote.reply import Reply

ENDPOINT, KEY = "ART_MCP_AZURE_ENDPOINT", "ART_MCP_AZURE_KEY"
API_VERSION, MODEL_VERSION = "ART_MCP_AZURE_API_VERSION", "ART_MCP_AZURE_MODEL_VERSION"
INSTALL: Final = "pip install 'art-mcp[azure]'"

_INPUT = Meaning(
    (400, 413),
    r"InvalidImage|\bimage (format|size|dimension|url)|\b(input|image) data\b|\btext\b|\bwords?\b|too large",
    Fault.INPUT,
    "refuses this input",
    LEAVE_OUT,
)
_OTHER = Meaning(
    range(400, 500), "", Fault.SETUP, "refuses the call", f"Check {ENDPOINT} and the Azure resource that it names."
)
_MEANINGS = (
    Meaning(
        (403, 429),
        r"call volume quota|out of .{0,20}\bquota",
        Fault.SETUP,
        "has no calls left for this period",
        "Go on {then}, or move the Azure resource to a higher tier.",
    ),
    BUSY,
    Meaning(
        (400, 415),
        r"content type",
        Fault.SETUP,
        "does not take what was sent",
        "Report this: it is a fault of art-mcp.",
    ),
    Meaning(
        (400,),
        r"not enabled in this region",
        Fault.SETUP,
        "has no multimodal embeddings in the region of this resource",
        f"Create the resource in a region that has them, and set {ENDPOINT} to it.",
    ),
    Meaning(
        (400,),
        r"custom subdomain",
        Fault.SETUP,
        "takes no token at this endpoint",
        f"Set {ENDPOINT} to the resource's own https://NAME.cognitiveservices.azure.com, or set {KEY}.",
    ),
    Meaning(
        (400,), r"model.?version", Fault.SETUP, "does not have this version of its model", f"Check {MODEL_VERSION}."
    ),
    _INPUT,
    Meaning(
        (401,),
        r"access token",
        Fault.SETUP,
        "refuses the token",
        "Check that you are signed in to the right tenant, and have the role Cognitive Services User on the resource.",
    ),
    Meaning(
        (401,), "", Fault.SETUP, "refuses the key", f"Check that {KEY} and {ENDPOINT} are those of one Azure resource."
    ),
    Meaning(
        (403,),
        r"AuthenticationTypeDisabled|authentication is disabled",
        Fault.SETUP,
        "takes no keys on this resource",
        f"Leave {KEY} empty to sign in with Entra ID ({INSTALL}), or allow keys on the resource.",
    ),
    Meaning(
        (403,),
        r"Virtual Network|Firewall",
        Fault.SETUP,
        "is closed to this network",
        "Allow your network on the Azure resource (Networking), or go through one that is allowed.",
    ),
    Meaning(
        (403,),
        r"PermissionDenied|data action",
        Fault.SETUP,
        "does not allow this to your identity",
        "Have the role Cognitive Services User given to it on the resource.",
    ),
    Meaning(
        (404,),
        "",
        Fault.SETUP,
        "is not at this address",
        f"Check {ENDPOINT}: it must name a Computer Vision or Azure AI services resource, in a region with "
        "multimodal embeddings.",
    ),
    Meaning(
        (410,),
        "",
        Fault.SETUP,
        "has retired this version of its API",
        f"Set {API_VERSION} to another, or update art-mcp.",
    ),
    *on_the_way(ENDPOINT),
    _OTHER,
    FAILED,
)
SERVICE: Final = Service(
    name="Azure AI Vision",
    address=ENDPOINT,
    meanings=_MEANINGS,
    codes={"InvalidRequest": 400, "BadRequest": 400},
    trace={"request": "apim-request-id", "region": "x-ms-region"},
)


def about_input(reply: Reply) -> bool:
    """Whether a refusal is about what was sent, so that address, login and region must be right."""
    return reply.status == 400 and SERVICE.meaning(reply) in (_INPUT, _OTHER)


def other_model(asked: str, made_by: str, reply: Reply) -> VisionError:
    """The error of a vector that cannot be compared with those that were asked for."""
    what = f"with model version {reply.said(made_by)[:60]} where {asked} was asked for"
    return SERVICE.malformed(what, reply, Fault.SETUP, f"Check {MODEL_VERSION}.")
