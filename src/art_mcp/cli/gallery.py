"""`art-mcp gallery`: the gallery in the user's browser, without a chat."""

from __future__ import annotations

import click

from art_mcp import server as serving
from art_mcp.server.app import build_server
from art_mcp.settings import Settings


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on.  [default: any free port]")
@click.option("--no-open", is_flag=True, help="Only print the address; do not open a browser.")
@click.pass_obj
def gallery(settings: Settings, port: int, no_open: bool) -> None:
    """Look at the paintings in a browser, without a chat."""

    def show(address: str, entrance: str) -> None:
        click.echo(f"The gallery is at {address} (Ctrl-C stops it)")
        if not no_open:
            click.launch(entrance)

    settings = settings.model_copy(update={"read_only": True, "image_dirs": ()})
    serving.own_gallery.serve_gallery(build_server(settings, for_page=True), port, show)
