"""`art-mcp serve`, the default command: the MCP server over stdio or HTTP."""

from __future__ import annotations

import re
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from art_mcp import logs, store
from art_mcp import server as serving
from art_mcp.cli import traces
from art_mcp.errors import ArtMcpError
from art_mcp.installation import how_to_add
from art_mcp.server.app import build_server
from art_mcp.settings import Settings

if TYPE_CHECKING:
    from art_mcp.server.metrics import Metrics

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
@click.option(
    "--metrics",
    metavar="HOST:PORT",
    help="For streamable-http: a second address, at which Prometheus reads metrics.",
)
@click.option(
    "--stateless",
    is_flag=True,
    help="For streamable-http: keep no sessions, so that several servers can share an address (ART_MCP_STATELESS).",
)
@click.option("--read-only", is_flag=True, help="Disable the tools that change collections.")
@click.pass_obj
def serve(
    settings: Settings,
    transport: str,
    host: str | None,
    port: int | None,
    metrics: str | None,
    stateless: bool,
    read_only: bool,
) -> None:
    """Serve MCP, by default over stdio (the default command)."""
    if transport == "stdio" and (stateless or any(given is not None for given in (host, port, metrics))):
        raise click.UsageError("--host, --port, --stateless and --metrics need --transport streamable-http.")

    if stateless:
        settings = settings.model_copy(update={"stateless": True})
    if read_only:
        settings = settings.model_copy(update={"read_only": True})
    if transport != "stdio" and "image_dirs" not in settings.model_fields_set:
        # HTTP callers may not be the owner of these folders.
        settings = settings.model_copy(update={"image_dirs": ()})
    server = build_server(settings)
    traced = traces.are_exported()
    with serving.tracing.exporting(server) if traced else nullcontext():
        if transport == "stdio":
            if sys.stdin.isatty():
                click.echo(TO_A_PERSON, err=True)
            server.run("stdio")
        else:
            if settings.database_url is None:
                store.host_os.binaries()  # in a container there are none: say so now instead of at the first call
            measured = None if metrics is None else _listening(metrics)
            address = "127.0.0.1" if host is None else host, 8000 if port is None else port
            serving.http.serve_http(server, *address, metrics=measured, traced=traced)


def _listening(address: str) -> Metrics:
    """Metrics that Prometheus can read at HOST:PORT."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:]+)\]|([^:]+)):([0-9]{1,5})", address)
    if not found or int(found[3]) > 65535:
        raise click.UsageError("--metrics must be HOST:PORT, for example 127.0.0.1:9464.")
    try:
        metrics = serving.metrics.Metrics()
    except ModuleNotFoundError:
        raise ArtMcpError("--metrics needs prometheus-client.", f"Run: {how_to_add('metrics')}") from None
    logs.notices.info("Metrics are at http://%s/metrics", metrics.listen(found[1] or found[2], int(found[3])))
    return metrics
