"""The Azure provider against the stand-in, over real HTTP, and against servers that are worse than it."""

from __future__ import annotations

import io
import json
import logging
import socket
import ssl
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import anyio
import numpy as np
import pytest
import trustme
from PIL import Image
from pydantic import SecretStr
from support.azure import FOREVER, AzureStandIn, answers, digest, serve
from support.azure.answers import Answer, error, json_answer
from support.azure.faults import KINDS
from support.embeddings import by_leg
from support.remote import KEY, SEA, OnePass, Words, failure, http, picture, raw, text

from art_mcp.images.picture import Picture
from art_mcp.installation import how_to_add
from art_mcp.space import Leg
from art_mcp.vision.azure import SERVICE, AzureClient, shortened
from art_mcp.vision.provider import Fault, Health, Limits, VisionError
from art_mcp.vision.remote.preparation import jpeg
from art_mcp.vision.remote.provider import RemoteProvider
from art_mcp.vision.remote.reply import Reply
from art_mcp.vision.single_flight import SingleFlight

pytestmark = pytest.mark.anyio

VERSIONS: Any = {"api_version": "2024-02-01", "model_version": "2023-04-15"}
TOKEN = "CANARYtoken.eyJhbGciOi-_J9.sig"


@dataclass
class Tokens:
    """A credential that gives a new token each time."""

    names: list[str]
    lasts: float = 3600
    asked: int = 0
    closed: bool = False
    error: Exception | None = None

    async def get_token(self, *scopes: str) -> Any:
        assert scopes == ("https://cognitiveservices.azure.com/.default",)
        await anyio.sleep(0.01)
        self.asked += 1
        if self.error:
            raise self.error
        return SimpleNamespace(
            token=self.names[min(self.asked, len(self.names)) - 1], expires_on=time.time() + self.lasts
        )

    async def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@asynccontextmanager
async def azure(endpoint: str, key: str | None = KEY, **options: Any) -> AsyncIterator[RemoteProvider]:
    services = {name: options.pop(name) for name in ("pacer", "local") if name in options}
    client = AzureClient(endpoint, None if key is None else SecretStr(key), **VERSIONS | options)
    provider = RemoteProvider(client, **{"pacer": OnePass(), "local": Words()} | services)
    try:
        yield provider
    finally:
        await provider.aclose()


@pytest.fixture
def standin() -> AzureStandIn:
    return AzureStandIn(keys=(KEY,), rate=1000)


@pytest.fixture
async def endpoint(standin: AzureStandIn) -> AsyncIterator[str]:
    async with serve(standin) as endpoint:
        yield endpoint


