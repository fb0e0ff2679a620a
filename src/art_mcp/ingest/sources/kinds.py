"""The kinds of sources that a user can name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source, described for users."""

    form: str
    """Pattern of the argument that names such a source."""
    takes: str
    """What is loaded from it."""


MUSEUMS = {
    "met": "the Metropolitan Museum of Art",
    "cleveland": "the Cleveland Museum of Art",
    "smk": "SMK, the national gallery of Denmark",
}
"""Museums with their own API, by the prefix of the source: `met:WORDS` to search, or `met:` for all paintings."""
MUSEUM_FORMS = " or ".join(", ".join(f"{name}:WORDS" for name in MUSEUMS).rsplit(", ", 1))
KINDS: tuple[Kind, ...] = (
    Kind("/folder", "a folder of pictures; titles from their metadata, from sidecars NAME.xmp or NAME.json, or names"),
    Kind("/folder with a table", "a table with its pictures, or SemArt's three files"),
    Kind("/table.csv", "a table (CSV, TSV, Excel, JSON, Parquet) that lists picture files or https links to pictures"),
    Kind("/archive.zip", "a zip archive of pictures, a table, or both, which is read in place"),
    *(Kind(f"{name}:WORDS", f"paintings of {title}") for name, title in MUSEUMS.items()),
    Kind("https://...", "a IIIF manifest or collection, version 2 or 3"),
)
"""All kinds, in the order in which messages list them."""


def describe_kinds() -> str:
    """All kinds in one sentence, for error messages."""
    return (
        "a folder of pictures, a table (CSV, TSV, Excel, JSON or Parquet), a zip archive of either, "
        f"{MUSEUM_FORMS} for a museum's paintings, or the https link of a IIIF manifest or collection"
    )


def is_address(source: str) -> bool:
    """Whether a source is a museum or a link rather than a local path."""
    return source.partition(":")[0].lower() in (*MUSEUMS, "https", "http")
