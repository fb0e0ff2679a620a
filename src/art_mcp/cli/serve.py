"""`art-mcp serve`, the default command: the MCP server over stdio or HTTP."""

from __future__ import annotations

import sys

import click

from art_mcp.settings import Settings

TO_A_PERSON = (
    "art-mcp: this is a server and waits for a chat client to talk to it. `art-mcp setup CLIENT` wires it into one, "
    '`art-mcp search "..."` asks without one, Ctrl-C ends this.'
)


@click.command()
@click.option(
    "--transport",
    type=click.Choice(["stdio", "streamable-http"]),
    default="stdio",
    show_default=True,
    help="stdio is for a client that starts the server, streamable-http for clients that find it running.",
)
@click.option("--host", metavar="HOST", help="For streamable-http: a loopback address.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="For streamable-http; 0 takes any.  [default: 8000]")
@click.option("--read-only", is_flag=True, help="Leave out the tools that change collections.")
@click.pass_obj
def serve(settings: Settings, transport: str, host: str | None, port: int | None, read_only: bool) -> None:
    """Serve MCP, by default over stdio (the default command)."""
    if transport == "stdio" and (host is not None or port is not None):
        raise click.UsageError("--host and --port need --transport streamable-http.")

    from art_mcp.server.app import build_server

    if read_only:
        settings = settings.model_copy(update={"read_only": True})
    if transport != "stdio" and "image_dirs" not in settings.model_fields_set:
        # Who calls over HTTP may be somebody else than whose folders these are.
        settings = settings.model_copy(update={"image_dirs": ()})
    server = build_server(settings)
    if transport == "stdio":
        if sys.stdin.isatty():
            click.echo(TO_A_PERSON, err=True)
        server.run("stdio")
    else:
        from art_mcp.server.http import serve_http

        serve_http(server, "127.0.0.1" if host is None else host, 8000 if port is None else port)
