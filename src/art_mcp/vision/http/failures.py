"""What refusals of an embedding service mean, whichever it is: of its own words, only a few are known."""

from __future__ import annotations

from typing import Final

from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.failures import BUSY, FAILED, LEAVE_OUT, Meaning, Service, on_the_way

URL, MODEL, DIALECT = "ART_MCP_HTTP_URL", "ART_MCP_HTTP_MODEL", "ART_MCP_HTTP_DIALECT"
DIMENSIONS, SHORTEN = "ART_MCP_HTTP_DIMENSIONS", "ART_MCP_HTTP_SHORTEN"
KEY, KEY_HEADER = "ART_MCP_HTTP_KEY", "ART_MCP_HTTP_KEY_HEADER"

SERVICE: Final = Service(
    name="The embedding service",
    address=URL,
    meanings=(
        Meaning(
            (402, 403, 429),
            r"insufficient.{0,9}(quota|balance|credit|fund)|(calls|requests) ?(/|per) ?month|monthly",
            Fault.SETUP,
            "has no calls left for you",
            "Go on {then}, or see to your account there.",
        ),
        BUSY,
        Meaning(
            (401,),
            "",
            Fault.SETUP,
            "takes no call without the right key",
            f"Check {KEY}, and that {KEY_HEADER} is the header that it is read from.",
        ),
        Meaning((402,), "", Fault.SETUP, "wants to be paid first", "See to your account there."),
        Meaning((403,), "", Fault.SETUP, "does not allow this", f"Check {KEY}, and what it allows."),
        Meaning((404,), "", Fault.SETUP, "has nothing at this address, or not this model", f"Check {URL} and {MODEL}."),
        Meaning((400, 413, 415, 422), "", Fault.INPUT, "refuses this input", LEAVE_OUT),
        *on_the_way(URL),
        Meaning(range(400, 500), "", Fault.SETUP, "refuses the call", f"Check {URL} and {DIALECT}."),
        Meaning(
            (501, 505),
            "",
            Fault.SETUP,
            "cannot do this",
            f"Check that {URL} is where embeddings are made, and {DIALECT}.",
        ),
        FAILED,
    ),
    codes={
        "BadRequestError": 400,
        "invalid_request_error": 400,
        "invalid_api_key": 401,
        "NotFoundError": 404,
        "insufficient_quota": 429,
        "rate_limit_exceeded": 429,
    },
    trace={"request": "x-request-id"},
)

UNPROVEN: Final = (
    Meaning(
        (400, 422),
        "matryoshka|dimension",
        Fault.SETUP,
        "refuses the call, and has taken none like it so far",
        f"Check {DIMENSIONS}, and {SHORTEN}: not every model can be asked for shorter vectors.",
    ),
    Meaning(
        (400, 422),
        "",
        Fault.SETUP,
        "refuses the call, and has taken none like it so far",
        f"{MODEL} or {DIALECT} is probably wrong: check that the model takes pictures and texts, in this dialect.",
    ),
)
"""As long as the service has taken nothing of the kind, its refusal need not be the input's fault."""


class UnprovenError(VisionError):
    """Refused with one of those meanings."""
