"""How well copies of a painting are told from other paintings: by their fingerprints, and by embeddings alone.

    python scripts/eval_copies.py FOLDER [FOLDER ...] [--seed 1] [--write docs/copies.md]

Every picture in the folders (*.jpg) is changed in the ways in which copies differ, and into another version of its
composition, as painters make them: moved by a few percent of its size here and there, in another light. All pairs of
different pictures are compared, too; those that are the same painting by their fingerprints are printed, to be looked
at. Needs what art-mcp itself needs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import anyio
import numpy as np
from figures import Report, table
from PIL import Image, ImageOps

from art_mcp.images.likeness import SAME, fingerprint, likeness
from art_mcp.images.picture import Picture
from art_mcp.images.rendition import opened, render
from art_mcp.space import Leg
from art_mcp.vision.local import LocalProvider

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Change: TypeAlias = Callable[[Image.Image, Generator], Image.Image]
    Vectors: TypeAlias = dict[Leg, NDArray[np.float32]]

LEGS = (Leg.LOOK, Leg.PIXELS)
THRESHOLDS = (0.80, 0.85, 0.90, 0.93, SAME, 0.97)
BATCH = 16


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def cropped(image: Image.Image, rng: Generator, most: float) -> Image.Image:
    """Cut up to this share of each side off, and from one side all of it."""
    cuts = rng.uniform(0, most, 4)
    cuts[rng.integers(4)] = most
    left, top, right, bottom = cuts * ([image.width, image.height] * 2)
    return image.crop((round(left), round(top), image.width - round(right), image.height - round(bottom)))


def toned(image: Image.Image, rng: Generator) -> Image.Image:
    """Change gamma, the balance of colours, and the light across the picture."""
    colours = (np.asarray(image, np.float32) / 255) ** rng.uniform(0.75, 1.35) * rng.uniform(0.88, 1.12, 3)
    across, down = rng.uniform(-0.2, 0.2, 2)
    light = 1 + across * np.linspace(-1, 1, image.width) + down * np.linspace(-1, 1, image.height)[:, None]
    return Image.fromarray((255 * colours * light[..., None]).clip(0, 255).astype(np.uint8))


def framed(image: Image.Image, rng: Generator, share: float) -> Image.Image:
    return ImageOps.expand(image, round(share * max(image.size)), fill=tuple(rng.integers(20, 200, 3).tolist()))


def turned(image: Image.Image, rng: Generator) -> Image.Image:
    return cropped(image.rotate(rng.choice((-1.0, 1.0)), Image.Resampling.BICUBIC), rng, 0.02)


def version(image: Image.Image, rng: Generator, by: float) -> Image.Image:
    """Move the parts of a picture by so much of its size (root mean square), in another light."""
    places = np.indices((image.height, image.width), np.float32)
    for place, side in zip(places, (image.height, image.width), strict=True):
        shifts = Image.fromarray(rng.normal(size=(4, 4)).astype(np.float32))
        smooth = np.asarray(shifts.resize(image.size, Image.Resampling.BICUBIC))
        place += smooth / smooth.std() * by / np.sqrt(2) * side
        np.clip(place, 0, side - 1, out=place)
    return toned(Image.fromarray(np.asarray(image)[tuple(places.astype(int))]), rng)


COPIES: Mapping[str, Change] = {
    "JPEG of quality 40": lambda image, rng: jpeg(image, 40),
    "half the size": lambda image, rng: image.resize((image.width // 2, image.height // 2)),
    "black and white": lambda image, rng: image.convert("L").convert("RGB"),
    "other colours and light": toned,
    "cropped by up to 2 % a side": lambda image, rng: cropped(image, rng, 0.02),
    "cropped by up to 5 % a side": lambda image, rng: cropped(image, rng, 0.05),
    "cropped by up to 10 % a side": lambda image, rng: cropped(image, rng, 0.1),
    "turned by 1 degree": turned,
    "another photograph: cropped by up to 3 %, other light, JPEG": lambda image, rng: jpeg(
        toned(cropped(image, rng, 0.03), rng), 70
    ),
    "with a frame of 4 %": lambda image, rng: framed(image, rng, 0.04),
    "with a frame of 8 %": lambda image, rng: framed(image, rng, 0.08),
}
VERSIONS: Mapping[str, Change] = {
    f"another version, moved by {100 * by:.0f} %": lambda image, rng, by=by: version(image, rng, by)  # type: ignore[misc]
    for by in (0.02, 0.03, 0.05)
}


async def embedded(images: Sequence[Image.Image]) -> Vectors:
    """The vectors of pictures in each space, shape (n, dimensions)."""
    provider = LocalProvider()
    pictures = [Picture(each, n.to_bytes(32, "big"), *each.size, "JPEG") for n, each in enumerate(images)]
    made = [
        embedding.vectors
        for start in range(0, len(pictures), BATCH)
        for embedding in await provider.embed_images(pictures[start : start + BATCH])
    ]
    return {leg: np.array([vectors[provider.spaces[leg]] for vectors in made]) for leg in LEGS}


def fingerprints(images: Sequence[Image.Image]) -> list[bytes]:
    """Made from the thumbnails that are stored for these pictures; empty for a plain picture."""
    pictures = (Picture(each, b"", *each.size, "JPEG") for each in images)
    return [fingerprint(opened(render(picture)[0].data)) or b"" for picture in pictures]


def alike(one: bytes, other: bytes) -> float:
    return likeness(one, other) if one and other else 0.0


def others(paths: Sequence[Path], made: Sequence[bytes], vectors: Vectors) -> tuple[list[float], dict[Leg, float]]:
    """The likeness of every two different paintings, and the highest cosine of two of them in each space."""
    found, highest = [], dict.fromkeys(LEGS, -1.0)
    for one, other in combinations(range(len(paths)), 2):
        value = alike(made[one], made[other])
        if value >= SAME:
            print(f"{paths[one]} and {paths[other]} are the same painting: {value:.3f}", flush=True)
            continue
        found.append(value)
        for leg in LEGS:
            highest[leg] = max(highest[leg], float(vectors[leg][one] @ vectors[leg][other]))
    return found, highest


def rows(paths: Sequence[Path], seed: int) -> Iterator[tuple[str, str]]:
    """Yield the tables by their names."""
    images = [Image.open(path).convert("RGB") for path in paths]
    made, vectors = fingerprints(images), anyio.run(embedded, images)
    different, highest = others(paths, made, vectors)
    embeddings, curve = [], []
    for name, change in {**COPIES, **VERSIONS}.items():
        changed = [change(image, np.random.default_rng([seed, n])) for n, image in enumerate(images)]
        values = np.array([alike(*pair) for pair in zip(made, fingerprints(changed), strict=True)])
        curve.append([name, *(percent(values >= threshold) for threshold in THRESHOLDS)])
        if name in COPIES:
            again = anyio.run(embedded, changed)
            cosines = {leg: (vectors[leg] * again[leg]).sum(1) for leg in LEGS}
            shares = [percent(cosines[leg] > highest[leg]) for leg in LEGS]
            lowest = [f"{np.quantile(cosines[leg], 0.05):.2f}" for leg in LEGS]
            embeddings.append([name, *lowest, *shares, percent(values >= SAME)])
    count = f"{len(different):,} pairs of different paintings, number"
    curve.append([count, *(str(sum(value >= threshold for value in different)) for threshold in THRESHOLDS)])
    header = ["copy", *(f"{leg.value}, p5" for leg in LEGS), *(f"found by {leg.value}, %" for leg in LEGS)]
    yield "embeddings", table([*header, "found by fingerprint, %"], embeddings)
    yield "curve", table(["taken for the same painting, %", *(f"from {each}" for each in THRESHOLDS)], curve)
    print(f"Most alike, but different: {max(different):.3f}; cosines {highest}")


def percent(passed: NDArray[np.bool_]) -> str:
    return f"{100 * passed.mean():.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="with pictures, *.jpg")
    parser.add_argument("--seed", type=int, default=1, help="of the changes")
    Report.add_option(parser)
    options = parser.parse_args()
    report = Report("eval_copies", ["embeddings", "curve"], options)
    for name, shown in rows(
        [path for folder in options.folders for path in sorted(folder.glob("*.jpg"))], options.seed
    ):
        report.add(name, shown)


if __name__ == "__main__":
    main()