def strike(standin: AzureStandIn, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    monkeypatch.setitem(KINDS, "special", lambda *_: answer)
    standin.fault("special", count=FOREVER)


# Vectors


async def test_pictures_and_questions(standin: AzureStandIn, endpoint: str) -> None:
    pacer = OnePass()
    async with azure(endpoint, pacer=pacer) as provider:
        assert {leg: space.name for leg, space in provider.spaces.items()} == {
            Leg.PIXELS: "pixels_azure_vision_2023_04_15_p1",
            Leg.WORDS: "words_local_minilm_1",
        }
        assert provider.limits == Limits(images_per_call=1, texts_per_call=128, calls_in_flight=20, billed=True)
        made = by_leg(await provider.embed_images([picture(), picture(colour="red")]))
        asked = await provider.embed_queries(["a red rose", SEA, "a red rose"])
        written = await provider.embed_documents(["x"])
    assert made.keys() == {Leg.PIXELS} and written.keys() == {Leg.WORDS} and asked.keys() == {Leg.PIXELS, Leg.WORDS}
    assert made[Leg.PIXELS].shape == (2, 1024) and asked[Leg.PIXELS].shape == (3, 1024)
    for vectors in (made[Leg.PIXELS], asked[Leg.PIXELS]):
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(asked[Leg.PIXELS][0], asked[Leg.PIXELS][2])
    red, blue = (made[Leg.PIXELS] @ asked[Leg.PIXELS][0])[::-1]
    assert red > blue
    assert standin.calls.by_status() == {200: 4}
    assert pacer.urgent == [False, False, True, True]
    assert standin.calls.billed(digest(jpeg(picture().image))) == 1
    assert all(call.url is None for call in standin.calls)


async def test_what_goes_over_the_wire() -> None:
    heard: list[bytes] = []
    async with raw(http("500 Oops"), heard=heard) as endpoint, azure(endpoint) as provider:
        await failure(provider)
        await failure(provider, image=True)
    (text, text_body), (image, image_body) = (request.split(b"\r\n\r\n", 1) for request in heard)
    versions = b"?api-version=2024-02-01&model-version=2023-04-15 HTTP/1.1\r\n"
    assert text.startswith(b"POST /computervision/retrieval:vectorizeText" + versions)
    assert image.startswith(b"POST /computervision/retrieval:vectorizeImage" + versions)
    assert json.loads(text_body) == {"text": SEA}
    assert image_body == jpeg(picture().image)
    for head, kind in ((text, "application/json"), (image, "application/octet-stream")):
        headers = dict(line.lower().split(": ", 1) for line in head.decode().splitlines()[1:])
        assert headers["ocp-apim-subscription-key"] == KEY.lower() and headers["content-type"] == kind
        assert not headers.keys() & {"authorization", "cookie"}


async def test_nothing_asked_is_nothing_paid(standin: AzureStandIn, endpoint: str) -> None:
    async with azure(endpoint) as provider:
        assert await provider.embed_images([]) == []
        asked = await provider.embed_queries([])
        assert {leg: vectors.shape for leg, vectors in asked.items()} == {Leg.PIXELS: (0, 1024), Leg.WORDS: (0, 384)}
        with pytest.raises(VisionError, match="empty") as raised:
            await provider.embed_queries(["  "])
        assert raised.value.fault is Fault.INPUT
    assert not standin.calls


async def test_a_long_question_is_cut_and_that_is_told(
    standin: AzureStandIn, endpoint: str, caplog: pytest.LogCaptureFixture
) -> None:
    seventy = " ".join(f"word{n}" for n in range(70))
    assert shortened(seventy) == (seventy, False)
    assert shortened(f"{seventy}  more") == (seventy, True)
    caplog.set_level(logging.INFO)
    async with azure(endpoint) as provider:
        long = await provider.embed_queries([f"{seventy} word70"])
        short = await provider.embed_queries([seventy])
    np.testing.assert_array_equal(long[Leg.PIXELS], short[Leg.PIXELS])
    assert standin.calls.by_status() == {200: 1}
    assert "more than 70 words" in caplog.text and "word1" not in caplog.text


@pytest.mark.parametrize(
    ("size", "sent"),
    [
        ((1024, 700), (1024, 700)),
        ((50, 50), (50, 50)),
        ((2000, 1000), (1024, 512)),
        ((10, 10), (50, 50)),
        ((49, 1024), (50, 1045)),
        ((1024, 4), (12800, 50)),
        ((1024, 1), (15999, 50)),
        ((2, 1024), (50, 15999)),
    ],
)
async def test_what_is_sent_is_within_the_limits(
    standin: AzureStandIn, endpoint: str, size: tuple[int, int], sent: tuple[int, int]
) -> None:
    image = Image.new("RGB", size, "navy")
    image.info["comment"] = b"a secret of the photographer"
    file = jpeg(image)
    assert b"photographer" not in file
    with Image.open(io.BytesIO(file), formats=["JPEG"]) as read:
        assert read.size == sent and read.mode == "RGB"
        corners = [read.getpixel(corner) for corner in ((0, 0), (read.width - 1, read.height - 1))]
        assert [min(corner) > 200 for corner in corners] == [15999 in sent] * 2  # on white
    async with azure(endpoint) as provider:
        await provider.embed_images([Picture(image, b"", *size, "PNG")])
    assert standin.calls.billed(digest(file)) == 1


# Failures that the service names


@pytest.mark.parametrize(
    ("kind", "fault", "retry_after", "words"),
    [
        ("hang", Fault.SERVICE, None, "no complete answer within 0.5 seconds"),
        ("drip", Fault.SERVICE, None, "no complete answer within 0.5 seconds"),
        ("reset", Fault.SERVICE, None, "connection to 127.0.0.1 failed"),
        ("truncated", Fault.SERVICE, None, "invalid or oversized JSON"),
        ("error in 200", Fault.SERVICE, None, "Something went wrong."),
        ("no vector", Fault.SERVICE, None, "without a vector"),
        ("empty vector", Fault.SERVICE, None, "without a vector"),
        ("short vector", Fault.SERVICE, None, "with 1023 numbers instead of 1024"),
        ("nan", Fault.SERVICE, None, "zero, infinite or not numeric"),
        ("other model", Fault.SETUP, None, "model version 2031-01-01 instead of 2023-04-15"),
        ("429", Fault.BUSY, 7, "Try again in 7 s."),
        ("429 words", Fault.BUSY, 7, "Try again in 7 s."),
        ("429 date", Fault.BUSY, pytest.approx(7, abs=1.1), "Try again in"),
        ("429 silent", Fault.BUSY, None, "Try again later."),
        ("500", Fault.SERVICE, None, "InternalServerError"),
        ("500 failed", Fault.SERVICE, None, "FailedToProcess"),
        ("500 timeout", Fault.SERVICE, None, "Timeout"),
        ("502", Fault.SERVICE, None, "“502 Bad Gateway” (HTTP 502"),
        ("503", Fault.SERVICE, None, "ServiceUnavailable"),
        ("400 region", Fault.SETUP, None, "region of this resource"),
        ("401 key", Fault.SETUP, None, "refused the key"),
        ("401 token", Fault.SETUP, None, "refused the token"),
        ("403 firewall", Fault.SETUP, None, "accepts no calls from this network"),
        ("403 quota", Fault.SETUP, 186688, "Resume after 20"),
        ("404", Fault.SETUP, None, "not found at this address"),
        ("410", Fault.SETUP, None, "retired"),
    ],
)
async def test_each_fault(
    standin: AzureStandIn, endpoint: str, kind: str, fault: Fault, retry_after: Any, words: str
) -> None:
    standin.fault(kind, count=FOREVER, retry_after=7)
    async with azure(endpoint, deadline=0.5 if kind in ("hang", "drip") else 30) as provider:
        raised = await failure(provider, image=True)
        assert (raised.fault, raised.retry_after) == (fault, retry_after)
        assert words in str(raised)
        answered = kind not in ("hang", "drip", "reset")
        assert ("region West Europe" in str(raised)) == ("request " in str(raised)) == answered
        assert str(raised.problem).endswith(".") and str(raised.next_step).endswith(".")
        standin.faults.clear()
        provider.client.transport.deadline = 30
        assert by_leg(await provider.embed_images([picture()]))[Leg.PIXELS].shape == (1, 1024)  # none is the last one


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        (answers.WRONG_FORMAT, Fault.INPUT, "Input data is not a valid image."),
        (answers.URL_NOT_ACCESSIBLE, Fault.INPUT, "url is not accessible"),
        (answers.WRONG_SIZE, Fault.INPUT, "20971520 bytes"),
        (answers.WRONG_DIMENSIONS, Fault.INPUT, "larger than 16000"),
        (answers.NO_TEXT, Fault.INPUT, "70 words"),
        (error(413, "413", "Payload too large."), Fault.INPUT, "Payload"),
        (replace(answers.WRONG_FORMAT, status=200), Fault.INPUT, "Input data is not a valid image."),
        (answers.wrong_content_type("image/jxl"), Fault.SETUP, "bug in art-mcp"),
        (answers.WRONG_REGION, Fault.SETUP, "Create a resource"),
        (answers.NO_SUBDOMAIN, Fault.SETUP, "https://NAME."),
        (answers.wrong_model_version("x"), Fault.SETUP, "version of its model"),
        (answers.KEY_DISABLED, Fault.SETUP, f"Entra ID ({how_to_add('azure')})"),
        (error(403, "PermissionDenied", "The principal lacks the required data action."), Fault.SETUP, "User assigned"),
        (error(429, "429", "Out of call volume quota. Please retry after 2 days."), Fault.SETUP, "no calls left"),
        (error(200, "429", "Please retry after 3 seconds."), Fault.BUSY, "in 3 s"),
        (error(400, "Whatever", "Nobody knows."), Fault.SETUP, "refused the call"),
        (error(418, "Teapot", "No coffee."), Fault.SETUP, "HTTP 418, Teapot"),
        (json_answer(500, {"error": "flat"}), Fault.SERVICE, "“flat”"),
        (json_answer(500, ["odd"]), Fault.SERVICE, "failed (HTTP 500)"),
        (json_answer(500, {"error": {"code": 7, "message": None, "innererror": []}}), Fault.SERVICE, "(HTTP 500, 7)"),
        (text(500, b"\xff\x00 not \xe2\x80\xae text"), Fault.SERVICE, "not text"),
        (text(504, b""), Fault.SERVICE, "failed (HTTP 504)"),
        (text(500, b"[" * 100_000), Fault.SERVICE, "failed"),
        (text(407, b""), Fault.SETUP, "HTTPS_PROXY"),
        (text(408, b""), Fault.SERVICE, "in time"),
        (text(302, b""), Fault.SETUP, "redirects are not followed"),
    ],
)
def test_what_an_answer_means(answer: Answer, fault: Fault, words: str) -> None:
    raised = SERVICE.refusal(Reply(answer.status, {}, answer.body))
    assert raised.fault is fault
    assert words in str(raised)


