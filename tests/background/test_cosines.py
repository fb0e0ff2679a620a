from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from art_mcp.background.cosines import HUB_WEIGHT, NEIGHBOURS, background, hub, hubness
from art_mcp.space import Leg, Space
from art_mcp.vision.local import SPACES

UNKNOWN = Space(Leg.PIXELS, "somebody", "else", "1", 256)


def unit(count: int, dimensions: int) -> np.ndarray:
    vectors = np.random.default_rng(count).standard_normal((count, dimensions)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("leg", [Leg.PIXELS, Leg.WORDS])
def test_the_built_in_spaces_have_reference_vectors(leg: Leg) -> None:
    space = SPACES[leg]
    vectors = unit(5, space.dimensions)
    assert all(each is not None and -0.5 < each < 0.5 for each in hub(space, list(vectors)))
    known = background(space, vectors[0])
    assert known is not None and -0.6 < known.mean < 0.1 and 0.02 < known.deviation < 0.2


def test_other_spaces_have_none() -> None:
    (vector,) = unit(1, 256)
    assert hub(UNKNOWN, [vector]) == [None] and background(UNKNOWN, vector) is None
    assert hub(SPACES[Leg.PIXELS], []) == []


def test_a_vector_near_many_queries_is_a_hub() -> None:
    bank = unit(50, 64)
    centre = bank[:NEIGHBOURS].mean(0) / np.linalg.norm(bank[:NEIGHBOURS].mean(0))
    measured = hubness(np.stack([centre, bank[20]]), bank)
    expected = [HUB_WEIGHT * np.sort(bank @ vector)[-NEIGHBOURS:].mean() for vector in (centre, bank[20])]
    assert measured == pytest.approx(expected, abs=1e-6)
    assert measured[0] > measured[1]


def test_the_background_is_that_of_the_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mean and deviation from the moments of the reference vectors equal those of all their scores."""
    stored, bank, (query,) = unit(400, 32), unit(60, 32), unit(1, 32)
    hubs = hubness(stored, bank)
    moments = np.column_stack([stored, hubs])
    arrays = {"bank": bank, "mean": moments.mean(0), "covariance": np.cov(moments, rowvar=False, bias=True)}
    monkeypatch.setattr("art_mcp.background.cosines._known", lambda: {UNKNOWN.name: arrays})
    known = background(UNKNOWN, query)
    scores = stored @ query - hubs
    assert known == pytest.approx((scores.mean(), scores.std(), hubs.mean()), abs=1e-5)


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_the_hubness_of_vectors_needs_no_threads() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    program = (
        "from art_mcp.background import cosines; import numpy, os; "
        "cosines.hubness(numpy.ones((16, 384)), numpy.ones((2000, 384))); print(len(os.listdir('/proc/self/task')))"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
