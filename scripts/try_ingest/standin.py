"""The stand-in of Azure AI Vision that the tests have, made ready for measurements."""

from __future__ import annotations

import io
import sys
import time
from functools import cache
from pathlib import Path

import httpx2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from art_mcp.images.picture import read_picture
from art_mcp.vision.remote.preparation import jpeg

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))

from support.azure import FOREVER, KEY, AzureStandIn, Call, Calls, digest, serving
from support.azure.vectors import vectors_of

__all__ = ["FOREVER", "KEY", "AzureStandIn", "Call", "Calls", "digest", "right_vector", "serving", "warm_up"]

IMAGE_PATH = "/computervision/retrieval:vectorizeImage"
VERSIONS = {"api-version": "2024-02-01", "model-version": "2023-04-15"}


def warm_up(standin: AzureStandIn, endpoint: str) -> None:
    """Make the geometry of the vectors by a first call, which takes a second, and longer if many come at once."""
    picture = io.BytesIO()
    Image.new("RGB", (200, 150)).save(picture, "JPEG")
    headers = {"Ocp-Apim-Subscription-Key": KEY, "Content-Type": "application/octet-stream"}
    with httpx2.Client(base_url=endpoint, headers=headers, timeout=60, trust_env=False) as http:
        http.post(IMAGE_PATH, params=VERSIONS, content=picture.getvalue()).raise_for_status()
    time.sleep(1)  # then no second has that call in it
    standin.calls.clear()


def right_vector(file: Path) -> NDArray[np.float64]:
    """The vector (1024,), in unit length, that the stand-in answers for this picture."""
    data = file.read_bytes()
    return _right_vector(data)


@cache
def _right_vector(data: bytes) -> NDArray[np.float64]:
    sent = jpeg(read_picture(data, name="picture").image)
    with Image.open(io.BytesIO(sent)) as image:
        vector = np.array(vectors_of(VERSIONS["model-version"], seed=0).of_image(image))
    unit: NDArray[np.float64] = vector / np.linalg.norm(vector)
    return unit
