"""From a reference to a picture, by whichever way it comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, assert_never

import anyio
import anyio.to_thread

from art_mcp.images import data_uri
from art_mcp.images.decoding import Decoder
from art_mcp.images.fetch import Fetcher
from art_mcp.images.files import read_file
from art_mcp.images.picture import Picture
from art_mcp.images.reference import CHAT, Kind, Reference
from art_mcp.images.undecoded import ImageError

# Where the computers of ChatGPT and Claude keep what was attached; another's disk can be mounted there, though.
CHATS_FOLDERS = ("/mnt/data/", "/mnt/user-data/")


@dataclass(frozen=True, slots=True)
class Source:
    """A picture's bytes as they came, not judged yet."""

    data: bytes = field(repr=False)
    name: str
    """How errors call it."""


class PictureLoader:
    """Turns references into pictures, from the places that this server may read.

    Args:
        image_dirs: the folders whose pictures may be read (ART_MCP_IMAGE_DIRS).
        fetcher: follows links; closed with this, as is `decoder`.
        decoder: what untrusted bytes are decoded by.
    """

    def __init__(
        self, *, image_dirs: Sequence[Path], fetcher: Fetcher | None = None, decoder: Decoder | None = None
    ) -> None:
        self._image_dirs = tuple(image_dirs)
        self.fetcher = fetcher or Fetcher()
        self.decoder = decoder or Decoder()
        self._decoding = anyio.CapacityLimiter(self.decoder.workers)

    async def picture(self, given: str | Mapping[str, Any] | Reference | Source, *, max_side: int = 1024) -> Picture:
        """The picture behind a reference, or one whose bytes are there, decoded by `decoder`.

        Raises:
            ImageError: as `load`, and as `Decoder.read`.
        """
        source = given if isinstance(given, Source) else await self.load(given)
        read = partial(self.decoder.read, source.data, name=source.name, max_side=max_side)
        return await anyio.to_thread.run_sync(read, limiter=self._decoding)

    async def load(self, given: str | Mapping[str, Any] | Reference) -> Source:
        """The bytes behind a reference, at most 20 MiB.

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
                raise ImageError(f"{reference.name} is one of the collection.", "Pass its id as painting_id.")
            case Kind.UPLOAD:
                raise ImageError(
                    "Nothing was uploaded under this handle, or not lately.", "Upload the picture once more."
                )
            case _:
                assert_never(reference.kind)
        return Source(data, reference.name)

    async def aclose(self) -> None:
        """Close connections and end processes."""
        await self.fetcher.aclose()
        await anyio.to_thread.run_sync(self.decoder.close)

    def _read_file(self, reference: Reference) -> bytes:
        if not self._image_dirs:
            raise ImageError(
                f"{reference.name} cannot be read, since no folder is allowed yet.",
                "Name the folders with your pictures in ART_MCP_IMAGE_DIRS and start the server again, or give an "
                "https link.",
            )
        advice = "Put it in one of the folders that ART_MCP_IMAGE_DIRS names, or add its folder there."
        if reference.value.startswith(CHATS_FOLDERS):
            advice = f"If the path is one of the chat's own computer, this server cannot see it. {CHAT}"
        return read_file(reference.value, self._image_dirs, advice=advice)
