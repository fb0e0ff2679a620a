"""Gets a model from the hub or from a folder, checks it, and puts it in its place.

    DATA/models/NAME/         a pulled model: model.json and its files
    DATA/models/NAME.part/    an unfinished pull, which the next one continues

The caller prevents two pulls of the same model at the same time.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from art_mcp.errors import ArtMcpError
from art_mcp.vision.pair.external_data import has_external_data
from art_mcp.vision.pair.manifest import FILE_NAME, TOKENIZER, FileName, Manifest, Source, read_manifest, shipped
from art_mcp.vision.pair.self_test import self_test
from art_mcp.vision.provider import VisionError

Fetch = Callable[[Manifest, FileName, Path], None]
"""Writes or continues one file of a model: its name in the manifest, and where it goes."""

HUB = "https://huggingface.co"
CHUNK = 1 << 20
RESUMES = "What has been downloaded is kept: run the same command again to continue."
OTHERWISE = (
    "Try again later, name a mirror with --endpoint, or copy the files from a machine that reaches the hub (--from)."
)


class PullError(ArtMcpError):
    """A model could not be pulled."""


class _TooLongError(PullError):
    """A file has more bytes than its manifest says."""


def pull(manifest: Manifest, models: Path, fetch: Fetch) -> bool:
    """Get the files of a model that are not there, check them, and put the model in its place. Blocking.

    Returns:
        Whether the model is new; not if it was there, and intact.

    Raises:
        PullError: a file could not be downloaded, or is not the right one; the others are kept for the next pull.
        VisionError: the model does not work; its files are deleted.
    """
    place, part = models / manifest.name, models / f"{manifest.name}.part"
    if _is_there(place, manifest):
        return False
    try:
        part.mkdir(parents=True, exist_ok=True)
        _check_space(manifest, part)
        for name in manifest.files:
            _get(manifest, name, part / name, fetch)
        try:
            _check_onnx(manifest, part)
            self_test(part, manifest)
        except VisionError:
            shutil.rmtree(part)
            raise
        (part / FILE_NAME).write_text(manifest.model_dump_json(indent=2), "utf-8")
        if place.exists():
            shutil.rmtree(place)
        part.rename(place)
    except OSError as error:
        raise _explain(error) from error
    return True


def find_manifest(name: str, folder: Path | None) -> Manifest:
    """The manifest of a model to pull: that of the folder, if there is one, or else ours.

    Raises:
        PullError: there is none of this name.
        VisionError: that of the folder is invalid.
    """
    known = shipped()
    if folder is not None and (folder / FILE_NAME).exists():
        manifest = read_manifest(folder / FILE_NAME)
        ours = known.get(manifest.name, manifest)
        if manifest != ours:
            raise PullError(
                f"{folder / FILE_NAME} describes another model under the name {manifest.name}, which art-mcp knows.",
                "Give it another name.",
            )
        return manifest
    if name not in known:
        raise PullError(
            f"There is no model {name!r:.60}.",
            f"Pull one of {', '.join(known)}, or a folder with a {FILE_NAME} (--from).",
        )
    return known[name]


def from_folder(folder: Path) -> Fetch:
    """Copies files from a folder with a `model.json`, with a hub's files, or with a hub's cache."""

    def fetch(manifest: Manifest, name: FileName, target: Path) -> None:
        file = manifest.files[name]
        source = next((path for path in _candidates(folder, manifest, name) if path.is_file()), None)
        if source is None:
            looked = " or ".join(dict.fromkeys((name, file.path)))
            raise PullError(f"{folder} has no file {looked}.", "Copy it there, or name another folder.")
        try:
            reading = source.open("rb")
        except OSError as error:
            raise PullError(f"{source} cannot be read: {error.strerror}.", "Check its permissions.") from error
        with reading, _Bounded(target, file.bytes, resume=False) as writing:
            shutil.copyfileobj(reading, writing, CHUNK)

    return fetch


def _candidates(folder: Path, manifest: Manifest, name: FileName) -> Iterator[Path]:
    path = manifest.files[name].path
    yield from (folder / name, folder / path)
    if source := manifest.source:
        for cache in (folder, folder / "hub"):
            yield cache / f"models--{source.repo.replace('/', '--')}" / "snapshots" / source.revision / path


def from_hub(source: Source, endpoint: str | None) -> Fetch:
    """Downloads files from the hub or a mirror of it; never sends a token.

    Args:
        endpoint: its URL; None means that of HF_ENDPOINT, or else the hub's own.

    Raises:
        PullError: the endpoint is not a URL.
    """
    endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    host = urlsplit(endpoint).hostname
    if urlsplit(endpoint).scheme not in ("http", "https") or not host:
        raise PullError("The endpoint is not an http or https URL.", f"Write it like {HUB}.")

    def fetch(manifest: Manifest, name: FileName, target: Path) -> None:
        # Only this function needs the library, which reads these variables when it is imported.
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
        from huggingface_hub import hf_hub_url
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
        from huggingface_hub.file_download import http_get

        file = manifest.files[name]
        url = hf_hub_url(source.repo, file.path, revision=source.revision, endpoint=endpoint)
        # No token, although the user may have stored one.
        headers = {"User-Agent": f"art-mcp/{version('art-mcp')}", "Accept-Encoding": "identity"}
        try:
            with _Bounded(target, file.bytes, resume=True) as writing:
                # `hf_hub_download` would begin again after every interruption.
                http_get(
                    url,
                    writing,
                    resume_size=writing.tell(),
                    headers=headers,
                    expected_size=file.bytes,
                    displayed_filename=file.path,
                )
        except OfflineModeIsEnabled:
            raise PullError(
                "The hub was not asked, because HF_HUB_OFFLINE is set.",
                "Unset it, or copy the files from a machine that reaches the hub (--from).",
            ) from None
        except HfHubHTTPError as error:
            status = error.response.status_code
            if status == 416:
                target.unlink()  # there is more of it here than there: begin again next time
            raise _refused(f"{host} answered HTTP {status} for {file.path}.", status) from error
        except _TooLongError:
            raise
        except OSError as error:
            if error.errno is not None:
                raise
            got = target.stat().st_size
            raise PullError(f"{host} sent only {got:,} of the {file.bytes:,} bytes of {file.path}.", RESUMES) from error
        except Exception as error:  # each version of the library uses another HTTP client, with its own exceptions
            raise PullError(f"{host} cannot be reached ({type(error).__name__}).", f"{RESUMES} {OTHERWISE}") from error

    return fetch


def _refused(problem: str, status: int) -> PullError:
    if status == 429:
        return PullError(f"{problem} It received too many requests.", f"Wait some minutes. {RESUMES}")
    if status in (401, 403):
        return PullError(f"{problem} It asks for a login, and art-mcp sends none.", OTHERWISE)
    return PullError(problem, OTHERWISE)


class _Bounded(io.BufferedWriter):
    """A file that never grows beyond a size, whoever writes to it.

    Args:
        resume: keep what is there, and continue after it.
    """

    def __init__(self, path: Path, limit: int, *, resume: bool) -> None:
        if not resume:
            path.unlink(missing_ok=True)
        path.touch()
        super().__init__(io.FileIO(path, "r+b"))
        self.seek(0, os.SEEK_END)
        self._limit, self._name = limit, path.name

    def write(self, data: Any, /) -> int:
        if self.tell() + len(data) > self._limit:
            raise _TooLongError(
                f"{self._name} is longer than the {self._limit:,} bytes that it must have, and was deleted.",
                "Get it from somewhere else.",
            )
        return super().write(data)


def _is_there(place: Path, manifest: Manifest) -> bool:
    if not (place / FILE_NAME).exists():
        return False
    try:
        there = read_manifest(place / FILE_NAME)
        if there == manifest:
            for file in there.opened(place).values():
                file.check()
            return True
    except VisionError:
        return False  # damaged: pull it again
    if there.version == manifest.version:
        raise PullError(
            f"Another model {manifest.name} of the version {manifest.version} is pulled.",
            "Change the version in the manifest, so that vectors of both are not mixed.",
        )
    return False


def _check_space(manifest: Manifest, part: Path) -> None:
    """Require twice the size of the model, so that a pull never fills the disk of the database."""
    here = sum(path.stat().st_size for path in part.iterdir() if path.is_file())
    needed = 2 * manifest.bytes - here
    if (free := shutil.disk_usage(part).free) < needed:
        raise PullError(
            f"{manifest.name} needs {needed / 1e6:,.0f} MB of free disk space (twice its size) in {part.parent}, "
            f"which has {free / 1e6:,.0f} MB.",
            "Free some space, or set ART_MCP_DATA_DIR to a folder on another disk.",
        )


def _get(manifest: Manifest, name: FileName, target: Path, fetch: Fetch) -> None:
    """Fetch a file unless all of it is there, and check it; deletes it if it is not the right one."""
    if target.exists() and target.stat().st_size > manifest.files[name].bytes:
        target.unlink()
    if not target.exists() or target.stat().st_size < manifest.files[name].bytes:
        try:
            fetch(manifest, name, target)
        except _TooLongError:
            target.unlink()
            raise
    try:
        manifest.opened(target.parent)[name].check()
    except VisionError as error:
        target.unlink()
        raise PullError(
            f"{name} is not the file that the manifest describes (its SHA-256 differs), and was deleted.",
            "Run the command again; if this repeats, get the model from somewhere else (--endpoint, --from).",
        ) from error


def _check_onnx(manifest: Manifest, part: Path) -> None:
    for name in manifest.files.keys() - {TOKENIZER}:
        try:
            refers = has_external_data(part / name)
        except ValueError as error:
            raise VisionError(f"{name} of {manifest.name} is not an ONNX file: {error}.", "Get another one.") from error
        if refers:
            raise VisionError(
                f"{name} of {manifest.name} keeps data in another file, which is refused.",
                "Export it with its data inside.",
            )


def _explain(error: OSError) -> PullError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PullError("The disk is full.", f"Free some space. {RESUMES}")
    return PullError(
        f"The model cannot be stored: {error.strerror or type(error).__name__}.",
        "Check that the folder of ART_MCP_DATA_DIR can be written.",
    )
