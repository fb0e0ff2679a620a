"""Prints the rows that were refused, or stored without their picture."""

from __future__ import annotations

from collections.abc import Sequence

import click

from art_mcp.ingest.batch import WITHOUT_PICTURE
from art_mcp.ingest.limits import SHOWN_REFUSALS
from art_mcp.ingest.refusals import Group, Refusals


def print_refusals(refusals: Sequence[tuple[str, str]], more: str = "") -> None:
    """Print the first refused rows, and how many more there are.

    Args:
        refusals: the label of each row, and why it was refused.
        more: text after the number of those that are not shown.
    """
    groups, others = Refusals(refusals).first(SHOWN_REFUSALS)
    print_groups(groups, others, more)


def print_groups(groups: Sequence[Group], others: int, more: str = "") -> None:
    """Print the reasons of refused rows, each with its rows, and the number of rows with other reasons."""
    for group in groups:
        state = "" if group.reason.startswith(WITHOUT_PICTURE) else "refused "
        click.echo(f"  {state}{group}")
    if others:
        click.echo(f"  ... and {others:,} more{more}.")
