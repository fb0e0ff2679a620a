"""Filters as options of a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from art_mcp.painting import FILTERS, YEAR_FILTERS

WHERE = 'Only with this detail, e.g. location="Depot 3"; repeat it for several.'


def filter_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each filter, except for one that is its argument."""
    given = {parameter.name for parameter in getattr(command, "__click_params__", ())}
    for name in reversed([name for name in FILTERS if name not in given]):
        kind = int if name in YEAR_FILTERS else str
        option = f"--{name.replace('_', '-')}"
        if name == "where":
            command = click.option(option, multiple=True, metavar="NAME=VALUE", callback=_pairs, help=WHERE)(command)
        else:
            command = click.option(option, type=kind, help=FILTERS[name])(command)
    return command


def _pairs(context: click.Context, option: click.Parameter, given: Sequence[str]) -> dict[str, str] | None:
    """Read NAME=VALUE, which may be given several times."""
    pairs = {name: value for name, _, value in (each.partition("=") for each in given)}
    if not all(name.strip() and value.strip() for name, value in pairs.items()):
        raise click.BadParameter('must be NAME=VALUE, such as location="Depot 3"')
    return pairs or None
