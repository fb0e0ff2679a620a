"""What is sent and what comes back, one input a call: a picture then has an error, and a price, of its own."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Body: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of service is spoken to."""

    name: str
    """Part of what makes a space: some prompt the model differently."""
    of_text: Callable[[str], Body]
    of_image: Callable[[bytes], Body]
    """Of a JPEG."""
    shorten: str
    """The field that asks for vectors of some length."""
    vector: Callable[[Mapping[str, Any]], Any]
    """The one in an answer, whatever it is. Raises ValueError, in words that go on after "answered"."""


def _base64(file: bytes) -> str:
    return base64.b64encode(file).decode()


def _data_url(file: bytes) -> str:
    return f"data:image/jpeg;base64,{_base64(file)}"


def _message(part: Body) -> Body:
    return {"messages": [{"role": "user", "content": [part]}]}


def _only(answers: object) -> Any:
    if not isinstance(answers, list):
        raise ValueError("without a vector")
    if len(answers) != 1:
        raise ValueError(f"with {len(answers)} vectors for one input")
    return answers[0]


def _of_data(content: Mapping[str, Any]) -> Any:
    """`{"data": [{"index": 0, "embedding": [...]}]}`"""
    answer = _only(content.get("data"))
    if not isinstance(answer, dict):
        raise ValueError("without a vector")
    if answer.get("index", 0) != 0:
        raise ValueError("with a vector for another input")
    return answer.get("embedding")


def _of_embeddings(content: Mapping[str, Any]) -> Any:
    """`{"embeddings": {"float": [[...]]}}`"""
    embeddings = content.get("embeddings")
    return _only(embeddings.get("float") if isinstance(embeddings, dict) else None)


_FLOAT: Final = {"embedding_types": ["float"]}

DIALECTS: Final[Mapping[str, Dialect]] = {
    each.name: each
    for each in (
        Dialect(  # Jina, SGLang
            "openai",
            of_text=lambda text: {"input": [{"text": text}]},
            of_image=lambda file: {"input": [{"image": _base64(file)}]},
            shorten="dimensions",
            vector=_of_data,
        ),
        Dialect(
            "vllm",
            of_text=lambda text: _message({"type": "text", "text": text}),
            of_image=lambda file: _message({"type": "image_url", "image_url": {"url": _data_url(file)}}),
            shorten="dimensions",
            vector=_of_data,
        ),
        Dialect(  # version 2
            "cohere",
            of_text=lambda text: {"input_type": "search_query", "texts": [text], **_FLOAT},
            of_image=lambda file: {"input_type": "image", "images": [_data_url(file)], **_FLOAT},
            shorten="output_dimension",
            vector=_of_embeddings,
        ),
    )
}
