"""The sample collection: 26 pictures drawn by a program, with a catalogue in SemArt's columns.

`CAPTIONS` has two descriptions of each picture, written by looking at it, to evaluate a search with. They are not
copied, since a load takes a folder with one table.
"""

from __future__ import annotations

import shutil
from pathlib import Path

SAMPLE = Path(__file__).parent
TABLE = "catalogue.csv"
CAPTIONS = "captions.csv"
SIZE = 26
"""Number of paintings."""


def copy_sample(folder: Path) -> Path:
    """Copy the sample into `folder`, over an older copy; returns the path of its table.

    Raises:
        OSError: the folder cannot be written.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for file in (SAMPLE / TABLE, *(SAMPLE / "images").iterdir()):
        shutil.copyfile(file, folder / file.relative_to(SAMPLE))
    return folder / TABLE
