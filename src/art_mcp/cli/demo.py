"""`art-mcp demo`: the demonstration, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import anyio
import click

from art_mcp.settings import Settings


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the sample, its database and the contact sheets go; by default the user's data folder.",
)
@click.pass_obj
def demo(settings: Settings, folder: Path | None) -> None:
    """Load a sample collection, and ask it questions through a real MCP client."""
    from art_mcp.demo import run_demo

    anyio.run(run_demo, (folder or settings.data_dir / "demo").absolute())
