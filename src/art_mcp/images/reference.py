"""Parses references to pictures; their syntax alone determines their kind."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from art_mcp.images import data_uri
from art_mcp.images.files import check_path, name_of, path_of_uri
from art_mcp.images.spelling import unquoted, with_home
from art_mcp.images.undecoded import ImageError, printable_name

WAYS = (
    "Give the absolute path of a picture in a folder that the server may read (ART_MCP_IMAGE_DIRS), an https link to "
    "one, or a painting's id."
)
MAX_LENGTH = 32_768
"""Maximum characters of a reference other than a data: URI."""


class Kind(StrEnum):
    """The kinds of reference."""

    FILE = "file"
    URL = "url"
    DATA = "data"
    PAINTING = "painting"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a picture is, according to the syntax; nothing has been looked up yet."""

    kind: Kind
    value: str = field(repr=False)
    """By kind: an absolute path, an https link, a data: URI, a painting's UUID or an upload's handle."""
    name: str
    """Its name in errors: a file's name without its folder, or a link's host."""

    @classmethod
    def parse(cls, given: str | Mapping[str, Any]) -> Reference:
        """Parse a reference from a person, a model or a chat client.

        Args:
            given: an absolute path, a `file://` URI, an https link, a `data:` URI, a painting's id or its
                `art://paintings/...`, the handle of an upload, or ChatGPT's `{download_url, file_id, ...}` as an
                object or as JSON.

        Raises:
            ImageError: the form cannot be used; the error says what to give instead.
        """
        if not isinstance(given, str):
            return _file_object(given)
        text = unquoted(given)
        if text.startswith("{"):
            return _file_object(_from_json(text))
        if not text:
            raise ImageError("The reference to the picture is empty.", WAYS)
        if text.startswith(_BASE64):
            raise ImageError(
                "This is base64 without a data: prefix.",
                "Put data:image/jpeg;base64, before it (any image type works).",
            )
        if len(text) > MAX_LENGTH and text[:5].lower() != "data:":
            raise ImageError("The reference to the picture is longer than any path or link.", WAYS)
        if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}", text):
            return _painting(text)
        scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", text)  # at least two letters: C: is a drive
        if scheme is None:
            return _path(text)
        rest = text[scheme.end() :]
        match scheme[1].lower():
            case "file":
                return _file(path_of_uri(rest))
            case "https":
                return _url(text)
            case "data":
                return cls(Kind.DATA, text, data_uri.name_in(text))
            case "art":
                if found := re.fullmatch(r"//paintings/([^/]{1,80})(/image)?/?", rest):
                    return _painting(found[1])
                raise ImageError("An art: reference must be art://paintings/ followed by a painting's id.", WAYS)
            case "upload":
                return cls(Kind.UPLOAD, text, "The uploaded picture")
            case other:
                raise _unusable(other, rest)


def _path(text: str) -> Reference:
    if _LABEL.fullmatch(text):
        raise ImageError(f"{printable_name(text)} is the chat's label for a picture, not the picture itself.", CHAT)
    if re.fullmatch(r"file[-_][A-Za-z0-9]{8,}", text):
        raise ImageError("This is the chat's own name for an attachment, which is not known outside it.", CHAT)
    if re.match(r"(www\.|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}/)", text):
        raise ImageError(
            f"The path of {name_of(text)} is not absolute.", f"If it is a link, put https:// before it. {WAYS}"
        )
    if not re.search(r"[/\\~]", text):
        raise ImageError(
            f"The path of {name_of(text)} is not absolute: it is a file name without a folder.",
            f"{WAYS} The server cannot open a file attached to a chat by its name.",
        )
    if os.name != "nt":
        text = text.replace(r"\/", "/")  # as JSON writes a slash
    return _file(with_home(text))


def _file(path: str) -> Reference:
    check_path(path, WAYS)
    return Reference(Kind.FILE, path, name_of(path))


def _url(text: str) -> Reference:
    try:
        host = urlsplit(text[:1000]).hostname
    except ValueError:
        host = None
    return Reference(Kind.URL, text, printable_name(f"The file from {host}") if host else "The linked picture")


def _painting(text: str) -> Reference:
    try:
        value = str(uuid.UUID(text))
    except ValueError:
        raise ImageError(
            f"{printable_name(text)} is not the id of a painting.", "Take an id from the results of a search."
        ) from None
    return Reference(Kind.PAINTING, value, f"The painting {value}")


def _from_json(text: str) -> Mapping[str, Any]:
    if len(text) > MAX_LENGTH:
        raise ImageError(
            f"The picture object has {len(text):,} characters, but the limit is {MAX_LENGTH:,}.",
            "Give the picture itself as a data: URI, as text rather than in an object, or a link to it.",
        )
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise ImageError("The picture object is not valid JSON.", WAYS)
    return given


def _file_object(given: Mapping[str, Any]) -> Reference:
    """Parse ChatGPT's attachment object; its declared type is ignored."""
    link, name = given.get("download_url"), given.get("file_name")
    if not isinstance(link, str) or not link.strip():
        raise ImageError("The picture object has no download_url.", f"Pass the attachment unchanged. {WAYS}")
    if not link.strip().lower().startswith("https:"):
        raise ImageError("The download_url of the picture object is not an https link.", WAYS)
    reference = _url(link.strip())
    return Reference(Kind.URL, reference.value, name_of(name)) if isinstance(name, str) and name.strip() else reference


CHAT = (
    "Ask for the picture's absolute path on this computer or for an https link to it; in ChatGPT, pass the attachment "
    "as image_file."
)
# The first bytes of the supported formats, in base64.
_BASE64 = ("/9j/4", "iVBORw0KGgo", "R0lGODlh", "R0lGODdh", "UklGR", "SUkqA", "TU0AK")
_LABEL = re.compile(
    r"[\[(]?(the |this |my |user'?s? |attached |uploaded |pasted |provided )*"
    r"(images?|pictures?|photos?|attachments?|screenshots?|img)[ _]?(above|below)?( ?#?\d{1,3})?[\])]?",
    re.IGNORECASE,
)


def _unusable(scheme: str, rest: str) -> ImageError:
    """The error for a URI scheme that cannot be used, with an alternative."""
    match scheme:
        case "http":
            return ImageError(
                "The link uses http, but pictures are downloaded by https only.",
                "Use https if the server supports it, or download the picture and give its absolute path.",
            )
        case "blob":
            return ImageError(
                "A blob: address is valid only inside the page that created it.",
                "Save the picture and give its absolute path, or give the https link of the picture itself.",
            )
        case "sandbox":
            return ImageError("A sandbox: path is on the chat's own computer, which this server cannot see.", CHAT)
        case "file-service" | "sediment" | "attachment" | "cid" | "content" | "image" | "asset":
            return ImageError(f"A {scheme}: reference is the chat's own, and cannot be read outside it.", CHAT)
        case _:
            return ImageError(f"A picture cannot be read from a {printable_name(scheme)}: reference.", WAYS)
