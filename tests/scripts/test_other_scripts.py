"""The scripts that damage pictures, draw the sample, train the built-in model, and show the product."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image
from support.scripts import ROOT, measured, run, tables

from art_mcp.sample import SAMPLE, TABLE
from art_mcp.store.scratch import clear

pytestmark = pytest.mark.slow


def test_fuzz_pictures(tmp_path: Path) -> None:
    printed = run("fuzz_pictures.py", "--seconds", "2", "--keep", tmp_path)
    found = measured(tables(printed)[0])
    outcomes = re.findall(r"^ *([\d,]+)  \S", printed, re.M)
    assert sum(int(count.replace(",", "")) for count in outcomes) == found["files"] + found["references"]
    assert found["files"] > 12 and found["references"] >= 20
    assert found["faults"] == 0 and not list(tmp_path.iterdir())
    assert 0 < found["the slowest"] < 60 and 10 < found["most memory of a worker"] < 2000


def test_draw_sample(tmp_path: Path) -> None:
    run("draw_sample.py", tmp_path, "Red over Ochre", "Ships in a Gale")
    assert (tmp_path / TABLE).read_bytes() == (SAMPLE / TABLE).read_bytes()
    drawn = sorted((tmp_path / "images").iterdir())
    assert [path.name for path in drawn] == ["red-over-ochre.jpg", "ships-in-a-gale.jpg"]
    for path in drawn:
        with Image.open(path) as one, Image.open(SAMPLE / "images" / path.name) as other:
            assert (one.format, one.size) == ("JPEG", other.size)


@pytest.mark.skipif(find_spec("torch") is not None, reason="the group `train` is installed")
def test_train_bridge_says_what_it_needs(tmp_path: Path) -> None:
    said = run("train_bridge.py", "--parts", tmp_path, status=2)
    assert re.fullmatch(
        r"(onnx|torch) is not installed; this script needs the `train` group of pyproject\.toml\.\n", said
    )


@pytest.mark.skipif(not list(ROOT.glob(".venv/installed-*")), reason="scripts/test has not made .venv")
def test_demo(tmp_path: Path) -> None:
    try:
        printed = run("demo", "--folder", tmp_path / "demo")
    finally:
        clear(tmp_path / "demo" / "data")
    assert "26 stored, 0 unchanged, 0 refused" in printed
    assert "Done in" in printed and "Next steps" in printed
    assert len(list((tmp_path / "demo" / "answers").glob("*.jpg"))) == 5


def test_count_words(tmp_path: Path) -> None:
    (tmp_path / "entries.jsonl").write_text(
        '{"title": "The River", "artist": "Turner", "subjects": ["boats", "river"]}\n'
    )
    (tmp_path / "caption_pairs.csv").write_text("image,caption\na.jpg,A dog by a river\nb.jpg,Two dogs run\n")
    run("count_words.py", "--parts", tmp_path, "--output", tmp_path / "words.tsv")
    shares = dict(line.split("\t") for line in (tmp_path / "words.tsv").read_text().splitlines())
    assert (shares["river"], shares["boat"], shares["dog"], shares["run"]) == ("1.0000", "1.0000", "1.0000", "0.5000")
    assert shares["paint"] == "1.0000" and "turner" not in shares
