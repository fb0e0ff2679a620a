"""`art-mcp remove`: removes a collection."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping

import click

from art_mcp.cli.with_runtime import with_runtime
from art_mcp.errors import ArtMcpError
from art_mcp.normalization import fold
from art_mcp.painting import readable
from art_mcp.runtime import Runtime
from art_mcp.store import collection_sizes, removal

SHOWN = 5
"""Maximum number of collections that an error lists."""


@click.command()
@click.argument("collection")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@with_runtime
async def remove(runtime: Runtime, collection: str, yes: bool) -> None:
    """Remove COLLECTION: its paintings, with their vectors and stored pictures. The source's files stay."""
    name = readable(collection)
    database = await runtime.database()
    sizes = await collection_sizes.sizes(database)
    if name not in sizes:
        raise _unknown(name, sizes)
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("Not a terminal; pass --yes to confirm.")
    if not yes and not click.confirm(f"Remove {name} with its {sizes[name]} paintings?"):
        click.echo("Nothing was removed.")
        return
    removed = await removal.remove_collection(database, name)
    click.echo(f"{name}: {removed} paintings removed.")


def _unknown(name: str, sizes: Mapping[str, int]) -> ArtMcpError:
    by_key = {fold(each): each for each in sizes}
    nearest = [by_key[key] for key in difflib.get_close_matches(fold(name), by_key)]
    listed = ", ".join(f"{each} ({sizes[each]})" for each in nearest or list(sizes)[:SHOWN])
    hint = f"{'The nearest' if nearest else 'There are'}: {listed}." if listed else "No collection is stored."
    return ArtMcpError(f"There is no collection {name!r:.100}.", hint)
