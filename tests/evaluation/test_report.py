"""The report: one file that needs nothing else, in which nothing from the collection is markup."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from support.loading import load_into
from support.pictures import draw

from art_mcp.evaluation import evaluation as evaluations
from art_mcp.evaluation.asking import Asker
from art_mcp.evaluation.distortions import distorted
from art_mcp.evaluation.evaluation import Evaluation
from art_mcp.evaluation.question import Kind, Question
from art_mcp.evaluation.report import SIDE, html_report
from art_mcp.images.picture import read_picture
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import known_items

pytestmark = pytest.mark.anyio

HOSTILE = "<script>alert(1)</script><img src=https://example.com/x onerror=alert(2)>&\"'"


class Seen(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


async def asked(*questions: Question) -> AsyncIterator[Question]:
    for question in questions:
        yield question


@pytest.fixture
async def hostile(settings: Settings, tmp_path: Path) -> AsyncIterator[Runtime]:
    """Two paintings whose catalogue entries are markup."""
    for number in range(2):
        draw(tmp_path / f"{number}.png", number, (400, 300))
    quoted = HOSTILE.replace('"', '""')
    rows = [f'{number}.png,"{quoted} {thing}","{quoted}","{quoted}"' for number, thing in enumerate(("rose", "ship"))]
    (tmp_path / "art.csv").write_text("\n".join(["IMAGE_FILE,TITLE,AUTHOR,DATE", *rows]))
    await load_into(settings, tmp_path / "art.csv")
    async with Runtime(settings) as runtime:
        yield runtime


async def test_failures_are_shown_as_pictures_and_nothing_is_loaded_or_run(hostile: Runtime, tmp_path: Path) -> None:
    database, model = await hostile.database(), await hostile.model()
    paintings = {p.image_name: p for p in await known_items.named(database, ["0.png", "1.png"])}
    other = read_picture((tmp_path / "1.png").read_bytes(), name="1.png")
    evaluation = Evaluation(Asker(database, model.provider, model.spaces), 2)
    await evaluation.run(
        asked(
            Question(Kind.CAPTION, paintings["0.png"], f"{HOSTILE} ship"),
            Question(Kind.CROP, paintings["0.png"], distorted(Kind.CROP, other)),
        )
    )
    assert [failure.ranks["search"] for failure in evaluation.failures] == [2, 2]
    page = await html_report(database, evaluation, HOSTILE, [HOSTILE])
    seen = Seen(page)
    assert {tag for tag, _ in seen.tags} == {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "br"),
        *("table", "tr", "th", "td", "section", "div", "figure", "figcaption", "img"),
    }
    for tag, attributes in seen.tags:
        assert attributes.keys() <= {"src", "alt", "class", "lang", "charset", "http-equiv", "content"}, tag
    assert ("meta", {"http-equiv": "Content-Security-Policy", "content": attributes_of_policy()}) in seen.tags
    pictures = [attributes["src"] or "" for tag, attributes in seen.tags if tag == "img"]
    # For each question the expected painting and two hits; one question is a picture itself.
    assert len(pictures) == 7
    for uri in pictures:
        assert uri.startswith("data:image/jpeg;base64,")
        with Image.open(BytesIO(base64.b64decode(uri.partition(",")[2]))) as picture:
            assert max(picture.size) == SIDE
    for said in ("Expected: rank 2 (pixels", "Expected: rank 2 (look", "Hit 1", "Hit 2, the right one", HOSTILE):
        assert said in seen.text


def attributes_of_policy() -> str:
    return "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


async def test_no_more_failures_are_kept_than_are_shown(hostile: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluations, "KEPT_FAILURES", 3)
    database, model = await hostile.database(), await hostile.model()
    paintings = {p.image_name: p for p in await known_items.named(database, ["0.png", "1.png"])}
    wrong = [Question(Kind.CAPTION, paintings["0.png"], f"{HOSTILE} ship") for _ in range(5)]
    evaluation = Evaluation(Asker(database, model.provider, model.spaces), 5)
    await evaluation.run(asked(*wrong))
    assert len(evaluation.failures) == 3 and evaluation.results[0].questions == 5


async def test_a_painting_without_a_picture_and_no_failure_at_all(hostile: Runtime) -> None:
    database, model = await hostile.database(), await hostile.model()
    paintings = {p.image_name: p for p in await known_items.named(database, ["0.png", "1.png"])}
    evaluation = Evaluation(Asker(database, model.provider, model.spaces), 1)
    await evaluation.run(asked(Question(Kind.CAPTION, paintings["1.png"], f"{HOSTILE} ship")))
    assert "No wrong answers" in await html_report(database, evaluation, "About", [])
    async with database.connection() as connection:
        await connection.execute("DELETE FROM art_mcp.renditions")
    evaluation = Evaluation(Asker(database, model.provider, model.spaces), 1)
    await evaluation.run(asked(Question(Kind.CAPTION, paintings["0.png"], f"{HOSTILE} ship")))
    page = await html_report(database, evaluation, "About", [])
    assert "No picture is stored." in page and "<img" not in page
