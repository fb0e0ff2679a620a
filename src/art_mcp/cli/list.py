"""`art-mcp list`: lists the collections."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import anyio
import click

from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store.collections import Collection, collections


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the collections as JSON.")
@click.pass_obj
def list(settings: Settings, as_json: bool) -> None:
    """List the collections: their number of paintings, their last load, and the sources of their paintings."""
    found = anyio.run(_collections, settings)
    if as_json:
        listed = [{**asdict(each), "loaded_at": each.loaded_at.isoformat()} for each in found]
        click.echo(json.dumps(listed, indent=2, ensure_ascii=False))
        return
    for each in found:
        loaded = each.loaded_at.astimezone().strftime("%Y-%m-%d %H:%M")
        click.echo(f"{each.name}: {each.paintings} paintings, last loaded {loaded}")
        for source in each.sources:
            click.echo(f"   from {source}")
    if not found:
        click.echo("There are no paintings yet. Load some with `art-mcp ingest FOLDER`.")


async def _collections(settings: Settings) -> Sequence[Collection]:
    async with Runtime(settings) as runtime:
        return await collections(await runtime.database())
