"""What is sent and what comes back, one input a call: a picture then has an error, and a price, of its own."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Body: TypeAlias = dict[str, Any]
ONLY: Final = "[0]"


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
    path: Sequence[str]
    """The fields of an answer that lead to its vector; `ONLY` is the one item of a list."""

    def vector(self, content: object) -> object:
        """The one in an answer, whatever it is. Raises ValueError, in words that go on after "answered"."""
        for name in self.path:
            if name is ONLY and isinstance(content, list):
                if len(content) != 1:
                    raise ValueError(f"with {len(content)} vectors for one input")
                content = content[0]
                if isinstance(content, dict) and content.get("index", 0) != 0:
                    raise ValueError("with a vector for another input")
            elif name is not ONLY and isinstance(content, dict):
                content = content.get(name)
            else:
                raise ValueError("without a vector")
        return content


def _base64(file: bytes) -> str:
    return base64.b64encode(file).decode()


def _data_url(file: bytes) -> str:
    return f"data:image/jpeg;base64,{_base64(file)}"


def _message(part: Body) -> Body:
    return {"messages": [{"role": "user", "content": [part]}]}


_DATA: Final = ("data", ONLY, "embedding")
_FLOAT: Final = {"embedding_types": ["float"]}

DIALECTS: Final[Mapping[str, Dialect]] = {
    each.name: each
    for each in (
        Dialect(  # Jina, SGLang
            "openai",
            of_text=lambda text: {"input": [{"text": text}]},
            of_image=lambda file: {"input": [{"image": _base64(file)}]},
            shorten="dimensions",
            path=_DATA,
        ),
        Dialect(
            "vllm",
            of_text=lambda text: _message({"type": "text", "text": text}),
            of_image=lambda file: _message({"type": "image_url", "image_url": {"url": _data_url(file)}}),
            shorten="dimensions",
            path=_DATA,
        ),
        Dialect(  # version 2
            "cohere",
            of_text=lambda text: {"input_type": "search_query", "texts": [text], **_FLOAT},
            of_image=lambda file: {"input_type": "image", "images": [_data_url(file)], **_FLOAT},
            shorten="output_dimension",
            path=("embeddings", "float", ONLY),
        ),
    )
}
