"""Finds out whether a pair works on this machine: its tokenizer's ids, and whether its two networks agree.

Right files are not enough: an operator may be missing or wrong on this processor, or the manifest's preparation may be
another than that of the training.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from art_mcp.images.picture import read_picture
from art_mcp.sample import SAMPLE
from art_mcp.vision.pair.manifest import Manifest
from art_mcp.vision.pair.towers import PictureTower, TextTower
from art_mcp.vision.provider import VisionError

CAPTIONS: Final[Mapping[str, str]] = {
    "bay-horse-in-a-meadow.jpg": "a painting of a brown horse",
    "bowl-of-fruit.jpg": "a painting of a bowl of fruit",
    "cat-on-the-windowsill.jpg": "a painting of a cat",
    "field-of-sunflowers.jpg": "a painting of a field of sunflowers",
    "old-man-with-a-hat.jpg": "a painting of an old man with a white beard",
    "ships-in-a-gale.jpg": "a painting of sailing ships on a rough sea",
}
"""What six pictures of the sample show. A pair that does not work puts the right one first by chance: 1 in 46,656."""


def self_test(folder: Path, manifest: Manifest) -> None:
    """Load both networks and try them. Blocking, and takes the time of loading them.

    Raises:
        VisionError: the pair does not work; the error says in what.
    """
    import numpy as np

    texts, pictures = TextTower(folder, manifest), PictureTower(folder, manifest)
    expected, ids = list(manifest.text.example.ids), texts.tokens(manifest.text.example.text)
    if ids != expected:
        raise VisionError(
            f"The tokenizer of {manifest.name} makes {ids[:20]} of the text of text.example, not {expected[:20]}.",
            "Correct the manifest, or get the model from somewhere else.",
        )
    sample = [read_picture((SAMPLE / "images" / name).read_bytes(), name=name) for name in CAPTIONS]
    shown = np.stack([embedding.vectors[manifest.space] for embedding in pictures.embed(sample)])
    said = texts.embed(list(CAPTIONS.values()))
    first = (said @ shown.T).argmax(axis=1)
    if wrong := sum(int(place) != row for row, place in enumerate(first)):
        raise VisionError(
            f"{manifest.name} does not work here: for {wrong} of {len(CAPTIONS)} descriptions, it prefers another "
            "picture of the sample.",
            "Try another version of onnxruntime, or report it with your processor's name. The built-in model works.",
        )
