from __future__ import annotations

import re

import pytest

from art_mcp.space import Leg, Space


@pytest.mark.parametrize(
    ("space", "name"),
    [
        (Space(Leg.PIXELS, "local", "bridge", "1", 256), "pixels_local_bridge_1"),
        (Space(Leg.PIXELS, "azure", "vision", "2023-04-15.p1", 1024), "pixels_azure_vision_2023_04_15_p1"),
    ],
)
def test_names_of_our_own_models_are_for_ever(space: Space, name: str) -> None:
    assert space.name == name


def test_other_models_have_names_that_are_valid_and_distinct() -> None:
    models = [
        "org/Model-v2.5",
        "org/model-v2.5",
        "org-Model-v2.5",
        "org/Model-v2_5",
        "Model",
        "x" * 200,
        "x" * 199,
        "é",
    ]
    spaces = [Space(Leg.PIXELS, "http", model, "openai.512.p1", 512) for model in models]
    spaces.append(Space(Leg.PIXELS, "http", "org/Model-v2.5", "cohere.512.p1", 512))
    names = [space.name for space in spaces]
    assert all(re.fullmatch("[a-z0-9_]{1,50}", name) for name in names)
    assert len(set(names)) == len(names)
    assert names[0].startswith("pixels_http_org_model_v2_5_openai_512_p1_")
    assert spaces[0].made_by == "org/Model-v2.5 openai.512.p1"