@pytest.mark.parametrize(
    ("header", "message", "seconds"),
    [
        ("0", "", 0),
        ("1.5", "", 1.5),
        ("186688", "retry after 2 days", 186688),
        ("Thu, 01 Jan 2015 00:00:00 GMT", "", 0),
        ("Thu, 01 Jan 2015 00:00:00 -0000", "", 0),
        ("", "Please retry after 1 second. More.", 1),
        ("", "Please Retry After 12 minutes.", 720),
        ("", "Please retry after 3 day.", 3 * 86400),
        ("soon", "retry after 4 seconds", 4),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "", 1e9),
        ("-5", "", None),
        ("nan", "", None),
        ("9" * 40, "", None),
        ("", "retry after " + "9" * 40 + " seconds", None),
    ],
)
def test_how_long_to_wait(header: str, message: str, seconds: float | None) -> None:
    body = json.dumps({"error": {"code": "429", "message": message}}).encode()
    reply = Reply(429, {"retry-after": header} if header else {}, body)
    assert SERVICE.refusal(reply).retry_after == seconds


def test_a_message_is_cleaned() -> None:
    message = "See https://me:secret@host.example:1/path?sig=secret now.\u202e\n\x1b[31m " + "x" * 5000
    reply = Reply(500, {"apim-request-id": "evil\nline"}, json.dumps({"message": message}).encode())
    said = str(SERVICE.refusal(reply))
    assert "See host.example now. [31m xxx" in said
    assert "secret" not in said and "evil" not in said and len(said) < 300


