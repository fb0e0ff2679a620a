"""`art-mcp doctor`: prints each finding as soon as it is known."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import anyio
import click

from art_mcp.doctor import examine
from art_mcp.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--verify",
    metavar="[N]",
    type=click.IntRange(min=1),
    is_flag=False,
    flag_value=100,
    help="Also re-embed N random paintings (default: 100) and compare the vectors with the stored ones. "
    "With a paid service each costs one call, within the budget.",
)
@click.pass_context
def doctor(ctx: click.Context, as_json: bool, verify: int | None) -> None:
    """Check the settings, the database and the model, and say how to fix what is wrong."""
    if not anyio.run(_doctor, ctx.obj, ctx.find_root().params["env_file"], as_json, verify or 0):
        sys.exit(1)


async def _doctor(settings: Settings, env_file: Path | None, as_json: bool, verify: int) -> bool:
    findings = []
    async for finding in examine(settings, verify, env_file):
        findings.append(finding)
        if not as_json:
            click.echo(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name}: {finding.detail}")
            if finding.fix:
                click.echo(f"     {finding.fix}")
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    return all(finding.ok for finding in findings)
