"""Pulling a model from a hub on loopback, and from folders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.hub import Hub, hub_serving
from support.pair import NAME, PATHS, REPO, REVISION, write_manifest, write_pair

from art_mcp.vision.pair import pull as pulling
from art_mcp.vision.pair.manifest import Manifest, Source, read_manifest
from art_mcp.vision.pair.pull import PullError, find_manifest, from_folder, from_hub, pull
from art_mcp.vision.provider import VisionError

CHUNK = 1000


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pair")
    write_pair(folder)
    return folder


@pytest.fixture
def manifest(pair: Path) -> Manifest:
    return read_manifest(pair / "model.json")


@pytest.fixture
def hub(pair: Path) -> Iterator[Hub]:
    with hub_serving(Hub.of(pair, REPO, REVISION, PATHS)) as hub:
        yield hub


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture(autouse=True)
def as_with_large_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library writes 10 MB at a time, and waits for seconds before it tries again."""
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", CHUNK)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)


def pull_from(hub: Hub, manifest: Manifest, models: Path, endpoint: str | None = None) -> bool:
    assert manifest.source
    return pull(manifest, models, from_hub(manifest.source, endpoint or hub.url))


def fails(hub: Hub, manifest: Manifest, models: Path, endpoint: str | None = None) -> str:
    with pytest.raises(PullError) as raised:
        pull_from(hub, manifest, models, endpoint)
    assert not (models / NAME).exists()
    return str(raised.value)


def is_whole(models: Path, pair: Path) -> bool:
    there = {path.name: path.read_bytes() for path in (models / NAME).iterdir()}
    expected = {name: (pair / name).read_bytes() for name in PATHS}
    return there.pop("model.json") is not None and there == expected and not (models / f"{NAME}.part").exists()


def path_of(name: str) -> str:
    return f"/{REPO}/resolve/{REVISION}/{PATHS[name]}"


@pytest.mark.parametrize("renamed", [False, True])
def test_a_model_is_pulled_through_the_redirects_of_a_hub(
    renamed: bool, hub: Hub, manifest: Manifest, models: Path, pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_c4nary")
    hub.renamed = renamed
    assert pull_from(hub, manifest, models)
    assert is_whole(models, pair) and read_manifest(models / NAME / "model.json") == manifest
    assert len(hub.asked) == 3 * (3 if renamed else 2)
    for asked in hub.asked:
        assert "authorization" not in asked.headers and "c4nary" not in str(asked)
        assert asked.headers["accept-encoding"] == "identity"
        assert asked.headers["user-agent"].startswith("art-mcp/") and "python" not in asked.headers["user-agent"]
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
    hub.asked.clear()
    assert not pull_from(hub, manifest, models)
    assert hub.asked == []


def test_a_damaged_model_is_pulled_again(hub: Hub, manifest: Manifest, models: Path, pair: Path) -> None:
    pull_from(hub, manifest, models)
    (models / NAME / "text.onnx").write_bytes(b"damaged")
    assert pull_from(hub, manifest, models)
    assert is_whole(models, pair)


def test_a_broken_connection_is_continued(hub: Hub, manifest: Manifest, models: Path, pair: Path) -> None:
    hub.cut_after, hub.cuts = 10 * CHUNK, 2
    assert pull_from(hub, manifest, models)
    assert is_whole(models, pair)
    assert hub.ranges()[:4] == ["", "", "bytes=10000-", "bytes=20000-"]


@pytest.mark.parametrize("ignores_range", [False, True])
def test_the_next_pull_continues_an_interrupted_one(
    ignores_range: bool, hub: Hub, manifest: Manifest, models: Path, pair: Path
) -> None:
    right = hub.files[path_of("text.onnx")]
    hub.files[path_of("text.onnx")] = right[: 20 * CHUNK]
    said = fails(hub, manifest, models)
    assert f"127.0.0.1 sent only 20,000 of the {len(right):,} bytes of onnx/text_model.onnx." in said
    assert "run the same command again to continue" in said
    hub.files[path_of("text.onnx")], hub.ignores_range = right, ignores_range
    hub.asked.clear()
    assert pull_from(hub, manifest, models)
    assert is_whole(models, pair)
    assert hub.ranges() == ["bytes=20000-", ""]


def test_a_connection_that_always_breaks(hub: Hub, manifest: Manifest, models: Path) -> None:
    hub.cut_after, hub.cuts = 1, 100
    said = fails(hub, manifest, models)
    assert "127.0.0.1 cannot be reached (RemoteProtocolError). What has been downloaded is kept" in said


def test_files_that_are_whole_are_not_asked_for_again(hub: Hub, manifest: Manifest, models: Path, pair: Path) -> None:
    hub.files.pop(path_of("tokenizer.json"))
    said = fails(hub, manifest, models)
    assert "127.0.0.1 answered HTTP 404 for tokenizer.json." in said and "--endpoint" in said and "--from" in said
    hub.files[path_of("tokenizer.json")] = (pair / "tokenizer.json").read_bytes()
    hub.asked.clear()
    assert pull_from(hub, manifest, models)
    assert is_whole(models, pair) and len(hub.ranges()) == 1


def test_a_mirror_that_lies_about_the_content_is_found_out(
    hub: Hub, manifest: Manifest, models: Path, pair: Path
) -> None:
    right = hub.files[path_of("text.onnx")]
    hub.files[path_of("text.onnx")] = right[:-1] + bytes([right[-1] ^ 1])
    said = fails(hub, manifest, models)
    assert said.startswith("text.onnx is not the file that the manifest describes (its SHA-256 differs)")
    assert {path.name for path in (models / f"{NAME}.part").iterdir()} == {"vision.onnx"}
    hub.files[path_of("text.onnx")] = right
    assert pull_from(hub, manifest, models)
    assert is_whole(models, pair)


def test_a_short_file_is_not_accepted(hub: Hub, manifest: Manifest, models: Path) -> None:
    right = hub.files[path_of("vision.onnx")]
    hub.files[path_of("vision.onnx")] = right[:-10]
    assert f"sent only {len(right) - 10:,} of the {len(right):,} bytes" in fails(hub, manifest, models)
    assert "HTTP 416" in fails(hub, manifest, models)  # there is nothing after what is here
    hub.files[path_of("vision.onnx")] = right
    assert pull_from(hub, manifest, models)


def test_a_file_without_end_is_cut_off(hub: Hub, manifest: Manifest, models: Path) -> None:
    hub.endless = True
    said = fails(hub, manifest, models)
    assert "vision.onnx is longer than the" in said
    assert list((models / f"{NAME}.part").iterdir()) == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "It asks for a login, and art-mcp sends none."),
        (403, "It asks for a login, and art-mcp sends none."),
        (429, "It received too many requests. Wait some minutes."),
        (503, "Try again later, name a mirror with --endpoint"),
    ],
)
def test_what_the_hub_refuses_is_said(status: int, expected: str, hub: Hub, manifest: Manifest, models: Path) -> None:
    hub.status = status
    said = fails(hub, manifest, models)
    assert f"127.0.0.1 answered HTTP {status} for onnx/vision_model.onnx. {expected}" in said


