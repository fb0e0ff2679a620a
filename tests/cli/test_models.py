"""`art-mcp models` as a user runs it, and what a pulled model changes, with a small pair from a hub on loopback."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from support.command import art_mcp, art_mcp_here, failed
from support.hub import Hub, hub_serving
from support.pair import NAME, PATHS, REPO, REVISION, write_manifest, write_pair

from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.space import Leg
from art_mcp.store.embedded_watcher import Lock
from art_mcp.vision.pair.pulled import SUGGESTION

MADE_BY = "tiny-pair 1.p1"


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pair's files; art-mcp knows it as it knows the real model."""
    given = write_pair(tmp_path / "pair")
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / f"{NAME}.json").write_text(json.dumps(given))
    monkeypatch.setattr("art_mcp.vision.pair.manifest.SHIPPED", tmp_path / "shipped")
    return tmp_path / "pair"


@pytest.fixture
def hub(shipped: Path) -> Iterator[Hub]:
    with hub_serving(Hub.of(shipped, REPO, REVISION, PATHS)) as hub:
        yield hub


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def models(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return art_mcp_here("models", *arguments, ART_MCP_DATA_DIR=str(data), **environment)


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_model_is_listed_pulled_and_removed(hub: Hub, data: Path) -> None:
    assert said(models(data, "list")) == (
        "built-in: 40 MB, see NOTICE for its parts' licences (new databases use it)\n"
        "tiny-pair: 0 MB, CC0-1.0, version 1.p1; `art-mcp models pull tiny-pair` downloads it\n"
    )
    assert said(models(data, "pull", NAME, "--endpoint", hub.url)) == (
        f"tiny-pair: 0 MB, CC0-1.0, version 1.p1. From {REPO} on the hub, revision {REVISION}.\n"
        "Licence: CC0-1.0. Made by a test.\n"
        "art-mcp distributes none of these files; you get them from their publisher, under these terms.\n"
        "tiny-pair is pulled, and works on this machine.\n"
        "New databases use it. `art-mcp reembed` moves an existing one to it.\n"
    )
    assert said(models(data, "list")) == (
        "built-in: 40 MB, see NOTICE for its parts' licences\n"
        "tiny-pair: 0 MB, CC0-1.0, version 1.p1; pulled (new databases use it)\n"
    )
    assert "tiny-pair is already pulled" in said(models(data, "pull", NAME, "--endpoint", hub.url))
    assert "pass --yes" in failed(models(data, "remove", NAME))
    assert said(models(data, "remove", NAME, "--yes")) == "tiny-pair is deleted.\n"
    assert not (data / "models" / NAME).exists()
    assert "No model 'tiny-pair' is pulled. The pulled models are: none." in failed(
        models(data, "remove", NAME, "--yes")
    )


def test_the_licence_is_shown_before_anything_is_asked_for(hub: Hub, data: Path) -> None:
    hub.status = 401
    done = models(data, "pull", NAME, "--endpoint", hub.url)
    assert done.returncode == 1 and "Licence: CC0-1.0. Made by a test.\n" in done.stdout
    assert "127.0.0.1 answered HTTP 401" in done.stderr and "Traceback" not in done.stderr
    assert "downloads it" in said(models(data, "list"))


def test_the_settings_may_name_another(hub: Hub, data: Path) -> None:
    azure = {"ART_MCP_AZURE_ENDPOINT": "https://art.cognitiveservices.azure.com"}
    done = said(models(data, "pull", NAME, "--endpoint", hub.url, **azure))
    assert "To use this one, set ART_MCP_VISION=onnx-pair and ART_MCP_ONNX_PAIR_MODEL=tiny-pair." in done
    listed = said(models(data, "list", **azure))
    assert "new databases use it" not in listed and "New databases use azure, which the settings name." in listed
    listed = said(models(data, "list", ART_MCP_ONNX_PAIR_MODEL="another"))
    assert "ART_MCP_ONNX_PAIR_MODEL names another, which is not pulled." in listed
    (data / "models" / NAME / "model.json").write_text("{}")
    assert "tiny-pair: The manifest tiny-pair/model.json is invalid: format: Field required." in said(
        models(data, "list")
    )


def test_a_model_of_ones_own_comes_from_a_folder(shipped: Path, data: Path) -> None:
    given = json.loads((shipped / "model.json").read_text()) | {"name": "my-pair", "source": None}
    write_manifest(shipped, given)
    done = said(models(data, "pull", "--from", str(shipped)))
    assert f"From {shipped}.\n" in done and "my-pair is pulled" in done
    assert "The folder has the model my-pair, not tiny-pair." in failed(
        models(data, "pull", NAME, "--from", str(shipped))
    )
    assert "Give either --from or --endpoint." in failed(
        models(data, "pull", "--from", str(shipped), "--endpoint", "http://h")
    )
    write_manifest(shipped, given | {"name": "../evil"})
    assert "is invalid: name: " in failed(models(data, "pull", "--from", str(shipped)))


def test_names_are_not_paths(data: Path, shipped: Path) -> None:
    (data / "models").mkdir(parents=True)
    for name in ("..", "../pair", str(shipped), "models/..", ".", ""):
        assert "is pulled. The pulled models are: none." in failed(models(data, "remove", "--yes", "--", name))
    assert shipped.exists()
    assert "There is no model '../../etc'. Pull one of tiny-pair" in failed(models(data, "pull", "../../etc"))


def test_two_at_the_same_time(hub: Hub, data: Path) -> None:
    (data / "models").mkdir(parents=True)
    with Lock(data / "models" / f"{NAME}.lock") as lock:
        assert lock.acquire()
        done = models(data, "pull", NAME, "--endpoint", hub.url)
        assert done.returncode == 1 and "Another process is pulling or removing tiny-pair." in done.stderr
    assert hub.asked == []
    assert "is pulled" in said(models(data, "pull", NAME, "--endpoint", hub.url))


def test_a_data_folder_that_cannot_be_written(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = models(tmp_path / "file", "pull", NAME, "--from", str(shipped))
    assert done.returncode == 1 and "cannot be written" in done.stderr and "ART_MCP_DATA_DIR" in done.stderr


@pytest.mark.slow
def test_offline_is_said_by_the_real_command(tmp_path: Path) -> None:
    (home := tmp_path / "home").mkdir()
    environment = {"HOME": str(home), "HF_HUB_OFFLINE": "1", "HF_TOKEN": "hf_c4nary"}
    done = art_mcp("models", "pull", ART_MCP_DATA_DIR=str(tmp_path / "data"), **environment)
    assert list(home.iterdir()) == []
    assert done.returncode == 1 and "c4nary" not in done.stdout + done.stderr
    assert done.stdout.startswith("siglip2-b16-224: 381 MB, Apache-2.0, version ba1f3b08.q4.p1. From onnx-community/")
    assert "The card of the ONNX export states no licence." in done.stdout and "Gemma Terms of Use" in done.stdout
    assert "because HF_HUB_OFFLINE is set" in done.stderr and "--from" in done.stderr


@pytest.mark.slow
def test_a_database_moves_to_the_pulled_model_and_back(hub: Hub, data: Path, loaded: Settings, pictures: Path) -> None:
    assert loaded.database_url
    url = {"ART_MCP_DATABASE_URL": loaded.database_url.get_secret_value(), "ART_MCP_DATA_DIR": str(data)}
    assert SUGGESTION in said(art_mcp_here("doctor", **url))
    said(models(data, "pull", NAME, "--endpoint", hub.url))
    doctor = said(art_mcp_here("doctor", **url))
    assert "The built-in model is ready" in doctor and SUGGESTION not in doctor
    assert (
        f"the settings name {MADE_BY}, but the pictures were embedded by the built-in model 2. The pulled model"
        in doctor
    )
    assert f"The pictures are now searched by {MADE_BY}" in said(art_mcp_here("reembed", "--yes", **url))
    doctor = said(art_mcp_here("doctor", "--verify", **url))
    assert f"The pulled model ({MADE_BY}) is ready" in doctor and "all stored vectors match" in doctor
    settings = loaded.model_copy(update={"data_dir": data, "image_dirs": (pictures,)})
    anyio.run(_finds_by_pixels, settings, pictures)
    said(models(data, "remove", NAME, "--yes"))
    found = json.loads(said(art_mcp_here("search", "red", "--json", **url)))
    assert "The pictures were embedded by tiny-pair 1.p1, which is not configured here." in found["note"]
    assert "now searched by the built-in model 2" in said(art_mcp_here("reembed", "--yes", **url))


async def _finds_by_pixels(settings: Settings, pictures: Path) -> None:
    async with Runtime(settings) as runtime:
        finder = await runtime.finder()
        assert [space.leg for space in await runtime.spaces()] == ["pixels", "words"]
        for colour in ("red", "green", "blue", "white"):
            (best, _), (second, _) = (await finder.by_text(colour, limit=2)).hits
            assert best.painting.catalogue.title == f"Composition in {colour}"
            assert best.legs["pixels"] > 0.99 > second.legs["pixels"]
        answer = await finder.by_image(str(pictures / "images" / "5.jpg"), limit=2)
        assert answer.hits[0][0].legs["pixels"] > 0.99 and answer.hits[0][0].painting.source_key == "5.jpg"
        steered = await finder.by_image(str(pictures / "images" / "5.jpg"), text="red", negative="blue", limit=3)
        assert len(steered.hits) == 3
        assert (await finder.by_text("ein Bild mit rotem Himmel")).note is None  # it may understand more than English
        assert await runtime.suggestion() is None


@pytest.mark.slow
def test_a_new_database_uses_the_pulled_model(shipped: Path, data: Path, database_url: str, pictures: Path) -> None:
    url = {"ART_MCP_DATABASE_URL": database_url, "ART_MCP_DATA_DIR": str(data)}
    said(models(data, "pull", "--from", str(shipped)))
    done = art_mcp_here("ingest", str(pictures), **url)
    assert "12 stored" in done.stdout and SUGGESTION not in done.stderr
    doctor = said(art_mcp_here("doctor", **url))
    assert f"The pulled model ({MADE_BY}) is ready" in doctor and "reembed" not in doctor
    local = said(art_mcp_here("doctor", ART_MCP_VISION="local", **url))
    assert f"the settings name the built-in model 2, but the pictures were embedded by {MADE_BY}" in local


@pytest.mark.anyio
async def test_a_running_process_loads_into_an_empty_database_with_a_model_that_is_pulled_meanwhile(
    settings: Settings, data: Path
) -> None:
    async with Runtime(settings.model_copy(update={"data_dir": data})) as runtime:
        assert (await runtime.provider()).spaces[Leg.PIXELS].provider == "local"
        write_pair(data / "models" / NAME)
        await runtime.ingest()
        assert (await runtime.provider()).spaces[Leg.PIXELS].made_by == MADE_BY
        assert [space.provider for space in await runtime.spaces()] == ["onnx-pair", "local"]


@pytest.mark.slow
def test_a_load_tells_of_the_larger_model(data: Path, database_url: str, pictures: Path) -> None:
    url = {"ART_MCP_DATABASE_URL": database_url, "ART_MCP_DATA_DIR": str(data)}
    done = art_mcp_here("ingest", str(pictures), **url)
    assert "12 stored" in done.stdout and SUGGESTION in done.stderr
    for again in ([], ["--json"]):  # nothing is stored
        done = art_mcp_here("ingest", str(pictures), *again, **url)
        assert SUGGESTION not in done.stdout + done.stderr
