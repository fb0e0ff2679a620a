"""ONNX files that keep data elsewhere, wherever in the file they say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.pair import text_model, vision_model

from art_mcp.vision.pair.external_data import has_external_data


def outside() -> onnx.TensorProto:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "secret")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return tensor


def graph() -> onnx.GraphProto:
    return helper.make_graph([], "inner", [], [], [outside()])


def node(**attributes: object) -> onnx.NodeProto:
    return helper.make_node("Anything", [], [], **attributes)


def sparse() -> onnx.SparseTensorProto:
    return onnx.SparseTensorProto(values=outside(), dims=[4])


PLACES: dict[str, Callable[[onnx.ModelProto], object]] = {
    "initializer": lambda model: model.graph.initializer.append(outside()),
    "sparse initializer": lambda model: model.graph.sparse_initializer.append(sparse()),
    "attribute": lambda model: model.graph.node.append(node(value=outside())),
    "attributes": lambda model: model.graph.node.append(node(value=[outside()])),
    "subgraph": lambda model: model.graph.node.append(node(body=graph())),
    "subgraphs": lambda model: model.graph.node.append(node(bodies=[graph()])),
    "nested subgraph": lambda model: model.graph.node.append(
        node(body=helper.make_graph([node(body=graph())], "g", [], []))
    ),
    "sparse attribute": lambda model: model.graph.node.append(node(value=sparse())),
    "function": lambda model: model.functions.append(
        helper.make_function("d", "f", [], [], [node(value=outside())], [])
    ),
    "training": lambda model: model.training_info.append(onnx.TrainingInfoProto(initialization=graph())),
}


@pytest.mark.parametrize("place", PLACES)
def test_it_is_found_everywhere(place: str, tmp_path: Path) -> None:
    model = vision_model()
    PLACES[place](model)
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    assert has_external_data(tmp_path / "x.onnx")


def test_either_field_is_enough(tmp_path: Path) -> None:
    for field in ("data_location", "external_data"):
        model = vision_model()
        tensor = outside()
        tensor.ClearField(field)
        model.graph.initializer.append(tensor)
        (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
        assert has_external_data(tmp_path / "x.onnx")


def test_ordinary_files_have_none(tmp_path: Path) -> None:
    for model in (vision_model(), text_model()):
        model.doc_string = "location"
        model.graph.initializer[0].data_location = TensorProto.DEFAULT
        (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
        assert not has_external_data(tmp_path / "x.onnx")


@pytest.mark.parametrize(
    "content",
    [b"<html>", b"\x3a\xff\xff\xff\xff\x0f", b"\x3a" + b"\xff" * 20, b"\x38\x01", b"\x3b", b"\x3a\x05\x0a", b"\x08"],
)
def test_what_is_not_onnx_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(content)
    with pytest.raises(ValueError):
        has_external_data(tmp_path / "x.onnx")


def test_bottomless_nesting_is_refused(tmp_path: Path) -> None:
    content = b""
    for _ in range(200):  # graph in attribute in node
        for key in (b"\x32", b"\x2a", b"\x0a"):
            size = len(content)
            content = key + bytes([size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14]) + content
    size = len(content)
    (tmp_path / "x.onnx").write_bytes(
        b"\x3a" + bytes([size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14]) + content
    )
    with pytest.raises(ValueError, match="too deeply"):
        has_external_data(tmp_path / "x.onnx")
