"""`art-mcp serve`, the default command: the MCP server over stdio or HTTP."""

from __future__ import annotations

import sys

import click

from art_mcp import server as serving
from art_mcp import store
from art_mcp.server.app import build_server
from art_mcp.settings import Settings

TO_A_PERSON = (
    "art-mcp: this server is waiting for a chat client on stdin. `art-mcp setup CLIENT` adds it to a client, "
    '`art-mcp search "..."` searches without one, Ctrl-C stops it.'
)


@click.command()
@click.option(
    "--transport",
    type=click.Choice(["stdio", "streamable-http"]),
    default="stdio",
    show_default=True,
    help="stdio is for a client that starts the server, streamable-http for clients that connect to a running one.",
)
@click.option(
    "--host",
    metavar="HOST",
    help="For streamable-http: the address to listen on; other than loopback, it needs ART_MCP_PUBLIC_URL.  "
    "[default: 127.0.0.1]",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="For streamable-http; 0 picks a free port.  [default: 8000]"
)
@click.option("--read-only", is_flag=True, help="Disable the tools that change collections.")
@click.pass_obj
def serve(settings: Settings, transport: str, host: str | None, port: int | None, read_only: bool) -> None:
    """Serve MCP, by default over stdio (the default command)."""
    if transport == "stdio" and (host is not None or port is not None):
        raise click.UsageError("--host and --port need --transport streamable-http.")

    if read_only:
        settings = settings.model_copy(update={"read_only": True})
    if transport != "stdio" and "image_dirs" not in settings.model_fields_set:
        # HTTP callers may not be the owner of these folders.
        settings = settings.model_copy(update={"image_dirs": ()})
    server = build_server(settings)
    if transport == "stdio":
        if sys.stdin.isatty():
            click.echo(TO_A_PERSON, err=True)
        server.run("stdio")
    else:
        if settings.database_url is None:
            store.host_os.binaries()  # in a container there are none: say so now instead of at the first call
        serving.http.serve_http(server, "127.0.0.1" if host is None else host, 8000 if port is None else port)
