"""What Azure's refusals mean: whose fault each is, how long to wait, and what a person can do about it.

The failures are those of Microsoft's documentation and of users' reports, not all of them documented.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import socket
import ssl
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from art_mcp.painting import readable
from art_mcp.vision.provider import Fault, VisionError

SERVICE: Final = "Azure AI Vision"
ENDPOINT, KEY = "ART_MCP_AZURE_ENDPOINT", "ART_MCP_AZURE_KEY"
API_VERSION, MODEL_VERSION = "ART_MCP_AZURE_API_VERSION", "ART_MCP_AZURE_MODEL_VERSION"
INSTALL: Final = "pip install 'art-mcp[azure]'"
MOST_SAID = 200
"""Characters of the service's own message that an error repeats."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a status means, if the codes and the message of the answer also match `said`."""

    status: Container[int]
    said: str
    fault: Fault
    what: str
    """Goes on after the service's name."""
    next_step: str


_INPUT = _Meaning(
    (400, 413),
    r"InvalidImage|\bimage (format|size|dimension|url)|\b(input|image) data\b|\btext\b|\bwords?\b|too large",
    Fault.INPUT,
    "refuses this input",
    "Replace it or leave it out; another try would be refused as well.",
)
_OTHER = _Meaning(
    range(400, 500), "", Fault.SETUP, "refuses the call", f"Check {ENDPOINT} and the Azure resource that it names."
)
# The first that matches counts.
_MEANINGS: Final = (
    _Meaning(
        (403, 429),
        r"call volume quota|out of .{0,20}\bquota",
        Fault.SETUP,
        "has no calls left for this period",
        "Go on {then}, or move the Azure resource to a higher tier.",
    ),
    _Meaning((429,), "", Fault.BUSY, "gets too many calls", "Try again {then}."),
    _Meaning(
        (400, 415),
        r"content type",
        Fault.SETUP,
        "does not take what was sent",
        "Report this: it is a fault of art-mcp.",
    ),
    _Meaning(
        (400,),
        r"not enabled in this region",
        Fault.SETUP,
        "has no multimodal embeddings in the region of this resource",
        f"Create the resource in a region that has them, and set {ENDPOINT} to it.",
    ),
    _Meaning(
        (400,),
        r"custom subdomain",
        Fault.SETUP,
        "takes no token at this endpoint",
        f"Set {ENDPOINT} to the resource's own https://NAME.cognitiveservices.azure.com, or set {KEY}.",
    ),
    _Meaning(
        (400,), r"model.?version", Fault.SETUP, "does not have this version of its model", f"Check {MODEL_VERSION}."
    ),
    _INPUT,
    _Meaning(
        (401,),
        r"access token",
        Fault.SETUP,
        "refuses the token",
        "Check that you are signed in to the right tenant, and have the role Cognitive Services User on the resource.",
    ),
    _Meaning(
        (401,), "", Fault.SETUP, "refuses the key", f"Check that {KEY} and {ENDPOINT} are those of one Azure resource."
    ),
    _Meaning(
        (403,),
        r"AuthenticationTypeDisabled|authentication is disabled",
        Fault.SETUP,
        "takes no keys on this resource",
        f"Leave {KEY} empty to sign in with Entra ID ({INSTALL}), or allow keys on the resource.",
    ),
    _Meaning(
        (403,),
        r"Virtual Network|Firewall",
        Fault.SETUP,
        "is closed to this network",
        "Allow your network on the Azure resource (Networking), or go through one that is allowed.",
    ),
    _Meaning(
        (403,),
        r"PermissionDenied|data action",
        Fault.SETUP,
        "does not allow this to your identity",
        "Have the role Cognitive Services User given to it on the resource.",
    ),
    _Meaning(
        (404,),
        "",
        Fault.SETUP,
        "is not at this address",
        f"Check {ENDPOINT}: it must name a Computer Vision or Azure AI services resource, in a region with "
        "multimodal embeddings.",
    ),
    _Meaning(
        (410,),
        "",
        Fault.SETUP,
        "has retired this version of its API",
        f"Set {API_VERSION} to another, or update art-mcp.",
    ),
    _Meaning((407,), "", Fault.SETUP, "is behind a proxy that refuses the call", "Check HTTPS_PROXY."),
    _Meaning(range(300, 400), "", Fault.SETUP, "has moved, and redirects are not followed", f"Correct {ENDPOINT}."),
    _Meaning((408,), "", Fault.SERVICE, "did not get the whole call in time", "Try again {then}."),
    _OTHER,
    _Meaning(range(1000), "", Fault.SERVICE, "failed", "Try again {then}."),
)


def classify(status: int, body: bytes, headers: Mapping[str, str]) -> VisionError:
    """The error of an answer that brings no vector.

    Args:
        body: JSON in either of the service's shapes, or whatever else came.
        headers: by lower-case name.
    """
    codes, message = _read(body)
    meaning = _meaning(status, codes, message)
    wait = _retry_after(headers, message)
    said = f": “{cleaned(message)}”" if message else ""
    new = [code for code in codes if code != str(status)]
    problem = f"{SERVICE} {meaning.what}{said} ({_trace(headers, f'HTTP {status}', *new)})."
    return VisionError(problem, meaning.next_step.format(then=_then(wait)), fault=meaning.fault, retry_after=wait)


def about_input(status: int, body: bytes) -> bool:
    """Whether a refusal is about what was sent, so that address, login and region must be right."""
    return status == 400 and _meaning(status, *_read(body)) in (_INPUT, _OTHER)


