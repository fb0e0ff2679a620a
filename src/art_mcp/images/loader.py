"""Loads the picture behind a reference."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, assert_never
from urllib.parse import unquote

import anyio
import anyio.to_thread

from art_mcp.images import data_uri
from art_mcp.images.decoding import Decoder
from art_mcp.images.fetch import Fetcher
from art_mcp.images.files import read_file
from art_mcp.images.picture import Picture
from art_mcp.images.reference import CHAT, Kind, Reference
from art_mcp.images.undecoded import ImageError, Source

# Attachment folders on the computers of ChatGPT and Claude; this computer may have a mount of the same name.
CHATS_FOLDERS = ("/mnt/data/", "/mnt/user-data/")


class PictureLoader:
    """Loads pictures from the places that this server may read.

    Args:
        image_dirs: the folders whose pictures may be read (ART_MCP_IMAGE_DIRS).
        fetcher: downloads links. The loader closes it, and `decoder`, when it is closed.
        decoder: decodes untrusted bytes.
    """

    def __init__(
        self, *, image_dirs: Sequence[Path], fetcher: Fetcher | None = None, decoder: Decoder | None = None
    ) -> None:
        self._image_dirs = tuple(image_dirs)
        self.fetcher = fetcher or Fetcher()
        self.decoder = decoder or Decoder()
        self._decoding = anyio.CapacityLimiter(self.decoder.workers)

    async def picture(self, given: str | Mapping[str, Any] | Reference | Source, *, max_side: int = 1024) -> Picture:
        """Load and decode the picture behind a reference, or decode one whose bytes are given.

        Raises:
            ImageError: as in `load` and `Decoder.read`.
        """
        source = given if isinstance(given, Source) else await self.load(given)
        read = partial(self.decoder.read, source.data, name=source.name, max_side=max_side)
        return await anyio.to_thread.run_sync(read, limiter=self._decoding)

    async def load(self, given: str | Mapping[str, Any] | Reference) -> Source:
        """Return the bytes behind a reference, at most 20 MiB.

        Raises:
            ImageError: the form is unknown, or the picture is missing, not allowed, empty or too large.
        """
        reference = given if isinstance(given, Reference) else Reference.parse(given)
        match reference.kind:
            case Kind.FILE:
                data = await anyio.to_thread.run_sync(self._read_file, reference, abandon_on_cancel=True)
            case Kind.URL:
                data = await self.fetcher.get(reference.value)
            case Kind.DATA:
                data = await anyio.to_thread.run_sync(partial(data_uri.decode, reference.value, name=reference.name))
            case Kind.PAINTING:
                raise ImageError(f"{reference.name} is in the collection already.", "Pass its id as painting_id.")
            case Kind.UPLOAD:
                raise ImageError(
                    "No picture is stored under this upload handle; it may have expired.", "Upload the picture again."
                )
            case _:
                assert_never(reference.kind)
        return Source(data, reference.name)

    async def aclose(self) -> None:
        """Close connections and stop worker processes."""
        await self.fetcher.aclose()
        await anyio.to_thread.run_sync(self.decoder.close)

    def _read_file(self, reference: Reference) -> bytes:
        if not self._image_dirs:
            raise ImageError(
                f"{reference.name} cannot be read because no folder is allowed yet.",
                "List your picture folders in ART_MCP_IMAGE_DIRS and restart the server, or give an https link.",
            )
        advice = "Move it into a folder listed in ART_MCP_IMAGE_DIRS, or add its folder there."
        if reference.value.startswith(CHATS_FOLDERS):
            advice = f"If the path is on the chat's own computer, this server cannot see it. {CHAT}"
        try:
            return read_file(reference.value, self._image_dirs, advice=advice)
        except ImageError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            for path in _other_spellings(reference.value):
                with suppress(ImageError):
                    return read_file(path, self._image_dirs, advice=advice)
            raise


def _other_spellings(path: str) -> list[str]:
    """What may have been meant by a path: without the escapes of URLs and shells, and in other Unicode forms."""
    plain = (path, unquote(path, errors="surrogateescape"), re.sub(r"\\(.)", r"\1", path))
    forms = (unicodedata.normalize(form, each) for each in plain for form in ("NFC", "NFD"))
    return list(dict.fromkeys([*plain, *forms]))[1:]
