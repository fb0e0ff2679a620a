"""`art-mcp list`: lists the collections, or describes some paintings."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from art_mcp.cli.filter_options import filter_options
from art_mcp.cli.with_runtime import with_runtime
from art_mcp.painting import Filters
from art_mcp.runtime import Runtime
from art_mcp.server.description import description
from art_mcp.server.results import collection_text
from art_mcp.store.collections import collections


@click.command()
@filter_options
@click.argument("collection", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the collections, or the description, as JSON.")
@with_runtime
async def list(runtime: Runtime, /, as_json: bool, **given: Any) -> None:
    """List the collections, or describe COLLECTION.

    The list shows each collection's number of paintings, last load and sources. With COLLECTION or
    filters, say how many paintings match, from which years, and the most frequent values of each filter.
    """
    if any(value is not None for value in given.values()):
        described = await description(runtime, Filters.read(given))
        click.echo(described.model_dump_json(indent=2) if as_json else collection_text(described))
        return
    found = await collections(await runtime.database())
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
