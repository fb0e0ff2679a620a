"""`art-mcp demo`: runs the demo in a separate folder."""

from __future__ import annotations

from pathlib import Path

import anyio
import click

from art_mcp.demo import run_demo
from art_mcp.settings import Settings
from art_mcp.vision.pair import pulled


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the sample, its database and the contact sheets. Default: in the user's data folder.",
)
@click.pass_obj
def demo(settings: Settings, folder: Path | None) -> None:
    """Load a sample collection, and search it through a real MCP client."""
    anyio.run(run_demo, (folder or settings.data_dir / "demo").absolute(), pulled.suggestion(settings))
