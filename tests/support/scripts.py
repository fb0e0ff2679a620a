"""Running the scripts of this project as a person does, and reading what they print."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 900
"""On a busy machine everything takes several times as long."""

Row = dict[str, str]


def run(script: str, *arguments: str | Path, status: int = 0, env: dict[str, str] | None = None) -> str:
    """Run a script, and return what it prints: on stdout if all goes well, on stderr if not.

    Args:
        status: the exit status that it has to have.
        env: its environment; None: that of the tests.
    """
    command = [sys.executable, str(ROOT / "scripts" / script), *map(str, arguments)]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr if status else done.stdout


def tables(printed: str) -> list[list[Row]]:
    """The Markdown tables in a text: their rows, as cells by their column."""
    found = []
    for block in re.findall(r"(?:^\|.*\n?)+", printed, re.M):
        header, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in block.splitlines())
        found.append([dict(zip(header, row, strict=True)) for row in rows])
    return found


def measured(rows: list[Row]) -> dict[str, float]:
    """What each row of a table of figures measures."""
    return {row["what"]: number(next(row[column] for column in row if column.startswith("measured"))) for row in rows}


def number(cell: str) -> float:
    """The first number in a cell: 1966 of "1,966 ms (2,010)"."""
    return float(cell.split()[0].replace(",", ""))


def captioned(table: Path, folder: Path, most: int = 26) -> Path:
    """A folder as `scripts/eval_retrieval.py` reads it, made of the sample's: its descriptions are the captions."""
    with table.open(encoding="utf-8", newline="") as file:
        dialect = "excel-tab" if table.suffix == ".tsv" else "excel"
        rows = list(csv.DictReader(file, dialect=dialect))[:most]
    columns = ("IMAGE_FILE", "AUTHOR", "TITLE", "DATE")
    folder.mkdir()
    (folder / "images").mkdir()
    with (folder / "paintings.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, dialect="excel-tab")
        writer.writerow([*columns, "VISUAL_CAPTION"])
        for row in rows:
            writer.writerow([*(row[column] for column in columns), row["DESCRIPTION"].partition(" Drawn by")[0]])
            shutil.copy(table.parent / "images" / row["IMAGE_FILE"], folder / "images")
    return folder
