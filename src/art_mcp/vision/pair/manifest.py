"""The manifest of a pair, `model.json`: its files with their digests, and how to run them.

A manifest may come from anywhere, so its vocabulary is closed: an unknown field or word is refused, files have fixed
names, and sizes are bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from art_mcp.background.cosines import Background
from art_mcp.painting import readable
from art_mcp.space import Leg, Space
from art_mcp.vision.provider import VisionError
from art_mcp.vision.weights import ModelFile

PROVIDER: Final = "onnx-pair"
"""The provider's name in settings and in spaces."""
FILE_NAME = "model.json"
FileName: TypeAlias = Literal["vision.onnx", "text.onnx", "tokenizer.json"]
VISION: Final = "vision.onnx"
TEXT: Final = "text.onnx"
TOKENIZER: Final = "tokenizer.json"
SHIPPED = Path(__file__).parent / "manifests"
NAME = "[a-z0-9]+(-[a-z0-9]+)*"
MAX_BYTES = 2**31
"""Size of a file: ONNX without external data cannot be larger."""
MAX_MANIFEST_BYTES = 64 * 1024


def _printable(text: str) -> str:
    if text != readable(text):
        raise ValueError("must be one line of printable characters")
    return text


Line = Annotated[str, Field(max_length=1000), AfterValidator(_printable)]
Name = Annotated[str, Field(pattern=f"^{NAME}$", max_length=40)]
TensorName = Annotated[Line, Field(min_length=1, max_length=200)]
Channels = tuple[float, float, float]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Source(_Closed):
    """Where the hub has the files."""

    repo: str = Field(pattern=r"^[A-Za-z0-9][\w-]*(\.[\w-]+)*/[A-Za-z0-9][\w-]*(\.[\w-]+)*$", max_length=96)
    revision: str = Field(pattern="^[0-9a-f]{40}$")
    """A commit, which never moves."""


class File(_Closed):
    """A file and what it must be."""

    path: str = Field(pattern=r"^[A-Za-z0-9_][\w-]*(\.[\w-]+)*(/[A-Za-z0-9_][\w-]*(\.[\w-]+)*)*$", max_length=200)
    """Its path in the repo of the hub."""
    bytes: int = Field(ge=1, le=MAX_BYTES)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Image(_Closed):
    """The image network, and how pictures are prepared for it: resized, scaled, centred; RGB, NCHW, float32."""

    input: TensorName
    output: TensorName
    size: int = Field(ge=16, le=1024)
    """Both sides in pixels."""
    resize: Literal["squash", "crop"]
    """`squash` ignores the proportions, `crop` keeps the centre."""
    filter: Literal["bilinear", "bicubic"]
    scale: float = Field(gt=0)
    mean: Channels
    deviation: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]


class Example(_Closed):
    """A text and its token ids without padding, which show that the tokenizer works as in training."""

    text: Line
    ids: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...] = Field(min_length=1, max_length=512)


class Text(_Closed):
    """The text network, and how texts are prepared for it: prefixed, tokenized, truncated and padded to `length`."""

    ids: TensorName
    mask: TensorName | None
    """Input with 1 for tokens and 0 for padding; None if it has none."""
    type: Literal["int64", "int32"]
    output: TensorName
    length: int = Field(ge=2, le=512)
    pad: int = Field(ge=0, lt=2**31)
    lowercase: bool
    prefix: str = Field(max_length=200)
    example: Example


class Logit(_Closed):
    """How a cosine becomes the probability that a picture and a text match: link(scale x cosine + bias)."""

    scale: float = Field(gt=0)
    bias: float
    link: Literal["sigmoid", "softmax", "none"]

    @property
    def background(self) -> Background | None:
        """The cosines for which the model sees no match; None if its numbers are not probabilities of a single pair.

        A probability of one half counts as 9 deviations, a strong hit, and one of 0.4 % as 5, a fair one: SigLIP's
        right pairs have a median cosine of 0.16 (0.8), the best of many wrong ones 0.08.
        """
        if self.link != "sigmoid":
            return None
        deviation = 5.5 / 4 / self.scale
        return Background(-self.bias / self.scale - 9 * deviation, deviation)


class Manifest(_Closed):
    """All that is known of a pair."""

    format: Literal[1]
    name: Name
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=40)
    """Part of the space: change it with everything that changes vectors."""
    dimensions: int = Field(ge=1, le=4000)
    licence: Line
    terms: Line = ""
    """What else to know before using the files."""
    source: Source | None = None
    files: Mapping[FileName, File]
    image: Image
    text: Text
    logit: Logit

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := [name for name in get_args(FileName) if name not in self.files]:
            raise ValueError(f"files: {' and '.join(missing)} must be listed")
        return self

    @property
    def space(self) -> Space:
        """The one space of the pair's vectors; pictures are compared in it with texts and with each other."""
        return Space(Leg.PIXELS, PROVIDER, self.name, self.version, self.dimensions)

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.bytes for file in self.files.values())

    def opened(self, folder: Path) -> dict[FileName, ModelFile]:
        """The files in a folder, each with the digest that it must have."""
        again = f"Run `art-mcp models pull {self.name}` again."
        return {
            name: ModelFile(folder / name, f"{self.name}/{name}", file.sha256, again)
            for name, file in self.files.items()
        }


def read_manifest(path: Path) -> Manifest:
    """Read and validate a manifest.

    Raises:
        VisionError: it cannot be read, or a field, which the error names, is not as it must be.
    """
    named = f"The manifest {path.parent.name}/{path.name}" if path.name == FILE_NAME else f"The manifest {path.name}"
    correct = "Correct it, or get the model from somewhere else."
    try:
        if not path.is_file() or path.stat().st_size > MAX_MANIFEST_BYTES:
            raise VisionError(f"{named} is not a file of at most {MAX_MANIFEST_BYTES // 1024} KiB.", correct)
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise VisionError(f"{named} cannot be read: {error.strerror}.", "Check its permissions.") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = readable(".".join(map(str, first["loc"])))[:100]
        said = first["msg"].removeprefix("Value error, ")
        raise VisionError(f"{named} is invalid: {f'{field}: ' * bool(field)}{said}.", correct) from None


def shipped() -> dict[str, Manifest]:
    """The manifests of the models that can be pulled from the hub, by name."""
    return {path.stem: read_manifest(path) for path in sorted(SHIPPED.glob("*.json"))}
