"""`art-mcp import`: loads an archive from `art-mcp export`, or a table with vectors."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from contextlib import ExitStack
from pathlib import Path

import anyio.to_thread
import click

from art_mcp.cli.progress import Progress, with_bar
from art_mcp.cli.refusals import print_refusals
from art_mcp.cli.with_runtime import with_runtime
from art_mcp.ingest.archive import Archive, unpacked
from art_mcp.ingest.job import collection_name
from art_mcp.ingest.load import Bundle, Load, Reach
from art_mcp.ingest.vector_table import VectorTable
from art_mcp.runtime import Runtime
from art_mcp.space import Leg
from art_mcp.vision.local import LocalProvider


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--collection", metavar="NAME", help="Name of the collection in this database.")
@click.option("--dry-run", is_flag=True, help="Check everything and report what would be stored; store nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@with_runtime
async def import_(runtime: Runtime, path: Path, collection: str | None, dry_run: bool, as_json: bool) -> None:
    """Load PATH: an archive from `art-mcp export` or its zip, or a table with a column of vectors.

    Nothing is embedded or paid for again. Paintings of an archive replace existing ones. Each row is checked: an
    invalid one is refused with the reason, and the rest is stored. After an interruption, run the same import again.
    The vectors of a table are assumed to be those of its pictures by Azure AI Vision, model 2023-04-15; the pictures
    themselves are not read.
    """
    with ExitStack() as stack:
        bundle = await anyio.to_thread.run_sync(_open, path, collection, stack)
        load = Load(await runtime.database(), bundle, dry_run=dry_run)
        await with_bar(load.run, lambda: _progress(load, bundle))
        reach = None if dry_run else await load.reach()
    notes = _notes(bundle, reach)
    if as_json:
        click.echo(json.dumps(_as_json(load, bundle, notes), indent=2))
    else:
        _print(load, bundle, notes, dry_run)
    if load.refused == bundle.total:
        sys.exit(1)  # nothing could be stored


def _open(path: Path, collection: str | None, stack: ExitStack) -> Bundle:
    path = Path(os.path.abspath(path))
    name = collection and collection_name(collection)
    if zipfile.is_zipfile(path):
        path = stack.enter_context(unpacked(path))
    if path.is_file():
        return VectorTable(path, LocalProvider(), collection=name)
    return Archive(path, collection=name)


def _progress(load: Load, bundle: Bundle) -> Progress:
    name = "Indexing" if load.indexing else "Storing"
    return Progress(name, load.stored + load.unchanged + len(load.refusals), bundle.total)


def _notes(bundle: Bundle, reach: Reach | None) -> list[str]:
    """Notes on the result: what was assumed, and how the paintings can be searched."""
    notes = [bundle.assumed] if bundle.assumed else []
    if reach is None:
        return [*notes, "Nothing was stored: this was a dry run."]
    brought = next((space for space in bundle.active if space.leg is Leg.PIXELS), None)
    searched = f"searched by {reach.pixels.made_by}" if reach.pixels else "not searched"
    notes.append(f"The pictures are {searched}.")
    if brought and reach.pixels != brought:
        notes.append(f"The imported vectors are by {brought.made_by}: they are stored, but not searched.")
    if reach.incomplete:
        notes.append(
            f"{reach.incomplete} paintings lack a vector, so only their catalogue text is searched. "
            "`art-mcp reembed` creates it from the stored pictures."
        )
    return notes


def _print(load: Load, bundle: Bundle, notes: list[str], dry_run: bool) -> None:
    stored = f"{load.stored} {'to store' if dry_run else 'stored'}"
    counts = f"{stored}, {load.unchanged} unchanged, {load.refused} refused, of {bundle.total}"
    click.echo(f"{', '.join(bundle.collections)}: {counts}.")
    print_refusals([(each.label, each.reason) for each in load.refusals], "; --json lists them all")
    for note in notes:
        click.echo(note)


def _as_json(load: Load, bundle: Bundle, notes: list[str]) -> dict[str, object]:
    return {
        "collections": list(bundle.collections),
        "total": bundle.total,
        "stored": load.stored,
        "unchanged": load.unchanged,
        "refused": load.refused,
        "refusals": [{"row": each.label, "reason": each.reason} for each in load.refusals],
        "notes": notes,
    }
