"""`art-mcp token`: makes, lists and revokes the tokens with which people and programs call the server over HTTP."""

from __future__ import annotations

import difflib
import re
from datetime import timedelta

import click

from art_mcp.cli.with_runtime import with_runtime
from art_mcp.errors import ArtMcpError
from art_mcp.runtime import Runtime
from art_mcp.server.access.scopes import READ, SCOPES, with_implied
from art_mcp.settings import variable
from art_mcp.store import tokens
from art_mcp.store.tokens import Token

NAME = "[A-Za-z0-9][A-Za-z0-9._@-]{0,63}"


@click.group()
def token() -> None:
    """Make, list or revoke tokens for the server over HTTP."""


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(list(SCOPES)),
    default=READ,
    show_default=True,
    help="; ".join(f"{scope}: {allows}" for scope, allows in SCOPES.items()) + ".",
)
@click.option(
    "--expires",
    metavar="DAYS",
    type=click.IntRange(1, 3650),
    default=365,
    show_default=True,
    help="Number of days for which it is valid.",
)
@with_runtime
async def new(runtime: Runtime, name: str, scope: str, expires: int) -> None:
    """Make a token for NAME, a person or a program, and print it once."""
    if not re.fullmatch(NAME, name):
        raise click.UsageError("NAME has 1 to 64 letters, digits and . _ @ -, and begins with a letter or a digit.")
    scopes = sorted(with_implied([scope]))
    secret, made = await tokens.create(await runtime.database(), name, scopes, timedelta(days=expires))
    url = runtime.settings.database_url
    database = f"the database of {variable('database_url')}" if url else "the embedded database"
    click.echo(secret)
    click.echo(
        f"This token for {_described(made)} is shown only once. Its owner sends it in the header\n"
        "  Authorization: Bearer TOKEN\n"
        f"It is valid for servers of {database}. `art-mcp token revoke {name}` revokes it at once.",
        err=True,
    )


@token.command("list")
@with_runtime
async def list_(runtime: Runtime) -> None:
    """List the tokens: name, first characters, scopes and expiry."""
    found = await tokens.tokens(await runtime.database())
    for each in found:
        click.echo(_described(each))
    if not found:
        click.echo("There are no tokens. `art-mcp token new NAME` makes one.")


@token.command()
@click.argument("name")
@with_runtime
async def revoke(runtime: Runtime, name: str) -> None:
    """Revoke the token of NAME; running servers refuse it at once."""
    database = await runtime.database()
    if not await tokens.revoke(database, name):
        names = [each.name for each in await tokens.tokens(database)]
        near = difflib.get_close_matches(name, names) or names
        hint = f"Names with tokens: {', '.join(near[:10])}." if near else "There are no tokens."
        raise ArtMcpError(f"{name!r:.80} has no token.", hint)
    click.echo(f"The token of {name} has been revoked.")


def _described(each: Token) -> str:
    until = f"{each.expires_at:%Y-%m-%d}"
    valid = f"expired on {until}" if each.expired else f"valid until {until}"
    return f"{each.name} (artmcp_{each.id}..., {' '.join(each.scopes)}, {valid})"
