"""Which fields art-mcp finds in the columns of tables, by their names.

    python scripts/eval_columns.py FILE...

Each FILE is a table that art-mcp reads, or a JSON object with the names of the columns of several systems: a list of
names, or an object with `columns` and with `fields`, the column in which each field is expected. The script prints what
it finds, and lists the fields that are expected elsewhere. The names alone decide for JSON; the cells as well for a
table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from figures import table

from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS
from art_mcp.ingest.sources.tables.choosing import Columns, NoPictureColumn, choose
from art_mcp.ingest.sources.tables.table import Table

SHOWN = ("title", "artist", "date", "image", "number", "key")
EXPECTED = ("title", "artist", "date", "image")
"""Fields that should be found where a table has them, and not be found where it has none."""


def found(columns: Columns | None) -> dict[str, str]:
    """The name of the column of each field."""
    if columns is None:
        return {}
    patterns = {field: pattern.text for field, pattern in columns.patterns.items()}
    return patterns | {field: columns.names[at[0]] for field, at in columns.fields.items()}


def systems(path: Path) -> Iterator[tuple[str, dict[str, str], Mapping[str, str] | None]]:
    """Each system of a file: its name, what is found, and what is expected, if that is known."""
    if path.suffix != ".json":
        source = open_source(str(path.absolute()), DEFAULTS)
        assert isinstance(source, Table)
        yield path.name, found(source.columns()), None
        return
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for name, header in known.items():
        names = header if isinstance(header, list) else header["columns"]
        try:
            columns = choose(name, names, {})
        except NoPictureColumn:
            columns = None
        yield name, found(columns), None if isinstance(header, list) else header["fields"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    rows, wrong, right = [], [], 0
    for path in parser.parse_args().files:
        for name, fields, expected in systems(path):
            rows.append([name, *(fields.get(field, "-") for field in SHOWN)])
            for field in EXPECTED if expected is not None else ():
                wanted = (expected or {}).get(field)
                if fields.get(field) == wanted:
                    right += 1
                else:
                    wrong.append(f"{name}: {field} from {fields.get(field, '-')}, expected from {wanted or '-'}")
    sys.stdout.write(table(("system", *SHOWN), rows))
    if right or wrong:
        print(f"\n{right} of {right + len(wrong)} fields are read as expected.", *wrong, sep="\n")


if __name__ == "__main__":
    main()
