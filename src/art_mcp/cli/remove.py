"""`art-mcp remove`: removes a collection."""

from __future__ import annotations

import sys

import anyio
import click

from art_mcp.painting import Filters, readable
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import collection_sizes, removal
from art_mcp.store.filters import require_values


@click.command()
@click.argument("collection")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def remove(settings: Settings, collection: str, yes: bool) -> None:
    """Remove COLLECTION: its paintings, with their vectors and stored pictures. The source's files stay."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("Not a terminal; pass --yes to confirm.")
    anyio.run(_remove, settings, collection, yes)


async def _remove(settings: Settings, collection: str, yes: bool) -> None:
    name = readable(collection)
    async with Runtime(settings) as runtime:
        database = await runtime.database()
        await require_values(database, Filters(collection=name))
        count = (await collection_sizes.sizes(database)).get(name, 0)
        if not yes and not click.confirm(f"Remove {name} with its {count} paintings?"):
            click.echo("Nothing was removed.")
            return
        removed = await removal.remove_collection(database, name)
    click.echo(f"{name}: {removed} paintings removed.")
