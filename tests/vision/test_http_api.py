"""The provider for any embedding service, over real HTTP: against a strict stand-in, and against what is worse."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import math
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import anyio
import numpy as np
import pytest
from PIL import Image
from pydantic import SecretStr
from support.azure import digest, serve
from support.azure.answers import Answer, Delivery, error, json_answer
from support.embedding_service import PATHS, EmbeddingStandIn, refusal
from support.embeddings import by_leg
from support.remote import KEY, SEA, OnePass, Words, failure, http, picture, raw, text

from art_mcp.space import Leg
from art_mcp.vision.http_api import SERVICE, HttpClient
from art_mcp.vision.provider import Fault, Health, Limits, VisionError
from art_mcp.vision.remote.client import Kind
from art_mcp.vision.remote.preparation import harmless, jpeg
from art_mcp.vision.remote.provider import RemoteProvider
from art_mcp.vision.remote.reply import Reply

pytestmark = pytest.mark.anyio

DIALECTS = list(PATHS)
MODEL = "org/Model-v2.5"
SETTINGS: dict[str, Any] = {"dialect": "openai", "model": MODEL, "dimensions": 512}


@asynccontextmanager
async def provider(url: str, key: str | None = None, **options: Any) -> AsyncIterator[RemoteProvider]:
    services = {name: options.pop(name) for name in ("pacer", "local") if name in options}
    client = HttpClient(url, key and SecretStr(key), **SETTINGS | options)
    made = RemoteProvider(client, **{"pacer": OnePass(), "local": Words()} | services)
    try:
        yield made
    finally:
        await made.aclose()


@asynccontextmanager
async def asked(standin: EmbeddingStandIn, **options: Any) -> AsyncIterator[RemoteProvider]:
    """A provider for a stand-in, set up as it wants it."""
    options = {"dialect": standin.dialect, "key_header": standin.key_header} | options
    async with serve(standin) as origin, provider(origin + standin.path, standin.key, **options) as made:
        yield made


def always(answer: Answer) -> Any:
    return lambda *_: answer


async def refused(made: RemoteProvider) -> VisionError:
    return await failure(made, image=True)


# Vectors


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_pictures_and_questions(dialect: str) -> None:
    pacer, standin = OnePass(), EmbeddingStandIn(dialect, key=KEY)
    async with asked(standin, pacer=pacer) as made:
        assert made.limits == Limits(1, 128, HttpClient.calls_in_flight, billed=True)
        assert made.spaces[Leg.PIXELS].made_by == f"org/Model-v2.5 {dialect}.512.p1"
        assert made.spaces[Leg.WORDS].name == "words_local_minilm_1"
        pictures = by_leg(await made.embed_images([picture(), picture(colour="red")]))[Leg.PIXELS]
        questions = (await made.embed_queries(["a red rose", SEA, "a red rose "]))[Leg.PIXELS]
        assert (await made.embed_documents(["x"])).keys() == {Leg.WORDS}
    assert pictures.shape == (2, 512) and questions.shape == (3, 512)
    for vectors in (pictures, questions):
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(questions[0], questions[2])
    blue, red = pictures @ questions[0]
    assert red > blue
    assert [call.kind for call in standin.calls] == ["image", "image", "text", "text"]
    assert standin.calls.by_status() == {200: 4} and pacer.urgent == [False, False, True, True]


IMAGE = base64.b64encode(jpeg(picture().image)).decode()
DATA_URL = f"data:image/jpeg;base64,{IMAGE}"


@pytest.mark.parametrize(
    ("dialect", "image", "question", "length"),
    [
        ("openai", {"input": [{"image": IMAGE}]}, {"input": [{"text": SEA}]}, "dimensions"),
        (
            "vllm",
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": DATA_URL}}]},
                ]
            },
            {"messages": [{"role": "user", "content": [{"type": "text", "text": SEA}]}]},
            "dimensions",
        ),
        (
            "cohere",
            {"input_type": "image", "images": [DATA_URL], "embedding_types": ["float"]},
            {"input_type": "search_query", "texts": [SEA], "embedding_types": ["float"]},
            "output_dimension",
        ),
    ],
)
async def test_what_goes_over_the_wire(dialect: str, image: Any, question: Any, length: str) -> None:
    heard: list[bytes] = []
    async with raw(http("500 Oops"), heard=heard) as origin:
        async with provider(f"{origin}/v1/x?api-version=1", KEY, dialect=dialect) as made:
            await failure(made, image=True)
        async with provider(f"{origin}/v1/x", KEY, dialect=dialect, shorten=True, key_header="api-key") as made:
            await failure(made)
        async with provider(f"{origin}/v1/x", dialect=dialect) as made:
            await failure(made)
    heads, bodies = zip(*(request.split(b"\r\n\r\n", 1) for request in heard), strict=True)
    assert [json.loads(body) for body in bodies] == [
        {"model": MODEL} | image,
        {"model": MODEL} | question | {length: 512},
        {"model": MODEL} | question,
    ]
    assert heads[0].startswith(b"POST /v1/x?api-version=1 HTTP/1.1\r\n") and heads[1].startswith(b"POST /v1/x HTTP")
    sent = [dict(line.split(": ", 1) for line in head.decode().splitlines()[1:]) for head in heads]
    sent = [{name.lower(): value for name, value in headers.items()} for headers in sent]
    assert sent[0]["authorization"] == f"Bearer {KEY}" and "api-key" not in sent[0]
    assert sent[1]["api-key"] == KEY and "authorization" not in sent[1]
    assert not sent[2].keys() & {"authorization", "api-key", "cookie"}


async def test_vectors_are_shortened_where_the_model_can() -> None:
    standin = EmbeddingStandIn("cohere", matryoshka=True)
    async with asked(standin, dimensions=256, shorten=True) as made:
        assert (await made.embed_queries([SEA]))[Leg.PIXELS].shape == (1, 256)
        standin.matryoshka = False
        made.client.proven.clear()
        raised = await failure(made, image=True)
    assert raised.fault is Fault.SETUP and "ART_MCP_HTTP_SHORTEN" in raised.next_step


async def test_a_key_of_one_figure_leaves_the_numbers_alone() -> None:
    async with asked(EmbeddingStandIn("openai", key="1")) as short, asked(EmbeddingStandIn("openai")) as none:
        both = [await made.embed_queries([SEA]) for made in (short, none)]
    np.testing.assert_array_equal(*(vectors[Leg.PIXELS] for vectors in both))


def test_a_space_is_told_apart_by_model_dialect_and_length() -> None:
    def name(url: str = "https://host/v1/embeddings", **options: Any) -> str:
        return HttpClient(url, None, **SETTINGS | options).space.name

    assert name() == name("http://127.0.0.1:8000/v1/embeddings")
    changed = [{"dialect": "vllm"}, {"dimensions": 256}, {"model": "org/model-v2.5"}, {"model": "org-Model-v2.5"}]
    assert len({name(), *(name(**change) for change in changed)}) == 5


# Failures that the service names


REFUSALS: list[tuple[Answer, Fault, float | None, str]] = [
    (
        json_answer(401, {"error": "Unauthorized"}),
        Fault.SETUP,
        None,
        "“Unauthorized” (HTTP 401). Check ART_MCP_HTTP_KEY",
    ),
    (json_answer(401, {"message": "invalid api token"}), Fault.SETUP, None, "“invalid api token”"),
    (json_answer(402, {"detail": "Payment required"}), Fault.SETUP, None, "requires payment: “Payment required”"),
    (
        json_answer(403, {"detail": "Not authenticated"}),
        Fault.SETUP,
        None,
        "does not permit this call: “Not authenticated”",
    ),
    (refusal("vllm", 404, "The model `x` does not exist.", "NotFoundError"), Fault.SETUP, None, "ART_MCP_HTTP_MODEL"),
    (
        json_answer(405, {"detail": "Method Not Allowed"}),
        Fault.SETUP,
        None,
        "ART_MCP_HTTP_URL and ART_MCP_HTTP_DIALECT",
    ),
    (text(302, b""), Fault.SETUP, None, "redirects are not followed"),
    (text(407, b""), Fault.SETUP, None, "HTTPS_PROXY"),
    (text(501, b"Start it with `--embeddings`"), Fault.SETUP, None, "“Start it with `--embeddings`” (HTTP 501)"),
    (
        error(429, "insufficient_quota", "You exceeded your current quota."),
        Fault.SETUP,
        None,
        "no calls left for your account",
    ),
    (
        json_answer(429, {"message": "You are using a Trial key, which is limited to 1000 API calls / month."}),
        Fault.SETUP,
        None,
        "no calls left",
    ),
    (
        json_answer(429, {"message": "You are using a Trial key, which is limited to 100 API calls / minute."}),
        Fault.BUSY,
        None,
        "too many calls",
    ),
    (json_answer(429, {}, headers={"retry-after": "7"}), Fault.BUSY, 7, "in 7 s"),
    (error(429, "429", "Please retry after 3 seconds."), Fault.BUSY, 3, "in 3 s"),
    (text(408, b""), Fault.SERVICE, None, "in time"),
    (text(500, b"Internal Server Error"), Fault.SERVICE, None, "“Internal Server Error” (HTTP 500)"),
    (text(502, b"<html><title>Bad Gateway</title>", "text/html"), Fault.SERVICE, None, "“Bad Gateway” (HTTP 502)"),
    (json_answer(503, {}, headers={"retry-after": "5"}), Fault.SERVICE, 5, "in 5 s"),
    (refusal("openai", 400, "No picture in it."), Fault.INPUT, None, "refused this input: “No picture in it.”"),
    (refusal("cohere", 400, "image too large"), Fault.INPUT, None, "image too large"),
    (text(413, b""), Fault.INPUT, None, "(HTTP 413)"),
    (text(415, b""), Fault.INPUT, None, "(HTTP 415)"),
    (
        json_answer(422, {"detail": [{"loc": ["body", "input", 0], "msg": "Field required", "type": "missing"}]}),
        Fault.INPUT,
        None,
        "“body.input.0: Field required”",
    ),
    (json_answer(422, {"detail": [1, {"msg": 2}]}), Fault.INPUT, None, "(HTTP 422)"),
    (replace(refusal("vllm", 400, "Bad picture."), status=200), Fault.INPUT, None, "“Bad picture.” (HTTP 200, 400"),
    (json_answer(200, {"error": {"message": "Gone wrong", "type": "x"}}), Fault.SERVICE, None, "failed: “Gone wrong”"),
    (json_answer(200, {"error": {"code": "429"}}), Fault.BUSY, None, "too many calls (HTTP 200, 429)"),
    (json_answer(200, {"message": "out of memory"}), Fault.SERVICE, None, "failed: “out of memory”"),
    (json_answer(200, {"detail": "out of memory"}), Fault.SERVICE, None, "failed: “out of memory”"),
    (json_answer(200, {"error": {"code": "invalid_api_key", "message": "Who?"}}), Fault.SETUP, None, "a valid key"),
]


@pytest.mark.parametrize(("answer", "fault", "retry_after", "words"), REFUSALS)
async def test_what_an_answer_means(answer: Answer, fault: Fault, retry_after: float | None, words: str) -> None:
    standin = EmbeddingStandIn("openai")
    async with asked(standin) as made:
        await made.embed_images([picture()])
        standin.change = always(answer)
        raised = await refused(made)
        assert (raised.fault, raised.retry_after) == (fault, retry_after)
        assert words in str(raised)
        assert raised.problem.endswith(".") and raised.next_step.endswith(".")
        standin.change = lambda call, answer: answer
        assert by_leg(await made.embed_images([picture()]))[Leg.PIXELS].shape == (1, 512)  # none is the last one


def test_a_request_is_named_for_the_services_support() -> None:
    reply = Reply(500, {"x-request-id": "req-1"}, b"")
    assert "(HTTP 500, request req-1)" in str(SERVICE.refusal(reply))


# The service has taken nothing yet: is it the input, or are the settings wrong?


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_wrong_dialect_is_a_setting(dialect: str) -> None:
    other = DIALECTS[DIALECTS.index(dialect) - 1]
    standin = EmbeddingStandIn(dialect)
    async with asked(standin, dialect=other) as made:
        for raised in (await refused(made), await failure(made)):
            assert raised.fault is Fault.SETUP and "ART_MCP_HTTP_DIALECT is probably wrong" in raised.next_step


async def test_a_wrong_model_is_a_setting() -> None:
    async with asked(EmbeddingStandIn("vllm"), model="other") as made:
        raised = await refused(made)
    assert raised.fault is Fault.SETUP and "Check ART_MCP_HTTP_URL and ART_MCP_HTTP_MODEL." in str(raised)


async def test_a_model_that_takes_no_pictures_is_a_setting() -> None:
    async with asked(EmbeddingStandIn("vllm", pictures=False)) as made:
        await made.embed_queries([SEA])
        raised = await refused(made)
    assert raised.fault is Fault.SETUP and "This model takes no pictures." in raised.problem
    assert "accepts pictures and texts" in raised.next_step


async def test_a_bad_picture_that_comes_first_is_the_pictures_fault() -> None:
    standin = EmbeddingStandIn("openai")
    bad, answers = picture(colour="red"), refusal("openai", 400, "I dislike red.")
    bad_call = jpeg(bad.image)

    def dislike(call: Any, answer: Answer) -> Answer:
        return answers if call.sha == digest(bad_call) else answer

    standin.change = dislike
    faults: list[Fault] = []
    async with asked(standin) as made, anyio.create_task_group() as group:

        async def embed() -> None:
            with pytest.raises(VisionError, match="I dislike red") as raised:
                await made.embed_images([bad])
            faults.append(raised.value.fault)

        for _ in range(5):
            group.start_soon(embed)
    assert faults == [Fault.INPUT] * 5
    assert standin.calls.billed() == 1  # one picture that nobody can refuse, for all of them


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (text(200, b"<html>Welcome</html>", "text/html"), "“text/html” instead of JSON"),
        (json_answer(200, [1]), "without a vector"),
        (json_answer(200, {"models": []}), "without a vector"),
        (json_answer(200, {"data": {"0": 1}}), "without a vector"),
        (json_answer(200, {"data": [1]}), "without a vector"),
        (json_answer(200, {"data": []}), "with 0 vectors for one input"),
        (json_answer(200, {"data": [{"embedding": [1.0]}] * 2}), "with 2 vectors for one input"),
        (json_answer(200, {"data": [{"index": 1, "embedding": [1.0]}]}), "for another input"),
        (json_answer(200, {"data": [{"index": [], "embedding": [1.0]}]}), "for another input"),
        (json_answer(200, {"data": [{"embedding": [1.0] * 511}]}), "with 511 numbers instead of 512"),
    ],
)
async def test_an_answer_of_the_wrong_form_is_a_setting_until_a_good_one_has_come(answer: Answer, words: str) -> None:
    standin = EmbeddingStandIn("openai", change=always(answer))
    async with asked(standin) as made:
        raised = await failure(made)
        assert raised.fault is Fault.SETUP and words in str(raised)
        made.client.proven.add(Kind.TEXT)
        raised = await failure(made)
        assert raised.fault is Fault.SERVICE and words in str(raised)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"embeddings": [[1.0]]}, "without a vector"),
        ({"embeddings": {"int8": [[1]]}}, "without a vector"),
        ({"embeddings": {"float": [[1.0], [1.0]]}}, "with 2 vectors for one input"),
    ],
)
async def test_forms_of_cohere(answer: Any, words: str) -> None:
    async with asked(EmbeddingStandIn("cohere", change=always(json_answer(200, answer)))) as made:
        assert words in str(await failure(made))


@pytest.mark.parametrize(
    ("native", "dimensions", "shorten", "next_step"),
    [
        (512, 256, False, "Set ART_MCP_HTTP_SHORTEN to true if the model can shorten its vectors, else "),
        (256, 512, False, "Set ART_MCP_HTTP_DIMENSIONS to 256."),
        (128, 256, True, "Set ART_MCP_HTTP_DIMENSIONS to 128."),
    ],
)
async def test_the_right_length_is_said(native: int, dimensions: int, shorten: bool, next_step: str) -> None:
    standin = EmbeddingStandIn("openai", native=native, matryoshka=True)
    standin.change = lambda call, answer: json_answer(200, {"data": [{"embedding": [1.0] * native}]})
    async with asked(standin, dimensions=dimensions, shorten=shorten) as made:
        raised = await refused(made)
    assert raised.fault is Fault.SETUP and raised.next_step.startswith(next_step)


# Vectors that cannot be, and failures on the way


@pytest.mark.parametrize(
    "values", [[0] * 512, ["1.0"] * 512, [True] * 512, [1e308] * 512, [10**400] * 512, [None] * 512, [math.nan] * 512]
)
async def test_unbelievable_vectors(values: list[Any]) -> None:
    answer = json_answer(200, {"data": [{"embedding": values}]})
    async with asked(EmbeddingStandIn("openai", change=always(answer))) as made:
        raised = await failure(made)
    assert raised.fault is Fault.SERVICE and "zero, infinite or not numeric" in str(raised)


@pytest.mark.parametrize("values", [None, [], "AACAPw==", {"0": 1}])
async def test_no_vector_at_all(values: Any) -> None:
    answer = json_answer(200, {"data": [{"embedding": values}]})
    async with asked(EmbeddingStandIn("openai", change=always(answer))) as made:
        made.client.proven.add(Kind.TEXT)
        raised = await failure(made)
    assert raised.fault is Fault.SERVICE


@pytest.mark.parametrize(
    ("delivery", "words"),
    [
        (Delivery.NEVER, "no complete answer within 0.5 seconds"),
        (Delivery.DRIP, "no complete answer within 0.5 seconds"),
        (Delivery.RESET, "connection to 127.0.0.1 failed"),
    ],
)
async def test_answers_that_do_not_come(delivery: Delivery, words: str) -> None:
    standin = EmbeddingStandIn("openai", change=lambda call, answer: replace(answer, delivery=delivery))
    async with asked(standin, deadline=0.5) as made:
        raised = await refused(made)
    assert raised.fault is Fault.SERVICE and words in str(raised)


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        (http("200 OK", b" " * (1024 * 1024 + 1), "content-type: application/json"), Fault.SERVICE, "oversized JSON"),
        (http("200 OK", b'{"data": [', "content-type: application/json"), Fault.SERVICE, "invalid"),
        (http("302 Found", b"", "location: http://127.0.0.1:1/stolen"), Fault.SETUP, "redirects are not followed"),
        (b"SSH-2.0-OpenSSH_9\r\n", Fault.SERVICE, "connection to 127.0.0.1 failed"),
    ],
)
async def test_a_server_that_makes_no_embeddings(answer: bytes, fault: Fault, words: str) -> None:
    async with raw(answer) as origin, provider(f"{origin}/v1/embeddings") as made:
        raised = await failure(made)
    assert raised.fault is fault and words in str(raised)


async def test_an_answer_without_end_is_cut() -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b" " * 10_000)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    async with provider(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/embeddings") as made:
        raised = await failure(made)
    server.close()
    assert raised.fault is Fault.SERVICE and "invalid or oversized JSON" in str(raised)


# Settings


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("https://host", "is not a complete address"),
        ("https://host/", "is not a complete address"),
        ("https://host/?key=CANARY", "is not a complete address"),
        ("https://host/v1/embeddings#CANARY", "is not a complete address"),
        ("http://host/v1/embeddings", "does not begin with https"),
        ("https://me:CANARY@host/v1/embeddings", "contains a user name"),
        ("host/v1/embeddings", "is not an address"),
    ],
)
async def test_addresses_that_are_none(url: str, wrong: str) -> None:
    with pytest.raises(VisionError, match=wrong) as raised:
        async with provider(url):
            raise AssertionError
    assert raised.value.fault is Fault.SETUP and "CANARY" not in str(raised.value)


@pytest.mark.parametrize("key", ["two\nlines", "kéy", "a b"])
async def test_a_key_that_cannot_be(key: str) -> None:
    with pytest.raises(VisionError, match="ART_MCP_HTTP_KEY is not a key") as raised:
        async with provider("https://host/v1/embeddings", key):
            raise AssertionError
    assert key not in str(raised.value)


# Secrets


async def test_no_secret_gets_out(caplog: pytest.LogCaptureFixture) -> None:
    """Not even when the service repeats it, escaped or not, and not when everything is logged."""
    caplog.set_level(logging.DEBUG)
    secret = "CANARY/key+with=signs"
    told = f"Key {secret}, or 'Bearer {secret}', is wrong."
    answers = [
        json_answer(status, body, headers={"x-request-id": secret, "retry-after": secret})
        for status in (200, 400, 401, 429, 500)
        for body in ({"error": {"message": told, "code": secret, "type": secret}}, {"message": told}, {"detail": told})
    ]
    answers += [text(500, told.encode()), text(500, f"<title>{told}</title>".encode()), text(200, b"", f"x/{secret}")]
    answers += [replace(answer, body=answer.body.replace(b"/", rb"\/")) for answer in answers]
    standin, out = EmbeddingStandIn("cohere", key=secret), []
    async with asked(standin) as made:
        for answer in answers:
            standin.change = always(answer)
            made._health = None
            out += [await failure(made), await refused(made), await made.health()]
        out += [made, made.client, made.client.transport, made.client.space]
        for name in ("httpx2", "httpcore2"):
            caplog.set_level(logging.DEBUG, logger=name)
        standin.change = lambda call, answer: answer
        await made.embed_queries([SEA])
    said = [f"{thing} {thing!r}" for thing in out]
    said += ["".join(traceback.format_exception(thing)) for thing in out if isinstance(thing, Exception)]
    said += [record.getMessage() for record in caplog.records]
    assert len(said) > 150 and "send_request_headers" in caplog.text
    assert not [each for each in said if "CANARY" in each]


# Health


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_health_asks_for_a_text_and_until_there_was_one_for_a_picture(dialect: str) -> None:
    pacer, standin = OnePass(), EmbeddingStandIn(dialect, key=KEY, key_header="api-key")
    async with asked(standin, pacer=pacer) as made:
        health = await made.health()
        assert health.usable and await made.health() == health
        assert f"127.0.0.1 (org/Model-v2.5, 512 dimensions, dialect {dialect}) is ready" in health.detail
        made._health = None
        assert (await made.health()).usable
    assert [call.kind for call in standin.calls] == ["text", "image", "text"] and pacer.urgent == [True] * 3
    async with asked(standin) as made:
        await made.embed_images([picture()])
        assert (await made.health()).usable
    assert [call.kind for call in standin.calls][3:] == ["image", "text"]


@pytest.mark.parametrize(
    ("change", "usable", "words"),
    [
        ({"key": "another"}, False, "requires a valid key"),
        ({"model": "another"}, False, "does not have this model"),
        ({"native": 256}, False, "256 numbers instead of 512"),
        ({"pictures": False}, False, "takes no pictures"),
        ({"change": always(json_answer(429, {}))}, True, "is ready but busy"),
    ],
)
async def test_health_says_what_is_wrong(change: Any, usable: bool, words: str) -> None:
    standin = EmbeddingStandIn("openai", key=KEY)
    async with asked(standin) as made:
        for name, value in change.items():
            setattr(standin, name, value)
        health = await made.health()
    assert health.usable is usable and words in health.detail


async def test_health_of_words() -> None:
    async with provider("https://x.example/v1/embeddings", local=Words(usable=False)) as made:
        assert await made.health() == Health(False, "words")


# What it shares with Azure


async def test_equal_questions_are_one_call_and_words_are_made_without_the_service() -> None:
    standin = EmbeddingStandIn("vllm")
    async with asked(standin) as made:
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(made.embed_queries, [SEA])
        assert standin.calls.by_status() == {200: 1}
        standin.change = always(text(500, b""))
        with pytest.raises(VisionError) as raised:
            await made.embed_queries(["another"])
        assert raised.value.made.keys() == {Leg.WORDS}
        with pytest.raises(VisionError, match="empty"):
            await made.embed_queries(["  "])


def test_the_picture_that_nobody_can_refuse_is_one() -> None:
    with Image.open(io.BytesIO(harmless())) as image:
        assert image.format == "JPEG" and image.size == (256, 256) and image.mode == "RGB"
