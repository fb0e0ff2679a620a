"""Pictures that people upload themselves, because their chat client cannot pass them on.

A link to the upload page and a handle are created together. The model gives the link to the user and keeps the handle,
which becomes valid once the user has uploaded a picture. The pictures are in the database, so that with one secret key
any process of a server takes and finds them. Links need no database: they are signed.
"""

from __future__ import annotations

import base64
import hmac
import logging
import re
import secrets
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import anyio

from art_mcp import store
from art_mcp.errors import ArtMcpError
from art_mcp.runtime import Runtime

log = logging.getLogger(__name__)

UPLOAD_PATH = "/upload/"
"""Path of the page, before the token."""
LINK_S = 10 * 60
"""Lifetime of a link in seconds."""
KEPT_S = 30 * 60
"""Seconds for which a picture is stored; nothing of it remains after that."""
MAX_KEPT = 100 * 1024 * 1024
"""Maximum bytes of pictures in the database, of all owners together."""
MAX_UPLOADS, MAX_UPLOADS_OF_ONE = 10_000, 1000
"""Maximum uploads in `KEPT_S`, of all and of one owner. Used links are remembered, so that none works twice."""
MAX_AWAITED = 1000
"""Maximum unused links that are remembered. Older ones work as well, since links are signed."""
AT_ONCE, AT_ONCE_OF_ONE = 6, 2
"""Maximum uploads that this process receives at once, of all and of one owner; each may take 20 MiB of memory."""
LOOK_EVERY_S = 0.5
"""Seconds between two checks for an awaited picture. (PgBouncer passes no notifications on.)"""
RETRY_S = 60

_CLAIM = struct.Struct(">I8s8s")  # expiry in seconds since 1970, digest of the owner, random bytes
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
    owner: bytes
    until: float