def test_a_hub_that_cannot_be_reached(hub: Hub, manifest: Manifest, models: Path) -> None:
    said = fails(hub, manifest, models, "http://user:c4nary@127.0.0.1:9/")
    assert said.startswith("127.0.0.1 cannot be reached (ConnectError).") and "c4nary" not in said
    for wrong in ("huggingface.co", "file:///etc", "ftp://mirror"):
        with pytest.raises(PullError, match="not an http or https URL"):
            pull_from(hub, manifest, models, wrong)


def test_offline_is_respected(hub: Hub, manifest: Manifest, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "because HF_HUB_OFFLINE is set. Unset it, or copy" in fails(hub, manifest, models)
    assert hub.asked == []


def test_the_endpoint_of_the_environment_is_used(
    hub: Hub, manifest: Manifest, models: Path, pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url + "/")
    assert pull(manifest, models, from_hub(Source(repo=REPO, revision=REVISION), None))
    assert is_whole(models, pair)


def test_there_must_be_room(hub: Hub, manifest: Manifest, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    free = [2 * manifest.bytes - 1]
    monkeypatch.setattr(pulling.shutil, "disk_usage", lambda path: usage(0, 0, free[0]))
    assert "free disk space (twice its size)" in fails(hub, manifest, models) and hub.asked == []
    free[0] += 1
    assert pull_from(hub, manifest, models)


@pytest.mark.slow
def test_a_killed_pull_is_continued_by_the_next(hub: Hub, manifest: Manifest, models: Path, pair: Path) -> None:
    hub.cut_after, hub.cuts, hub.stalls = 50 * CHUNK, 1, True
    code = (
        "import sys; from pathlib import Path; from huggingface_hub import constants\n"
        "constants.DOWNLOAD_CHUNK_SIZE = 1000\n"
        "from art_mcp.vision.pair.manifest import read_manifest\n"
        "from art_mcp.vision.pair.pull import from_hub, pull\n"
        "manifest = read_manifest(Path(sys.argv[1]))\n"
        "pull(manifest, Path(sys.argv[2]), from_hub(manifest.source, sys.argv[3]))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, pair / "model.json", models, hub.url]) as process:
        assert hub.stalled.wait(60)
        part = models / f"{NAME}.part" / "text.onnx"
        while part.stat().st_size < 40 * CHUNK:
            time.sleep(0.01)
        process.kill()
    kept = part.stat().st_size
    assert kept <= 50 * CHUNK and not (models / NAME).exists()
    hub.asked.clear()
    assert pull_from(hub, manifest, models)
    assert is_whole(models, pair)
    assert hub.ranges() == [f"bytes={kept}-", ""]


@pytest.mark.parametrize("layout", ["by name", "repo", "cache", "home of the cache"])
def test_files_are_copied_from_a_folder(
    layout: str, manifest: Manifest, models: Path, pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given"
    snapshot = Path("models--museum--tiny-pair-ONNX", "snapshots", REVISION)
    inside = {"by name": Path(), "repo": Path(), "cache": snapshot, "home of the cache": "hub" / snapshot}[layout]
    for name, path in PATHS.items():
        target = given / inside / (name if layout == "by name" else path)
        target.parent.mkdir(parents=True, exist_ok=True)
        blob = tmp_path / "blobs" / name
        blob.parent.mkdir(exist_ok=True)
        shutil.copy(pair / name, blob)
        target.symlink_to(blob)  # as in a hub's cache
    assert pull(manifest, models, from_folder(given))
    assert is_whole(models, pair) and not (models / NAME / "text.onnx").is_symlink()


def test_a_folder_without_a_file(manifest: Manifest, models: Path, pair: Path, tmp_path: Path) -> None:
    with pytest.raises(PullError, match=r"has no file vision.onnx or onnx/vision_model.onnx\. Copy it there"):
        pull(manifest, models, from_folder(tmp_path))
    os.mkfifo(tmp_path / "vision.onnx")  # opening it would hang
    with pytest.raises(PullError, match=r"has no file vision\.onnx"):
        pull(manifest, models, from_folder(tmp_path))
    (tmp_path / "vision.onnx").unlink()
    with (tmp_path / "vision.onnx").open("wb") as sparse:
        sparse.truncate(1 << 40)
    with pytest.raises(PullError, match="is longer than the"):
        pull(manifest, models, from_folder(tmp_path))
    assert list((models / f"{NAME}.part").iterdir()) == []


def test_which_manifest_is_used(pair: Path, tmp_path: Path) -> None:
    assert find_manifest("anything", pair).name == NAME
    ours = find_manifest("siglip2-b16-224", None)
    assert ours == find_manifest("siglip2-b16-224", tmp_path)  # a folder with the hub's files alone
    assert ours.bytes == 381_068_780 and ours.space.dimensions == 768
    with pytest.raises(PullError, match=r"There is no model 'bogus'\. Pull one of siglip2-b16-224"):
        find_manifest("bogus", None)
    write_manifest(tmp_path, json.loads((pair / "model.json").read_text()) | {"name": "siglip2-b16-224"})
    with pytest.raises(PullError, match="describes another model under the name siglip2-b16-224"):
        find_manifest("siglip2-b16-224", tmp_path)


def test_another_model_needs_another_version(models: Path, tmp_path: Path) -> None:
    given: dict[str, Any] = write_pair(tmp_path / "given")
    fetch = from_folder(tmp_path / "given")
    assert pull(Manifest.model_validate_json(json.dumps(given)), models, fetch)
    given["text"]["prefix"] = "a painting of "
    with pytest.raises(PullError, match=r"Another model tiny-pair of the version 1\.p1 is pulled\. Change the version"):
        pull(Manifest.model_validate_json(json.dumps(given)), models, fetch)
    given |= {"version": "2.p1"}
    given["text"] |= {"prefix": "", "example": {"text": "a dog.", "ids": [235250, 5929, 235265, 1]}}
    assert pull(Manifest.model_validate_json(json.dumps(given)), models, fetch)
    assert read_manifest(models / NAME / "model.json").version == "2.p1"


def test_a_model_that_fails_its_test_is_deleted(models: Path, tmp_path: Path) -> None:
    given: dict[str, Any] = write_pair(tmp_path / "given")
    given["image"]["mean"] = [-0.9, 0.9, 0.9]
    for wrong, said in (
        ({}, r"tiny-pair does not work here: for \d of 6 descriptions, it prefers another picture"),
        ({"text": {**given["text"], "example": {"text": "a dog.", "ids": [7, 1]}}}, "The tokenizer of tiny-pair makes"),
    ):
        manifest = Manifest.model_validate_json(json.dumps(given | wrong))
        with pytest.raises(VisionError, match=said):
            pull(manifest, models, from_folder(tmp_path / "given"))
        assert list(models.iterdir()) == []


def test_a_folder_that_cannot_be_written(manifest: Manifest, pair: Path, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(PullError, match="The model cannot be stored: "):
        pull(manifest, tmp_path / "models", from_folder(pair))
