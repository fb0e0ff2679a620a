"""Tables of captions, and how their rows are matched with paintings."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from support.loading import load_into
from support.pictures import draw

from art_mcp.errors import ArtMcpError
from art_mcp.evaluation.captions import Captions, caption_columns, read_captions
from art_mcp.ingest.sources.source import SourceError
from art_mcp.painting import Filters
from art_mcp.settings import Settings
from art_mcp.store import known_items
from art_mcp.store.database import Database

pytestmark = pytest.mark.anyio

ROWS = [("0.jpg", "all of it is red"), ("3.jpg", "nothing but white"), ("0.jpg", "a warm surface")]


def write_csv(path: Path) -> None:
    path.write_text("image,caption\n" + "".join(f"{image},{caption}\n" for image, caption in ROWS))


def write_jsonl(path: Path) -> None:
    path.write_text("".join(json.dumps({"image": image, "caption": caption}) + "\n" for image, caption in ROWS))


def write_parquet(path: Path) -> None:
    images, captions = zip(*ROWS, strict=True)
    pyarrow.parquet.write_table(pa.table({"image": images, "caption": captions}), path)


def asked(captions: Captions) -> set[tuple[str, str]]:
    return {(question.expected.catalogue.title or "", str(question.asked)) for question in captions.questions}


@pytest.fixture
async def twelve_there(loaded: Settings) -> AsyncIterator[Database]:
    database = await Database.open(loaded)
    yield database
    await database.aclose()


@pytest.mark.parametrize(("suffix", "write"), [("csv", write_csv), ("jsonl", write_jsonl), ("parquet", write_parquet)])
async def test_each_row_is_matched_by_its_picture(
    twelve_there: Database, tmp_path: Path, suffix: str, write: Callable[[Path], None]
) -> None:
    path = tmp_path / f"captions.{suffix}"
    write(path)
    captions = await read_captions(twelve_there, path, caption_columns("caption", None, None), 100)
    assert asked(captions) == {
        ("Composition in red", "all of it is red"),
        ("Composition in red", "a warm surface"),
        ("Composition in white", "nothing but white"),
    }
    assert (captions.usable, captions.verbatim, captions.refusals) == (3, 0, [])
    few = await read_captions(twelve_there, path, caption_columns("caption", None, None), 2)
    again = await read_captions(twelve_there, path, caption_columns("caption", None, None), 2)
    assert len(few.questions) == 2 and few.usable == 3 and asked(few) == asked(again)


async def test_bad_rows_are_refused_and_the_others_asked(twelve_there: Database, tmp_path: Path) -> None:
    (tmp_path / "captions.tsv").write_text(
        "file\tWords\n0.jpg\tred\n1.jpg\t\nnowhere.jpg\tlost\n\tno picture\n"
        f"2.jpg\t{'x' * 2001}\nscans/1.jpg\tgreen\n3.jpg\tAll white.\n"
    )
    captions = await read_captions(twelve_there, tmp_path / "captions.tsv", caption_columns("words", None, None), 100)
    assert asked(captions) == {
        ("Composition in red", "red"),
        ("Composition in green", "green"),
        ("Composition in white", "All white."),
    }
    assert captions.verbatim == 1
    assert captions.refusals == [
        ("captions.tsv line 3 (1.jpg)", "It has no caption."),
        ("captions.tsv line 4 (nowhere.jpg)", "No stored painting has the id or the picture 'nowhere.jpg'."),
        ("captions.tsv line 5 (no picture)", "No stored painting has the id or the picture 'no picture'."),
        ("captions.tsv line 6 (2.jpg)", "Its caption has 2,001 characters; at most 2,000 can be searched."),
    ]


async def test_ids_are_those_of_the_source_or_of_art_mcp(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    for number in range(2):
        draw(tmp_path / f"{number}.png", number)
    (tmp_path / "art.csv").write_text("ID,IMAGE_FILE,TITLE\nSK-A-1,0.png,One\nSK-A-2,1.png,Two\n")
    await load_into(settings, tmp_path / "art.csv")
    (two,) = await known_items.named(database, ["SK-A-2"])
    (tmp_path / "said.csv").write_text(f"number,said\nSK-A-1,the first\n{str(two.id).upper()},the second\nSK-A-3,no\n")
    captions = await read_captions(database, tmp_path / "said.csv", caption_columns("said", None, "number"), 100)
    assert asked(captions) == {("One", "the first"), ("Two", "the second")}
    assert [reason for _, reason in captions.refusals] == ["No stored painting has the id or the picture 'SK-A-3'."]


async def test_a_name_of_two_paintings_is_refused_unless_they_have_the_same_picture(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    for collection, seeds in (("one", (1, 2)), ("two", (1, 3))):
        for name, seed in zip(("same.png", "other.png"), seeds, strict=True):
            draw(tmp_path / collection / name, seed)
        await load_into(settings, tmp_path / collection)
    (tmp_path / "said.csv").write_text("image,caption\nsame.png,twice\nother.png,ambiguous\n")
    columns = caption_columns("caption", None, None)
    captions = await read_captions(database, tmp_path / "said.csv", columns, 100)
    assert [question.asked for question in captions.questions] == ["twice"]
    assert captions.refusals == [
        (
            "said.csv line 3 (other.png)",
            "2 different paintings have the id or the picture 'other.png'; pass --collection.",
        )
    ]
    captions = await read_captions(database, tmp_path / "said.csv", columns, 100, Filters(collection="two"))
    assert {question.expected.collection for question in captions.questions} == {"two"}
    assert len(captions.questions) == 2


async def test_tables_that_ask_nothing(twelve_there: Database, tmp_path: Path) -> None:
    async def failure(path: Path, *columns: str | None) -> str:
        with pytest.raises(ArtMcpError) as raised:
            await read_captions(twelve_there, path, caption_columns(*(columns or ("caption", None, None))), 10)
        return str(raised.value)

    table = tmp_path / "said.csv"
    table.write_text("inventory,caption\n7,red\n")
    said = await failure(table)
    assert "said.csv has no column that names the picture's file" in said
    assert said.endswith("Name one with --image-column or --id-column.")
    said = await failure(table, "caption", None, "inventory")
    assert said == (
        "said.csv has no caption of a painting that is stored. said.csv line 2 (7): No stored painting has the id or "
        "the picture '7'. Load its pictures with `art-mcp ingest` first, and check --id-column and --image-column."
    )
    assert "has no column 'text'. It has the columns: inventory, caption" in await failure(
        table, "text", None, "inventory"
    )
    draw(tmp_path / "pictures" / "1.png", 1)
    assert await failure(tmp_path / "pictures") == ("pictures is not a table. Give a table with a column of captions.")
    with pytest.raises(SourceError, match=r"There is no file or folder nothing\.csv"):
        await read_captions(twelve_there, tmp_path / "nothing.csv", caption_columns("caption", None, None), 10)


async def test_captions_that_were_loaded_with_the_paintings_are_counted(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    """A column that is no field of the catalogue is searched, too."""
    for number in range(3):
        draw(tmp_path / f"{number}.png", number)
    rows = [("a red surface", "seen"), ("x" * 1_500, ""), ("a blue surface", "")]
    lines = [f"{number}.png,{number},{caption},{seen}\n" for number, (caption, seen) in enumerate(rows)]
    (tmp_path / "art.csv").write_text("image,title,what is seen,note\n" + "".join(lines[:2]))
    await load_into(settings, tmp_path / "art.csv")
    (tmp_path / "art.csv").write_text("image,title,what is seen,note\n" + "".join(lines))
    captions = await read_captions(database, tmp_path / "art.csv", caption_columns("what is seen", None, None), 100)
    assert (captions.usable, captions.verbatim) == (2, 2)