async def test_unbelievable_vectors(standin: AzureStandIn, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = "2023-04-15"
    bad: list[Any] = [
        [0] * 1024,
        ["1.0"] * 1024,
        [True] * 1024,
        [1e308] * 1024,
        [10**400] * 1024,
        {"0": 1},
        [None] * 1024,
    ]
    async with azure(endpoint) as provider:
        for values in bad:
            strike(standin, monkeypatch, json_answer(200, {"modelVersion": asked, "vector": values}))
            assert (await failure(provider)).fault is Fault.SERVICE
        strike(standin, monkeypatch, json_answer(200, {"vector": [1.0] * 1024}))
        assert "without a vector" in str(await failure(provider))
        strike(standin, monkeypatch, text(200, b"<html>Sign in</html>", "text/html"))
        assert "“text/html” instead of JSON" in str(await failure(provider))
        strike(standin, monkeypatch, json_answer(200, [1]))
        assert "without a vector" in str(await failure(provider))


# Failures on the way


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        (http("302 Found", b"", "location: http://127.0.0.1:1/stolen"), Fault.SETUP, "redirects are not followed"),
        (http("200 OK", b" " * (1024 * 1024 + 1), "content-type: application/json"), Fault.SERVICE, "oversized JSON"),
        (http("502 Bad", b"<title>Gate</title>" + b" " * 2 * 1024 * 1024), Fault.SERVICE, "“Gate” (HTTP 502)"),
        (http("200 OK", b"{}").replace(b": 2", b": 9"), Fault.SERVICE, "connection to 127.0.0.1 failed"),
        (b"SSH-2.0-OpenSSH_9\r\n", Fault.SERVICE, "connection to 127.0.0.1 failed"),
        (b"", Fault.SERVICE, "connection to 127.0.0.1 failed"),
    ],
)
async def test_a_server_that_is_no_azure(answer: bytes, fault: Fault, words: str) -> None:
    async with raw(answer) as endpoint, azure(endpoint) as provider:
        raised = await failure(provider)
    assert raised.fault is fault
    assert words in str(raised)


