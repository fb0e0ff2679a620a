from __future__ import annotations

import pytest

from art_mcp.ingest.sources.folders.noise import is_numbered


@pytest.mark.parametrize(
    "stem",
    [
        *(
            "IMG_0001",
            "IMG 0188",
            "DSC01234",
            "DSCN0042",
            "P1010001",
            "000",
            "12",
            "image1",
            "scan-3 (copy)",
            "photo (2)",
        ),
        *(
            "PXL_20240102_123456789",
            "Screenshot 2024-01-02",
            "5f3a0c9e",
            "550e8400-e29b-41d4-a716-446655440000",
            "a_17",
        ),
    ],
)
def test_a_number_is_no_title(stem: str) -> None:
    assert is_numbered(stem)


@pytest.mark.parametrize(
    "stem",
    [
        *("The Night Watch", "Sunflowers 1888", "photo of a horse 3", "Composition VII", "Untitled", "Image", "facade"),
        *("Haystacks_02", "睡蓮 1906", "No 5 Red", "Photograph", "decade 1920"),
    ],
)
def test_a_name_is_a_title(stem: str) -> None:
    assert not is_numbered(stem)
