"""What an archive consists of. `art-mcp ingest` reads its catalogue as it reads any other table.

manifest.json          what the archive says about itself, see `Manifest`
catalogue.jsonl        one painting per line, in the order of their ids, see `Record`
images/SHA256.webp     the kept pictures, each named by the SHA-256 of its bytes
vectors/SPACE.npy      the vectors of one embedding space: float16 of unit length, shape (vectors, dimensions)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from art_mcp.images.files import open_file
from art_mcp.images.picture import FORMATS, MAX_SIDE
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.job import MAX_COLLECTION_NAME
from art_mcp.ingest.load import ImportFailed
from art_mcp.painting import CATALOGUE_FIELDS, HOLDING_FIELDS, readable
from art_mcp.space import Space

MANIFEST, CATALOGUE, IMAGES, VECTORS = "manifest.json", "catalogue.jsonl", "images", "vectors"
MEMBER = re.compile(r"manifest\.json|catalogue\.jsonl|images/[0-9a-f]{64}\.webp|vectors/[a-z0-9_]{1,50}\.npy")
"""Every file of an archive, by its path in the folder."""
FORMAT = 2
MAX_DIMENSIONS = 4000
MAX_MANIFEST_BYTES = 1 << 24
OTHER_COPY = "Import another copy of the archive, or export it again."

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
_Name = Annotated[str, Field(pattern=r"^[^\x00]{1,4096}$")]
_SHA256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_File = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\.webp$")]
_Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
_Format = Annotated[str, Field(pattern=f"^({'|'.join(FORMATS)})$")]


class ArchiveError(ImportFailed):
    """An archive cannot be written, or is not what it claims to be."""


class Record(BaseModel):
    """A line of the catalogue, with all columns that an archive has; what is not known is null or left out.

    A field that paintings get later is added here: archives from before then do not have it.
    """

    model_config = ConfigDict(strict=True, extra="ignore")

    id: _Name
    """The painting's key within its collection."""
    collection: str
    painting_id: str
    """Computed from these two."""
    source: _Name | None = None
    """What it was loaded from last."""
    title: str | None = None
    artist: str | None = None
    date: str | None = None
    school: str | None = None
    type: str | None = None
    technique: str | None = None
    timeframe: str | None = None
    description: str | None = None
    page: str | None = None
    rights: str | None = None
    credit: str | None = None
    years: Any = None
    """Between which it was painted: the first and the last year, inclusive."""
    image: _File | None = None
    """The display picture that is kept, named by the SHA-256 of the file; the ordinary table source loads it."""
    thumbnail: _File | None = None
    image_name: _Name
    """The file that the picture came from, relative to its source, and what is known about it."""
    image_sha256: _SHA256 | None = None
    image_width: _Side | None = None
    image_height: _Side | None = None
    image_format: _Format | None = None
    vectors: dict[str, Annotated[int, Field(ge=0)]]
    """By the name of a space, the row of the painting's vector in the file of that space."""
    checksum: _SHA256 = ""
    """See `checksum`."""


WORDS = tuple(name for name in (*CATALOGUE_FIELDS, *HOLDING_FIELDS) if name in Record.model_fields)
KEPT = {"display": "image", "thumbnail": "thumbnail"}
"""By the kind of a kept picture, its column."""


def checksum(line: Mapping[str, Any], vectors: Mapping[str, bytes]) -> str:
    """SHA-256 of a line of the catalogue and of the bytes of its vectors, in the order of their spaces' names.

    It ties vectors and kept pictures to the words and to the file that they were made from.
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
    """Number of paintings in each."""
    spaces: list[Space] = Field(max_length=50)
    """Those of which there are vectors, or could be."""
    active: list[str]
    """Names of the spaces that were searched where the archive was made."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        for name in self.collections:
            if not name or name != readable(name) or len(name) > MAX_COLLECTION_NAME:
                raise ValueError("a collection's name cannot be used")
        words = [word for space in self.spaces for word in (space.provider, space.model, space.version)]
        if not all(re.fullmatch(r"[!-~]{1,250}", word) for word in words):
            raise ValueError("a space's name cannot be used")
        if not all(1 <= space.dimensions <= MAX_DIMENSIONS for space in self.spaces):
            raise ValueError("a space's number of dimensions is impossible")
        if len({space.name for space in self.spaces}) < len(self.spaces):
            raise ValueError("a space is named twice")
        legs = [space.leg for space in self.spaces if space.name in self.active]
        if len(set(legs)) < len(self.active):
            raise ValueError("an active space is not there, or two of one leg are active")
        return self

    @property
    def total(self) -> int:
        return sum(self.collections.values())


class _Version(BaseModel):
    format: int


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an archive's folder; its other files are not read.

    Raises:
        ArchiveError: there is no manifest, or it cannot be true.
    """
    archive = "Give the folder that `art-mcp export` has written, or its zip."
    if not folder.is_dir():
        raise ArchiveError(f"There is no file or folder {folder.name}.", archive)
    try:
        with open_file(folder / MANIFEST, [folder]) as file:
            data = file.read(MAX_MANIFEST_BYTES + 1)
        if len(data) > MAX_MANIFEST_BYTES:
            raise ValueError("it is too long")
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
        raise _untrue(folder, f"{why:.200}") from None
    except ValueError as error:
        raise _untrue(folder, str(error)) from None


def _untrue(folder: Path, why: str) -> ArchiveError:
    return ArchiveError(f"The {MANIFEST} of {folder.name} cannot be true: {readable(why)}.", OTHER_COPY)
