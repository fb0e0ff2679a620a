"""What the service answers, in its own words as far as somebody has published them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

JSON = {"content-type": "application/json; charset=utf-8"}


class Delivery(Enum):
    """How an answer reaches the client."""

    WHOLE = auto()
    DRIP = auto()
    RESET = auto()
    NEVER = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `retry_after` is what it says in seconds, in a header or in words."""

    status: int
    body: bytes
    headers: dict[str, str]
    retry_after: float | None = None
    delivery: Delivery = Delivery.WHOLE


def json_answer(
    status: int, content: Any, *, retry_after: float | None = None, headers: dict[str, str] | None = None
) -> Answer:
    """An answer in JSON; NaN is written as Python does, which is no JSON."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return Answer(status, body, JSON | (headers or {}), retry_after)


def error(status: int, code: str, message: str, inner: dict[str, str] | None = None, **options: Any) -> Answer:
    content = {"code": code, "message": message} | ({"innererror": inner} if inner else {})
    return json_answer(status, {"error": content}, **options)


def vector(model_version: str, values: list[float], *, vector_first: bool) -> Answer:
    """The order of the two keys differs in life too."""
    content = {"modelVersion": model_version, "vector": values}
    return json_answer(200, dict(reversed(content.items())) if vector_first else content)


WRONG_KEY = error(
    401,
    "401",
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource.",
)
WRONG_TOKEN = json_answer(
    401,
    {
        "statusCode": 401,
        "message": "Unauthorized. Access token is missing, invalid, audience is incorrect "
        "(https://cognitiveservices.azure.com), or have expired.",
    },
)
NO_SUBDOMAIN = error(
    400,
    "BadRequest",
    "Please provide a custom subdomain for token authentication, otherwise API key is required.",
)
KEY_DISABLED = error(403, "AuthenticationTypeDisabled", "Key based authentication is disabled for this resource.")
FIREWALL = error(403, "403", "Access denied due to Virtual Network/Firewall rules.")
NOT_FOUND = error(404, "404", "Resource not found")
WRONG_REGION = error(400, "InvalidRequest", "This operation is not enabled in this region.")

NOT_JSON = error(400, "InvalidRequest", "The request body is not valid JSON.")  # the words are ours
NO_TEXT = error(400, "InvalidRequest", "The text is missing, empty or longer than 70 words.")  # so are these
URL_NOT_ACCESSIBLE = error(400, "InvalidRequest", "The provided image url is not accessible.")
WRONG_SIZE = error(400, "InvalidRequest", "The image size is not allowed to be zero or larger than 20971520 bytes.")
WRONG_FORMAT = error(
    400,
    "InvalidRequest",
    "Image format is not valid.",
    {"code": "InvalidImageFormat", "message": "Input data is not a valid image."},
)
WRONG_DIMENSIONS = error(
    400, "InvalidRequest", "The image dimension is not allowed to be smaller than 10 and larger than 16000."
)


def wrong_content_type(content_type: str) -> Answer:
    return error(400, "InvalidRequest", f"The provided image content type {content_type} is not supported.")


def wrong_model_version(model_version: str) -> Answer:
    """The words are ours."""
    return error(400, "InvalidRequest", f"The model version {model_version} is not supported.")


def gone(api_version: str) -> Answer:
    """Inferred from how other versions of Computer Vision went; the second sentence is ours."""
    words = f"Computer Vision {api_version} has been deprecated. Please use a newer version."
    return error(410, "Gone", words)


def throttled(operation: str, tier: str, seconds: int, *, header: bool = True) -> Answer:
    """Too many calls: come back in so many seconds."""
    unit = "second" if seconds == 1 else "seconds"
    message = (
        f"Requests to the {operation} Operation under Computer Vision API (2024-02-01) have exceeded call rate limit "
        f"of your current ComputerVision {tier} pricing tier. Please retry after {seconds} {unit}. "
        "Please contact Azure support service if you would like to further increase the default rate limit."
    )
    return error(429, "429", message, retry_after=seconds, headers={"retry-after": str(seconds)} if header else {})


def out_of_quota(seconds: int) -> Answer:
    """The month's calls are used up: come back in so many seconds, which are days."""
    days = -(-seconds // 86400)
    message = (
        f"Out of call volume quota for ComputerVision F0 pricing tier. Please retry after {days} day"
        f"{'' if days == 1 else 's'}. To increase your call volume switch to a paid tier."
    )
    return error(403, "403", message, retry_after=seconds, headers={"retry-after": str(seconds)})
