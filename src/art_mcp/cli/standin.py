"""`art-mcp standin`: a dry run of a paid service, on this machine and without a bill."""

from __future__ import annotations

import secrets
import time

import click


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8100, show_default=True, help="0 takes any.")
@click.option("--tier", type=click.Choice(["S1", "F0"]), default="S1", show_default=True, help="F0: 20 calls a minute.")
@click.option("--rate", type=click.IntRange(1), default=20, show_default=True, help="Calls a second that S1 takes.")
@click.option(
    "--latency", type=click.FloatRange(0), default=0.15, show_default=True, help="Seconds that an answer takes."
)
@click.option("--key", metavar="KEY", help="The key that it takes; by default one that it makes up and prints.")
def standin(port: int, tier: str, rate: int, latency: float, key: str | None) -> None:
    """Stand in for Azure AI Vision on this machine, to try out what uses it; its vectors are made up."""
    from art_mcp.testing.azure import AzureStandIn, serving

    key = key or secrets.token_hex(16)
    service = AzureStandIn(keys=(key,), tier=tier, rate=rate, latency=latency)
    with serving(service, port) as endpoint:
        click.echo(
            f"""\
art-mcp stands in for Azure AI Vision ({tier}) at {endpoint}, until Ctrl-C. To use it, set

  ART_MCP_VISION=azure
  ART_MCP_AZURE_ENDPOINT={endpoint}
  ART_MCP_AZURE_KEY={key}
  ART_MCP_DATA_DIR=A_FOLDER_FOR_TRIALS

Its vectors are made up: they know colours, not what a picture shows. So load trials into a folder or database of
their own, never into the one where the real service's vectors are.""",
            err=True,
        )
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            statuses = service.calls.by_status()
            told = ", ".join(f"{count} with {status}" for status, count in statuses.most_common() if status)
            click.echo(f"Calls answered: {told or 'none'}. The real service bills those with 200.", err=True)
