"""What an archive says of itself, and whether that is true."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from art_mcp.ingest.job import MAX_COLLECTION_NAME
from art_mcp.ingest.load import ImportFailed
from art_mcp.painting import readable
from art_mcp.space import Leg, Space

MANIFEST = "manifest.json"
FORMAT = 1
"""Of what the files hold; a program reads this one and all before it."""
MAX_BYTES = 1 << 24
OTHER_COPY = "Import another copy of the archive, or export it again."
_Word = Annotated[str, Field(pattern=r"^[!-~]{1,250}$")]


class ArchiveError(ImportFailed):
    """An archive cannot be written, or is not what it says."""


class SpaceRecord(BaseModel):
    """An embedding space of the archive's vectors."""

    column: str = Field(pattern=r"^vector_[a-z0-9_]{1,60}$")
    """Where they are."""
    leg: Leg
    provider: _Word
    model: _Word
    version: _Word
    dimensions: int = Field(ge=1, le=4000)
    active: bool
    """It was searched where the archive was made."""
    vectors: int = Field(ge=0)

    @classmethod
    def of(cls, space: Space, *, active: bool) -> Self:
        """That of a space of which no vector is written yet."""
        return cls(
            column=f"vector_{space.name}",
            leg=space.leg,
            provider=space.provider,
            model=space.model,
            version=space.version,
            dimensions=space.dimensions,
            active=active,
            vectors=0,
        )

    @property
    def space(self) -> Space:
        return Space(self.leg, self.provider, self.model, self.version, self.dimensions)


class FileRecord(BaseModel):
    """A Parquet file of the archive."""

    name: str = Field(pattern=r"^paintings-\d{5}\.parquet$")
    rows: int = Field(ge=1)
    bytes: int = Field(ge=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """The content of `manifest.json`."""

    model_config = ConfigDict(strict=True, extra="ignore")

    format: int
    program: str
    created: AwareDatetime
    collections: dict[str, Annotated[int, Field(ge=1)]] = Field(min_length=1)
    """Paintings of each."""
    spaces: list[SpaceRecord] = Field(max_length=50)
    files: list[FileRecord] = Field(min_length=1)

    @model_validator(mode="after")
    def _agrees(self) -> Manifest:
        """It contradicts itself nowhere."""
        for name in self.collections:
            if not name or name != readable(name) or len(name) > MAX_COLLECTION_NAME:
                raise ValueError("a collection's name cannot be used")
        for names in ([each.space.name for each in self.spaces], [each.column for each in self.spaces]):
            if len(set(names)) < len(names):
                raise ValueError("a space is named twice")
        active = [record.leg for record in self.spaces if record.active]
        if len(set(active)) < len(active):
            raise ValueError("two spaces of one leg are active")
        if len({record.name for record in self.files}) < len(self.files):
            raise ValueError("a file is named twice")
        if sum(record.rows for record in self.files) != self.total:
            raise ValueError("its files have another number of rows than its collections")
        if any(record.vectors > self.total for record in self.spaces):
            raise ValueError("a space has more vectors than there are paintings")
        return self

    @property
    def total(self) -> int:
        return sum(self.collections.values())

    @property
    def columns(self) -> dict[Space, str]:
        """Where the vectors of each space are."""
        return {record.space: record.column for record in self.spaces}


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an archive's folder; its files are not looked at.

    Raises:
        ArchiveError: there is none, or it cannot be believed.
    """
    try:
        if (folder / MANIFEST).exists() and not (folder / MANIFEST).is_file():  # a pipe would be waited for
            raise _not_believed(folder, "it is no file")
        with (folder / MANIFEST).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ArchiveError(
            f"{folder.name} is no archive: its {MANIFEST} cannot be read ({error.strerror}).",
            "Give the folder that `art-mcp export` has written.",
        ) from None
    try:
        if len(data) > MAX_BYTES:
            raise ValueError("it is too long")
        if _Format.model_validate_json(data).format > FORMAT:
            raise ArchiveError(
                f"{folder.name} was written by a newer art-mcp.", "Upgrade art-mcp on this machine and try again."
            )
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        why = f"{where}: {first['msg']}" if where else first["msg"].removeprefix("Value error, ")
        raise _not_believed(folder, f"{why:.200}") from None
    except ValueError as error:
        raise _not_believed(folder, str(error)) from None


def damage(folder: Path, record: FileRecord) -> str | None:
    """What is wrong with a file of an archive, by its length and digest. Reads it whole: call it in a thread."""
    path = folder / record.name
    try:
        size = path.stat().st_size
        if not path.is_file():
            return "is no file"
        if size != record.bytes:
            return f"has {size:,} bytes instead of {record.bytes:,}"
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if digest == record.sha256 else "has another SHA-256 than the manifest says"


def _not_believed(folder: Path, why: str) -> ArchiveError:
    return ArchiveError(f"The {MANIFEST} of {folder.name} cannot be believed: {readable(why)}.", OTHER_COPY)


class _Format(BaseModel):
    format: int
