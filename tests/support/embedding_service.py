"""A stand-in for embedding services: it takes what each dialect documents and nothing else, and answers as they do.

The shapes are those of Jina's and Cohere's references and of the sources of SGLang and vLLM. The vectors are those of
the stand-in of Azure, cut to length: they depend on the pixels or the text.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image
from starlette.datastructures import Headers

from support.azure import Calls, digest
from support.azure.answers import Answer, json_answer
from support.azure.calls import Call
from support.azure.delivery import deliver, read
from support.azure.vectors import vectors_of

PATHS = {"openai": "/v1/embeddings", "vllm": "/v1/embeddings", "cohere": "/providers/cohere/v2/embed"}
LENGTHS = {"openai": "dimensions", "vllm": "dimensions", "cohere": "output_dimension"}
DATA_URL = "data:image/jpeg;base64,"

Question = tuple[str, bytes]
"""`text` or `image`, and what it is."""


class Refused(Exception):
    """A call that is answered with an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


def refusal(dialect: str, status: int, message: str, kind: str = "BadRequestError", **options: Any) -> Answer:
    """In the words of the dialect."""
    if dialect == "cohere":
        return json_answer(status, {"id": "4c1d", "message": message}, **options)
    error = {"message": message, "type": kind, "param": None, "code": status}
    return json_answer(status, {"error": error} if dialect == "vllm" else {"object": "error", **error}, **options)


@dataclass
class EmbeddingStandIn:
    """An ASGI application.

    Args:
        native: numbers that its model's vectors have.
        matryoshka: whether the model can shorten them.
        pictures: whether the model takes pictures.
        change: what becomes of the answer to a call that is not refused.
    """

    dialect: str
    model: str = "org/Model-v2.5"
    key: str | None = None
    key_header: str = "authorization"
    native: int = 512
    matryoshka: bool = False
    pictures: bool = True
    change: Callable[[Call, Answer], Answer] = lambda call, answer: answer
    calls: Calls = field(default_factory=Calls)

    @property
    def path(self) -> str:
        return PATHS[self.dialect]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        call = Call("other", time.monotonic(), 1, "")
        self.calls.append(call)
        body = await read(receive)
        if body is None:
            return
        try:
            self._check_head(scope)
            answer = self.change(call, self._answer(call, json.loads(body)))
        except Refused as refused:
            answer = refused.answer
        call.status, call.retry_after, call.answered = answer.status, answer.retry_after, time.monotonic()
        await deliver(answer, scope, receive, send)

    def refuse(self, status: int, message: str, kind: str = "BadRequestError") -> Refused:
        return Refused(refusal(self.dialect, status, message, kind))

    def _check_head(self, scope: Any) -> None:
        headers = Headers(scope=scope)
        key = headers.get(self.key_header)
        wanted = f"Bearer {self.key}" if self.key and self.key_header == "authorization" else self.key
        if key != wanted or (self.key_header != "authorization" and "authorization" in headers):
            raise Refused(json_answer(401, {"error": "Unauthorized"}))
        if scope["method"] != "POST" or scope["path"] != self.path:
            raise Refused(json_answer(404, {"detail": "Not Found"}))
        assert headers["content-type"] == "application/json" and headers["accept-encoding"] == "identity"

    def _answer(self, call: Call, asked: dict[str, Any]) -> Answer:
        if asked.pop("model") != self.model:
            raise self.refuse(404, "The model `x` does not exist.", "NotFoundError")
        length = asked.pop(LENGTHS[self.dialect], None)
        if length is not None and not self.matryoshka:
            raise self.refuse(400, "The model does not support matryoshka representation.")
        try:
            call.kind, content = getattr(self, f"_of_{self.dialect}")(asked)
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            raise Refused(json_answer(422, {"detail": [{"loc": ["body"], "msg": f"{error!r}", "type": "x"}]})) from None
        call.sha = digest(content)
        values = self._values(call.kind, content)[: length or self.native]
        if self.dialect == "cohere":
            meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 3}}
            made = {"embeddings": {"float": [values]}, "texts": [], "response_type": "embeddings_by_type"}
            return json_answer(200, {"id": "4c1d", **made, "meta": meta})
        data = [{"object": "embedding", "embedding": values, "index": 0}]
        usage = {"prompt_tokens": 3, "total_tokens": 3}
        return json_answer(200, {"object": "list", "data": data, "model": "/models/snapshot", "usage": usage})

    def _values(self, kind: str, content: bytes) -> list[float]:
        vectors = vectors_of(self.model, 0)
        if kind == "text":
            return vectors.of_text(content.decode())
        if not self.pictures:
            raise self.refuse(400, "This model takes no pictures.")
        with Image.open(BytesIO(content), formats=["JPEG"]) as image:
            return vectors.of_image(image)

    def _of_openai(self, asked: dict[str, Any]) -> Question:
        (part,) = _only(asked, "input")
        ((kind, value),) = part.items()
        return kind, _decoded(value) if kind == "image" else _text(value)

    def _of_vllm(self, asked: dict[str, Any]) -> Question:
        (message,) = _only(asked, "messages")
        assert message["role"] == "user" and message.keys() == {"role", "content"}
        (part,) = message["content"]
        if part["type"] == "text":
            assert part.keys() == {"type", "text"}
            return "text", _text(part["text"])
        assert part["type"] == "image_url" and part.keys() == {"type", "image_url"}
        return "image", _of_url(_only(part["image_url"], "url"))

    def _of_cohere(self, asked: dict[str, Any]) -> Question:
        assert asked.pop("embedding_types") == ["float"]
        role = asked.pop("input_type")
        if role == "search_query":
            (text,) = _only(asked, "texts")
            return "text", _text(text)
        assert role == "image"
        (url,) = _only(asked, "images")
        return "image", _of_url(url)


def _only(given: dict[str, Any], name: str) -> Any:
    if given.keys() != {name}:
        raise ValueError(f"{sorted(given)} instead of {name}")
    return given[name]


def _text(value: object) -> bytes:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("no text")
    return value.encode()


def _decoded(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


def _of_url(url: str) -> bytes:
    if not url.startswith(DATA_URL):
        raise ValueError("no data URL")
    return _decoded(url.removeprefix(DATA_URL))
