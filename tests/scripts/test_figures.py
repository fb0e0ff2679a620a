"""The tables of figures that scripts print and write into documents."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import pytest
from figures import Against, Figure, Report, exactly, figure_table, table, timed
from support.scripts import tables


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (Figure("time", 3.0, "s"), None),
        (Figure("time", 3.0, "s", most=3), True),
        (Figure("rate", 0.5, least=0.6), False),
        (exactly("rows", 4, 4), True),
        (exactly("rows", 5, 4), False),
        (timed("a call", [4.0, 4.0], [2.0, 2.0], most=1.5), False),
        (timed("a call", [4.0, 4.0], [2.0, 2.0], most=3, against=Against.DIFFERENCE), True),
    ],
)
def test_a_target_is_met_by_what_is_measured_or_by_how_it_compares(figure: Figure, met: bool | None) -> None:
    assert figure.met is met


def test_times_are_compared_question_by_question() -> None:
    figure = timed("a call", [1.0, 10.0, 30.0], [1.0, 5.0, 10.0])
    assert (figure.measured, figure.p95, figure.floor, figure.compared) == (10, 30, 5, 2)


def test_columns_that_no_figure_fills_are_left_out() -> None:
    (only,) = tables(figure_table([Figure("time", 1234.5, "s")]))
    assert only == [{"what": "time", "measured": "1,234 s"}]
    (both,) = tables(figure_table([Figure("time", 12.345, "s"), timed("call", [2.0], [1.0], most=3)]))
    assert both[1] == {
        "what": "call",
        "measured (p95)": "2 ms (2)",
        "floor": "1",
        "against it": "2.00 x",
        "target": "at most 3 x",
        "": "met",
    }


def test_columns_of_numbers_are_aligned_on_the_right() -> None:
    assert table(["leg", "R@1"], [["both", "9.5 (3 to 12)"], ["1", "70.1"]]) == (
        "| leg  |           R@1 |\n| ---- | ------------: |\n| both | 9.5 (3 to 12) |\n| 1    |          70.1 |"
    )


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "document.md"
    path.write_text("Before\n\n<!-- bench one -->\nold\n<!-- /bench one -->\n\nAfter\n")
    return path


def report(document: Path, *sections: str) -> Report:
    parser = ArgumentParser()
    Report.add_option(parser)
    return Report("bench", sections, parser.parse_args(["--write", str(document)]))


def test_a_table_takes_its_place_in_a_document(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = report(document, "one")
    for measured in (5, 3):
        written.add("one", [exactly("rows", measured, 3)], said=["All is well."])
    assert written.missed
    text = document.read_text()
    assert text.startswith("Before\n\n<!-- bench one -->\n| what")
    assert text.endswith("<!-- /bench one -->\n\nAfter\n")
    assert tables(text)[0][0]["measured"] == "3" and "old" not in text and "MISSED" not in text
    assert "\n    All is well.\n" in text
    assert "commit " in text and "Python 3" in text
    assert "MISSED" in capsys.readouterr().out


def test_a_document_without_the_place_ends_the_script_before_it_measures(document: Path) -> None:
    with pytest.raises(SystemExit, match=r"document\.md needs the line <!-- bench two --> once"):
        report(document, "one", "two")
    with pytest.raises(SystemExit, match="cannot be read"):
        report(document.with_name("none.md"), "one")
