"""`art-mcp search`: asks without a chat client."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import click

from art_mcp.search import DEFAULT_LIMIT
from art_mcp.settings import Settings


@click.command()
@click.argument("text", required=False, default="")
@click.option("--image", metavar="REFERENCE", help="A picture to search with: the path of a file.")
@click.option("--limit", type=int, default=DEFAULT_LIMIT, show_default=True, help="How many paintings.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON, as the tools give it.")
@click.pass_obj
def search(settings: Settings, text: str, image: str | None, limit: int, as_json: bool) -> None:
    """Find paintings by TEXT, by a picture, or by a picture steered by TEXT."""
    if not text and not image:
        raise click.UsageError("Give TEXT, --image, or both.")
    if image:
        # Whoever types a command may read what they name.
        path = Path(os.path.abspath(image))
        settings, image = settings.model_copy(update={"image_dirs": (path.parent,)}), str(path)
    anyio.run(_search, settings, text, image, limit, as_json)


async def _search(settings: Settings, text: str, image: str | None, limit: int, as_json: bool) -> None:
    from art_mcp.runtime import Runtime
    from art_mcp.server.results import search_result, search_text

    async with Runtime(settings) as runtime:
        finder = await runtime.finder()
        if image:
            found = await finder.by_image(image, text=text, limit=limit)
        else:
            found = await finder.by_text(text, limit=limit)
    result = search_result(found)
    click.echo(result.model_dump_json(indent=2) if as_json else search_text(result, paged=False))
