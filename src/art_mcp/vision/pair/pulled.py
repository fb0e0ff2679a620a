"""The pulled models: which one the settings name, and whether pulling one is worth suggesting."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from art_mcp.settings import Settings
from art_mcp.space import Space
from art_mcp.vision.pair.manifest import FILE_NAME, Manifest, read_manifest
from art_mcp.vision.provider import VisionError

DEFAULT: Final = "siglip2-b16-224"
"""The model that `art-mcp models pull` gets if no other is named."""
SUGGESTION: Final = (
    "A larger model, SigLIP 2, is reported to find far more than the built-in one, and in many languages: "
    "`art-mcp models pull` gets it (381 MB)."
)


def find(settings: Settings, pixels: Space | None = None) -> tuple[Path, Manifest]:
    """The folder and the manifest of a pulled model.

    Args:
        pixels: the space to fill; if None, the model is the one that the settings name.

    Raises:
        VisionError: it is not pulled, damaged, or of another version than the space.
    """
    names = settings.pulled_models
    name = pixels.model if pixels else settings.onnx_pair_model or next(iter(names), DEFAULT)
    if name not in names:
        raise VisionError(f"The model {name} is not pulled.", f"Run `art-mcp models pull {name}`.")
    folder = settings.models_dir / name
    manifest = read_manifest(folder / FILE_NAME)
    if manifest.name != name:
        raise VisionError(
            f"The folder {name} has the model {manifest.name}.", f"Run `art-mcp models remove {name}`, then pull it."
        )
    if pixels not in (None, manifest.space):
        raise VisionError(
            f"The pulled model is {manifest.space.made_by}, not {pixels and pixels.made_by}.",
            "`art-mcp reembed` embeds the pictures with the pulled model.",
        )
    return folder, manifest


def suggestion(settings: Settings) -> str | None:
    """A sentence on the model that could replace the built-in one; None if another is named or pulled."""
    return SUGGESTION if settings.embeds_by == "local" and not settings.pulled_models else None


def chosen(settings: Settings) -> str | None:
    """The name of the pulled model that new databases use; None if they use another provider."""
    if settings.embeds_by != "onnx-pair":
        return None
    return settings.onnx_pair_model or next(iter(settings.pulled_models), None)
