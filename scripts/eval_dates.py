"""How well the rules for dates and names read real catalogues.

    python scripts/eval_dates.py FILE...

Each FILE is a table that art-mcp reads (CSV, TSV, SemArt) or JSON lines with `date` and `artist`. The script measures
the share of dates that are understood, lists the forms of the others (9 for any digit), counts the dates that meet the
table's own time frame, and lists names that still have a word in capitals.

A TSV file with the columns `date`, `year_from` and `year_to`, and maybe `count` (rows with this date), `language` and
`kind`, states the years that each date means; without years, it means none. Of such a file the script measures, for
each language and each kind, how many dates are read

- as these years: exactly;
- within 20 years: the years read lie within the stated ones, give or take 20 years. A museum may know more than its
  text says, such as 1925 to 1993 for "20th century"; the years read then hold the stated ones, give or take 20;
- apart: the two have no year in common, so a search by year would miss the painting.

A second table says how the years read differ from those stated: which rows are not within 20 years, and for which the
file states the years read in another row with the same text, so that it contradicts itself. Because it does, not even
the best reading of each text is exact everywhere; the line below the table says how often it can be. A date that is
apart may be one plain year, may name the stated year among others, as "1971, printed 1980" does, or may not name it.

It lists the dates that are not read or apart, and the others that neither lie within the stated years nor hold them.

SemArt's time frame is the half century of the artist, not of the painting: Monet's of 1904 has 1851-1900. The share of
plain years that meet it is therefore an upper limit for the others. A misread date would also miss the half centuries
before and after; such dates are listed.
`--sample N` prints N random dates and names with their readings, for a person to check. Needs what art-mcp
itself needs.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

from figures import table

from art_mcp.dates import years
from art_mcp.errors import ArtMcpError
from art_mcp.ingest.names import display_name
from art_mcp.ingest.sources.local import LocalSource
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS, Row
from art_mcp.painting import Catalogue

FORMS = 15
NEAR = 20
"""Years that a date may exceed the years stated for it."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A date and the years that it means; None for none."""

    text: str
    count: int
    groups: tuple[str, ...]
    means: tuple[int, int] | None
    read: tuple[int, int] | None

    @property
    def near(self) -> bool:
        return within(self.read, self.means, NEAR)

    @property
    def found(self) -> bool:
        """Whether one range holds the other."""
        return self.near or within(self.means, self.read, NEAR)

    @property
    def apart(self) -> bool:
        if self.read and self.means:
            return self.read[1] < self.means[0] or self.means[1] < self.read[0]
        return self.read is not None and self.means is None

    @property
    def difference(self) -> str:
        """How the years read differ from those stated."""
        if self.read == self.means:
            return "the same years"
        if self.read is None:
            return "no year read"
        if self.means is None:
            return "no year stated"
        if not self.apart:
            if within(self.means, self.read, 0):
                return "the stated years lie within those read"
            if within(self.read, self.means, 0):
                return "the years read lie within those stated"
            return "each has years that the other lacks"
        if re.fullmatch(r"\d{3,4}", self.text):
            return "apart: the text is one plain year"
        if any(within((year, year), self.means, 0) for year in map(int, re.findall(r"\d{4}", self.text))):
            return "apart: the text names a stated year"
        return "apart: the text names no stated year"


def within(inner: tuple[int, int] | None, outer: tuple[int, int] | None, margin: int) -> bool:
    if inner is None or outer is None:
        return inner is outer
    return outer[0] - margin <= inner[0] and inner[1] <= outer[1] + margin


