"""Chooses what the columns of a table are used for, by their names and by a sample of their cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from urllib.parse import quote

from art_mcp.errors import Advice
from art_mcp.ingest.sources.source import Refusal, Row, SourceError, column_argument
from art_mcp.ingest.sources.tables.cell_text import cell_text, is_nothing, is_vector
from art_mcp.ingest.sources.tables.column_names import Match, matches, names_of, plain, words
from art_mcp.ingest.sources.tables.columns import FIELDS, painting, without_surrogates
from art_mcp.ingest.sources.tables.records import is_link, is_picture
from art_mcp.painting import MAX_DETAIL, MAX_NAME, readable

SHOWN = 12
"""Maximum number of column names in a sentence."""
MAX_KEPT = 100
"""Maximum number of columns that are read as details; of those that are not empty, each painting has the first 40."""
MAX_COLUMNS = 10_000
"""Maximum number of columns of a table that are looked at."""
FILLED = frozenset(
    ("image", "title", "artist", "date", "school", "type", "technique", "timeframe", "description", "rights", "credit")
)
"""Fields whose empty cells are filled from the next column that can hold them: nationality, where culture is empty."""
LINKED = frozenset(("image", "page", "key", "number", "rights", "vector"))
"""Fields whose value may be a link; a column of links to entities is no title and no artist."""
PERSON = frozenset(("bio", "biography", "born", "birth", "died", "death"))
"""Words in the names of columns of a table of persons."""
_IIIF = re.compile(r"(https?://[^\s?#]*/iiif/(?!.*/(?:manifest|full|square|collection)\b)[^\s?#]*?)(?:/info\.json|/)?")
"""The link of a IIIF image without size and format, from which a link to the picture can be made."""
MAX_LINK = 500
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_FLAG = re.compile(r"true|false|yes|no|ja|nein|oui|non|[01xyn]", re.IGNORECASE)


class NoPictureColumn(SourceError):
    """A table has no column that names the picture, nor one with a title or an artist."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text with the cells of columns in it, such as https://museum.example/{image_id}/full/843,/0/default.jpg."""

    text: str
    columns: Mapping[str, int]
    """Index of each column, by its name in the text."""
    partial: bool = False
    """Whether a cell may be empty; otherwise the whole text is empty then."""

    def filled(self, cells: Mapping[int, str]) -> str:
        given = {name: cells.get(column, "").strip() for name, column in self.columns.items()}
        values = {name: "" if is_nothing(cell) else cell for name, cell in given.items()}
        if not (any if self.partial else all)(values.values()):
            return ""
        in_link = is_link(self.text)

        def value(found: re.Match[str]) -> str:
            return quote(values[found[1]], safe="%~") if in_link else values[found[1]]

        return _PLACEHOLDER.sub(value, self.text).strip(" ,").removeprefix("- ").removesuffix(" -")


