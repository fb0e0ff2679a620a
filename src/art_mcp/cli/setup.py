"""`art-mcp setup`: adds art-mcp to the configuration of a chat client, or removes it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import click

from art_mcp.clients.client import Client
from art_mcp.clients.file import ClientFile, ClientFileError
from art_mcp.clients.known import NAMES, clients
from art_mcp.clients.launch import command, settings_to_pass, starts_art_mcp
from art_mcp.errors import ArtMcpError
from art_mcp.settings import user_env_file, variable

SERVER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")  # what Claude Code accepts


class SetupError(ArtMcpError):
    """The entry cannot be written, or is that of another server."""


@click.command()
@click.argument("client", required=False, type=click.Choice(NAMES))
@click.option("--write", is_flag=True, help="Write the entry to the client's file; everything else in it is kept.")
@click.option("--undo", is_flag=True, help="Remove the entry from the client's file.")
@click.option(
    "--image-dir",
    "image_dirs",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that the tools may read, instead of those in ART_MCP_IMAGE_DIRS; can be repeated.",
)
@click.option("--read-only", is_flag=True, help="Disable the tools that change collections.")
@click.option("--name", default="art", show_default=True, help="Name of the server in the client.")
@click.pass_context
def setup(
    ctx: click.Context,
    client: str | None,
    write: bool,
    undo: bool,
    image_dirs: tuple[Path, ...],
    read_only: bool,
    name: str,
) -> None:
    """Add art-mcp to the configuration of CLIENT.

    Prints the entry for you to paste; with --write, writes it, even if the client was not found on this machine.
    Without CLIENT, lists which clients were found and which of them have art-mcp.

    The entry starts this installation of art-mcp, with the --env-file that you pass before "setup" and the ART_MCP_*
    variables that are set, but never with secrets.
    """
    try:
        known = clients(sys.platform, Path.home(), os.environ)
    except RuntimeError:
        raise SetupError("This user has no home folder.", "Set HOME.") from None
    if client is None:
        if write or undo or image_dirs or read_only:
            raise click.UsageError(f"Name the client: {', '.join(NAMES)}.")
        _list(known)
        return
    if not SERVER_NAME.fullmatch(name):
        raise click.UsageError("--name can have letters, digits, - and _.")
    if undo and (write or image_dirs or read_only):
        raise click.UsageError("--undo takes no other option than --name.")
    if undo:
        _undo(known[client], name)
        return
    entry = _entry(known[client], name, ctx.find_root().params["env_file"], image_dirs, read_only)
    if write:
        _write(known[client], name, entry)
    else:
        _print(known[client], name, entry)


def _entry(
    client: Client, name: str, env_file: Path | None, image_dirs: tuple[Path, ...], read_only: bool
) -> dict[str, Any]:
    words = command()
    if env_file is not None:
        words += ["--env-file", os.path.abspath(env_file)]
    if read_only:
        words += ["serve", "--read-only"]
    passed, secret = settings_to_pass(os.environ)
    if image_dirs:
        passed[variable("image_dirs")] = os.pathsep.join(_listable(folder) for folder in image_dirs)
    for text in (*words, *passed.values()):
        if text.encode(errors="ignore").decode() != text:
            raise SetupError(f"{text!r} is not UTF-8, which a client's file must be.", "Rename the file or folder.")
    if secret:
        click.echo(
            f"Omitted, because they are secret: {', '.join(secret)}. Set them in "
            f"{user_env_file()}, or in a file that you pass with `art-mcp --env-file FILE setup`.",
            err=True,
        )
    return client.shape.entry(name, words, passed)


def _listable(folder: Path) -> str:
    path = os.path.abspath(folder)
    if os.pathsep in path or path != path.strip():
        problem = f"{path!r} cannot be listed in {variable('image_dirs')}, where {os.pathsep} separates folders."
        raise SetupError(problem, "Rename it, or give its parent folder.")
    return path


def _print(client: Client, name: str, entry: dict[str, Any]) -> None:
    if client.name == "claude-code":
        click.echo("Run this, or pass --write to write the entry:", err=True)
    else:
        click.echo(f"Add this to {client.file}, or pass --write to write it:", err=True)
    click.echo(client.snippet(name, entry, sys.platform))


def _write(client: Client, name: str, entry: dict[str, Any]) -> None:
    try:
        file = ClientFile.read(client)
    except ClientFileError:
        click.echo(client.snippet(name, entry, sys.platform))
        raise
    before = file.servers.get(name)
    if before is not None and not starts_art_mcp(client.shape.words(before)):
        raise SetupError(f"{name} in {client.file} belongs to another server.", "Choose another --name.")
    after = client.shape.merged(before or {}, entry)
    if after == before:
        click.echo(f"{client.file} has this entry already; there is nothing to change.")
        return
    if not client.found:
        click.echo(f"{client.title} was not found ({client.home} does not exist); writing its file anyway.", err=True)
    file.put(name, after)
    if before is None:
        click.echo(f"Added {name} to {client.file}. Restart {client.title} to use it.")
    else:
        changed = ", ".join(key for key in after if after[key] != before.get(key))
        click.echo(f"Updated {changed} of {name} in {client.file}. Restart {client.title} to use it.")


def _undo(client: Client, name: str) -> None:
    try:
        file = ClientFile.read(client)
    except ClientFileError as error:
        raise SetupError(error.problem, f"It was not changed; remove {name} from it by hand.") from None
    if name not in file.servers:
        click.echo(f"{client.file} has no entry {name}; there is nothing to undo.")
        return
    if not starts_art_mcp(client.shape.words(file.servers[name])):
        raise SetupError(f"{name} in {client.file} belongs to another server.", "Pass the name of yours with --name.")
    file.drop(name)
    click.echo(f"Removed {name} from {client.file}. Restart {client.title} to apply the change.")


def _list(known: dict[str, Client]) -> None:
    for client in known.values():
        if client.found:
            click.echo(f"{client.name:15} {_state(client)}")
    if missing := [client.name for client in known.values() if not client.found]:
        click.echo(f"Not found: {', '.join(missing)}.")
    click.echo("`art-mcp setup CLIENT` prints the entry for a client's file, and with --write writes it.", err=True)


def _state(client: Client) -> str:
    try:
        servers = ClientFile.read(client).servers
    except ClientFileError as error:
        return error.problem
    names = [name for name, entry in servers.items() if starts_art_mcp(client.shape.words(entry))]
    if names:
        return f"has art-mcp as {', '.join(names)} in {client.file}"
    return f"has no art-mcp in {client.file}"