def malformed(what: str, headers: Mapping[str, str]) -> VisionError:
    """The error of an answer that claims success and makes no sense.

    Args:
        what: goes on after "Azure AI Vision answered".
    """
    return VisionError(
        f"{SERVICE} answered {what} ({_trace(headers, 'HTTP 200')}).",
        f"Try again; if it stays so, check {ENDPOINT} and what stands between it and you, such as a proxy.",
        fault=Fault.SERVICE,
    )


def other_model(asked: str, made_by: str, headers: Mapping[str, str]) -> VisionError:
    """The error of a vector that cannot be compared with those that were asked for."""
    return VisionError(
        f"{SERVICE} answered with model version {cleaned(made_by)[:60]} where {asked} was asked for"
        f" ({_trace(headers, 'HTTP 200')}).",
        f"Check {MODEL_VERSION}.",
    )


def timed_out(host: str, seconds: float) -> VisionError:
    return VisionError(
        f"{SERVICE} at {host} gave no whole answer within {seconds:g} seconds.",
        "Check the network, and try again.",
        fault=Fault.SERVICE,
    )


def unreachable(error: Exception, host: str, *, answered: bool) -> VisionError:
    """The error of a call without an answer.

    Unknown names and untrusted certificates mean a wrong setting, unless the same endpoint has `answered`
    before: then somebody's network has changed, and may change back.

    Only texts of this machine's system are repeated: those of the HTTP library can hold headers.
    """
    import httpx2

    wrong = Fault.SERVICE if answered else Fault.SETUP
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return VisionError(
                f"The certificate of {host} is not trusted: {cleaned(cause.verify_message)}.",
                f"Check {ENDPOINT}; if your network inspects TLS, set SSL_CERT_FILE to its certificates.",
                fault=wrong,
            )
        if isinstance(cause, socket.gaierror) and cause.errno != socket.EAI_AGAIN:
            return VisionError(
                f"There is no server called {host}.", f"Check {ENDPOINT}, the network and the proxy.", fault=wrong
            )
    if isinstance(error, httpx2.ProxyError):
        fault = Fault.SETUP if str(error).startswith("4") else Fault.SERVICE  # it begins with the proxy's status
        return VisionError(
            f"The proxy on the way to {host} makes no connection.", "Check HTTPS_PROXY and NO_PROXY.", fault=fault
        )
    reasons = [_reason(cause) for cause in causes if isinstance(cause, OSError)]
    why = next((reason for reason in reversed(reasons) if reason), type(error).__name__)
    return VisionError(
        f"The connection to {host} failed ({cleaned(why)}).", f"Check the network and {ENDPOINT}.", fault=Fault.SERVICE
    )


def cleaned(message: str) -> str:
    """Somebody else's text, fit for an error: one line, at most 200 characters, of addresses only the host."""
    text = readable(message[:2000].encode(errors="replace").decode())
    text = re.sub(r"\b[a-z]+://(?:[^\s/@]*@)?([^\s/?#:)]*)[^\s)]*", r"\1", text, flags=re.I)
    return text if len(text) <= MOST_SAID else text[: MOST_SAID - 1] + "…"


def _meaning(status: int, codes: list[str], message: str) -> _Meaning:
    if status == 200:  # an error that says it were none
        status = next((int(code) for code in codes if re.fullmatch("[1-5][0-9]{2}", code)), status)
        status = 400 if codes and codes[0] in ("InvalidRequest", "BadRequest") else status
    said = " ".join([*codes, message])
    return next(each for each in _MEANINGS if status in each.status and re.search(each.said, said, re.I))


def _read(body: bytes) -> tuple[list[str], str]:
    """The codes, outer first, and the message of an answer."""
    text = body.decode(errors="replace")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        title = re.search(r"<title[^>]*>([^<]*)", text, re.I)
        return [], title[1].strip() if title else "" if text.lstrip().startswith("<") else text[:1000]
    if not isinstance(answer, dict):
        return [], ""
    outer = answer.get("error", answer)
    if not isinstance(outer, dict):
        return [], str(outer)
    inner = outer.get("innererror")
    parts = [outer, inner] if isinstance(inner, dict) else [outer]
    # The flat shape's only code is the status, which stands there anyway.
    codes = [str(part["code"]) for part in parts if isinstance(part.get("code"), str | int)]
    messages = [part["message"] for part in parts if isinstance(part.get("message"), str)]
    return [cleaned(code)[:60] for code in codes], " ".join(dict.fromkeys(messages))


def _trace(headers: Mapping[str, str], *parts: str) -> str:
    """What Microsoft's support asks for."""
    named = (("request", "apim-request-id"), ("region", "x-ms-region"))
    values = [(name, headers.get(header, "")) for name, header in named]
    return ", ".join([*parts, *(f"{name} {value}" for name, value in values if re.fullmatch(r"[\w .-]{1,64}", value))])


_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


def _retry_after(headers: Mapping[str, str], message: str) -> float | None:
    """Seconds, from the header or, where it is missing, from the message."""
    header = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", header):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
        seconds = (date.replace(tzinfo=date.tzinfo or datetime.UTC) - _now()).total_seconds()
        return min(max(0.0, seconds), 1e9)
    except (ValueError, TypeError, IndexError, OverflowError):
        pass
    words = re.search(r"retry after ([0-9]{1,6}) (second|minute|hour|day)", message, re.I)
    return float(words[1]) * _UNITS[words[2].lower()] if words else None


def _then(wait: float | None) -> str:
    if wait is None:
        return "later"
    if wait < 3600:
        return f"in {max(1, round(wait))} s"
    return f"after {_now() + datetime.timedelta(seconds=wait):%Y-%m-%d %H:%M} UTC"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or ""
    if isinstance(error, socket.gaierror) or not error.errno:
        return error.strerror or ""
    return os.strerror(error.errno)  # the error's own text can be that of the event loop


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
