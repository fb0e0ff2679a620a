"""Tables in JSON Lines format: one object per line, whose keys are the columns."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from art_mcp.ingest.sources.source import SourceError
from art_mcp.ingest.sources.tables.coerce import coerce, flattened
from art_mcp.ingest.sources.tables.records import MAX_LINE, SAMPLE_BYTES, Cells, Records

SAMPLE_ROWS = 1_000
"""Maximum number of lines at the start of a file from which its columns are determined."""
MAX_COLUMNS = 1_000
_decode = json.JSONDecoder(parse_constant=lambda _: None).decode


def jsonl(file: BinaryIO, name: str, images: Collection[str]) -> Records:
    """Open a table; its columns are the keys of the objects in its first lines.

    Raises:
        SourceError: none of these lines contains an object.
    """
    names = _names(file)
    if not names:
        raise SourceError(f"{name} is empty or has no JSON objects.", "Pass a file with a JSON object on each line.")
    file.seek(0)

    def records(columns: Mapping[str, int]) -> Iterator[tuple[str, Cells]]:
        for number, found in objects(file):
            if isinstance(found, str):
                yield f"line {number}", found
            else:
                yield f"line {number}", cells_of(found, names, columns)

    return Records(names, records)


def _names(file: BinaryIO) -> list[str]:
    names: dict[str, None] = {}
    for seen, (_, found) in enumerate(objects(file), 1):
        if not isinstance(found, str):
            names.update(dict.fromkeys(flattened(found)))
        if seen == SAMPLE_ROWS or len(names) > MAX_COLUMNS or file.tell() > SAMPLE_BYTES:
            break
    return list(names)[:MAX_COLUMNS]


def objects(file: BinaryIO) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Yield each line's number with its object, or with the reason why it cannot be read; empty lines are skipped."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE)
            yield number, f"The line is longer than {MAX_LINE:,} bytes."
            continue
        if not (line := line.strip(b"\xef\xbb\xbf \t\r\n").removesuffix(b",")):
            continue
        yield number, decode(line, "line")


def decode(text: bytes, unit: str) -> dict[str, Any] | str:
    """The object that a JSON text is, or the reason why it is none; `unit` is what the reason calls the text."""
    try:
        found = _decode(text.decode("utf-8"))
    except UnicodeDecodeError:
        return f"The {unit} is not UTF-8 text."
    except RecursionError:
        return f"The {unit}'s JSON is nested too deep."
    except ValueError:
        return f"The {unit} is not JSON, or has a number that is too long."
    return found if isinstance(found, dict) else "The JSON is not an object."


def cells_of(found: Mapping[str, Any], names: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
    """The cells of an object, by field."""
    flat = flattened(found)
    return {field: coerce(field, flat.get(names[index])) for field, index in columns.items()}
