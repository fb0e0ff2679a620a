"""Questions from the collection itself."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.bundles import entry
from support.loading import load_into
from support.pictures import draw

from art_mcp.evaluation.asking import Asker
from art_mcp.evaluation.distortions import SMALL, distorted
from art_mcp.evaluation.evaluation import Evaluation
from art_mcp.evaluation.own import own_questions, titles
from art_mcp.evaluation.question import PICTURES, TITLES, Kind, Question
from art_mcp.images.picture import read_picture
from art_mcp.ingest.sources.source import Refusal
from art_mcp.painting import Catalogue
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import known_items
from art_mcp.store.database import Database

pytestmark = pytest.mark.anyio


def test_distorted_pictures_are_the_same_each_time_and_unlike_the_original(sample: Path) -> None:
    data = (sample.parent / "images" / "water-lilies.jpg").read_bytes()
    picture = read_picture(data, name="lilies")
    made = {kind: distorted(kind, picture) for kind in PICTURES}
    for kind, copy in made.items():
        assert copy.sha256 == distorted(kind, picture).sha256 != picture.sha256
        same_size = np.asarray(copy.image.resize((32, 32)), float) - np.asarray(picture.image.resize((32, 32)), float)
        assert np.abs(same_size).mean() > (2 if kind is Kind.SMALL else 8), kind
    width, height = picture.image.size
    assert made[Kind.CROP].image.size == (round(0.6 * width), round(0.6 * height))
    assert max(made[Kind.SMALL].image.size) == SMALL
    assert np.asarray(made[Kind.TILT].image).min(axis=2).mean() > 20, "the corners are black"


async def test_titles_and_pictures_find_their_painting_and_the_index_is_compared(
    settings: Settings, sample: Path
) -> None:
    await load_into(settings, sample)
    async with Runtime(settings) as runtime:
        database, model = await runtime.database(), await runtime.model()
        drawn = await known_items.draw(database, 6)
        assert drawn == await known_items.draw(database, 6) and len(drawn) == 6
        total = 6 * (len(TITLES) + len(PICTURES))
        evaluation = Evaluation(Asker(database, model.provider, model.spaces), total, compare_index=True)
        await evaluation.run(own_questions(database, drawn, with_pictures=True))
    assert evaluation.done == total and evaluation.refusals == []
    lines = {(each.kind, each.leg): each for each in evaluation.results}
    assert {kind for kind, _ in lines} == {*TITLES, *PICTURES}
    for kind in TITLES:
        assert lines[kind, "search"].recall[1].value == lines[kind, "words"].recall[1].value == 1
        assert lines[kind, "pixels"].recall[1].value < 1
    for kind in (Kind.CROP, Kind.TILT, Kind.FADE):
        assert lines[kind, "search"].recall[1].value == lines[kind, "look"].recall[1].value == 1
    assert {each.space.leg: each.questions for each in evaluation.index} == {"pixels": 36, "words": 12, "look": 24}
    assert all(each.mean == each.lowest == 1 for each in evaluation.index)


async def test_a_painting_without_a_stored_picture_is_reported_and_the_others_are_asked(
    loaded: Settings,
) -> None:
    store = await Database.open(loaded)
    drawn = await known_items.draw(store, 2)
    async with store.connection() as connection:
        await connection.execute("DELETE FROM art_mcp.renditions WHERE painting_id = $1", drawn[0].id)
        await connection.execute(
            "UPDATE art_mcp.renditions SET data = 'x' WHERE painting_id = $1 AND kind = 'display'", drawn[1].id
        )
    found = [each async for each in own_questions(store, drawn, with_pictures=True)]
    await store.aclose()
    assert [each.kind for each in found if isinstance(each, Question)] == [*TITLES, *TITLES]
    reasons = [each.reason for each in found if isinstance(each, Refusal)]
    assert reasons[0] == "It is no longer stored." and len(reasons) == 2 and "is not a picture" in reasons[1]


async def test_a_painting_that_no_search_could_tell_from_it_is_right(settings: Settings, tmp_path: Path) -> None:
    for name, seed in (("a.png", 1), ("c.png", 3)):
        draw(tmp_path / name, seed)
    shutil.copy(tmp_path / "a.png", tmp_path / "b.png")
    (tmp_path / "art.csv").write_text(
        'IMAGE_FILE,TITLE,AUTHOR\na.png,Still Life,"DOE, Jane"\nb.png,Roses,\nc.png,STILL LIFE,"Roe, Max"\n'
    )
    await load_into(settings, tmp_path / "art.csv")
    async with Runtime(settings) as runtime:
        database, model = await runtime.database(), await runtime.model()
        a, b, c = [(await known_items.named(database, [name]))[0] for name in ("a.png", "b.png", "c.png")]
        caption, title, both = (Question(kind, a, "x") for kind in (Kind.CAPTION, Kind.TITLE, Kind.TITLE_AND_ARTIST))
        assert all(question.is_answered_by(b) for question in (caption, title, both)), "the same file"
        assert [question.is_answered_by(c) for question in (caption, title, both)] == [False, True, False]
        imported = [dataclasses.replace(painting, image_sha256=None) for painting in (a, b)]
        assert not Question(Kind.CAPTION, imported[0], "x").is_answered_by(imported[1])
        # Whichever of the two identical pictures comes first, both are found at rank 1.
        evaluation = Evaluation(Asker(database, model.provider, model.spaces), 12)
        await evaluation.run(own_questions(database, [a, b], with_pictures=True))
    for result in evaluation.results:
        if result.kind in PICTURES and result.leg == "look":
            assert result.recall[1].value == 1, result
    assert not [failure for failure in evaluation.failures if failure.question.kind in (Kind.CROP, Kind.FADE)]


def test_a_title_that_is_missing_or_too_long_asks_nothing() -> None:
    plain = entry(1).painting
    assert [question.asked for question in titles(plain)] == ["Print 1", "Print 1 (Vincent van Gogh)"]
    assert titles(dataclasses.replace(plain, catalogue=Catalogue(artist="A"))) == []
    assert titles(dataclasses.replace(plain, catalogue=Catalogue(title="x" * 3000))) == []
