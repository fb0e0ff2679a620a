"""Filters as options of a command."""

from __future__ import annotations

from collections.abc import Callable

import click

from art_mcp.painting import FILTERS, YEAR_FILTERS


def filter_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each filter, except for one that is its argument."""
    given = {parameter.name for parameter in getattr(command, "__click_params__", ())}
    for name in reversed([name for name in FILTERS if name not in given]):
        kind = int if name in YEAR_FILTERS else str
        command = click.option(f"--{name.replace('_', '-')}", type=kind, help=FILTERS[name])(command)
    return command
