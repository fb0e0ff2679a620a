"""The sample collection: 26 pictures drawn by a program, with a catalogue in SemArt's columns."""

from __future__ import annotations

import shutil
from pathlib import Path

SAMPLE = Path(__file__).parent
TABLE = "catalogue.csv"


def copy_sample(folder: Path) -> Path:
    """Copy the sample into `folder`, over an older copy; returns the path of its table.

    Raises:
        OSError: the folder cannot be written.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for file in (SAMPLE / TABLE, *(SAMPLE / "images").iterdir()):
        shutil.copyfile(file, folder / file.relative_to(SAMPLE))
    return folder / TABLE
