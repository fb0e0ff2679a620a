"""A chat model on loopback, in the four APIs by which command-line hosts ask one: it makes the calls that it is told to
make, one after another, and remembers what it is shown of their results."""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Events = list[Body]

SAID = "Done."


@dataclass(frozen=True, slots=True)
class Shown:
    """What reached the model of a result."""

    text: str
    """All strings but pictures, as the host wrote them: prose, JSON or both."""
    pictures: list[bytes]


class Api:
    """How the conversation is written, and how the model answers."""

    turns: str
    """Where a request has the conversation."""
    mark: str
    """What the turn has in which the model calls a tool, in JSON."""

    def call(self, id_: str, name: str, namespace: str, arguments: Body) -> Events:
        raise NotImplementedError

    def say(self, text: str) -> Events:
        raise NotImplementedError


class Messages(Api):
    """Anthropic's."""

    turns, mark = "messages", '"type": "tool_use"'

    def call(self, id_: str, name: str, namespace: str, arguments: Body) -> Events:
        block = {"type": "tool_use", "id": id_, "name": name, "input": {}}
        return self._answer(id_, block, {"type": "input_json_delta", "partial_json": json.dumps(arguments)}, "tool_use")

    def say(self, text: str) -> Events:
        return self._answer("said", {"type": "text", "text": ""}, {"type": "text_delta", "text": text}, "end_turn")

    def _answer(self, id_: str, block: Body, delta: Body, reason: str) -> Events:
        usage = {"input_tokens": 1, "output_tokens": 1}
        message = {"id": id_, "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
        return [
            {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None}},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage},
            {"type": "message_stop"},
        ]


class Responses(Api):
    """OpenAI's."""

    turns, mark = "input", '"type": "function_call"'

    def call(self, id_: str, name: str, namespace: str, arguments: Body) -> Events:
        item = {"type": "function_call", "id": f"fc_{id_}", "call_id": id_, "name": name}
        return self._answer(item | ({"namespace": namespace} if namespace else {}), arguments=json.dumps(arguments))

    def say(self, text: str) -> Events:
        return self._answer(
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
        )

    def _answer(self, item: Body, **more: str) -> Events:
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        return [
            {"type": "response.created", "response": {"id": "r"}},
            {"type": "response.output_item.done", "output_index": 0, "item": item | more},
            {"type": "response.completed", "response": {"id": "r", "usage": usage, "output": [item | more]}},
        ]


class GenerateContent(Api):
    """Google's."""

    turns, mark = "contents", '"functionCall"'

    def call(self, id_: str, name: str, namespace: str, arguments: Body) -> Events:
        return self._answer({"functionCall": {"name": name, "args": arguments}})

    def say(self, text: str) -> Events:
        return self._answer({"text": text})

    def _answer(self, part: Body) -> Events:
        content = {"role": "model", "parts": [part]}
        return [{"candidates": [{"content": content, "finishReason": "STOP", "index": 0}]}]


class ChatCompletions(Api):
    """OpenAI's older one, which most other services have."""

    turns, mark = "messages", '"tool_calls"'

    def call(self, id_: str, name: str, namespace: str, arguments: Body) -> Events:
        function = {"name": name, "arguments": json.dumps(arguments)}
        return self._answer(
            {"tool_calls": [{"index": 0, "id": id_, "type": "function", "function": function}]}, "tool_calls"
        )

    def say(self, text: str) -> Events:
        return self._answer({"content": text}, "stop")

    def _answer(self, delta: Body, reason: str) -> Events:
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return [
            {**chunk, "choices": [{"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": None}]},
            {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
        ]


APIS = {
    "/messages": Messages(),
    "/responses": Responses(),
    ":streamGenerateContent": GenerateContent(),
    ":generateContent": GenerateContent(),
    "/chat/completions": ChatCompletions(),
}


@dataclass
class Model:
    """What it is to call, and what it was asked."""

    calls: list[tuple[str, Body]]
    """The server's names of tools, and their arguments."""
    url: str = ""
    asked: list[tuple[Api, Body]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def has_called(self) -> bool:
        """Whether it was offered the first tool, and has seen the result."""
        return any(_calls(api, body) for api, body in self.asked)

    def shown(self, number: int) -> Shown:
        """What it has seen of the result of its call with this number, from 0."""
        for api, body in reversed(self.asked):
            turns = body[api.turns]
            called = _calls(api, body)
            if len(called) > number:
                after = turns[called[number] + 1 : called[number + 1] if len(called) > number + 1 else None]
                strings = list(_strings(after))
                pictures = [picture for key, text in strings if (picture := _picture(key, text))]
                return Shown("\n".join(text for key, text in strings if not _picture(key, text)), pictures)
        raise AssertionError(f"The model has seen no result of call {number}; it was asked {self.paths}.")

    def answer(self, api: Api, body: Body) -> Events:
        self.asked.append((api, body))
        done = len(_calls(api, body))
        if done < len(self.calls):
            tool, arguments = self.calls[done]
            for name, namespace in _offered(body.get("tools", [])):
                if name.endswith(tool):
                    return api.call(f"call_{done}", name, namespace, arguments)
        return api.say(SAID)


@contextmanager
def model_that_calls(*calls: tuple[str, Body]) -> Iterator[Model]:
    """A model that makes these calls, of a tool by its name on the server; served until the end of the `with`."""
    model = Model(list(calls))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(model))
    model.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _calls(api: Api, body: Body) -> list[int]:
    """Where in the conversation the model has called a tool."""
    return [place for place, turn in enumerate(body[api.turns]) if api.mark in json.dumps(turn)]


def _offered(tools: Any, namespace: str = "") -> Iterator[tuple[str, str]]:
    """The names of the tools that a request offers, each with its namespace."""
    if isinstance(tools, list):
        for tool in tools:
            yield from _offered(tool, namespace)
    elif isinstance(tools, dict):
        inner = tools.get("tools") or tools.get("functionDeclarations") or tools.get("function")
        if inner:
            yield from _offered(inner, tools.get("name", ""))
        elif "name" in tools:
            yield tools["name"], namespace


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, key)


def _picture(key: str, text: str) -> bytes | None:
    """The bytes of what an API takes as a picture; base64 in a text is none."""
    if key not in ("data", "url", "image_url"):
        return None
    try:
        return base64.b64decode(text.rpartition(";base64,")[2], validate=True) or None
    except binascii.Error:
        return None


def _handler(model: Model) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            model.paths.append(f"GET {self.path}")
            self._send(b"{}", "application/json")

        do_HEAD = do_GET

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            model.paths.append(f"POST {self.path}")
            path = self.path.partition("?")[0]
            api = next((api for end, api in APIS.items() if path.endswith(end)), None)
            if api is None:  # how many tokens something has
                self._send(b'{"input_tokens": 1, "totalTokens": 1}', "application/json")
                return
            events = model.answer(api, body)
            if path.endswith(":generateContent"):
                self._send(json.dumps(events[0]).encode(), "application/json")
                return
            lines = [f"event: {event['type']}\n" if "type" in event else "" for event in events]
            sent = "".join(line + f"data: {json.dumps(event)}\n\n" for line, event in zip(lines, events, strict=True))
            self._send((sent + "data: [DONE]\n\n" * isinstance(api, ChatCompletions)).encode(), "text/event-stream")

        def _send(self, content: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # to the tests' output
            return

    return Handler
