"""`art-mcp evaluate` as a user runs it."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import asyncpg
import pytest
from support.azure import FOREVER, AzureStandIn, serving
from support.command import art_mcp, art_mcp_here, failed
from support.pictures import draw
from support.postgres import value
from support.scripts import tables

from art_mcp.evaluation.question import PICTURES, TITLES
from art_mcp.evaluation.sample import EXPECTED, Verdict, verdicts
from art_mcp.evaluation.statistics import Interval, Result
from art_mcp.settings import Settings
from art_mcp.store.host_os import WINDOWS

WITHOUT_PICTURE = """
    WITH changed AS (
        UPDATE art_mcp.paintings SET image_sha256 = NULL
        WHERE id IN (SELECT id FROM art_mcp.paintings ORDER BY id LIMIT 3) RETURNING id
    ) SELECT count(*) FROM changed
"""
KEY = "c4nary" * 5 + "ab"


def url(settings: Settings) -> dict[str, str]:
    assert settings.database_url is not None
    return {"ART_MCP_DATABASE_URL": settings.database_url.get_secret_value()}


@pytest.mark.slow
def test_the_sample_needs_no_data_and_leaves_none(tmp_path: Path) -> None:
    environment = {
        "ART_MCP_DATA_DIR": str(tmp_path / "data"),
        "ART_MCP_DATABASE_URL": "postgresql://127.0.0.1:1/x",
        "TMPDIR": str(tmp_path),
    }
    report = tmp_path / "report.html"
    done = art_mcp("evaluate", "--sample", "--report", str(report), **environment)
    assert done.returncode == 0, done.stderr
    assert "26 pictures to search, and 52 texts and 104 pictures to ask." in done.stderr
    (rows,) = tables(done.stdout)
    assert {(row["question"], row["leg"]) for row in rows} == set(EXPECTED)
    for row in rows:  # those of the built-in model
        measured, expected = float(row["R@5, %"].split()[0]), 100 * EXPECTED[row["question"], row["leg"]]
        assert expected <= measured < expected + 2, row
    assert done.stdout.endswith("The model does as well as the built-in one, or better.\n")
    assert report.read_text().count("<section>") > 2
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_model_is_worse_if_its_interval_ends_below_the_built_in_ones() -> None:
    def result(low: float, value: float, high: float) -> Result:
        recall = dict.fromkeys((1, 5, 10), Interval(value, low, high))
        return Result("caption", "pixels", 52, recall, Interval(1, 1, 1))

    expected = EXPECTED["caption", "pixels"]
    worse, as_well, better = verdicts(
        [result(0.1, 0.2, expected - 0.01), result(0.4, 0.5, expected), result(0.9, 0.95, 1)]
    )
    assert isinstance(worse, Verdict)
    assert [each.as_expected for each in (worse, as_well, better)] == [False, True, True]


@pytest.mark.slow
def test_the_own_collection(loaded: Settings) -> None:
    done = art_mcp_here("evaluate", "--questions", "4", "--json", **url(loaded))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["questions"], found["asked"], found["notes"], found["refusals"]) == (24, 24, [], [])
    lines = {(each["question"], each["leg"]): each for each in found["results"]}
    assert {kind for kind, _ in lines} == {*TITLES, *PICTURES}
    for (kind, leg), line in lines.items():
        assert line["questions"] == 4
        shares = [line[f"recall_at_{k}"]["value"] for k in (1, 5, 10)]
        assert shares == sorted(shares), (kind, leg)
    assert lines["title", "words"]["median_rank"] == {"value": 1, "low": 1, "high": 1}
    assert {each["leg"]: each["recall"] for each in found["index"]} == {"pixels": 1, "words": 1, "look": 1}
    done = art_mcp_here("evaluate", "--questions", "1", "--collection", "pictures", **url(loaded))
    assert done.returncode == 0 and "The index of pixels finds 100.0 % of the 201 nearest" in done.stdout
    assert anyio.run(value, url(loaded)["ART_MCP_DATABASE_URL"], WITHOUT_PICTURE) == 3
    found = json.loads(art_mcp_here("evaluate", "--json", **url(loaded)).stdout)
    assert found["notes"] == ["3 of 12 paintings have no stored picture; only titles are asked."]
    assert found["questions"] == found["asked"] == 12 * len(TITLES) + 9 * len(PICTURES)
    assert "No painting has the collection 'nothing'" in failed(
        art_mcp_here("evaluate", "--collection", "nothing", **url(loaded))
    )


def test_captions_of_a_table(loaded: Settings, tmp_path: Path) -> None:
    (tmp_path / "said.tsv").write_text(
        "image\tsaid\n0.jpg\ta red surface\n2.jpg\tAll blue.\nnone.jpg\tlost\n1.jpg\tan evenly green picture\n"
    )
    report = tmp_path / "report.html"
    arguments = ("evaluate", "said.tsv", "--caption-column", "said", "--report", str(report))
    done = art_mcp_here(*arguments, cwd=tmp_path, **url(loaded))
    assert done.returncode == 0, done.stderr
    (rows,) = tables(done.stdout)
    assert [(row["question"], row["leg"], row["questions"]) for row in rows] == [
        ("caption", leg, "3") for leg in ("search", "pixels", "words", "full text")
    ]
    assert "refused said.tsv line 4 (none.jpg): No stored painting has the id or the picture 'none.jpg'." in done.stdout
    assert "1 captions are stored with their painting" in done.stdout
    assert "The captions of said.tsv with the built-in model 2" in report.read_text()
    few = art_mcp_here(*arguments[:4], "--questions", "2", "--json", cwd=tmp_path, **url(loaded))
    assert json.loads(few.stdout)["notes"][0] == "2 of 3 captions were drawn; --questions N asks more."


def test_what_cannot_be_evaluated(loaded: Settings, settings: Settings, tmp_path: Path) -> None:
    assert "There are no paintings yet" in failed(art_mcp_here("evaluate", **url(settings)))
    for arguments in (("--sample", "--collection", "x"), ("--sample", "said.csv")):
        assert "--sample brings its own" in failed(art_mcp_here("evaluate", *arguments))
    assert "give the table as well" in failed(art_mcp_here("evaluate", "--id-column", "x"))
    assert "There is no file or folder nothing.csv" in failed(
        art_mcp_here("evaluate", "nothing.csv", cwd=tmp_path, **url(loaded))
    )
    said = failed(art_mcp_here("evaluate", "--report", str(tmp_path / "none" / "r.html"), **url(loaded)))
    assert "r.html cannot be written (No such file or directory). Choose another file." in said
    assert "Asking" not in said


@pytest.mark.slow
def test_paid_calls_are_announced_and_confirmed(settings: Settings, tmp_path: Path) -> None:
    for number in range(3):
        draw(tmp_path / "art" / f"harbour {number}.png", number, (160, 120))
    standin = AzureStandIn(keys=(KEY,), rate=200)
    with serving(standin) as endpoint:
        paying = {
            **url(settings),
            "ART_MCP_AZURE_ENDPOINT": endpoint,
            "ART_MCP_AZURE_KEY": KEY,
            "ART_MCP_AZURE_RATE": "100",
            "ART_MCP_PRICE_PER_1000": "1.50",
        }
        assert art_mcp_here("ingest", str(tmp_path / "art"), **paying).returncode == 0
        before = len(standin.calls)
        said = failed(art_mcp_here("evaluate", **paying))
        assert "3 texts and 12 pictures to ask." in said and "This takes 15 paid calls" in said
        assert "Not a terminal; pass --yes to confirm." in said and len(standin.calls) == before
        done = art_mcp_here("evaluate", "--yes", "--json", **paying)
        assert done.returncode == 0, done.stderr
        assert "This takes 15 paid calls" in done.stderr
        assert sum(call.billed for call in standin.calls[before:]) == 15
        found = json.loads(done.stdout)
        assert {each["leg"] for each in found["results"]} == {"search", "pixels", "words", "full text"}
    # The service is gone: what is measured is not a failure of the model.
    done = art_mcp_here("evaluate", **{key: paying[key] for key in ("ART_MCP_DATABASE_URL",)})
    assert done.returncode == 0, done.stderr
    assert "The pictures were embedded by Azure AI Vision" in done.stdout and "they are not measured" in done.stdout
    assert {row["leg"] for row in tables(done.stdout)[0]} == {"search", "words", "full text"}


@pytest.mark.slow
def test_a_service_that_ends_in_between_is_no_failure_of_the_model(settings: Settings, tmp_path: Path) -> None:
    for number in range(3):
        draw(tmp_path / "art" / f"harbour {number}.png", number, (160, 120))
    standin = AzureStandIn(keys=(KEY,), rate=200)
    with serving(standin) as endpoint:
        paying = {**url(settings), "ART_MCP_AZURE_ENDPOINT": endpoint, "ART_MCP_AZURE_KEY": KEY}
        assert art_mcp_here("ingest", str(tmp_path / "art"), **paying).returncode == 0
        before = len(standin.calls)
        standin.fault("403 quota", count=FOREVER, where=lambda call: len(standin.calls) > before + 6)
        done = art_mcp_here("evaluate", "--yes", "--report", str(tmp_path / "report.html"), **paying)
    assert done.returncode == 1 and "quota" in done.stderr and "Traceback" not in done.stderr
    (rows,) = tables(done.stdout)
    assert sum(int(row["questions"]) for row in rows if row["leg"] == "search") == 6
    assert "Stopped after 6 of 15 questions." in done.stdout
    assert "Stopped after 6 of 15 questions." in (tmp_path / "report.html").read_text()


@pytest.mark.slow
@pytest.mark.skipif(WINDOWS, reason="sends SIGINT")
@pytest.mark.anyio
async def test_ctrl_c_prints_what_was_measured(loaded: Settings, tmp_path: Path) -> None:
    with (tmp_path / "said.csv").open("w", newline="") as file:
        rows = [(f"{number % 12}.jpg", f"picture number {number}") for number in range(5000)]
        csv.writer(file).writerows([("image", "caption"), *rows])
    process = subprocess.Popen(
        [sys.executable, "-m", "art_mcp", "evaluate", str(tmp_path / "said.csv"), "--questions", "5000"],
        env={**os.environ, **url(loaded)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    connection = await asyncpg.connect(url(loaded)["ART_MCP_DATABASE_URL"])
    asking = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%scored AS%' "
    with anyio.fail_after(60):
        while not await connection.fetchval(f"{asking} AND pid <> pg_backend_pid()"):
            assert process.poll() is None, process.communicate()
            await anyio.sleep(0.02)
    await anyio.sleep(1)
    process.send_signal(signal.SIGINT)
    said, warned = process.communicate(timeout=60)
    await connection.close()
    assert process.returncode == 130, warned
    assert "Traceback" not in warned and "resume" not in warned
    (rows,) = tables(said)
    asked = int(rows[0]["questions"])
    assert 0 < asked < 5000 and f"Stopped after {asked} of 5000 questions." in said
