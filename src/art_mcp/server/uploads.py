"""Pictures that people upload themselves, if their chat client cannot pass them on.

A link to the upload page and a handle are created together. The model gives the link to the user and keeps the handle,
which becomes valid once the user has uploaded a picture.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import re
import secrets
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from art_mcp.errors import ArtMcpError

UPLOAD_PATH = "/upload/"
"""Path of the page, before the token."""
LINK_S = 10 * 60
"""Lifetime of a link in seconds."""
KEPT_S = 30 * 60
"""Seconds for which a picture is stored; nothing of it remains after that."""
MAX_KEPT = 100 * 1024 * 1024
"""Maximum bytes of pictures in memory, for all sessions together."""
MAX_UPLOADS = 10_000
"""Maximum uploads in `KEPT_S`. Used links are remembered, so that none works twice."""
MAX_AWAITED = 1000
"""Maximum unused links that are remembered. Older ones work as well, since links are signed."""
AT_ONCE, AT_ONCE_A_SESSION = 6, 2
"""Maximum concurrent uploads; each may take 20 MiB in addition to `MAX_KEPT`."""

_CLAIM = struct.Struct(">I8s8s")  # expiry in seconds of the clock, digest of the session, random bytes
_TAG_BYTES = 10
_HANDLE_BYTES = 10
_SECRETS = re.compile(rf'(?<={UPLOAD_PATH})[\w-]+|(?<=upload:)[A-Za-z2-7-]+|(?<=access_token=)[^&\s"\\]+', re.ASCII)
"""Also within JSON, which stays JSON."""


class LinkError(ArtMcpError):
    """A link was used, has expired or is forged; the error does not say which."""

    def __init__(self) -> None:
        super().__init__(
            f"This link does not work: it is valid for one picture and for {LINK_S // 60} minutes.",
            "Ask for a new one in the chat.",
        )


class BusyError(ArtMcpError):
    """Too many uploads are in progress."""

    def __init__(self) -> None:
        super().__init__("Too many pictures are being uploaded right now.", "Wait a moment, then send it again.")


@dataclass(frozen=True, slots=True)
class Link:
    """The content of a token whose signature was verified."""

    token: str
    """The secret part of the page's URL; its holder can upload one picture."""
    handle: str
    """The model's name for the picture, e.g. `upload:7KQ2-M5XD-AB3F-Z4QY`; it cannot be derived from the token."""
    session: bytes
    until: float


@dataclass(slots=True)
class _Upload:
    data: bytes
    """Empty if it was evicted; the entry stays, so that its link stays used."""
    session: bytes
    until: float


