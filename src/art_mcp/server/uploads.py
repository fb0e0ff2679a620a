"""Pictures that people hand over themselves, where their chat client hands over none.

A link to a page and a handle are made together. The model gives the link to the user, and knows the handle already;
it works as soon as the user has sent a picture there.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
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
"""The page's, before the token."""
LINK_OR_HANDLE = re.compile(f"(?<={UPLOAD_PATH})[A-Za-z0-9_-]+|(?<=upload:)[A-Za-z2-7-]+")
"""What of them is secret."""
LINK_S = 10 * 60
"""A link can be used for so long."""
KEPT_S = 30 * 60
"""A picture is kept for so long, and nothing of it after that."""
MAX_KEPT = 100 * 1024 * 1024
"""Bytes of pictures that are kept in memory, of all sessions together."""
MAX_UPLOADS = 10_000
"""In `KEPT_S`: what was used is remembered, so that no link works twice."""
MAX_AWAITED = 1000
"""Links of which it is remembered that they were given; older ones work as well, since they are signed."""
AT_ONCE, AT_ONCE_A_SESSION = 6, 2
"""Pictures that are received at the same time; each may take 20 MiB besides `MAX_KEPT`."""

_CLAIM = struct.Struct(">I8s8s")  # seconds of the clock, digest of the session, what makes the link unlike others
_TAG_BYTES = 10
_HANDLE_BYTES = 10


class LinkError(ArtMcpError):
    """A link was used, is too old, or is none of ours; which of them, is not told."""

    def __init__(self) -> None:
        super().__init__(
            f"This link does not work: it is good for one picture and for {LINK_S // 60} minutes.",
            "Ask for a new one in the chat.",
        )


class BusyError(ArtMcpError):
    """More is sent than there is room for."""

    def __init__(self) -> None:
        super().__init__("Too many pictures are being sent at this moment.", "Wait a little, then send it again.")


@dataclass(frozen=True, slots=True)
class Link:
    """What a token says, once its signature was checked."""

    token: str
    """What stands in the page's address; whoever has it can send one picture."""
    handle: str
    """By what the model names the picture, e.g. `upload:7KQ2-M5XD-AB3F-Z4QY`; not to be told from the token."""
    session: bytes
    until: float


@dataclass(slots=True)
class _Upload:
    data: bytes
    """Empty when it had to go, so that its link stays used."""
    session: bytes
    until: float


class Uploads:
    """The links of this process, and the pictures that came by them. Not for threads.

    A session is a text that only its client knows. A client whose protocol has no sessions belongs to the empty
    one, and then it is the handle's 80 random bits that keep others from its picture.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._awaited: dict[str, Link] = {}
        self._uploads: dict[str, _Upload] = {}
        self._receiving: Counter[bytes] = Counter()
        self._open: set[str] = set()

    def link(self, session: str) -> Link:
        """A new link, and the handle of what will be sent there."""
        until = int(self._clock()) + LINK_S
        link = self._link(_CLAIM.pack(until, self._session(session), secrets.token_bytes(8)))
        if len(self._awaited) >= MAX_AWAITED:
            del self._awaited[next(iter(self._awaited))]
        self._awaited[link.handle] = link
        return link

    def check(self, token: str) -> Link:
        """What a token says.

        Raises:
            LinkError: it cannot be used, or not any more.
        """
        self._forget()
        try:
            # Strict, and what is longer or shorter cannot be signed.
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

    @contextmanager
    def receiving(self, token: str) -> Iterator[Link]:
        """While a picture is received and judged; it ends with `keep`, or the link stays good for another try.

        Raises:
            LinkError: as `check`.
            BusyError: too much is received at the same time, or somebody sends by this link already.
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
        """Keep a picture that was judged; its link is used then.

        Where it gets too much, the oldest picture of the session goes that holds the most, so that nobody can
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
        # The last picture goes in time too, when nobody calls any more.
        asyncio.get_running_loop().call_later(KEPT_S + 1, self._forget)

    def picture(self, handle: str, session: str) -> bytes | None:
        """What was sent for a handle, in the session that asked for its link; None if there is nothing."""
        self._forget()
        upload = self._uploads.get(_as_made(handle))
        return upload.data or None if upload and upload.session == self._session(session) else None

    def awaited(self, handle: str, session: str) -> Link | None:
        """The link of a handle, in the session that asked for it, while it can still be used."""
        link = self._awaited.get(_as_made(handle))
        return link if link and link.session == self._session(session) and link.until > self._clock() else None

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


def _as_made(handle: str) -> str:
    """A handle as `link` writes it, however a model writes it, with the full stop after it too."""
    return _handle(re.sub("[^A-Z2-7]", "", handle.upper().partition(":")[2]))


def _handle(code: str) -> str:
    return "upload:" + "-".join(code[start : start + 4] for start in range(0, len(code), 4))
