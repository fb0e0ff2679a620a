"""`art-mcp search`: searches without a chat client."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import click

from art_mcp.cli.filter_options import filter_options
from art_mcp.errors import ArtMcpError
from art_mcp.images.reference import Kind, Reference
from art_mcp.images.spelling import unquoted, with_home
from art_mcp.painting import Filters
from art_mcp.runtime import Runtime
from art_mcp.search import DEFAULT_LIMIT, MAX_PAINTINGS, SORTS
from art_mcp.search.contact_sheet import contact_sheet_of
from art_mcp.search.heading import heading
from art_mcp.server.results import search_result, search_text
from art_mcp.settings import Settings
from art_mcp.store import paintings


@click.command()
@click.argument("text", required=False, default="")
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="REFERENCE",
    help="Picture to search by: a file, an https link, or a painting's id. Repeat it with ids of 2 to "
    f"{MAX_PAINTINGS} paintings to find what looks like all of them.",
)
@filter_options
@click.option(
    "--sort",
    type=click.Choice(list(SORTS)),
    default="relevance",
    show_default=True,
    help="Order; -year is newest first. Not with --image.",
)
@click.option("--limit", type=int, default=DEFAULT_LIMIT, show_default=True, help="Maximum number of paintings.")
@click.option("--cursor", help="Show the next page, with the cursor that the last page ended with.")
@click.option(
    "--sheet",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write a contact sheet of the results to this file, as JPEG.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, as the tools return it.")
@click.pass_obj
def search(
    settings: Settings,
    /,
    text: str,
    images: tuple[str, ...],
    sort: str,
    limit: int,
    cursor: str | None,
    sheet: Path | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """Find paintings by TEXT, by a picture, or by a picture steered by TEXT; without either, list them all."""
    pictures = [_reference(image) for image in images if image]
    if pictures and sort != "relevance":
        raise click.UsageError("--sort cannot be used with --image: hits are ordered by similarity.")
    for picture in pictures:
        if pictures[1:] and picture.kind is not Kind.PAINTING:
            raise click.UsageError(f"With several --image, each must be the id of a painting; {picture.name} is not.")
        if os.path.isabs(picture.value):
            # The user of a command may read any file that they name.
            settings = settings.model_copy(update={"image_dirs": (Path(Path(picture.value).anchor),)})
    page = {"filters": Filters.read(filters), "limit": limit, "cursor": cursor}
    anyio.run(_search, settings, text, pictures, page, sort, sheet, as_json)


def _reference(image: str) -> Reference:
    """Parse an argument: anything but a link or an id is a path, which may be relative."""
    if os.path.exists(image) or not re.match(r"[A-Za-z][A-Za-z0-9+.-]+:|[0-9A-Fa-f-]{32,36}$", image):
        image = os.path.abspath(with_home(unquoted(image)))
    return Reference.parse(image)


async def _search(
    settings: Settings,
    text: str,
    pictures: Sequence[Reference],
    page: dict[str, Any],
    sort: str,
    sheet: Path | None,
    as_json: bool,
) -> None:
    async with Runtime(settings) as runtime:
        finder = await runtime.finder()
        if pictures[1:]:
            ids = (uuid.UUID(picture.value) for picture in pictures)
            found = await finder.like_painting(*ids, text=text, **page)
        elif pictures:
            found = await finder.by_image(pictures[0], text=text, **page)
        else:
            found = await finder.by_text(text, sort=sort, **page)
        if sheet is not None:
            database = await runtime.database()
            like = [uuid.UUID(each.value) if each.kind is Kind.PAINTING else each.name for each in pictures]
            line = await heading(database, text, like=like, filters=page["filters"])
            thumbnails = await paintings.thumbnails(database, [hit.painting.id for hit, _ in found.hits])
            _write(sheet, await contact_sheet_of(found, thumbnails, turns=runtime.showing, heading=line))
    result = search_result(found)
    following = "For more, add --cursor {} to the command"
    click.echo(result.model_dump_json(indent=2) if as_json else search_text(result, following))


def _write(sheet: Path, drawn: bytes | None) -> None:
    if drawn is None:
        raise ArtMcpError("No picture of these paintings is stored.", "Search without --sheet.")
    try:
        sheet.write_bytes(drawn)
    except OSError as error:
        raise ArtMcpError(f"{sheet} cannot be written ({error.strerror}).", "Choose another file.") from None
    click.echo(f"The contact sheet is in {sheet}.", err=True)
