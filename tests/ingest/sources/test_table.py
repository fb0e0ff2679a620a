from __future__ import annotations

import builtins
import json
import re
from collections.abc import AsyncIterator
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from support.picture_server import PictureServer, picture_server, said

from art_mcp.images.fetch import Fetcher
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.sources import links, web
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS, Options, Refusal, Row, SourceError
from art_mcp.ingest.sources.tables import parquet
from art_mcp.ingest.sources.tables.table import Table
from art_mcp.installation import how_to_add
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import jobs


def table(path: Path, **columns: str) -> Table:
    source = open_source(str(path), Options(columns=columns))
    assert isinstance(source, Table)
    return source


def rows_of(path: Path, *lines: object, **columns: str) -> list[Row | Refusal]:
    path.write_bytes(
        b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines) + b"\n"
    )
    return list(table(path, **columns).rows())


def test_values_of_json_are_told_as_text(tmp_path: Path) -> None:
    known = {
        "ID": 7,
        "thumb": ["https://museum.example/1.jpg", "https://museum.example/2.jpg"],
        "title": "Low Life",
        "artist": {"born": 1802, "name": "Landseer"},
        "medium": ["oil", "wood"],
        "year": 1829.0,
        "culture": None,
        "period": float("nan"),
        "notes": {"seen": True, "parts": [1, 2]},
    }
    (row,) = rows_of(tmp_path / "t.jsonl", known)
    assert isinstance(row, Row)
    assert (row.key, row.image, row.label) == ("7", "https://museum.example/1.jpg", "t.jsonl line 1")
    assert row.catalogue.as_dict() == {
        "title": "Low Life",
        "artist": "Landseer",
        "date": "1829",
        "school": None,
        "type": None,
        "technique": "oil, wood",
        "timeframe": None,
        "description": None,
        "number": None,
    }


def test_columns_of_jsonl_are_the_keys_of_all_objects_and_can_be_given(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "t.ndjson", {"x1": "1.jpg"}, {"x1": "2.jpg", "x2": "Zee"}, image="x1", title="x2")
    assert [row.catalogue.title for row in rows if isinstance(row, Row)] == [None, "Zee"]
    with pytest.raises(SourceError, match=r"has no column 'x3'\. It has the columns: x1, x2"):
        list(table(tmp_path / "t.ndjson", title="x3").rows())


def test_a_vector_keeps_its_brackets(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path / "t.jsonl", {"image": "1.jpg", "vector": [0.5, 1]})
    assert isinstance(row, Row) and row.vector == "[0.5, 1]"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"image": "2.jpg"', "The line is not JSON"),
        (b"[1, 2]", "The JSON is not an object."),
        (b'{"image": "\xff.jpg"}', "The line is not UTF-8 text."),
        (b"[" * 200_000, "nested too deep"),
        (b'{"image": "2.jpg", "year": ' + b"9" * 5_000 + b"}", "a number that is too long"),
        (b'{"image": "2.jpg", "title": "a\\u0000b"}', "Its title holds a NUL character."),
        (b'{"image": "2.jpg", "title": "\\ud800"}', "Its title has bytes that are not text"),
        (b'{"image": "2.jpg", "title": "' + b"t" * 2_000_000 + b'"}', "The line is longer than 1,048,576 bytes."),
        (b'{"year": 1}', "It names no picture, and has no title and no artist."),
    ],
)
def test_a_bad_line_refuses_only_itself(tmp_path: Path, bad: bytes, reason: str) -> None:
    rows = rows_of(tmp_path / "t.jsonl", {"image": "1.jpg", "title": "A", "year": 1}, bad, b"", {"image": "3.jpg"})
    assert [type(row) for row in rows] == [Row, Refusal, Row]
    assert isinstance(rows[1], Refusal) and reason in rows[1].reason
    assert rows[1].label.startswith("t.jsonl line 2") and rows[2].label == "t.jsonl line 4 (3.jpg)"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[1]\n", b"\x00" * 100])
def test_jsonl_without_objects(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.jsonl").write_bytes(content)
    with pytest.raises(SourceError, match=r"t\.jsonl is empty or has no JSON objects"):
        list(table(tmp_path / "t.jsonl").rows())


def test_parquet(tmp_path: Path) -> None:
    columns = {
        "image": [f"{n}.jpg" for n in range(200)],
        "Title": [f"T{n}" for n in range(200)],
        "Artist": [{"name": "Landseer", "born": 1802}] * 200,
        "date": [date(1829, 1, 2)] * 200,
        "medium": [["oil", "wood"]] * 200,
        "other": [b"\xff" * 100] * 200,
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=70)
    rows = list(table(tmp_path / "t.parquet").rows())
    assert [row.image for row in rows if isinstance(row, Row)] == columns["image"]
    last = rows[-1]
    assert isinstance(last, Row) and last.label == "t.parquet row 200 (199.jpg)"
    assert (last.catalogue.title, last.catalogue.artist) == ("T199", "Landseer")
    assert (last.catalogue.date, last.catalogue.technique) == ("1829-01-02", "oil, wood")


def test_a_cell_of_parquet_that_is_no_text_refuses_only_its_row(tmp_path: Path) -> None:
    title = pa.array([b"A", b"\xff", b"C"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"image": ["1.jpg", "2.jpg", "3.jpg"], "title": title}), tmp_path / "t.parquet")
    rows = list(table(tmp_path / "t.parquet").rows())
    assert [type(row) for row in rows] == [Row, Refusal, Row]
    assert isinstance(rows[1], Refusal) and rows[1].reason == "Its title cannot be read."


