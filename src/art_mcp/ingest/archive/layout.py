"""The files of an archive. `art-mcp ingest` can also read the catalogue as an ordinary table.

manifest.json          format, collections and embedding spaces, see `Manifest`
catalogue.jsonl        one painting per line, ordered by painting id, see `Record`
images/SHA256.jpg      the stored renditions, each named by the SHA-256 of its bytes; older ones are WebP (.webp)
vectors/SPACE.npy      the vectors of one embedding space: unit length, float16, shape (vectors, dimensions)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from art_mcp.images.files import open_file
from art_mcp.images.picture import LOCAL
from art_mcp.images.undecoded import FORMATS, ImageError
from art_mcp.ingest.job import MAX_COLLECTION_NAME
from art_mcp.ingest.load import ImportFailed
from art_mcp.painting import CATALOGUE_FIELDS, HOLDING_FIELDS, readable
from art_mcp.space import Space

MANIFEST, CATALOGUE, IMAGES, VECTORS = "manifest.json", "catalogue.jsonl", "images", "vectors"
MEMBER = re.compile(r"manifest\.json|catalogue\.jsonl|images/[0-9a-f]{64}\.(?:jpg|webp)|vectors/[a-z0-9_]{1,50}\.npy")
"""Matches the path of every file that may be part of an archive, relative to its folder."""
FORMAT: Final = 2
MAX_DIMENSIONS = 4000
MAX_MANIFEST_BYTES = 1 << 24
OTHER_COPY = "Import another copy of the archive, or export it again."

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
_Name = Annotated[str, Field(pattern=r"^[^\x00]{1,4096}$")]
_SHA256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_File = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\.(jpg|webp)$")]
_Side = Annotated[int, Field(ge=1, le=LOCAL.side)]
_Format = Annotated[str, Field(pattern=f"^({'|'.join(FORMATS)})$")]


class ArchiveError(ImportFailed):
    """An archive cannot be written or read, or its content is invalid."""


class Record(BaseModel):
    """A line of the catalogue, with all columns of the archive format; an unknown value is null or missing.

    A new field of paintings must be added here with a default, since older archives do not have it.
    """

    model_config = ConfigDict(strict=True, extra="ignore")

    id: _Name
    """The painting's key within its collection."""
    collection: str
    painting_id: str
    """UUID computed from the two fields above."""
    source: _Name | None = None
    """Source that the painting was last loaded from."""
    title: str | None = None
    artist: str | None = None
    date: str | None = None
    school: str | None = None
    type: str | None = None
    technique: str | None = None
    timeframe: str | None = None
    description: str | None = None
    number: str | None = None
    details: dict[str, str] = {}
    page: str | None = None
    rights: str | None = None
    credit: str | None = None
    years: Any = None
    """First and last possible year of creation, inclusive."""
    image: _File | None = None
    """File name of the display rendition; named `image` so that the table source can load the catalogue."""
    thumbnail: _File | None = None
    image_name: _Name | Literal[""] = ""
    """Source file of the picture, relative to its source; the fields below describe that file, sizes in pixels."""
    image_sha256: _SHA256 | None = None
    image_width: _Side | None = None
    image_height: _Side | None = None
    image_format: _Format | None = None
    vectors: dict[str, Annotated[int, Field(ge=0)]]
    """Row of the painting's vector in the space's vector file, counted from 0, by the name of the space."""
    checksum: _SHA256 = ""
    """See the function `checksum`."""


WORDS = tuple(name for name in (*CATALOGUE_FIELDS, *HOLDING_FIELDS) if name in Record.model_fields)
KEPT = {"display": "image", "thumbnail": "thumbnail"}
"""Column of the catalogue for each kind of rendition."""


def checksum(line: Mapping[str, Any], vectors: Mapping[str, bytes]) -> str:
    """SHA-256, in hex, of a catalogue line and the bytes of its vectors, ordered by the names of their spaces.

    It binds the vectors and renditions to the catalogue entry and the source file they were made from.
    """
    text = _encode({name: line[name] for name in line if name != "checksum"})
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name in sorted(vectors):
        digest.update(vectors[name])
    return digest.hexdigest()


class Manifest(BaseModel):
    """The content of `manifest.json`."""

    model_config = ConfigDict(strict=True, extra="ignore")

    format: Literal[2] = FORMAT
    program: str
    created: AwareDatetime
    collections: dict[str, Annotated[int, Field(ge=1, le=1_000_000_000)]] = Field(min_length=1)
    """Number of paintings in each collection."""
    spaces: list[Space] = Field(max_length=50)
    """The spaces that have a vector file, which may be empty."""
    active: list[str]
    """Names of the spaces that were active in the exported database."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        for name in self.collections:
            if not name or name != readable(name) or len(name) > MAX_COLLECTION_NAME:
                raise ValueError("a collection's name is invalid")
        words = [word for space in self.spaces for word in (space.provider, space.model, space.version)]
        if not all(re.fullmatch(r"[!-~]{1,250}", word) for word in words):
            raise ValueError("a space's name is invalid")
        if not all(1 <= space.dimensions <= MAX_DIMENSIONS for space in self.spaces):
            raise ValueError("a space's dimensions are out of range")
        if len({space.name for space in self.spaces}) < len(self.spaces):
            raise ValueError("a space is listed twice")
        legs = [space.leg for space in self.spaces if space.name in self.active]
        if len(set(legs)) < len(self.active):
            raise ValueError("an active space is missing, or two share a leg")
        return self

    @property
    def total(self) -> int:
        return sum(self.collections.values())


class _Version(BaseModel):
    format: int


def read_manifest(folder: Path) -> Manifest:
    """Read and validate the manifest in an archive's folder; no other file is read.

    Raises:
        ArchiveError: the manifest is missing, unreadable or invalid, or a newer version wrote it.
    """
    archive = "Pass a folder written by `art-mcp export`, or its zip file."
    if not folder.is_dir():
        raise ArchiveError(f"There is no file or folder {folder.name}.", archive)
    try:
        with open_file(folder / MANIFEST, [folder]) as file:
            data = file.read(MAX_MANIFEST_BYTES + 1)
        if len(data) > MAX_MANIFEST_BYTES:
            raise ValueError("it is too large")
        if _Version.model_validate_json(data).format > FORMAT:
            raise ArchiveError(
                f"{folder.name} was written by a newer art-mcp.", "Upgrade art-mcp on this machine and try again."
            )
        return Manifest.model_validate_json(data)
    except (ImageError, OSError) as error:
        why = error.problem if isinstance(error, ImageError) else f"{MANIFEST} cannot be read ({error.strerror})."
        raise ArchiveError(f"{folder.name} is not an archive: {why}", archive) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        why = f"{where}: {first['msg']}" if where else first["msg"].removeprefix("Value error, ")
        raise _invalid(folder, f"{why:.200}") from None
    except ValueError as error:
        raise _invalid(folder, str(error)) from None


def _invalid(folder: Path, why: str) -> ArchiveError:
    return ArchiveError(f"The {MANIFEST} of {folder.name} is invalid: {readable(why)}.", OTHER_COPY)
