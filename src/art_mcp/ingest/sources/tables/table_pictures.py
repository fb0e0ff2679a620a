"""Reads the pictures that the cells of a table name: files next to it, or links."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import anyio.to_thread

from art_mcp.images.local_file import LocalFile
from art_mcp.images.undecoded import PICTURE_SUFFIXES, ImageError
from art_mcp.ingest.sources.links import Links
from art_mcp.ingest.sources.places import Place
from art_mcp.ingest.sources.tables.picture_names import PictureNames, leads_out, meanings
from art_mcp.ingest.sources.tables.records import is_link


class TablePictures:
    """The pictures of a table.

    Args:
        groups: where its files may lie, as for `PictureNames`; nothing else on this machine is read.
    """

    def __init__(self, *groups: Sequence[Place]) -> None:
        self._places = [place for group in groups for place in group]
        self._names = PictureNames(*groups)
        self._links = Links()

    async def read(self, cell: str) -> LocalFile | bytes:
        """The first picture that a cell names and that is there.

        Raises:
            ImageError: there is none, or it is not allowed, empty, too large or ambiguous, or its host does not answer.
        """
        problem: ImageError | None = None
        for meaning in meanings(cell):
            try:
                if is_link(meaning):
                    return await self._links.picture(meaning)
                if (data := await anyio.to_thread.run_sync(self._read, meaning)) is not None:
                    return data
            except ImageError as error:
                problem = problem or error
        if problem:
            raise problem
        searched = ", ".join(place.name for place in self._places)
        raise ImageError("The picture is missing.", f"Folders searched: {searched}.")

    def has(self, name: str) -> bool:
        """Whether a text that need not be a name is that of one picture's file here. Blocks."""
        try:
            found = self._names.find(name)
        except ImageError:
            return False
        return found is not None and PurePosixPath(found[1]).suffix.lower() in PICTURE_SUFFIXES

    def settle(self, cell: str) -> str:
        """The cell, or the link in it if it names a file that is not there; so a plan knows without asking a server.

        Blocks.
        """
        if "://" not in cell or is_link(cell):
            return cell
        links = []
        for meaning in meanings(cell):
            if is_link(meaning):
                links.append(meaning)
            else:
                try:
                    if self._names.find(meaning):
                        return cell
                except ImageError:
                    return cell
        return links[0] if links else cell

    async def aclose(self) -> None:
        await self._links.aclose()
        for place in self._places:
            place.close()

    def _read(self, name: str) -> LocalFile | bytes | None:
        problem: ImageError | None = None
        if leads_out(name):
            for place in self._places:
                try:
                    return place.read(name)
                except ImageError as error:
                    if not isinstance(error.__cause__, OSError):  # it is elsewhere
                        problem = problem or error
        if found := self._names.find(name):
            place, path = found
            return place.read(path)
        if problem:
            raise problem
        return None
