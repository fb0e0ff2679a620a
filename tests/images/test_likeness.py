"""Real picture files: the sample's paintings, and what scanners and web sites make of them."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from support.pictures import draw

from art_mcp.images.likeness import SAME, fingerprint, likeness

Change = Callable[[Image.Image], Image.Image]


def paintings(sample: Path) -> list[Image.Image]:
    return [Image.open(path).convert("RGB") for path in sorted(sample.parent.glob("images/*"))]


def recompressed(image: Image.Image) -> Image.Image:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=40)
    return Image.open(buffer)


def cropped(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((width // 20, height // 50, width - width // 40, height - height // 25))


def lit_from_the_side(image: Image.Image) -> Image.Image:
    grey = np.asarray(image, np.float32) * np.linspace(0.8, 1.2, image.width)[None, :, None]
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


CHANGES: dict[str, Change] = {
    "recompressed": recompressed,
    "smaller": lambda image: image.resize((image.width // 3, image.height // 3)),
    "cropped": cropped,
    "grey": lambda image: image.convert("L"),
    "warmer": lambda image: ImageEnhance.Color(ImageEnhance.Brightness(image).enhance(0.8)).enhance(1.5),
    "lit from the side": lit_from_the_side,
    "turned": lambda image: cropped(image.rotate(0.7, Image.Resampling.BICUBIC)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_another_picture_of_a_painting_is_recognised(sample: Path, change: Change) -> None:
    found = []
    for image in paintings(sample):
        one, other = fingerprint(image), fingerprint(change(image))
        assert one is not None and other is not None
        found.append(likeness(one, other) >= SAME and likeness(other, one) >= SAME)
    assert sum(found) >= 0.85 * len(found)


def test_different_paintings_are_never_taken_for_one(sample: Path) -> None:
    made = [fingerprint(image) for image in paintings(sample)]
    alike = [likeness(one, other) for n, one in enumerate(made) for other in made[:n] if one and other]
    assert len(alike) == len(made) * (len(made) - 1) / 2 and max(alike) < SAME - 0.1


def test_another_version_of_a_composition_is_another_painting(sample: Path) -> None:
    """As in a series: the same motif from almost the same place, in another light, by hand."""
    rng = np.random.default_rng(1)
    for image in paintings(sample):
        y, x = np.mgrid[: image.height, : image.width].astype(np.float32)
        for place, side in ((x, image.width), (y, image.height)):
            shifts = Image.fromarray(rng.normal(size=(4, 4)).astype(np.float32)).resize(
                image.size, Image.Resampling.BICUBIC
            )
            place += np.asarray(shifts) * 0.04 * side
        inside = y.clip(0, image.height - 1).astype(int), x.clip(0, image.width - 1).astype(int)
        version = lit_from_the_side(Image.fromarray(np.asarray(image)[inside]))
        one, other = fingerprint(image), fingerprint(version)
        assert one and other and likeness(one, other) < SAME
    assert likeness(one, fingerprint(ImageOps.mirror(image)) or b"") < SAME


@pytest.mark.parametrize("colour", ["white", "black", (200, 30, 30)])
def test_a_blank_picture_is_never_recognised(colour: str, tmp_path: Path) -> None:
    assert fingerprint(Image.new("RGB", (400, 300), colour)) is None
    noise = np.random.default_rng(2).normal(128, 6, (300, 400)).clip(0, 255).astype(np.uint8)
    assert fingerprint(Image.fromarray(noise)) is None
    slope = Image.linear_gradient("L").resize((400, 300))  # a sky
    assert fingerprint(slope) is None
    assert fingerprint(Image.open(draw(tmp_path / "motif.png", 1))) is not None