async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        async with azure(f"http://127.0.0.1:{free.getsockname()[1]}") as provider:
            raised = await failure(provider)
    assert raised.fault is Fault.SERVICE


async def test_an_untrusted_certificate_is_a_setting_until_the_service_has_answered() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    async with raw(http("200 OK"), tls) as endpoint, azure(endpoint) as provider:
        raised = await failure(provider)
        assert raised.fault is Fault.SETUP
        assert "certificate of 127.0.0.1 is not trusted" in str(raised) and "SSL_CERT_FILE" in str(raised)
        provider.client.transport._answered = True
        assert (await failure(provider)).fault is Fault.SERVICE


@pytest.mark.parametrize(("errno", "fault"), [(socket.EAI_NONAME, Fault.SETUP), (socket.EAI_AGAIN, Fault.SERVICE)])
async def test_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch, errno: int, fault: Fault) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(errno, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with azure("https://typo.cognitiveservices.azure.com") as provider:
        raised = await failure(provider)
    assert raised.fault is fault
    assert "typo.cognitiveservices.azure.com" in str(raised)


@pytest.mark.parametrize(
    ("status", "fault"), [("407 Proxy Authentication Required", Fault.SETUP), ("503 Busy", Fault.SERVICE)]
)
async def test_a_proxy_is_used_and_may_refuse(monkeypatch: pytest.MonkeyPatch, status: str, fault: Fault) -> None:
    async with raw(http(status)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("//", "//me:CANARYproxy@"))
        async with azure("https://name.cognitiveservices.azure.com") as provider:
            raised = await failure(provider)
    assert raised.fault is fault
    assert "proxy" in str(raised) and "CANARY" not in str(raised)


async def test_a_proxy_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://me:CANARYproxy@host")
    async with azure("https://name.cognitiveservices.azure.com") as provider:
        raised = await failure(provider)
    assert "HTTPS_PROXY" in str(raised) and "CANARY" not in str(raised)


# Who is calling


async def test_tokens_are_kept_and_renewed_once(standin: AzureStandIn, endpoint: str) -> None:
    tokens = Tokens(["one", "two", "three"])
    standin.tokens = {"one"}
    async with azure(endpoint, None, credential=tokens) as provider:
        async with anyio.create_task_group() as group:
            for n in range(5):
                group.start_soon(provider.embed_queries, [f"question {n}"])
        assert tokens.asked == 1
        standin.tokens = {"two"}
        async with anyio.create_task_group() as group:
            for n in range(5, 10):
                group.start_soon(provider.embed_queries, [f"question {n}"])
        assert tokens.asked == 2 and standin.calls.billed() == 10
        standin.tokens = set()
        raised = await failure(provider)
        assert (raised.fault, tokens.asked) == (Fault.SETUP, 3)
        assert "refused the token" in str(raised) and "audience is incorrect (cognitiveservices.azure.com)" in str(
            raised
        )
    assert tokens.closed
    assert standin.calls.by_status() == {200: 10, 401: 7}


async def test_a_token_about_to_expire_is_replaced(standin: AzureStandIn, endpoint: str) -> None:
    tokens = Tokens([TOKEN], lasts=60)
    standin.tokens = {TOKEN}
    async with azure(endpoint, None, credential=tokens) as provider:
        await provider.embed_queries(["one", "two"])
    assert tokens.asked == 2


class ServiceRequestError(Exception):
    """As azure.core calls a network that failed."""


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ValueError("None worked.\n\tAzureCli: CANARY"), Fault.SETUP),
        (ValueError("None worked.\n\tEnvironment: AADSTS7000222: The secret expired.\n\tCANARY"), Fault.SETUP),
        (ServiceRequestError("None worked."), Fault.SERVICE),
    ],
)
async def test_no_token(standin: AzureStandIn, endpoint: str, error: Exception, fault: Fault) -> None:
    async with azure(endpoint, None, credential=Tokens([], error=error)) as provider:
        raised = await failure(provider)
    assert raised.fault is fault
    assert ("AADSTS7000222: The secret expired." if "AADSTS" in str(error) else "None worked.") in str(raised)
    assert "CANARY" not in str(raised)
    assert not standin.calls


