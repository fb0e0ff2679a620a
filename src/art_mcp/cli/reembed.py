"""`art-mcp reembed`: moves the database to the model that the settings name, and drops unused vectors."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence

import click

from art_mcp.cli.progress import Progress, with_bar
from art_mcp.cli.refusals import print_refusals
from art_mcp.cli.with_runtime import with_runtime
from art_mcp.ingest.reembed import Plan
from art_mcp.painting import Painting
from art_mcp.runtime import SPACES_REFRESH_S, Runtime
from art_mcp.store.space_migration import InactiveSpace


@click.command()
@click.option("--dry-run", is_flag=True, help="Report what would be done and what it would cost; change nothing.")
@click.option("--skip-refused", is_flag=True, help="Leave behind paintings whose pictures the new model refuses.")
@click.option("--drop-old", is_flag=True, help="Instead, remove the vectors of models that are no longer used.")
@click.option(
    "--painting",
    "paintings",
    metavar="ID",
    type=click.UUID,
    multiple=True,
    help="Replace the stored vectors of this painting; can be repeated.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@with_runtime
async def reembed(
    runtime: Runtime, dry_run: bool, skip_refused: bool, drop_old: bool, paintings: Sequence[uuid.UUID], yes: bool
) -> None:
    """Re-embed all pictures with the model that the settings name, then search with it.

    It uses the pictures stored in the database, so it does not need the sources. You can search and load while it
    runs. After an interruption, run it again; nothing is embedded or paid for twice.
    """
    if not (dry_run or yes or sys.stdin.isatty()):
        raise click.UsageError("Not a terminal; pass --yes to confirm.")
    if drop_old:
        await _drop_old(runtime, dry_run, skip_refused, yes)
        return
    move = await runtime.move()
    if paintings and not dry_run and (yes or click.confirm("Remove the stored vectors of these paintings?")):
        click.echo(f"The vectors of {await move.forget(paintings)} paintings were removed and will be replaced.")
    plan = await move.plan()
    if plan.done:
        click.echo(f"Nothing to do: all pictures are embedded by {move.made_by}.")
        return
    click.echo("\n".join(_described(move.made_by, plan)))
    if plan.billed and plan.calls:
        click.echo(str(await runtime.spending(plan.calls, runtime.settings.embeds_by)))
    if dry_run or not (yes or click.confirm("Continue?")):
        click.echo("Nothing was changed.")
        return
    moved = await with_bar(
        lambda: move.run(skip_refused=skip_refused), lambda: Progress("Embedding", move.done, move.total)
    )
    print_refusals([(_label(each.painting), each.reason) for each in move.refused])
    if not moved:
        raise click.ClickException(
            f"{len(move.refused)} paintings could not be embedded by {move.made_by}, so searches still use the old "
            "model. Run it again when this is fixed, or with --skip-refused to leave these paintings behind."
        )
    click.echo(f"The pictures are now searched by {move.made_by}; running servers switch within {SPACES_REFRESH_S} s.")
    if old := await move.inactive():
        click.echo(f"Still stored: {_listed(old)}. `art-mcp reembed --drop-old` removes them.")


async def _drop_old(runtime: Runtime, dry_run: bool, skip_refused: bool, yes: bool) -> None:
    move = await runtime.move()
    old = await move.old(skip_refused=skip_refused)
    if not old:
        click.echo("Nothing to drop.")
        return
    click.echo(f"No longer used: {_listed(old)}.")
    if dry_run or not (yes or click.confirm("Remove them? Going back would mean embedding all pictures again.")):
        click.echo("Nothing was removed.")
        return
    await move.drop(old)
    click.echo("Removed.")


def _described(made_by: str, plan: Plan) -> list[str]:
    lines = []
    if plan.without_hub:
        lines.append(
            f"{plan.without_hub} vectors from an older version lack their hubness, which searches subtract. "
            "It is computed without their pictures."
        )
    if not plan.paintings:
        return lines or [f"No painting lacks a vector of {made_by}; only the switch to it remains."]
    instead = f", instead of {plan.instead_of}" if plan.instead_of else ""
    lines.append(f"{plan.paintings} paintings will be embedded by {made_by}{instead}.")
    if plan.not_kept:
        lines.append(f"{plan.not_kept} of them cannot be, because their pictures are not stored.")
    return lines


def _listed(old: Sequence[InactiveSpace]) -> str:
    makers = dict.fromkeys(each.space.made_by for each in old)
    return f"vectors of {', '.join(makers)} ({sum(each.size for each in old) / 1e6:.1f} MB)"


def _label(painting: Painting) -> str:
    return f"{painting.id} ({painting.catalogue.title or painting.source_key})"
