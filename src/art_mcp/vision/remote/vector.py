"""The vector in an answer, if it can be believed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from art_mcp.vision.provider import Fault
from art_mcp.vision.remote.failures import Service
from art_mcp.vision.remote.reply import Reply

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def content_of(reply: Reply, service: Service, odd: Fault = Fault.SERVICE) -> dict[str, Any]:
    """The JSON object of an answer with status 200.

    Args:
        odd: whose fault it is that something else came.

    Raises:
        VisionError: it is none.
    """
    content_type = reply.headers.get("content-type", "")
    if "json" not in content_type:
        raise service.malformed(f"with “{reply.said(content_type)[:60]}” instead of JSON", reply, odd)
    try:
        content = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise service.malformed("with broken or endless JSON", reply) from None
    if not isinstance(content, dict):
        raise service.malformed("without a vector", reply, odd)
    return content


def unit(values: object, dimensions: int, reply: Reply, service: Service) -> NDArray[np.float32]:
    """The vector (dimensions,) that these are, in unit length and read-only.

    Raises:
        VisionError: they are none.
    """
    if not isinstance(values, list) or not values:
        raise service.malformed("without a vector", reply)
    if len(values) != dimensions:
        raise service.malformed(f"with {len(values)} numbers instead of {dimensions}", reply)
    if (vector := _unit(values)) is None:
        raise service.malformed("with a vector that has no direction", reply)
    return vector


def _unit(values: list[object]) -> NDArray[np.float32] | None:
    import numpy as np

    if any(type(value) not in (float, int) for value in values):
        return None
    try:
        vector = np.asarray(values, np.float64)
    except OverflowError:
        return None
    with np.errstate(all="ignore"):
        length = math.sqrt(vector @ vector)
    if not (math.isfinite(length) and length > 1e-6):
        return None
    unit = (vector / length).astype(np.float32)
    unit.setflags(write=False)  # it is remembered, and handed to several
    return unit