async def test_entra_without_its_package(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "azure.identity.aio", None)
    async with azure(endpoint, None) as provider:
        raised = await failure(provider)
        assert raised.fault is Fault.SETUP
        assert how_to_add("azure") in str(raised)
        assert how_to_add("azure") in (await provider.health()).detail


async def test_a_key_without_and_a_token_without_subdomain(standin: AzureStandIn, endpoint: str) -> None:
    standin.key_disabled = True
    async with azure(endpoint) as provider:
        assert "accepts no keys" in str(await failure(provider))
    standin.custom_subdomain = False
    async with azure(endpoint, None, credential=Tokens([TOKEN])) as provider:
        assert "accepts no token at this endpoint" in str(await failure(provider))


async def test_a_key_from_a_file(endpoint: str) -> None:
    async with azure(endpoint, f"{KEY}\n") as provider:
        assert (await provider.health()).usable


@pytest.mark.parametrize("key", ["", "two\nlines", "kéy", "a b"])
def test_a_key_that_cannot_be(key: str) -> None:
    with pytest.raises(VisionError, match="ART_MCP_AZURE_KEY is not a key") as raised:
        AzureClient("https://x.example", SecretStr(key), **VERSIONS)
    assert key == "" or key not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://name.cognitiveservices.azure.com/", "https://name.cognitiveservices.azure.com"),
        (" https://NAME.services.ai.azure.com", "https://name.services.ai.azure.com"),
        ("https://westeurope.api.cognitive.microsoft.com:443", "https://westeurope.api.cognitive.microsoft.com:443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_endpoints(given: str, used: str) -> None:
    assert AzureClient(given, SecretStr(KEY), **VERSIONS).endpoint == used


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ("", "not an address"),
        ("name.cognitiveservices.azure.com", "not an address"),
        ("https://", "not an address"),
        ("https://a b", "not an address"),
        ("https://a\nb", "not an address"),
        ("https://x:port", "not an address"),
        ("https://[::1", "not an address"),
        ("https://ex%61mple", "not an address"),
        ("http://name.cognitiveservices.azure.com", "begin with https"),
        ("http://127.0.0.1.evil.example", "begin with https"),
        ("file://localhost", "begin with https"),
        ("https://me:CANARY@host", "user name"),
        ("https://host/computervision", "path or a query"),
        ("https://host?key=CANARY", "path or a query"),
        ("https://host/#", "path or a query"),
    ],
)
def test_endpoints_that_are_none(given: str, wrong: str) -> None:
    with pytest.raises(VisionError, match=wrong) as raised:
        AzureClient(given, SecretStr(KEY), **VERSIONS)
    assert raised.value.fault is Fault.SETUP
    assert "CANARY" not in str(raised.value)


