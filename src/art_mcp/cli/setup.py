"""`art-mcp setup`: puts art-mcp into the configuration of a chat client, or takes it out again."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import click

from art_mcp.clients.client import NAMES, Client, clients
from art_mcp.clients.file import ClientFile, ClientFileError
from art_mcp.clients.launch import command, settings_to_pass, starts_art_mcp
from art_mcp.errors import ArtMcpError
from art_mcp.settings import user_env_file, variable

SERVER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")  # what Claude Code takes


class SetupError(ArtMcpError):
    """What was asked for cannot be written, or is not ours to change."""


@click.command()
@click.argument("client", required=False, type=click.Choice(NAMES))
@click.option("--write", is_flag=True, help="Write it into the client's file; all else in it is kept.")
@click.option("--undo", is_flag=True, help="Take the entry out of the client's file again.")
@click.option(
    "--image-dir",
    "image_dirs",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder that the tools may read, instead of those of ART_MCP_IMAGE_DIRS; give it again for more.",
)
@click.option("--read-only", is_flag=True, help="Leave out the tools that change collections.")
@click.option("--name", default="art", show_default=True, help="What the client calls the server.")
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
    """Put art-mcp into the configuration of CLIENT.

    It prints what belongs there, to be pasted; with --write it writes it, also for a client that was not found
    here. Without CLIENT it says which clients are found and which of them have art-mcp.

    The entry starts the art-mcp that you run now, with the --env-file that you give before "setup" and the
    ART_MCP_* variables that are set, but never with secrets.
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
        raise click.UsageError("--name takes letters, digits, - and _.")
    if undo:
        _undo(known[client], name)
        return
    entry = _entry(known[client], ctx.find_root().params["env_file"], image_dirs, read_only)
    if write:
        _write(known[client], name, entry)
    else:
        _print(known[client], name, entry)


def _entry(client: Client, env_file: Path | None, image_dirs: tuple[Path, ...], read_only: bool) -> dict[str, Any]:
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
            raise SetupError(f"{text!r} is not UTF-8, which a client's file has to be.", "Rename the file or folder.")
    if secret:
        click.echo(
            f"Left out, because a client's file is no place for secrets: {', '.join(secret)}. Put it into "
            f"{user_env_file()}, or into a file that you give with `art-mcp --env-file FILE setup`.",
            err=True,
        )
    return client.entry(words, passed)


def _listable(folder: Path) -> str:
    path = os.path.abspath(folder)
    if os.pathsep in path or path != path.strip():
        problem = f"{path!r} cannot stand in {variable('image_dirs')}, where {os.pathsep} separates folders."
        raise SetupError(problem, "Rename it, or give the folder above it.")
    return path


def _print(client: Client, name: str, entry: dict[str, Any]) -> None:
    if client.name == "claude-code":
        click.echo("Run this, or add --write to have it done:", err=True)
    else:
        click.echo(
            f"This belongs into {client.file}, beside what is there; add --write to have it put there:", err=True
        )
    click.echo(client.snippet(name, entry, sys.platform))


def _write(client: Client, name: str, entry: dict[str, Any]) -> None:
    try:
        file = ClientFile.read(client)
    except ClientFileError:
        click.echo(client.snippet(name, entry, sys.platform))
        raise
    before = file.servers.get(name)
    if before is not None and not starts_art_mcp(before):
        raise SetupError(f"{name} in {client.file} is another server.", "Give yours another --name.")
    after = _merged(before or {}, entry)
    if after == before:
        click.echo(f"{client.file} has it already; there is nothing to change.")
        return
    if not client.found:
        click.echo(f"{client.title} was not found (there is no {client.folder}); it is written all the same.", err=True)
    file.put(name, after)
    if before is None:
        click.echo(f"{name} is in {client.file} now. Restart {client.title} to see it.")
    else:
        changed = ", ".join(key for key in after if after[key] != before.get(key))
        click.echo(f"{name} was in {client.file} already; its {changed} changed. Restart {client.title} to see it.")


def _merged(before: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """The entry, and what somebody added to the one that was there."""
    merged = before | entry
    if isinstance(kept := before.get("env"), dict):
        merged["env"] = kept | entry.get("env", {})
    return merged


def _undo(client: Client, name: str) -> None:
    try:
        file = ClientFile.read(client)
    except ClientFileError as error:
        raise SetupError(error.problem, f"It is left as it is; take {name} out of it by hand.") from None
    if name not in file.servers:
        click.echo(f"{client.file} has no {name}; there is nothing to undo.")
        return
    if not starts_art_mcp(file.servers[name]):
        raise SetupError(f"{name} in {client.file} is another server.", "Say with --name how yours is called.")
    file.drop(name)
    click.echo(f"{name} is taken out of {client.file}. Restart {client.title} to see it go.")


def _list(known: dict[str, Client]) -> None:
    for client in known.values():
        click.echo(f"{client.name:15} {_state(client)}")
    click.echo("`art-mcp setup CLIENT` prints what belongs into its file, and with --write writes it.", err=True)


def _state(client: Client) -> str:
    if not client.found:
        return "not found"
    try:
        servers = ClientFile.read(client).servers
    except ClientFileError as error:
        return f"found; {error.problem}"
    names = [name for name, entry in servers.items() if starts_art_mcp(entry)]
    if names:
        return f"found; has art-mcp as {', '.join(names)} in {client.file}"
    return f"found; has no art-mcp in {client.file}"