@dataclass(slots=True)
class Columns:
    """What each column of a table is used for."""

    names: Sequence[str]
    fields: dict[str, list[int]] = field(default_factory=dict)
    """The columns of each field; a later one fills the empty cells of the earlier ones."""
    patterns: dict[str, Pattern] = field(default_factory=dict)
    details: dict[int, str] = field(default_factory=dict)
    """The columns that are kept as they are, by the name under which they are kept."""
    artist_ids: int | None = None
    """The column of the makers' ids, which are as many as the names that commas part in the column of the artist."""
    left_out: dict[int, str] = field(default_factory=dict)
    """Why a column is not used."""
    empty: list[int] = field(default_factory=list)
    """Columns without a value in the first rows."""
    notes: list[str] = field(default_factory=list)
    """What a user should know about the choice, in sentences."""

    @property
    def slots(self) -> dict[str, int]:
        """What `Records.read` takes: the index of each column by what it is read for, a field first."""
        slots: dict[str, int] = {}
        for name, columns in self.fields.items():
            slots |= {f"{name} {place}" if place else name: column for place, column in enumerate(columns)}
        parts = {column for pattern in self.patterns.values() for column in pattern.columns.values()}
        return slots | {f"detail {column}": column for column in sorted({*parts, *self.details})}

    @property
    def has_picture(self) -> bool:
        return "image" in self.fields or "image" in self.patterns

    def row(self, label: str, cells: Mapping[str, str]) -> Row | Refusal:
        """Build a row from its cells, by slot."""
        values: dict[str, str] = {}
        for name, columns in self.fields.items():
            slots = (f"{name} {place}" if place else name for place in range(len(columns)))
            values[name] = next((text for slot in slots if (text := cell_text(name, cells[slot]))), "")
        kept = {int(slot[7:]): cell for slot, cell in cells.items() if slot.startswith("detail ")}
        values |= {name: pattern.filled(kept) for name, pattern in self.patterns.items()}
        if is_link(image := values.get("image", "")[:MAX_LINK]) and (base := _IIIF.fullmatch(image)):
            values["image"] = f"{base[1]}/full/!1024,1024/0/default.jpg"
        ids = kept.get(-1 if self.artist_ids is None else self.artist_ids, "").split(",")
        if len(ids) > 1 and len(makers := values.get("artist", "").split(", ")) == len(ids):
            values["artist"] = "; ".join(makers)
        details = {name: self._detail(kept[column], values) for column, name in self.details.items()}
        return painting(label, values, details)

    def _detail(self, cell: str, values: Mapping[str, str]) -> str:
        """The text that is kept of a cell: nothing if it is a vector, or if a field has it already."""
        if not cell or is_vector(cell):
            return ""
        text = cell_text("detail", without_surrogates(cell[: 20 * MAX_DETAIL])).strip()
        return "" if text in values.values() else text

    def reading(self) -> list[str]:
        """Sentences on what each column became, or why it is not used."""
        read = {**{name: pattern.text for name, pattern in self.patterns.items()}}
        for name, columns in self.fields.items():
            first, *others = (readable(self.names[column])[:MAX_NAME] for column in columns)
            read[name] = first + (f" (where empty, from {' or '.join(others[:3])})" if others else "")
        sentences = [f"Read: {', '.join(f'{name} from {read[name]}' for name in FIELDS if name in read)}."]
        if kept := [name for at, name in self.details.items() if at not in self.empty]:
            sentences.append(f"Kept with each painting: {listed(kept, 2 * SHOWN)}.")
        if self.empty:
            empty = [readable(self.names[at])[:40] for at in self.empty]
            sentences.append(f"Empty in the first rows: {listed(empty)}.")
        if self.left_out:
            named = ((readable(self.names[at])[:40] or f"column {at + 1}", why) for at, why in self.left_out.items())
            told = [f"{name} ({why})" for name, why in named]
            sentences.append(f"Not used: {listed(told)}.")
        return [*sentences, *self.notes]


def choose(
    table: str, names: Sequence[str], given: Mapping[str, str], sample: Sequence[Mapping[int, str]] = ()
) -> Columns:
    """Decide what each column is used for.

    Args:
        table: name of the table for error messages.
        names: names of its columns.
        given: names of columns, or patterns, chosen by the user for fields; they take precedence.
        sample: cells of the first rows, by the index of their column.

    Raises:
        SourceError: a given column does not exist or is ambiguous, or the table's picture column is.
        NoPictureColumn: no column names a picture, a title or an artist.
    """
    return _Choice(table, [*map(without_surrogates, names[:MAX_COLUMNS])], sample).choose(given)


