"""Each script that measures speed, run on little: what it prints is complete, adds up, and is finite."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

import pytest
from support.browser import NO_CHROMIUM, chromium
from support.scripts import Row, measured, number, run, tables

from art_mcp.store.scratch import clear

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bench_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where scripts/bench keeps its data."""
    folder = tmp_path_factory.mktemp("bench")
    yield folder
    for data_dir in folder.glob("bench-*"):
        clear(data_dir)


def assert_comparisons_are_sound(rows: list[Row]) -> None:
    """Every figure is finite, and every ratio positive."""
    for row in rows:
        cells = [cell for column, cell in row.items() if column.startswith(("measured", "floor")) and cell]
        assert all(isfinite(number(cell)) and number(cell) >= 0 for cell in cells), row
        compared = row.get("against it")
        if compared:
            assert isfinite(number(compared)), row
            assert number(compared) > 0 or compared.endswith("above"), row


def test_bench(bench_folder: Path) -> None:
    protocol, collection = tables(run("bench", "--rows", "1000", "--turns", "2", "--folder", bench_folder))
    for rows in (protocol, collection):
        assert_comparisons_are_sound(rows)
    assert [row["what"] for row in protocol] == ["start to tools/list", "a call to a bare MCPServer over stdio"]
    recalls = [number(row["measured (p95)"]) for row in collection if row["what"] == "its recall@10"]
    assert len(recalls) == 6 and all(0.9 < recall <= 1 for recall in recalls)
    found = measured(collection)
    assert {"text call over stdio, 1,024 dimensions", "text call over stdio, as shipped"} <= found.keys()
    assert sum("words and full text" in what for what in found) == 3
    before, after = found["server before the first call, RSS"], found["server after 30 text calls, RSS"]
    assert 0 < before < after


def test_bench_refuses_a_collection_that_is_too_small() -> None:
    assert "--rows needs at least 1,000" in run("bench", "--rows", "10", status=2)


def test_bench_import(bench_folder: Path) -> None:
    (rows,) = tables(run("bench_import.py", "--rows", "1000", "--turns", "1", "--folder", bench_folder))
    assert_comparisons_are_sound(rows)
    whole, index, memory = measured(rows).values()
    assert whole > 0 and 0 < index < 100 and 20 < memory < 2000
    assert number(rows[0]["against it"]) == pytest.approx(whole / number(rows[0]["floor"]), abs=0.02)


def test_bench_million(tmp_path: Path) -> None:
    folder = tmp_path / "million"
    again = ["bench_million.py", "--sizes", "1000x256", "--folder", folder]
    assert "maintenance_work_mem 512MB" not in run(*again, "--keep")
    load, searches, binary = tables(run(*again, "--more", "--rebuild", "512MB"))
    loaded, found, quantised = (
        {row[title]: row["1000 x 256"] for row in rows}
        for title, rows in (("load", load), ("searches", searches), ("binary", binary))
    )
    assert number(loaded["paintings a second, without the index"]) > 0
    assert number(loaded["with maintenance_work_mem 512MB: index, GB"]) > 0
    recalls = [number(cell) for name, cell in found.items() if name.endswith("recall@10")]
    assert len(recalls) == 5 and all(0.9 < recall <= 1 for recall in recalls)
    assert number(quantised["binary, 1000 candidates: recall@10"]) > 0.9
    assert not [name for name in {**loaded, **found, **quantised} if name.endswith("failed")]
    assert tables(run(*again)) == [load, searches, binary]  # from the file of results


def test_bench_http() -> None:
    (rows,) = tables(run("bench_http.py", "--clients", "4", "--seconds", "12", "--think", "1", "--alone", "12"))
    found = measured(rows)
    for scenario in ("plain", "flood", "pictures"):
        assert found[f"{scenario}: calls"] > 4 and found[f"{scenario}: failed calls"] == 0
        assert 50 < found[f"{scenario}: at the end"] < 3000
    assert found["flood: its calls that were answered 200"] > 0
    assert found["pictures: its calls that were answered 200"] > 0


def test_bench_ingest() -> None:
    arguments = ["--images", "16", "--side", "128", "--threads", "1", "--memory", "8", "24"]
    speed, memory = tables(run("bench_ingest.py", *arguments))
    for rows in (speed, memory):
        assert_comparisons_are_sound(rows)
    assert list(measured(speed)) == [f"16 pictures of 128 px, network on 1 of {len(os.sched_getaffinity(0))} cores"]
    assert list(measured(memory)) == ["memory at 8 pictures of 256 px", "memory at 24"]
    assert all(50 < each < 2000 for each in measured(memory).values())


def test_bench_gallery() -> None:
    if not chromium():
        pytest.skip(NO_CHROMIUM)
    (rows,) = tables(run("bench_gallery.py", "--pictures", "12", "--turns", "1"))
    figures = measured(rows)
    assert 0 < figures["result to the first picture"] <= figures["result to 12 pictures"]
    assert figures["answers that bring them"] >= 2
    assert 2_000 < figures["bytes of an answer for each picture"] < 40_000


def test_bench_pictures() -> None:
    (rows,) = tables(run("bench_pictures.py", "--turns", "1"))
    assert len(rows) == 6
    for row in rows:
        plain, checked, guarded = (number(cell) for cell in list(row.values())[1:4])
        assert min(plain, checked, guarded) > 0
        assert number(row["guarded against Pillow"]) == pytest.approx(100 * (guarded / plain - 1), rel=0.05, abs=2)


def test_bench_azure() -> None:
    scenarios = ["steady", "pair", "tutorial", "searches"]
    steady, pair, tutorial, searches = tables(run("bench_azure.py", "--images", "40", "--only", *scenarios))
    for rows in (steady, pair, tutorial, searches):
        assert_comparisons_are_sound(rows)
    for rows in (steady, pair, searches):
        found = measured(rows)
        assert found["pictures billed exactly once"] == found["pictures stored"] == 40
        assert found["pictures billed more than once"] == 0
        assert found["calls sent before Retry-After was over"] == 0
        # At most 20 calls in any second: 40 take more than one second, and so few can be faster than the average.
        assert 0 < found["of the allowed rate, used"] <= 200
    assert 0 <= measured(pair)["pictures embedded by the second process"] <= 100
    assert measured(searches)["searches while loading, asked"] > 0
    assert measured(searches)["idle searches, median"] <= measured(searches)["idle searches, p95"]
    lost, share = (row["measured"] for row in tutorial[:2])
    assert number(share) == pytest.approx(100 * number(lost) / 20, abs=0.1)


def test_try_ingest() -> None:
    printed = run("try_ingest", "--images", "24", "--only", "poison")
    undisturbed, poison = tables(printed)
    assert measured(undisturbed)["rows stored"] == 24 and measured(poison)["rows stored"] == 30
    assert {row[""] for row in undisturbed + poison} <= {"met", ""}
    assert printed.count("table.csv line") == 8 + 1  # one of them names another


def test_vectors_belong_to_their_pictures_although_the_database_is_killed_and_stopped() -> None:
    _, *trials = tables(run("try_ingest", "--images", "60", "--only", "database", "--times", "2"))
    assert len(trials) == 2
    for figures in map(measured, trials):
        assert figures["rows stored"] == 60
        assert figures["rows of the tables that differ"] == 0
        assert figures["stored vectors that are not of their picture"] == 0


def test_try_ingest_names_its_trials() -> None:
    assert "There is no trial flood; there are kills, " in run("try_ingest", "--only", "flood", status=2)
