"""Request and reply formats of embedding services, with one input per call, so that an error is that of one picture."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Body: TypeAlias = dict[str, Any]
ONLY: Final = "[0]"


@dataclass(frozen=True, slots=True)
class Dialect:
    """The format of one kind of service."""

    name: str
    """Part of the embedding space, since services prompt the model differently."""
    of_text: Callable[[str], Body]
    """The fields of a request that embeds a text."""
    of_image: Callable[[bytes], Body]
    """The fields of a request that embeds a JPEG."""
    shorten: str
    """The request field for the length of the vectors."""
    path: Sequence[str]
    """The reply fields that lead to the vector; `ONLY` stands for the only item of a list."""

    def vector(self, content: object) -> object:
        """The vector in a reply, unchecked.

        Raises:
            ValueError: there is none. The message completes a sentence that ends with "answered".
        """
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
