"""`art-mcp models`: lists, pulls and removes models that can replace the built-in one."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from art_mcp.errors import ArtMcpError
from art_mcp.settings import Settings, variable
from art_mcp.store.embedded_watcher import Lock
from art_mcp.vision.pair import pull as pulling
from art_mcp.vision.pair import pulled
from art_mcp.vision.pair.manifest import FILE_NAME, NAME, Manifest, read_manifest, shipped
from art_mcp.vision.provider import VisionError
from art_mcp.vision.sentence import PACKAGE, installed_model
from art_mcp.vision.weights import MODELS


@click.group()
def models() -> None:
    """List, pull or remove models that can replace the built-in one."""


@models.command("list")
@click.pass_obj
def list_(settings: Settings) -> None:
    """List the built-in, the pulled and the available models, with size, licence and use."""
    used = " (new databases use it)"
    chosen = pulled.chosen(settings)
    local = settings.embeds_by == "local"
    click.echo(f"built-in: {_built_in_bytes() / 1e6:.0f} MB, see NOTICE for its parts' licences{used * local}")
    names = settings.pulled_models
    for name in names:
        try:
            said = _described(read_manifest(settings.models_dir / name / FILE_NAME))
        except VisionError as error:
            said = str(error)
        click.echo(f"{name}: {said}; pulled{used * (name == chosen)}")
    for name, manifest in shipped().items():
        if name not in names:
            click.echo(f"{name}: {_described(manifest)}; `art-mcp models pull {name}` downloads it")
    if not local and chosen is None:
        click.echo(f"New databases use {settings.embeds_by}, which the settings name.")
    elif chosen is not None and chosen not in names:
        click.echo(f"{variable('onnx_pair_model')} names {chosen}, which is not pulled.")


@models.command()
@click.argument("name", default=pulled.DEFAULT)
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Copy the files from this folder (with model.json, or a hub's cache) instead of downloading them.",
)
@click.option("--endpoint", metavar="URL", help="Mirror of the hub.  [default: HF_ENDPOINT or huggingface.co]")
@click.pass_context
def pull(ctx: click.Context, name: str, folder: Path | None, endpoint: str | None) -> None:
    """Get the model NAME, by default SigLIP 2, check it and use it for new databases."""
    settings: Settings = ctx.obj
    if folder and endpoint:
        raise click.UsageError("Give either --from or --endpoint.")
    manifest = pulling.find_manifest(name, folder)
    if ctx.get_parameter_source("name") is not click.core.ParameterSource.DEFAULT and name != manifest.name:
        raise click.UsageError(f"The folder has the model {manifest.name}, not {name}.")
    if folder:
        fetch, origin = pulling.from_folder(folder), str(folder)
    elif source := manifest.source:
        fetch, origin = pulling.from_hub(source, endpoint), f"{source.repo} on the hub, revision {source.revision}"
    else:
        raise click.UsageError(f"{manifest.name} has no source; give --from.")
    click.echo(f"{manifest.name}: {_described(manifest)}. From {origin}.")
    click.echo(f"Licence: {manifest.licence}. {manifest.terms}".rstrip())
    click.echo("art-mcp distributes none of these files; you get them from their publisher, under these terms.")
    with _alone(settings, manifest.name):
        new = pulling.pull(manifest, settings.models_dir, fetch)
    click.echo(f"{manifest.name} is {'pulled' if new else 'already pulled'}, and works on this machine.")
    if pulled.chosen(settings) == manifest.name:
        click.echo("New databases use it. `art-mcp reembed` moves an existing one to it.")
    else:
        named = f"{variable('vision')}=onnx-pair and {variable('onnx_pair_model')}={manifest.name}"
        click.echo(f"The settings name another model. To use this one, set {named}.")


@models.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def remove(settings: Settings, name: str, yes: bool) -> None:
    """Delete the files of the pulled model NAME, and those of an unfinished pull."""
    folders = [settings.models_dir / name, settings.models_dir / f"{name}.part"]
    if not re.fullmatch(NAME, name) or not any(folder.is_dir() for folder in folders):
        there = ", ".join(settings.pulled_models) or "none"
        raise ArtMcpError(f"No model {name!r:.60} is pulled.", f"The pulled models are: {there}.")
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("Not a terminal; pass --yes to confirm.")
    question = f"Delete {name}? Databases that it filled are then searched by words only, until you pull it again."
    if not yes and not click.confirm(question):
        click.echo("Nothing was deleted.")
        return
    with _alone(settings, name):
        for folder in folders:
            if folder.is_dir():
                shutil.rmtree(folder)
    click.echo(f"{name} is deleted.")


def _built_in_bytes() -> int:
    files = [*MODELS.iterdir(), installed_model(PACKAGE)]
    return sum(file.stat().st_size for file in files if file and file.is_file())


def _described(manifest: Manifest) -> str:
    return f"{manifest.bytes / 1e6:.0f} MB, {manifest.licence}, version {manifest.version}"


@contextmanager
def _alone(settings: Settings, name: str) -> Iterator[None]:
    """While no other process pulls or removes this model."""
    try:
        settings.models_dir.mkdir(parents=True, exist_ok=True)
        lock = Lock(settings.models_dir / f"{name}.lock")
    except OSError as error:
        raise ArtMcpError(
            f"{settings.models_dir} cannot be written: {error.strerror}.", f"Correct {variable('data_dir')}."
        ) from error
    with lock:
        if not lock.acquire():
            raise ArtMcpError(f"Another process is pulling or removing {name}.", "Wait until it finishes.")
        yield