def stated(path: Path) -> list[Stated]:
    """The dates of a TSV file that states their years; none of another table."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        if path.suffix != ".tsv" or not {"date", "year_from", "year_to"} <= set(rows.fieldnames or ()):
            return []
        return [as_stated(row) for row in rows if not row["year_from"] or says_something(row["date"])]


def as_stated(row: dict[str, str]) -> Stated:
    ends = sorted(int(row[end]) for end in ("year_from", "year_to") if row[end])
    groups = tuple(value for column in ("language", "kind") if (value := row.get(column)))
    means = (ends[0], ends[-1]) if ends else None
    return Stated(row["date"], int(row.get("count") or 1), groups, means, years(row["date"]))


def compare(path: Path, dates: list[Stated]) -> None:
    """Print how well dates are read as the years that they mean, and each that is not found."""
    names = dict.fromkeys(name for place in range(2) for date in dates for name in date.groups[place : place + 1])
    rows = [agreement(name, [date for date in dates if name in date.groups]) for name in names]
    rows.append(agreement("all", dates))
    header = ["dates", "read", "as these years", f"within {NEAR} years", "or hold them", "apart"]
    print(f"\n## {path.name}\n\n{table(header, rows)}\n")
    columns = ["years", "texts", "rows", f"not within {NEAR} years", "read so elsewhere"]
    print(f"{table(columns, differences(dates))}\n")
    print(f"The best reading of each text is exact for {share(reachable(dates), sum(date.count for date in dates))}.\n")
    wrong = {
        "not read": [date for date in dates if date.means and not date.read],
        "apart": [date for date in dates if date.apart],
        "too wide": [date for date in dates if date.read and not (date.apart or date.found)],
    }
    for what, those in wrong.items():
        for date in sorted(those, key=lambda date: (-date.count, date.text)):
            print(f"{what:9}{date.count:6}  {date.text}  {date.means or 'no year'} read as {date.read or 'no year'}")


def agreement(name: str, dates: list[Stated]) -> tuple[str, ...]:
    whole = sum(date.count for date in dates)
    columns = (
        (date.read is not None for date in dates),
        (date.read == date.means for date in dates),
        (date.near for date in dates),
        (date.found for date in dates),
        (date.apart for date in dates),
    )
    counts = [date.count for date in dates]
    return (name, *(share(sum(compress(counts, column)), whole) for column in columns))


def differences(dates: list[Stated]) -> list[tuple[str, ...]]:
    """How the years read differ from those stated, most rows first."""
    pairs = {(date.text, date.means) for date in dates}
    rows = sum(date.count for date in dates)
    kinds: dict[str, list[Stated]] = {}
    for date in dates:
        kinds.setdefault(date.difference, []).append(date)
    found: list[tuple[str, ...]] = []
    for kind, those in sorted(kinds.items(), key=lambda item: -sum(date.count for date in item[1])):
        texts = len({date.text for date in those})
        far = sum(date.count for date in those if not date.near)
        elsewhere = sum(date.count for date in those if (date.text, date.read) in pairs)
        found.append((kind, f"{texts:,}", share(sum(date.count for date in those), rows), f"{far:,}", f"{elsewhere:,}"))
    return found


def reachable(dates: list[Stated]) -> int:
    """Rows that have the years stated most often for their text."""
    counts: Counter[tuple[str, tuple[int, int] | None]] = Counter()
    for date in dates:
        counts[date.text, date.means] += date.count
    most: dict[str, int] = {}
    for (text, _), count in counts.items():
        most[text] = max(most.get(text, 0), count)
    return sum(most.values())


def catalogues(path: Path) -> Iterator[Catalogue]:
    if path.suffix == ".jsonl":
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield Catalogue(date=row.get("date"), artist=row.get("artist"))
    else:
        source = open_source(str(path.absolute()), DEFAULTS)
        assert isinstance(source, LocalSource)
        yield from (row.catalogue for row in source.rows() if isinstance(row, Row))


def says_something(date: str | None) -> bool:
    """Whether there is a date to understand; "date not known" and "-" are not one."""
    if date is None or not re.search(r"\w", date):
        return False
    return not re.fullmatch(r"(date )?(not known|unknown)|undated|not dated|no date|n\.? ?d\.?", date.strip().lower())


def share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({100 * part / whole:.2f} %)" if whole else "-"


def measure(path: Path, sample: int) -> None:
    rows = list(catalogues(path))
    dates = [row for row in rows if says_something(row.date)]
    understood = [row for row in dates if years(row.date)]
    framed = [row for row in understood if years(row.timeframe)]
    plain = [row for row in framed if re.fullmatch(r"\d{4}", row.date or "")]
    others = [row for row in framed if row not in plain]
    far = [row for row in framed if not meets(row, margin=50)]
    artists = sorted({row.artist for row in rows if row.artist})
    shouted = [name for name in artists if any(map(in_capitals, (display_name(name) or "").split()))]

    figures = [
        ("dates that say anything", share(len(dates), len(rows))),
        ("understood", share(len(understood), len(dates))),
        ("plain years that meet the time frame", share(sum(map(meets, plain)), len(plain))),
        ("other dates that meet it", share(sum(map(meets, others)), len(others))),
        ("dates that meet it or the half century before or after it", share(len(framed) - len(far), len(framed))),
        ("names recast", share(sum(display_name(name) not in (name, None) for name in artists), len(artists))),
        ("names that still have a word in capitals", share(len(shouted), len(artists))),
    ]
    print(f"\n## {path.name}\n\n{table(['what', 'measured'], figures)}\n")
    for name in shouted[:FORMS]:
        print(f"in capitals: {name}")
    forms = Counter(re.sub(r"\d", "9", row.date or "") for row in dates if not years(row.date))
    for form, count in forms.most_common(FORMS):
        print(f"not understood  {count:5}  {form}")
    for row in far:
        print(f"far from {row.timeframe}  {row.date} {years(row.date)}  {row.artist}")
    picked = random.Random(0)
    for row in picked.sample(dates, min(sample, len(dates))):
        print(f"{row.date:40} {years(row.date)}")
    for name in picked.sample(artists, min(sample, len(artists))):
        print(f"{name:50} {display_name(name)}")


def meets(row: Catalogue, margin: int = 0) -> bool:
    """Whether the date, give or take `margin` years, overlaps the time frame; both must be understood."""
    date, frame = years(row.date), years(row.timeframe)
    assert date is not None and frame is not None
    return date[0] <= frame[1] + margin and frame[0] - margin <= date[1]


def in_capitals(word: str) -> bool:
    return word.isalpha() and word.isupper() and len(word) > 1 and not re.fullmatch("[IVX]+", word)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--sample", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    for file in arguments.files:
        try:
            if dates := stated(file):
                compare(file, dates)
            else:
                measure(file, arguments.sample)
        except ArtMcpError as error:
            sys.exit(str(error))
