"""From a reference to a picture: each way leads there, and what comes is judged in the same manner."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from support.azure import AzureStandIn, serving
from support.picture_server import HOST, PictureServer, picture_server, said

from art_mcp.images.loader import PictureLoader
from art_mcp.images.reference import Kind, Reference
from art_mcp.images.undecoded import ImageError, Source
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio


def png(colour: str = "red") -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (40, 30), colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
async def server() -> AsyncIterator[PictureServer]:
    async with picture_server() as server:
        server.answers["/x.png"] = said(200, png("blue"), content_type="text/plain")
        yield server


@pytest.fixture
async def loader(server: PictureServer, tmp_path: Path) -> AsyncIterator[PictureLoader]:
    loader = PictureLoader(image_dirs=[tmp_path], fetcher=server.fetcher())
    yield loader
    await loader.aclose()


async def refused(loader: PictureLoader, given: str | dict[str, str] | Reference | Source) -> str:
    with pytest.raises(ImageError) as caught:
        await loader.picture(given)
    return str(caught.value)


async def test_each_way_leads_to_the_picture(loader: PictureLoader, server: PictureServer, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png("red"))
    ways = {
        str(tmp_path / "x.png"): (255, 0, 0),
        (tmp_path / "x.png").as_uri(): (255, 0, 0),
        server.url("/x.png"): (0, 0, 255),
        "data:image/jpeg;base64," + base64.b64encode(png("lime")).decode(): (0, 255, 0),
        f'{{"download_url": "{server.url("/x.png")}", "file_id": "file-1"}}': (0, 0, 255),
    }
    for given, colour in ways.items():
        picture = await loader.picture(given)
        assert (picture.image.getpixel((5, 5)), picture.width, picture.format) == (colour, 40, "PNG")
    given = {"download_url": server.url("/x.png"), "file_id": "file-1", "mime_type": "image/tiff", "file_name": "y"}
    assert await loader.load(given) == Source(png("blue"), "y")
    assert (await loader.picture(Source(png(), "z"), max_side=20)).image.size == (20, 15)


async def test_what_comes_is_judged_by_its_content_and_named_by_its_way(
    loader: PictureLoader, server: PictureServer, tmp_path: Path
) -> None:
    page = b"%PFD-1.7 no picture"
    server.answers["/x.png?sig=secret"] = said(200, page, content_type="image/png")
    (tmp_path / "x.png").write_bytes(page)
    for given, name in (
        (str(tmp_path / "x.png"), "x.png"),
        (server.url("/x.png?sig=secret"), f"The file from {HOST}"),
        ("data:image/png;base64," + base64.b64encode(page).decode(), "The inline picture"),
        ({"download_url": server.url("/x.png?sig=secret"), "file_name": "wall.png"}, "wall.png"),
        (Source(page, "The uploaded picture"), "The uploaded picture"),
    ):
        error = await refused(loader, given)
        assert error.startswith(f"{name} is not a picture in a supported format.")
        assert "secret" not in error and str(tmp_path) not in error


async def test_what_is_no_picture_from_outside(loader: PictureLoader) -> None:
    painting = "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert await refused(loader, painting) == (
        f"The painting {painting} is in the collection already. Pass its id as painting_id."
    )
    assert "No picture is stored under this upload handle" in await refused(loader, "upload:7KQ2-M5XD-AB3F-Z4QY")
    assert Reference.parse(painting).kind is Kind.PAINTING


async def test_where_the_chats_own_computer_is_meant(loader: PictureLoader, tmp_path: Path) -> None:
    for path in ("/mnt/data/x.png", "/mnt/user-data/uploads/x.png"):
        assert "the chat's own computer, this server cannot see it" in await refused(loader, path)
    assert "chat's" not in await refused(loader, "/mnt/x.png")


async def test_without_a_folder_links_are_read_all_the_same(server: PictureServer, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png())
    loader = PictureLoader(image_dirs=(), fetcher=server.fetcher())
    for path in ("x.png", "missing.png"):
        error = await refused(loader, str(tmp_path / path))
        assert error.startswith(
            f"{path} cannot be read, because the server may not read any folder yet. List your picture folders"
        )
    assert (await loader.picture(server.url("/x.png"))).format == "PNG"
    await loader.aclose()


async def test_a_link_is_fetched_here_and_never_passed_on(
    loader: PictureLoader, server: PictureServer, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "art").mkdir()
    for name, colour in enumerate(("blue", "red", "lime", "white", "black")):
        (tmp_path / "art" / f"{name}.png").write_bytes(png(colour))
    standin = AzureStandIn(keys=("k" * 32,), rate=200)
    server.answers["/x.png?sig=secret"] = said(302, location="/x.png")
    with serving(standin) as endpoint:
        azure = Settings(azure_endpoint=endpoint, azure_key="k" * 32, azure_rate=200)
        given = {name: getattr(azure, name) for name in azure.model_fields_set}
        async with Runtime(settings.model_copy(update=given)) as runtime:
            runtime._loader = loader  # first, so that the runtime starts no other, which nobody would close
            ingest = await runtime.ingest()
            await ingest.run(await ingest.create(tmp_path / "art"))
            finder = await runtime.finder()
            for link in (server.url("/x.png?sig=secret"), {"download_url": server.url("/x.png?sig=secret")}):
                answer = await finder.by_image(link, limit=1)
                assert answer.hits[0][0].painting.source_key == "0.png"
    assert len(server.requests) == 4  # and each came from here
    assert {call.url for call in standin.calls} == {None}
    assert {call.kind for call in standin.calls} == {"image"} and standin.calls.billed() >= 5


def test_bytes_are_not_logged_by_chance() -> None:
    assert "secret" not in repr(Source(b"secret", "x"))