def test_a_parquet_file_that_is_broken_anywhere_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"image": [f"{n}.jpg" for n in range(100)], "title": ["x" * 50] * 100}), path)
    whole = path.read_bytes()
    for broken in (b"", b"PAR1", whole[: len(whole) // 2], whole[:-1], b"PAR1" + b"\xff" * 200 + whole[204:]):
        path.write_bytes(broken)
        with pytest.raises(SourceError, match=r"t\.parquet is damaged or not a Parquet table"):
            list(table(path).rows())


def test_parquet_that_unpacks_to_too_much_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table({"image": ["1.jpg" * 1_000], "title": ["x"]}), tmp_path / "t.parquet")
    monkeypatch.setattr(parquet, "MAX_COLUMN_BYTES", 1_000)
    with pytest.raises(SourceError, match="smaller row groups"):
        list(table(tmp_path / "t.parquet").rows())


def test_parquet_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    real = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SourceError, match=re.escape(f"Run: {how_to_add('parquet')}")):
        list(table(tmp_path / "t.parquet").rows())


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PictureServer]:
    async with picture_server() as running:
        monkeypatch.setattr(web, "new_fetcher", running.fetcher)
        monkeypatch.setattr(web, "BACKOFF_S", 0.001)
        yield running


@pytest.mark.anyio
async def test_pictures_by_link_are_fetched_when_loaded_and_not_for_a_plan(
    server: PictureServer, settings: Settings, tmp_path: Path
) -> None:
    file = BytesIO()
    Image.new("RGB", (300, 200), "teal").save(file, "JPEG")
    server.answers["/1.jpg"] = server.answers["/2.jpg"] = said(200, file.getvalue(), content_type="image/jpeg")
    (tmp_path / "beside.jpg").write_bytes(file.getvalue())
    urls = [server.url("/1.jpg"), server.url("/gone.jpg"), "", "beside.jpg", "none.jpg"]
    urls[2] = server.url("/2.jpg").replace("https:", "http:")  # as catalogues have it; it is asked for by https
    lines = [json.dumps({"image_url": url, "title": f"T{n}"}) for n, url in enumerate(urls)]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    async with Runtime(settings) as runtime:
        ingest, database = await runtime.ingest(), await runtime.database()
        plan = await ingest.plan(tmp_path / "t.jsonl", within=[tmp_path])
        assert (plan.new, plan.unpictured, plan.refused, server.requests) == (5, 1, 0, [])
        job_id = await ingest.create(tmp_path / "t.jsonl", within=[tmp_path])
        await ingest.run(job_id)
        job = await jobs.get(database, job_id)
        assert job is not None and (job.stored, job.unpictured, job.refused) == (5, 2, 0)
        reasons = " ".join(reason for _, reason in await jobs.refusals(database, job_id))
    assert "answered 404" in reasons and "The picture is missing" in reasons


@pytest.mark.anyio
async def test_a_host_that_is_down_is_no_more_waited_for(server: PictureServer, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("thumbnail\nx\n")
    server.answers["/down.jpg"] = said(503)
    source = table(tmp_path / "t.csv")
    for _ in range(5):
        with pytest.raises(ImageError, match="answered 503"):
            await source.picture(server.url("/down.jpg"))
    assert len(server.requests) == links.FAILED_IN_ROW * web.TRIES + 2
    await source.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "localhost", "[::1]", "10.0.0.1"])
async def test_links_lead_to_public_hosts_only(
    host: str, server: PictureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "new_fetcher", lambda: Fetcher(ports={server.port, 443}))
    (tmp_path / "t.csv").write_text("image\nx\n")
    source = table(tmp_path / "t.csv")
    with pytest.raises(ImageError, match=r"is not a server on the public internet|has no address on the internet"):
        await source.picture(f"https://{host}:{server.port}/1.jpg")
    assert server.connections == 0
    await source.aclose()


def test_options_of_older_jobs() -> None:
    assert Options.of({"columns": {}, "limit": 3, "gone": 1}) == Options(limit=3)
    assert DEFAULTS.clean_semart is False