async def test_no_secret_gets_out(
    standin: AzureStandIn, endpoint: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even when the service repeats it, and not when everything is logged."""
    caplog.set_level(logging.DEBUG)
    out: list[object] = []

    async def collect(endpoint: str, secret: str, kinds: Sequence[str] = ()) -> None:
        key = KEY if secret == KEY else None
        async with azure(endpoint, key, credential=Tokens([TOKEN])) as provider:
            out.extend([await failure(provider), await provider.health()])
            out.extend([provider, provider.client, provider.client.transport.login])
            for kind in kinds:
                standin.faults.clear()
                standin.fault(kind, count=FOREVER)
                out.append(await failure(provider))

    standin.tokens = {TOKEN}
    for secret in (KEY, TOKEN):
        repeated = error(401, "401", f"Key {secret}, or 'Bearer {secret}', is wrong.")
        headers = repeated.headers | {"x-ms-region": secret, "retry-after": secret}
        strike(standin, monkeypatch, replace(repeated, headers=headers))
        await collect(endpoint, secret, [kind for kind in KINDS if kind not in ("hang", "drip")])
        good = http("200 OK", f'{{"modelVersion": "{secret}"}}'.encode(), f"content-type: json {secret}")
        for odd in (good, good.replace(b"HTTP/1.1", secret.encode()), http(f"500 {secret}", secret.encode())):
            async with raw(odd) as other:
                await collect(other, secret)
    standin.keys, standin.tokens = (), set()
    for secret in (KEY, TOKEN):
        await collect(endpoint, secret)

    said = [f"{thing} {thing!r}" for thing in out]
    said += ["".join(traceback.format_exception(thing)) for thing in out if isinstance(thing, Exception)]
    said += [record.getMessage() for record in caplog.records]
    assert len(said) > 150
    assert not [text for text in said if "CANARY" in text]


async def test_what_the_http_library_logs(endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    """No addresses, and no key even if somebody makes it talk."""
    caplog.set_level(logging.DEBUG)
    async with azure(endpoint) as provider:
        await provider.embed_queries([SEA])
        assert not [record for record in caplog.records if record.name.startswith("http")]
        for name in ("httpx2", "httpcore2"):
            caplog.set_level(logging.DEBUG, logger=name)
        await provider.embed_images([picture()])
    assert "send_request_headers" in caplog.text and "CANARY" not in caplog.text


# One question, one call


async def test_equal_questions_at_once_are_one_call(standin: AzureStandIn, endpoint: str) -> None:
    standin.latency = 0.1
    answers: list[Any] = []
    async with azure(endpoint) as provider:

        async def ask() -> None:
            answers.append((await provider.embed_queries([SEA]))[Leg.PIXELS])

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(ask)
        await ask()
    assert len(answers) == 11 and all(np.array_equal(answer, answers[0]) for answer in answers)
    assert standin.calls.by_status() == {200: 1}


async def test_who_waits_is_answered_though_who_asked_first_is_gone(standin: AzureStandIn, endpoint: str) -> None:
    standin.latency = 0.2
    async with azure(endpoint) as provider:
        answered: list[int] = []

        async def ask(number: int) -> None:
            await provider.embed_queries([SEA])
            answered.append(number)

        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as first:

                async def ask_first() -> None:
                    with first:
                        await ask(0)

                group.start_soon(ask_first)
            for number in (1, 2):
                group.start_soon(ask, number)
            await anyio.sleep(0.1)
            first.cancel()
    assert sorted(answered) == [1, 2]
    assert standin.calls.by_status()[200] <= 2


async def test_a_failure_is_for_all_who_wait_and_not_remembered(standin: AzureStandIn, endpoint: str) -> None:
    standin.latency = 0.1
    standin.fault("500")
    async with azure(endpoint) as provider:
        faults: Counter[Fault] = Counter()

        async def ask() -> None:
            faults[(await failure(provider)).fault] += 1

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(ask)
        assert faults == {Fault.SERVICE: 3} and len(standin.calls) == 1
        await provider.embed_queries([SEA])
    assert len(standin.calls) == 2


async def test_what_was_used_last_is_kept() -> None:
    made: list[str] = []
    flights: SingleFlight[str, str] = SingleFlight(2)

    async def ask(key: str) -> None:
        async def make() -> str:
            made.append(key)
            return key

        assert await flights.get(key, make) == key

    for key in "abacab":
        await ask(key)
    assert "".join(made) == "abcb"


async def test_remembered_vectors_cannot_be_changed(endpoint: str) -> None:
    async with azure(endpoint) as provider:
        first = await provider.embed_queries([SEA])
        first[Leg.PIXELS][:] = 0  # a copy
        again = await provider.embed_queries([SEA])
    assert np.linalg.norm(again[Leg.PIXELS]) == pytest.approx(1)


# Health


async def test_health(standin: AzureStandIn, endpoint: str) -> None:
    async with azure(endpoint) as provider:
        health = await provider.health()
        assert health.usable
        assert "127.0.0.1 (model 2023-04-15, signed in with a key) is ready" in health.detail
        assert await provider.health() == health
    assert standin.calls.by_status() == {400: 1}
    standin.tokens = {TOKEN}
    async with azure(endpoint, None, credential=Tokens([TOKEN])) as provider:
        assert "signed in with Entra ID) is ready" in (await provider.health()).detail


@pytest.mark.parametrize(
    ("change", "usable", "words"),
    [
        ({"keys": ()}, False, "refused the key"),
        ({"region_enabled": False}, False, "no multimodal embeddings in the region"),
        ({"api_versions": ()}, False, "not found at this address"),
        ({"model_versions": ("2031",)}, False, "version of its model"),
        ({"tier": "F0", "used_this_month": 5000}, False, "no calls left"),
        ({"rate": 1}, True, "is ready but busy"),
    ],
)
async def test_health_says_what_is_wrong(standin: AzureStandIn, change: Any, usable: bool, words: str) -> None:
    for name, value in change.items():
        setattr(standin, name, value)
    standin.clock = lambda: 1000.0
    async with serve(standin) as endpoint, azure(endpoint) as provider:
        if change == {"rate": 1}:
            await provider.embed_queries([SEA])
        health = await provider.health()
    assert health.usable is usable
    assert words in health.detail


async def test_health_of_what_is_not_there_and_of_words() -> None:
    async with raw(b"") as endpoint, azure(endpoint) as provider:
        health = await provider.health()
        assert not health.usable and "cannot be used: The connection to 127.0.0.1 failed" in health.detail
    async with azure("https://x.example", local=Words(usable=False)) as provider:
        assert await provider.health() == Health(False, "words")


async def test_it_can_be_closed_twice_and_leaves_words_open(endpoint: str) -> None:
    async with azure(endpoint) as provider:
        await provider.embed_queries([SEA])
        await provider.aclose()