class Uploads:
    """The upload links and the uploaded pictures of a server. Not thread-safe.

    A picture is found by its owner's name and its handle. The owner is a user, or without access control a session,
    whose id only its client knows. Clients with neither share a name, and with it the limits of one owner; only the
    handle's 80 random bits protect their pictures.

    Args:
        runtime: opens the database, and has the key that all processes share, if there is one.
        clock: seconds since 1970.
    """

    def __init__(self, runtime: Runtime, clock: Callable[[], float] = time.time) -> None:
        self._runtime = runtime
        self._clock = clock
        shared = runtime.settings.secret_key
        self._key = shared.get_secret_value().encode() if shared else secrets.token_bytes(32)
        self._awaited: dict[str, Link] = {}
        self._receiving: Counter[bytes] = Counter()
        self._open: set[str] = set()

    def link(self, owner: str) -> Link:
        """Create a link, and the handle of the picture that will be uploaded there."""
        until = int(self._clock()) + LINK_S
        link = self._link(_CLAIM.pack(until, self._owner(owner), secrets.token_bytes(8)))
        if len(self._awaited) >= MAX_AWAITED:
            del self._awaited[next(iter(self._awaited))]
        self._awaited[link.handle] = link
        return link

    def verify(self, token: str) -> Link:
        """Verify a token, but not that its link is unused.

        Raises:
            LinkError: it is invalid or expired.
        """
        try:
            # Strict; the signature of a longer or shorter token does not match.
            given = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            raise LinkError from None
        claim, tag = given[: _CLAIM.size], given[_CLAIM.size :]
        if len(claim) != _CLAIM.size or not hmac.compare_digest(tag, self._sign(b"link", claim)[:_TAG_BYTES]):
            raise LinkError
        link = self._link(claim)
        if link.until <= self._clock():
            raise LinkError
        return link

    async def check(self, token: str) -> Link:
        """Verify a token.

        Raises:
            LinkError: it is invalid, used or expired.
        """
        link = self.verify(token)
        if await store.uploads.is_used(await self._runtime.database(), self._stored(link.handle)):
            raise LinkError
        return link

    def seconds_left(self, link: Link) -> float:
        """For how long a link is valid."""
        return link.until - self._clock()

    @asynccontextmanager
    async def receiving(self, token: str) -> AsyncIterator[Link]:
        """Reserve a link while its picture is received and checked. Without `keep`, the link stays valid for a retry.

        Raises:
            LinkError: as in `check`.
            BusyError: too many uploads are in progress, or one by this link is.
        """
        link = await self.check(token)
        if link.handle in self._open or len(self._open) >= AT_ONCE or self._receiving[link.owner] >= AT_ONCE_OF_ONE:
            raise BusyError
        self._open.add(link.handle)
        self._receiving[link.owner] += 1
        try:
            yield link
        finally:
            self._open.discard(link.handle)
            self._receiving[link.owner] -= 1
            if not self._receiving[link.owner]:
                del self._receiving[link.owner]

    async def keep(self, link: Link, data: bytes) -> None:
        """Store a picture that was checked, which uses up its link.

        If there is no room, the oldest picture of the owner whose pictures take the most is evicted.

        Raises:
            LinkError: another process has stored one in the meantime.
            BusyError: too many were uploaded.
        """
        room = store.uploads.Room(MAX_KEPT, MAX_UPLOADS, MAX_UPLOADS_OF_ONE)
        place = await self._runtime.database(), self._stored(link.handle), link.owner
        try:
            await store.uploads.keep(*place, data, timedelta(seconds=KEPT_S), room)
        except store.uploads.UsedError:
            raise LinkError from None
        except store.uploads.FullError:
            raise BusyError from None
        self._awaited.pop(link.handle, None)

    async def picture(self, handle: str, owner: str) -> bytes | None:
        """The picture that was uploaded for a handle, if this owner has requested its link; None if there is none."""
        stored = self._stored(_as_made(handle))
        return await store.uploads.picture(await self._runtime.database(), stored, self._owner(owner))

    async def arrival(self, handle: str, owner: str) -> bytes:
        """Wait until the picture of a handle is uploaded, maybe at another process; returns as `picture`."""
        while not (data := await self.picture(handle, owner)):  # noqa: ASYNC110 - the event is in the database
            await anyio.sleep(LOOK_EVERY_S)
        return data

    async def delete_expired(self) -> None:
        """Delete pictures in time for as long as the server runs, whichever process has stored them."""
        database, said = await self._runtime.opened(), ""
        while True:
            try:
                next_in = await store.uploads.forget_expired(database)
            except ArtMcpError as error:
                if said != (said := str(error)):  # a read-only database stays one
                    log.warning("Uploaded pictures that have expired cannot be deleted: %s", error)
                next_in = RETRY_S
            # What is stored from now on expires later than that.
            await anyio.sleep(KEPT_S if next_in is None else min(KEPT_S, next_in))

    def awaited(self, handle: str, owner: str) -> Link | None:
        """The unused link of a handle, if this owner has requested it at this process; None if it has expired."""
        link = self._awaited.get(_as_made(handle))
        return link if link and link.owner == self._owner(owner) and link.until > self._clock() else None

    @property
    def awaits_any(self) -> bool:
        """Whether a link is open: not used and not expired, or in use."""
        return bool(self._open) or any(link.until > self._clock() for link in self._awaited.values())

    def _link(self, claim: bytes) -> Link:
        until, owner, _ = _CLAIM.unpack(claim)
        token = base64.urlsafe_b64encode(claim + self._sign(b"link", claim)[:_TAG_BYTES]).decode()
        code = base64.b32encode(self._sign(b"handle", claim)[:_HANDLE_BYTES]).decode()
        return Link(token, _handle(code), owner, until)

    def _owner(self, owner: str) -> bytes:
        return self._sign(b"owner", owner.encode("utf-8", "surrogatepass"))[:8]

    def _stored(self, handle: str) -> bytes:
        return self._sign(b"stored", handle.encode())

    def _sign(self, purpose: bytes, claim: bytes) -> bytes:
        return hmac.digest(self._key, b"art-mcp upload " + purpose + b"\0" + claim, "sha256")


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