class Uploads:
    """The upload links and the uploaded pictures of this process. Not thread-safe.

    A session's id is known only to its client. Clients whose protocol has no sessions share an empty id, so that only
    the handle's 80 random bits protect their pictures.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._awaited: dict[str, Link] = {}
        self._uploads: dict[str, _Upload] = {}
        self._receiving: Counter[bytes] = Counter()
        self._open: set[str] = set()
        self._kept = asyncio.Event()

    def link(self, session: str) -> Link:
        """Create a link, and the handle of the picture that will be uploaded there."""
        until = int(self._clock()) + LINK_S
        link = self._link(_CLAIM.pack(until, self._session(session), secrets.token_bytes(8)))
        if len(self._awaited) >= MAX_AWAITED:
            del self._awaited[next(iter(self._awaited))]
        self._awaited[link.handle] = link
        return link

    def check(self, token: str) -> Link:
        """Verify a token.

        Raises:
            LinkError: it is invalid, used or expired.
        """
        self._forget()
        try:
            # Strict; the signature of a longer or shorter token does not match.
            given = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            raise LinkError from None
        claim, tag = given[: _CLAIM.size], given[_CLAIM.size :]
        if len(claim) != _CLAIM.size or not hmac.compare_digest(tag, self._sign(b"link", claim)[:_TAG_BYTES]):
            raise LinkError
        link = self._link(claim)
        if link.until <= self._clock() or link.handle in self._uploads:
            raise LinkError
        return link

    def seconds_left(self, token: str) -> float:
        """Verify a token, and return for how long it is valid.

        Raises:
            LinkError: as in `check`.
        """
        return self.check(token).until - self._clock()

    @contextmanager
    def receiving(self, token: str) -> Iterator[Link]:
        """Reserve a link while its picture is received and checked. Without `keep`, the link stays valid for a retry.

        Raises:
            LinkError: as in `check`.
            BusyError: too many uploads are in progress, or one by this link is.
        """
        link = self.check(token)
        if (
            link.handle in self._open
            or len(self._open) >= AT_ONCE
            or self._receiving[link.session] >= AT_ONCE_A_SESSION
            or len(self._uploads) + len(self._open) >= MAX_UPLOADS
        ):
            raise BusyError
        self._open.add(link.handle)
        self._receiving[link.session] += 1
        try:
            yield link
        finally:
            self._open.discard(link.handle)
            self._receiving[link.session] -= 1
            if not self._receiving[link.session]:
                del self._receiving[link.session]

    def keep(self, link: Link, data: bytes) -> None:
        """Store a picture that was checked, which uses up its link.

        If the memory is full, the oldest picture of the session that uses the most is evicted, so that no session can
        crowd out the others.
        """
        held: Counter[bytes] = Counter()
        for upload in self._uploads.values():
            held[upload.session] += len(upload.data)
        while held.total() + len(data) > MAX_KEPT:
            ((most, _),) = held.most_common(1)
            oldest = next(each for each in self._uploads.values() if each.session == most and each.data)
            held[most] -= len(oldest.data)
            oldest.data = b""
        self._awaited.pop(link.handle, None)
        self._uploads[link.handle] = _Upload(data, link.session, self._clock() + KEPT_S)
        self._kept.set()
        self._kept = asyncio.Event()
        # Deletes the last picture in time, even if there are no more calls.
        asyncio.get_running_loop().call_later(KEPT_S + 1, self._forget)

    def picture(self, handle: str, session: str) -> bytes | None:
        """The picture that was uploaded for a handle, in the session that requested its link; None if there is none."""
        self._forget()
        upload = self._uploads.get(_as_made(handle))
        return upload.data or None if upload and upload.session == self._session(session) else None

    async def arrival(self, handle: str, session: str) -> bytes:
        """Wait until the picture of a handle is uploaded; returns as `picture`."""
        while not (data := self.picture(handle, session)):
            await self._kept.wait()
        return data

    def awaited(self, handle: str, session: str) -> Link | None:
        """The unused link of a handle, in the session that requested it; None if there is none or it has expired."""
        link = self._awaited.get(_as_made(handle))
        return link if link and link.session == self._session(session) and link.until > self._clock() else None

    @property
    def awaits_any(self) -> bool:
        """Whether a link is open: not used and not expired, or in use."""
        return bool(self._open) or any(link.until > self._clock() for link in self._awaited.values())

    def _link(self, claim: bytes) -> Link:
        until, session, _ = _CLAIM.unpack(claim)
        token = base64.urlsafe_b64encode(claim + self._sign(b"link", claim)[:_TAG_BYTES]).decode()
        code = base64.b32encode(self._sign(b"handle", claim)[:_HANDLE_BYTES]).decode()
        return Link(token, _handle(code), session, until)

    def _session(self, session: str) -> bytes:
        return self._sign(b"session", session.encode("utf-8", "surrogatepass"))[:8]

    def _sign(self, purpose: bytes, claim: bytes) -> bytes:
        return hmac.digest(self._key, purpose + b"\0" + claim, "sha256")

    def _forget(self) -> None:
        now = self._clock()
        while self._uploads:
            oldest = next(iter(self._uploads))
            if self._uploads[oldest].until > now:
                break
            del self._uploads[oldest]


def hide_links(record: logging.LogRecord) -> bool:
    """Redact links, handles and tokens in addresses, by which a reader of the log could act in a user's place."""
    said = record.getMessage()
    if (hidden := _SECRETS.sub("...", said)) != said:
        record.msg, record.args = hidden, ()
    return True


def _as_made(handle: str) -> str:
    """Normalise a handle, which a model may write in another form, or with a full stop after it."""
    return _handle(re.sub("[^A-Z2-7]", "", handle.upper().partition(":")[2]))


def _handle(code: str) -> str:
    return "upload:" + "-".join(code[start : start + 4] for start in range(0, len(code), 4))
