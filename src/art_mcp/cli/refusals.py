"""Prints the rows that were refused, or stored without their picture."""

from __future__ import annotations

from collections.abc import Sequence

import click

from art_mcp.ingest.batch import WITHOUT_PICTURE
from art_mcp.ingest.limits import SHOWN_REFUSALS


def print_refusals(refusals: Sequence[tuple[str, str]], more: str = "") -> None:
    """Print the first refused rows, and how many more there are.

    Args:
        refusals: the label of each row, and why it was refused.
        more: text after the number of those that are not shown.
    """
    for label, reason in refusals[:SHOWN_REFUSALS]:
        state = "" if reason.startswith(WITHOUT_PICTURE) else "refused "
        click.echo(f"  {state}{label}: {reason}")
    if len(refusals) > SHOWN_REFUSALS:
        click.echo(f"  ... and {len(refusals) - SHOWN_REFUSALS} more{more}.")