class _Choice:
    def __init__(self, table: str, names: Sequence[str], sample: Sequence[Mapping[int, str]]) -> None:
        self.table, self.names, self.sample = table, names, sample
        self.columns = Columns(names)
        self.compared = [plain(name) for name in names]
        counts = Counter(self.compared)
        self.doubled = {at for at, name in enumerate(self.compared) if name and counts[name] > 1}
        self.taken: set[int] = set()
        self.cells = {
            at: [cell for row in sample if not is_nothing(cell := row.get(at, ""))] for at in range(len(names))
        }
        self.pictures = {at for at, cells in self.cells.items() if _most(cells, is_picture)}
        self.links = {at for at, cells in self.cells.items() if _most(cells, is_link)}
        labelled = {name.removesuffix("label") for name in self.compared if name.endswith("label")}
        self.entities = {at for at, name in enumerate(self.compared) if name in labelled}  # Wikidata: X and XLabel
        self.candidates: dict[str, list[int]] = {}
        by_field: dict[str, list[tuple[Match, int]]] = {}
        for at, name in enumerate(names):
            for each, match in matches(name).items():
                by_field.setdefault(each, []).append((match, at))
        for each, found in by_field.items():
            plainly = [(match, at) for match, at in found if not match.last_resort]
            self.candidates[each] = [at for _, at in sorted(plainly or found)]

    def choose(self, given: Mapping[str, str]) -> Columns:
        for name, wanted in given.items():
            if _PLACEHOLDER.search(wanted):
                at = {part: self._find(name, part) for part in _PLACEHOLDER.findall(wanted)}
                self.columns.patterns[name] = Pattern(wanted.strip(), at)
            else:
                self._use(name, self._find(name, wanted))
        if not self.columns.has_picture:
            self._choose_picture()
        for name in ("title", "artist", "date", "number", "key", *FIELDS):
            if name not in self.columns.fields and name not in self.columns.patterns and name != "image":
                self._choose_field(name)
        self._name_persons()
        dated = self.columns.fields.get("date", ())
        if "date" not in self.columns.patterns and not any(self.cells[at] or not self.sample for at in dated):
            self._join("date", ("first year", "last year"), " - ")
        if not self.columns.has_picture and not {"title", "artist"} & {*self.columns.fields, *self.columns.patterns}:
            raise NoPictureColumn(
                f"{self.table} has no column that names the picture's file, a title or an artist; it has "
                f"{self._shown(self._likely('image'))}.",
                Advice("Name one of them IMAGE_FILE, or choose it with {}.", column_argument("image", "NAME")),
            )
        self._fill()
        self._keep_details()
        ids = {*self.candidates.get("artist ids", ())} & self.columns.details.keys()
        self.columns.artist_ids = min(ids, default=None)
        self._note()
        return self.columns

    def _use(self, name: str, column: int) -> None:
        self.columns.fields[name] = [column]
        self.taken.add(column)

    def _find(self, name: str, wanted: str) -> int:
        """The index of the column that a user named, by its exact name if there is one."""
        exact = [at for at, each in enumerate(self.names) if each.strip() == wanted.strip() and wanted.strip()]
        found = exact or [at for at, each in enumerate(self.compared) if each == plain(wanted) and each]
        if len(found) == 1:
            return found[0]
        if found:
            raise SourceError(f"{self.table} has the column {wanted!r:.60} twice.", "Rename or remove one of them.")
        close = get_close_matches(plain(wanted), self.compared[:1_000], 3, 0.6)
        likely = [*(self.compared.index(each) for each in close), *self._likely(name)]
        raise SourceError(f"{self.table} has no column {wanted!r:.60}.", f"It has {self._shown(likely)}.")

    def _choose_picture(self) -> None:
        candidates = [at for at in self.candidates.get("image", []) if at not in self.taken]
        last_resort = bool(candidates) and matches(self.names[candidates[0]])["image"].last_resort
        fitting = [at for at in candidates if at in self.pictures or not self.cells[at]]
        others = [at for at in sorted(self.pictures) if at not in self.taken]
        named = [at for at in candidates if not _most(self.cells[at], _FLAG.fullmatch)]
        if last_resort:  # "painting" can hold a file's name; links to pages and ids of pictures are no pictures
            named = [at for at in named if at not in self.links and "id" not in words(self.names[at])]
        # A column that is named so comes first, unless its cells look like no pictures and those of another column do.
        for at in (*fitting, *others, *named):
            if at in self.doubled and at in named and len(others) != 1:
                name = readable(self.names[at])[:60]
                raise SourceError(f"{self.table} has the column {name!r} twice.", "Rename or remove one of them.")
            self._use("image", at)
            return
        if candidates and last_resort and (at := candidates[0]) not in self.links:
            example = Advice(
                "{} contains ids, not links: if links can be made from them, give the pattern with {}.".format(
                    readable(self.names[at])[:60], "{}"
                ),
                column_argument("image", f"https://HOST/{{{readable(self.names[at])[:60]}}}"),
            )
            self.columns.notes.append(example)

    def _choose_field(self, name: str) -> None:
        shared = {"key": {"number", "page"}, "number": {"key"}}.get(name, set[str]())
        allowed = {at for each in shared for at in self.columns.fields.get(each, ())}
        for at in self.candidates.get(name, ()):
            if at in self.doubled or not self._fits(name, at):
                continue
            if at not in self.taken or at in allowed:
                self._use(name, at)
                return

    def _fits(self, name: str, at: int) -> bool:
        """Whether the cells of a column can be values of a field, as far as they are known."""
        if name not in LINKED and (at in self.links or at in self.entities):
            return False
        if name == "date":  # of a record, not of a painting
            changed = any({"modified", "updated", "changed"} & set(words(each)) for each in self.names[:1_000])
            return not (self.compared[at] == "created" and changed)
        return not (name == "key" and len(self.cells[at]) > 4 and len(set(self.cells[at])) == 1)

    def _name_persons(self) -> None:
        """A table of persons, or one with a title, has the artist in the column "name"; some have it in two columns."""
        fields, patterns = self.columns.fields, self.columns.patterns
        if "artist" in fields or "artist" in patterns:
            return
        at = next((at for at, name in enumerate(self.compared) if name == "name" and at not in self.doubled), None)
        is_title = at is not None and fields.get("title") == [at]
        of_persons = any(PERSON & set(words(name)) for name in self.names[:1_000])
        if at is not None and (of_persons if is_title else "title" in fields and at not in self.taken):
            if is_title:
                del fields["title"]
            self._use("artist", at)
            return
        self._join("artist", ("last name", "first name"), ", ")

    def _join(self, field: str, parts: Sequence[str], between: str) -> None:
        """Read a field from the columns of its parts, if there are all of them."""
        columns = [self.candidates.get(part, [None])[0] for part in parts]
        if None not in columns:
            named = {self.names[at]: at for at in columns if at is not None}
            pattern = Pattern(between.join(f"{{{name}}}" for name in named), named, partial=True)
            self.columns.patterns[field] = pattern
            self.columns.fields.pop(field, None)
            self.taken |= {*named.values()}

    def _fill(self) -> None:
        for name in FILLED & self.columns.fields.keys():
            for at in self.candidates.get(name, ()):
                last_resort = matches(self.names[at])[name].last_resort
                is_free = at not in self.taken and at not in self.doubled and not last_resort
                if is_free and self._fits(name, at) and (name != "image" or at in self.pictures):
                    self.columns.fields[name].append(at)

    def _keep_details(self) -> None:
        left_out, seen = self.columns.left_out, set[str]()
        kept = []
        for at, name in enumerate(self.names):
            if at in self.taken or at in self.columns.fields.get("image", ()):
                continue
            cells = self.cells[at]
            if at in self.pictures:
                left_out[at] = "pictures"
            elif _most(cells, is_vector) or "vector" in matches(name):
                left_out[at] = "numbers of a model"
            elif not readable(name) and not cells:
                continue
            else:
                kept.append(at)
        kept.sort(key=lambda at: bool(self.sample) and not self.cells[at])
        for at in kept[MAX_KEPT:]:
            left_out[at] = f"more than {MAX_KEPT} columns"
        for at in sorted(kept[:MAX_KEPT]):
            name = readable(self.names[at])[:MAX_NAME] or f"column {at + 1}"
            while name in seen:
                name = f"{name[: MAX_NAME - 4]} (2)"
            seen.add(name)
            self.columns.details[at] = name

    def _note(self) -> None:
        named = (at for at, name in enumerate(self.names) if self.sample and not self.cells[at] and readable(name))
        self.columns.empty.extend(named)
        doubled = [at for at in sorted(self.doubled - self.taken) if matches(self.names[at])]
        for name in dict.fromkeys(readable(self.names[at])[:40] for at in doubled):
            self.columns.notes.append(f"The column {name} is there twice, so it is not read as a field.")
        if not self.columns.has_picture:
            self.columns.notes.append("No column names pictures: rows are stored without, and found by their words.")

    def _likely(self, name: str) -> list[int]:
        """Columns that may hold a field: those whose name or cells say so, then those that share a word with it."""
        known = [each for each in names_of(name)[:200] if len(each) > 3]
        alike = [at for at, each in enumerate(self.compared[:1_000]) if any(part in each for part in known)]
        shown = sorted(self.pictures | self.links) if name == "image" else []
        return [*shown, *self.candidates.get(name, ()), *alike]

    def _shown(self, likely: Sequence[int]) -> str:
        order = list(dict.fromkeys((*(likely if len(self.names) > SHOWN else ()), *range(len(self.names)))))
        names = [readable(self.names[at])[:40] for at in order if readable(self.names[at])]
        count = f"{len(names):,} columns, such as: " if len(names) > SHOWN else "the columns: "
        return count + ", ".join(names[:SHOWN])


def _most(cells: Sequence[str], test: Callable[[str], object]) -> bool:
    """Whether more than half of some cells pass a test; False if there are none."""
    return 2 * sum(bool(test(cell)) for cell in cells) > len(cells)


def listed(names: Sequence[str], most: int = SHOWN) -> str:
    """The first of some names, and the number of the others."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
