"""Loads the picture behind a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, assert_never

import anyio.to_thread

from art_mcp.images import data_uri
from art_mcp.images.decoding import Decoder
from art_mcp.images.fetch import Fetcher
from art_mcp.images.files import elsewhere, spelled
from art_mcp.images.local_file import LocalFile
from art_mcp.images.picture import Picture
from art_mcp.images.reference import CHAT, Kind, Reference
from art_mcp.images.spelling import as_written
from art_mcp.images.undecoded import ImageError, Source
from art_mcp.steps import step
from art_mcp.turns import Turns

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
        self._decoding = Turns(self.decoder.workers)

    async def picture(self, given: str | Mapping[str, Any] | Reference | Source, *, max_side: int = 1024) -> Picture:
        """Load and decode the picture behind a reference, or decode one whose bytes are given.

        Raises:
            ImageError: as in `load` and `Decoder.read`.
        """
        source = given if isinstance(given, Source) else await self.load(given)
        read = partial(self.decoder.read, source.data, name=source.name, max_side=max_side)
        with step("decode picture", {}):
            return await self._decoding.run(read)

    async def load(self, given: str | Mapping[str, Any] | Reference) -> Source:
        """Return the file or the bytes behind a reference, undecoded.

        Raises:
            ImageError: the form is unknown, or the picture is missing, not allowed, empty or too large.
        """
        reference = given if isinstance(given, Reference) else Reference.parse(given)
        with step("read picture", {"art_mcp.picture": reference.kind}):
            return await self._read(reference)

    async def _read(self, reference: Reference) -> Source:
        match reference.kind:
            case Kind.FILE:
                return await anyio.to_thread.run_sync(self._read_file, reference, abandon_on_cancel=True)
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

    def _read_file(self, reference: Reference) -> Source:
        if not self._image_dirs:
            raise ImageError(
                f"{reference.name} cannot be read, because the server may not read any folder yet.",
                "List your picture folders in ART_MCP_IMAGE_DIRS and restart the server, or give an https link.",
            )
        advice = elsewhere(self._image_dirs)
        if reference.value.startswith(CHATS_FOLDERS):
            advice = f"If the path is on the chat's own computer, this server cannot see it. {CHAT}"
        path = spelled(reference.value, self._image_dirs)
        data = LocalFile.at(path, self._image_dirs, advice=advice)
        note = None if path == reference.value.rstrip("/") else f"The picture is {as_written(path)}."
        return Source(data, reference.name, note)
