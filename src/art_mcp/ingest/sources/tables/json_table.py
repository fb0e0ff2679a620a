"""Tables in JSON: one object per line, an array of objects, or an object that holds such an array."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, BinaryIO

from art_mcp.ingest.sources.source import SourceError
from art_mcp.ingest.sources.tables.coerce import flattened
from art_mcp.ingest.sources.tables.column_names import MAIN, matches, plain
from art_mcp.ingest.sources.tables.json_document import MAX_OBJECT, Path, objects_in
from art_mcp.ingest.sources.tables.jsonl import MAX_COLUMNS, SAMPLE_ROWS, cells_of, decode, jsonl
from art_mcp.ingest.sources.tables.records import SAMPLE_BYTES, Cells, Records

_HEAD = 1 << 16
"""Number of bytes at the start of a file that tell lines of JSON from one document."""


def json_table(file: BinaryIO, name: str, images: Collection[str]) -> Records:
    """Open a table, whatever its suffix says about its form; its columns are the keys of its first objects.

    Raises:
        SourceError: it has no objects, or several arrays of objects.
    """
    if _has_lines(file):
        return jsonl(file, name, images)
    if whole := _whole(file):
        columns = [*dict.fromkeys(name for row in whole[:SAMPLE_ROWS] for name in flattened(row))][:MAX_COLUMNS]

        def of_whole(fields: Mapping[str, int]) -> Iterator[tuple[str, Cells]]:
            yield from ((f"object {number}", cells_of(row, columns, fields)) for number, row in enumerate(whole, 1))

        return Records(columns, of_whole)
    path = _array(file, name, images)
    names: dict[str, None] = {}
    for seen, (_, found) in enumerate(_objects(file, path), 1):
        if not isinstance(found, str):
            names.update(dict.fromkeys(flattened(found)))
        if seen == SAMPLE_ROWS or len(names) > MAX_COLUMNS or file.tell() > SAMPLE_BYTES:
            break
    columns = list(names)[:MAX_COLUMNS]

    def records(fields: Mapping[str, int]) -> Iterator[tuple[str, Cells]]:
        for number, found in _objects(file, path):
            yield f"object {number}", found if isinstance(found, str) else cells_of(found, columns, fields)

    return Records(columns, records)


def _has_lines(file: BinaryIO) -> bool:
    """Whether the file has an object on each line rather than one document; an object on one line can be either."""
    file.seek(0)
    head = file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    if head.startswith(b"["):
        return not head[1:].lstrip().startswith(b"{")
    line, _, rest = head.partition(b"\n")
    if line.strip() == b"{" or not head.startswith(b"{"):
        return not head.startswith(b"{")
    if rest.strip():
        return rest.lstrip().startswith(b"{") or not isinstance(decode(line, "line"), str)
    is_document = next(objects_in(file), None) is not None or len(_whole(file)) > 1
    file.seek(0)
    return not is_document


def _whole(file: BinaryIO) -> list[dict[str, Any]]:
    """The rows of a document that is no array: one painting, or paintings or columns by their names; else empty."""
    file.seek(0)
    text = file.read(MAX_OBJECT + 1).removeprefix(b"\xef\xbb\xbf").lstrip()
    document = decode(text, "object") if text.startswith(b"{") else ""
    if isinstance(document, str) or not document:
        return []
    values = [*document.values()]
    if all(isinstance(value, dict) for value in values):
        if _told(document) > 1 and not _told(values[0]):  # {"title": {"0": "Sea"}, "artist": {"0": "Monet"}}
            return [{name: column.get(key) for name, column in document.items()} for key in values[0]]
        return values if _told(values[0]) else []
    file.seek(0)
    first: dict[Path, int] = {}
    for path, item in objects_in(file):
        if path not in first:
            found = decode(item or b"", "object")
            first[path] = 0 if isinstance(found, str) else _told(found)
    return [document] if _told(document) > max(first.values(), default=0) else []


def _told(found: Mapping[str, Any]) -> int:
    """How many of the main fields an object has."""
    return len(MAIN & {field for name in [*flattened(found)][:MAX_COLUMNS] for field in matches(name)})


def _array(file: BinaryIO, name: str, images: Collection[str]) -> Path:
    """Where the array of objects is; of several, the only one with a column of pictures."""
    first: dict[Path, Any] = {}
    file.seek(0)
    for path, item in objects_in(file):
        if path not in first:
            first[path] = decode(item or b"", "object")
            if not path:
                break
    if not first:
        raise SourceError(
            f"{name} is empty or has no JSON objects.", "Pass a file with a JSON object on each line, or an array."
        )
    usable = list(first)
    if len(first) > 1:
        usable = [
            path
            for path, item in first.items()
            if isinstance(item, dict) and not {*map(plain, item)}.isdisjoint(images)
        ]
    if len(usable) != 1:
        names = ", ".join(".".join(path)[:40] for path in [*first][:5])
        raise SourceError(
            f"{name} has {len(first)} arrays of objects ({names}).", "Save the right one as its own file."
        )
    return usable[0]


def _objects(file: BinaryIO, wanted: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    file.seek(0)
    number = 0
    for path, item in objects_in(file):
        if path == wanted:
            number += 1
            problem = f"The object is cut off, or larger than {MAX_OBJECT >> 20} MiB."
            yield number, decode(item, "object") if item else problem
