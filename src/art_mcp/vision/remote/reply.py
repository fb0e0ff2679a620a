"""A service's reply and what it says: error codes, a message, how long to wait. None of it is trusted."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Final

from art_mcp.painting import readable

MOST_SAID = 200
"""Characters of the service's message that an error quotes."""


@dataclass(frozen=True)
class Reply:
    """An HTTP response, read to its end.

    Args:
        headers: by lower-case name.
        secret: the key or token of the request, which a service may echo.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    secret: str = field(default="", repr=False)

    def said(self, text: str) -> str:
        """Text from this reply for use in an error: `cleaned`, and without the secret."""
        return cleaned(self.without_secret(text))

    @cached_property
    def words(self) -> tuple[list[str], str]:
        """The error codes, outermost first, and the message.

        Understood are `{"error": {"code", "type", "message", "innererror"}}` (OpenAI, Azure), the same without the
        outer object (Cohere, older vLLM), `{"error": "..."}`, `{"detail": ...}` (FastAPI), the title of a web page, and
        plain text.
        """
        text = self.body.decode(errors="replace")
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            title = re.search(r"<title[^>]*>([^<]*)", text, re.I)
            plain = "" if text.lstrip().startswith("<") else text[:1000]
            return [], self.without_secret(title[1].strip() if title else plain)
        if not isinstance(answer, dict):
            return [], ""
        outer = answer.get("error") or answer
        if not isinstance(outer, dict):
            return [], self.without_secret(str(outer))
        inner = outer.get("innererror")
        parts = [outer, inner] if isinstance(inner, dict) else [outer]
        codes = [part[name] for part in parts for name in ("code", "type") if isinstance(part.get(name), str | int)]
        messages = [message for part in parts if (message := _message(part))]
        return [self.said(str(code))[:60] for code in codes], self.without_secret(" ".join(dict.fromkeys(messages)))

    def retry_after(self) -> float | None:
        """The seconds to wait, from the header or else from the message; None if neither says."""
        header = self.headers.get("retry-after", "").strip()
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", header):
            return float(header)
        try:
            date = parsedate_to_datetime(header)
            seconds = (date.replace(tzinfo=date.tzinfo or datetime.UTC) - now()).total_seconds()
            return min(max(0.0, seconds), 1e9)
        except (ValueError, TypeError, IndexError, OverflowError):
            pass
        words = re.search(r"retry after ([0-9]{1,6}) (second|minute|hour|day)", self.words[1], re.I)
        return float(words[1]) * _UNITS[words[2].lower()] if words else None

    def without_secret(self, text: str) -> str:
        """Text from this reply with the secret replaced by "…"."""
        for spelled in (self.secret, self.secret.replace("/", r"\/")):  # JSON may escape a slash
            text = text.replace(spelled, "…") if spelled else text
        return text


def cleaned(message: str) -> str:
    """Untrusted text for use in an error: one line of at most 200 characters, URLs reduced to their hosts."""
    text = readable(message[:2000].encode(errors="replace").decode())
    text = re.sub(r"\b[a-z]+://(?:[^\s/@]*@)?([^\s/?#:)]*)[^\s)]*", r"\1", text, flags=re.I)
    return text if len(text) <= MOST_SAID else text[: MOST_SAID - 1] + "…"


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


def _message(part: Mapping[str, object]) -> str:
    said = part.get("message") or part.get("detail")
    if isinstance(said, Mapping):
        said = said.get("message")
    if isinstance(said, list):  # FastAPI lists each invalid field
        said = "; ".join(
            f"{'.'.join(map(str, place)) if isinstance(place := each.get('loc'), list) else ''}: {each.get('msg')}"
            for each in said[:3]
            if isinstance(each, dict)
        )
    return said if isinstance(said, str) else ""
