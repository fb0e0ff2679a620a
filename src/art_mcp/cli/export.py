"""`art-mcp export`: writes collections to a folder, for a backup or another database."""

from __future__ import annotations

import os
from pathlib import Path

import click

from art_mcp.cli.progress import Progress, with_bar
from art_mcp.cli.with_runtime import with_runtime
from art_mcp.ingest.archive import Export
from art_mcp.painting import Filters, readable
from art_mcp.runtime import Runtime
from art_mcp.store.filters import require_values


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), callback=lambda _, __, folder: Path(os.path.abspath(folder)))
@click.option(
    "--collection", "collections", metavar="NAME", multiple=True, help="Export only this collection; can be repeated."
)
@click.option("--overwrite", is_flag=True, help="Replace an existing archive once the new one is complete.")
@click.option("--json", "as_json", is_flag=True, help="Print the archive's manifest as JSON.")
@with_runtime
async def export(runtime: Runtime, folder: Path, collections: tuple[str, ...], overwrite: bool, as_json: bool) -> None:
    """Write collections to FOLDER, with their vectors and stored pictures.

    `art-mcp import` loads them into this or any other database, without embedding or paying for anything again. You can
    load and search while it runs; the archive is a snapshot of its start. It is a table of JSON lines, with pictures
    and NumPy files next to it, which other programs can read, too.
    """
    database = await runtime.database()
    names = [readable(name) for name in collections]
    for name in names:
        await require_values(database, Filters(collection=name))
    work = Export(database, folder, names, overwrite=overwrite)
    manifest = await with_bar(work.run, lambda: Progress("Writing", work.done, work.total))
    if as_json:
        click.echo(manifest.model_dump_json(indent=2))
        return
    listed = ", ".join(f"{name} ({count})" for name, count in manifest.collections.items())
    click.echo(f"{folder.name}: {manifest.total} paintings, {work.bytes / 1e6:.1f} MB; collections: {listed}.")
