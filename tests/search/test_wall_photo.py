"""A photo of a painting on a wall, asked with through the finder; the built-in model, paintings of the sample."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.loading import load_into
from support.model import BuiltIn
from support.postgres import new_database, new_template
from support.walls import CUT_OFF, jpeg, on_wall

from art_mcp.images.picture import Picture
from art_mcp.images.undecoded import Source
from art_mcp.images.views import MAX_VIEWS
from art_mcp.painting import Filters, Relevance
from art_mcp.runtime import Runtime
from art_mcp.search.filter_values import FilterError
from art_mcp.search.finder import PART, Answer, Finder
from art_mcp.settings import Settings
from art_mcp.space import PictureEmbedding
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.vision.local import LocalProvider
from art_mcp.vision.provider import Limits

pytestmark = pytest.mark.anyio

HUNG = "bowl-of-fruit.jpg"


class Counting(BuiltIn):
    """The built-in model, telling how many pictures each call embedded; it can pass for a billed one."""

    def __init__(self, *, billed: bool = False) -> None:
        super().__init__()
        self.calls: list[int] = []
        self._billed = billed

    @property
    def limits(self) -> Limits:
        return replace(super().limits, billed=self._billed)

    async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> list[PictureEmbedding]:
        assert urgent
        self.calls.append(len(pictures))
        return await super().embed_images(pictures)


class Gallery:
    """The sample, loaded, and a finder with a provider that counts."""

    def __init__(self, runtime: Runtime, images: Path) -> None:
        self.runtime, self.images = runtime, images

    async def finder(self, provider: LocalProvider) -> Finder:
        return Finder(await self.runtime.database(), provider, await self.runtime.spaces(), self.runtime.loader())

    def painting(self, name: str = HUNG) -> Image.Image:
        with Image.open(self.images / name) as image:
            return image.convert("RGB")


@pytest.fixture(scope="module")
def hung(postgres: EmbeddedServer, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The template of a database with twelve paintings of the sample."""
    folder = tmp_path_factory.mktemp("hung")
    (folder / "images").symlink_to(sample.parent / "images")
    header, *rows = sample.read_text("utf-8").splitlines(keepends=True)
    (folder / sample.name).write_text("".join([header, *rows[7:19]]), "utf-8")
    return new_template(postgres, lambda settings: load_into(settings, folder / sample.name))


@pytest.fixture
def settings(postgres: EmbeddedServer, hung: str) -> Iterator[Settings]:
    with new_database(postgres, hung) as url:
        yield Settings(database_url=url)


@pytest.fixture
async def gallery(settings: Settings, sample: Path) -> AsyncIterator[Gallery]:
    async with Runtime(settings) as runtime:
        yield Gallery(runtime, sample.parent / "images")


def photo(image: Image.Image) -> Source:
    return Source(jpeg(image), "photo.jpg")


def files(found: Answer) -> list[str]:
    return [Path(hit.painting.image_name).name for hit, _ in found.hits]


@pytest.mark.slow
@pytest.mark.parametrize("name", [HUNG, "bay-horse-in-a-meadow.jpg"])
async def test_a_photo_of_a_painting_on_a_wall_finds_it(gallery: Gallery, name: str) -> None:
    provider = Counting()
    finder = await gallery.finder(provider)
    found = await finder.by_image(photo(on_wall(gallery.painting(name), stripes=True)))
    assert files(found)[0] == name
    assert found.hits[0][1] is Relevance.STRONG
    assert found.note == PART
    assert provider.calls[0] == 1
    assert len(provider.calls) == 2
    assert 1 < provider.calls[1] <= MAX_VIEWS


async def test_a_painting_that_the_photo_cuts_off_is_found(gallery: Gallery) -> None:
    finder = await gallery.finder(Counting())
    found = await finder.by_image(photo(on_wall(gallery.painting(), CUT_OFF)))
    assert (files(found)[0], found.note) == (HUNG, PART)


async def test_a_picture_of_the_painting_itself_is_looked_at_once(gallery: Gallery) -> None:
    provider = Counting()
    found = await (await gallery.finder(provider)).by_image(photo(gallery.painting()))
    assert (files(found)[0], found.hits[0][1], found.note) == (HUNG, Relevance.STRONG, None)
    assert provider.calls == [1]


async def test_nobody_pays_for_parts(gallery: Gallery) -> None:
    provider = Counting(billed=True)
    found = await (await gallery.finder(provider)).by_image(photo(on_wall(gallery.painting())))
    assert provider.calls == [1]
    assert found.note is None
    assert found.hits[0][1] is not Relevance.STRONG


async def test_where_no_part_is_nearer_the_whole_picture_decides(gallery: Gallery) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (6, 8, 3), np.uint8)
    fog = photo(Image.fromarray(pixels).resize((640, 480), Image.Resampling.BICUBIC))
    provider = Counting()
    found = await (await gallery.finder(provider)).by_image(fog)
    assert len(provider.calls) == 2
    whole = await (await gallery.finder(Counting(billed=True))).by_image(fog)
    assert [(hit.painting.id, hit.score) for hit, _ in found.hits] == [
        (hit.painting.id, hit.score) for hit, _ in whole.hits
    ]
    assert found.note is None


async def test_the_pages_of_a_photo_are_of_one_ranking(gallery: Gallery) -> None:
    finder = await gallery.finder(Counting())
    asked = photo(on_wall(gallery.painting()))
    whole = await finder.by_image(asked, limit=10)
    pages, cursor = [], None
    for _ in range(2):
        page = await finder.by_image(asked, limit=5, cursor=cursor)
        pages += files(page)
        cursor = page.next_cursor
    assert pages == files(whole)
    assert pages[0] == HUNG


async def test_words_steer_what_is_found_by_a_part(gallery: Gallery) -> None:
    finder = await gallery.finder(Counting())
    found = await finder.by_image(photo(on_wall(gallery.painting())), text="fruit on a table", negative="a ship")
    assert (files(found)[0], found.note) == (HUNG, PART)


async def test_filters_do_not_change_what_is_seen_in_a_photo(gallery: Gallery) -> None:
    provider = Counting()
    finder = await gallery.finder(provider)
    found = await finder.by_image(photo(on_wall(gallery.painting())), filters=Filters(type="portrait"))
    assert len(provider.calls) == 2
    assert HUNG not in files(found)
    assert (found.note == PART) is any(relevance is not Relevance.WEAK for _, relevance in found.hits)


async def test_without_paintings_there_is_nothing_to_compare_parts_with(database_url: str) -> None:
    async with Runtime(Settings(database_url=database_url)) as runtime:
        provider = Counting()
        finder = await Gallery(runtime, Path()).finder(provider)
        with pytest.raises(FilterError, match="There are no paintings yet"):
            await finder.by_image(photo(on_wall(Image.new("RGB", (300, 200), "#336699"))))
    assert provider.calls == [1]
