"""Tables that are split over several files, as the data sets of Hugging Face are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from art_mcp.ingest.sources.tables.choosing import SHOWN, listed

_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{1,9})-of-(?P<count>\d{1,9})(?P<suffix>\.[^/]+)", re.DOTALL)


def stem_of(name: str) -> str | None:
    """What precedes the number in the name of a shard, such as "train" in "train-00000-of-00005.parquet"; else None."""
    shard = _SHARD.fullmatch(name)
    return shard["stem"] if shard else None


def siblings(name: str, files: Iterable[str]) -> list[str]:
    """The shards of the table that a file is one of, in their order; only the file itself if it is no shard."""
    return sorted({name, *(file for file in files if _table(file) == _table(name))}) if _table(name) else [name]


def reading(names: Sequence[str]) -> list[str]:
    """Sentences for the user on which files are read as one table, and which of its shards are missing."""
    sentences = [f"Read as one table: {listed(names)}."] if len(names) > 1 else []
    for table in dict.fromkeys(filter(None, map(_table, names))):
        stem, count, suffix = table
        shards = (_SHARD.fullmatch(name) for name in names if _table(name) == table)
        there = {int(shard["number"]): len(shard["number"]) for shard in shards if shard}
        first = 1 if int(count) in there and 0 not in there else 0
        numbers = range(first, first + int(count))
        if missing := len(numbers) - sum(number in numbers for number in there):
            width = max(there.values())
            named = (f"{stem}-{number:0{width}}-of-{count}{suffix}" for number in numbers if number not in there)
            more = f" and {missing - SHOWN:,} more" if missing > SHOWN else ""
            sentences.append(f"Missing: {', '.join(islice(named, SHOWN))}{more}.")
    return sentences


def _table(name: str) -> tuple[str, str, str] | None:
    """What the names of a table's shards have in common."""
    shard = _SHARD.fullmatch(name)
    return (shard["stem"], shard["count"], shard["suffix"]) if shard else None
