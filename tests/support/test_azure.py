"""The stand-in of Azure AI Vision, asked over HTTP as its clients ask it."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

from support.azure import FOREVER, KEY, KINDS, AzureStandIn, Call, Calls, digest, serve, serving, standin
from support.azure.vectors import COLOURS, Vectors
from support.pictures import draw

VERSIONS = {"api-version": "2024-02-01", "model-version": "2023-04-15"}
IMAGE, TEXT = "/computervision/retrieval:vectorizeImage", "/computervision/retrieval:vectorizeText"
OCTETS = {"content-type": "application/octet-stream"}


def picture(size: tuple[int, int] = (32, 24), colour: tuple[int, int, int] = (20, 90, 160), form: str = "PNG") -> bytes:
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, form)
    return file.getvalue()


class Clock:
    """Stands still but for a millisecond at each look, so that no second ends while a test is at it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


class Current:
    """The stand-in of the test that runs; a server for each would take longer than all the calls."""

    azure: AzureStandIn

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.azure(scope, receive, send)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Current, str]]:
    current = Current()
    with serving(current) as endpoint:
        yield current, endpoint


@pytest.fixture
def azure(served: tuple[Current, str]) -> AzureStandIn:
    served[0].azure = AzureStandIn(rate=1000)
    return served[0].azure


def connect(endpoint: str) -> httpx2.Client:
    return httpx2.Client(base_url=endpoint, headers={"Ocp-Apim-Subscription-Key": KEY}, params=VERSIONS, timeout=60)


@pytest.fixture
def client(azure: AzureStandIn, served: tuple[Current, str]) -> Iterator[httpx2.Client]:
    with connect(served[1]) as client:
        yield client


def embed_image(client: httpx2.Client, body: bytes, **options: Any) -> httpx2.Response:
    return client.post(IMAGE, content=body, **{"headers": OCTETS} | options)


def embed_text(client: httpx2.Client, text: str = "a dark sea", **options: Any) -> httpx2.Response:
    return client.post(TEXT, json={"text": text}, **options)


def said(response: httpx2.Response) -> tuple[int, str, str]:
    assert response.headers["x-ms-region"] == "West Europe"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", response.headers["apim-request-id"])
    error = response.json()["error"]
    return response.status_code, error["code"], error["message"]


def test_a_picture_and_a_text_have_vectors(client: httpx2.Client) -> None:
    for response in (embed_image(client, picture()), embed_text(client)):
        answer = response.json()
        assert response.status_code == 200 and set(answer) == {"modelVersion", "vector"}
        assert answer["modelVersion"] == "2023-04-15" and len(answer["vector"]) == 1024
        vector = np.array(answer["vector"])
        assert (vector.astype(np.float16) == vector).all()
        assert np.linalg.norm(vector) == pytest.approx(92.1, abs=0.05)
        assert {"apim-request-id", "x-ms-region"} <= set(response.headers)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF", "MPO"])
def test_every_format_is_read(client: httpx2.Client, form: str) -> None:
    assert embed_image(client, picture(form=form)).status_code == 200


def test_a_client_that_chooses_no_model_gets_the_legacy_one(client: httpx2.Client) -> None:
    for chosen in ({}, {"model-version": "latest"}):
        address = httpx2.URL(str(client.base_url) + TEXT, params={"api-version": "2024-02-01", **chosen})
        answer = httpx2.post(address, json={"text": "sea"}, headers={"ocp-apim-subscription-key": KEY})
        assert answer.json()["modelVersion"] == "2022-04-11"


# Authentication


def test_without_the_right_key_nobody_gets_in(azure: AzureStandIn, client: httpx2.Client) -> None:
    assert said(embed_text(client, headers={"Ocp-Apim-Subscription-Key": "wrong"}))[:2] == (401, "401")
    del client.headers["Ocp-Apim-Subscription-Key"]
    assert "invalid subscription key or wrong API endpoint" in said(embed_text(client))[2]
    assert [bool(call.credential) for call in azure.calls] == [True, False]


def test_a_disabled_key(azure: AzureStandIn, client: httpx2.Client) -> None:
    azure.key_disabled = True
    assert said(embed_text(client))[:2] == (403, "AuthenticationTypeDisabled")


def test_tokens_are_good_until_they_expire(azure: AzureStandIn, client: httpx2.Client) -> None:
    azure.tokens.add("token")
    azure.key_disabled = True
    del client.headers["Ocp-Apim-Subscription-Key"]
    client.headers["Authorization"] = "Bearer token"
    assert embed_text(client).status_code == 200
    azure.tokens.clear()
    expired = embed_text(client)
    assert expired.status_code == 401 and expired.json()["statusCode"] == 401
    assert expired.json()["message"].startswith("Unauthorized. Access token is missing")
    azure.custom_subdomain = False
    assert said(embed_text(client))[:2] == (400, "BadRequest")


# Throttle and quota


def test_s1_takes_so_many_calls_in_any_second(azure: AzureStandIn, client: httpx2.Client) -> None:
    azure.rate, azure.clock = 3, (clock := Clock())
    with ThreadPoolExecutor(5) as pool:
        statuses = [each.status_code for each in pool.map(lambda _: embed_text(client), range(5))]
    assert sorted(statuses) == [200, 200, 200, 429, 429]
    refused = embed_text(client)
    assert refused.headers["Retry-After"] == "1"
    assert "VectorizeText Operation" in said(refused)[2] and "Please retry after 1 second." in said(refused)[2]
    assert azure.calls.sent_before_retry_after(grace=0)[-1] is azure.calls[-1]
    clock.now += 1
    azure.say_retry_after = False
    answers = [embed_text(client) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert "Retry-After" not in answers[-1].headers and "retry after 1 second" in said(answers[-1])[2]
    assert azure.calls.most_in_any_second() == 3
    assert azure.calls.by_status() == {200: 6, 429: 4}


def test_f0_takes_20_a_minute_and_5000_a_month(azure: AzureStandIn, client: httpx2.Client) -> None:
    azure.tier, azure.clock = "F0", Clock()
    assert [embed_text(client).status_code for _ in range(20)] == [200] * 20
    refused = embed_text(client)
    assert said(refused)[:2] == (429, "429") and "ComputerVision F0 pricing tier" in said(refused)[2]
    assert 50 < int(refused.headers["Retry-After"]) <= 60

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standin, "F0_PER_MINUTE", 1000)
        azure.used_this_month = 4999
        assert embed_text(client).status_code == 200
        refused = embed_text(client)
        status, code, message = said(refused)
        assert (status, code) == (403, "403") and message.startswith("Out of call volume quota")
        seconds = int(refused.headers["Retry-After"])
        assert 0 < seconds <= 31 * 86400 and f"retry after {math.ceil(seconds / 86400)} day" in message
        azure.used_this_month = 0
        assert embed_text(client).status_code == 200


# The request


def test_the_checks_come_in_the_order_of_the_service(
    azure: AzureStandIn, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call with which everything is wrong, that is mended step by step."""
    assert embed_text(client).status_code == 200
    azure.tier, azure.used_this_month, azure.region_enabled = "F0", 5000, False
    monkeypatch.setattr(standin, "F0_PER_MINUTE", 1)
    monkeypatch.setattr(standin, "MAX_BYTES", 100)
    request: dict[str, Any] = {"path": "/nowhere", "body": b"x" * 101, "type": "image/png", "key": "wrong"}
    query = {"api-version": "2023-02-01-preview", "model-version": "2019-01-01"}

    def ask() -> tuple[int, str, str]:
        headers = {"content-type": request["type"], "ocp-apim-subscription-key": request["key"]}
        return said(client.post(request["path"], content=request["body"], headers=headers, params=query))

    assert ask()[0] == 401
    request["key"] = KEY
    azure.key_disabled = True
    assert ask()[1] == "AuthenticationTypeDisabled"
    azure.key_disabled = False
    assert ask()[0] == 429
    monkeypatch.setattr(standin, "F0_PER_MINUTE", 1000)
    assert ask()[0] == 403
    azure.used_this_month = 0
    assert ask()[:2] == (404, "404")
    request["path"] = IMAGE
    assert ask()[:2] == (410, "Gone")
    query["api-version"] = "2024-02-01"
    assert ask() == (400, "InvalidRequest", "This operation is not enabled in this region.")
    azure.region_enabled = True
    assert "model version" in ask()[2]
    query["model-version"] = "2022-04-11"
    assert ask() == (400, "InvalidRequest", "The provided image content type image/png is not supported.")
    request["type"] = "application/octet-stream"
    assert "zero or larger than 20971520 bytes" in ask()[2]
    request["body"] = b"x" * 100
    assert ask()[2] == "Image format is not valid."
    monkeypatch.setattr(standin, "MAX_BYTES", 10_000)
    request["body"] = picture((10, 40))
    assert ask()[2] == "The image dimension is not allowed to be smaller than 10 and larger than 16000."
    assert azure.calls.billed() == 1
    request["body"] = picture()
    with pytest.raises(KeyError, match="error"):
        ask()
    assert azure.calls.billed(digest(picture())) == 1


def test_other_addresses_are_not_found(client: httpx2.Client) -> None:
    assert said(client.get(TEXT)) == (404, "404", "Resource not found")
    assert said(embed_text(client, params={"api-version": "2025-01-01"}))[0] == 404
    assert said(client.post("/" + TEXT, json={"text": "sea"}))[0] == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "zero or larger"),
        (b"GIF89a, it says", "Image format is not valid."),
        (picture((500, 500), form="JPEG")[:-900], "Image format is not valid."),
        (picture((11, 10)), "The image dimension"),
        (picture((16_000, 11)), "The image dimension"),
        (b"BM" + bytes(12) + b"\x28\0\0\0" + b"\x60\xea\0\0" * 2 + b"\1\0\x18\0" + bytes(24), "The image dimension"),
    ],
    ids=["empty", "no picture", "cut off", "too small", "too long", "3.6 billion pixels"],
)
def test_pictures_that_are_refused(client: httpx2.Client, body: bytes, message: str) -> None:
    answer = embed_image(client, body)
    status, code, actual = said(answer)
    assert (status, code) == (400, "InvalidRequest") and message in actual
    if "format" in message:
        inner = {"code": "InvalidImageFormat", "message": "Input data is not a valid image."}
        assert answer.json()["error"]["innererror"] == inner


def test_pictures_at_the_limits_are_taken(client: httpx2.Client) -> None:
    for size in ((11, 11), (15_999, 11)):
        assert embed_image(client, picture(size)).status_code == 200
    largest = picture() + bytes(20_971_520 - len(picture()))
    assert embed_image(client, largest).status_code == 200
    assert said(embed_image(client, largest + b"\0"))[0] == 400


def test_a_url_is_noted_and_refused(azure: AzureStandIn, client: httpx2.Client) -> None:
    url = "https://museum.example/1.jpg"
    assert said(client.post(IMAGE, json={"url": url}))[2] == "The provided image url is not accessible."
    assert [call.url for call in azure.calls] == [url]


@pytest.mark.parametrize(
    "body", [b"{", b'"sea"', b"{}", b'{"text": 1}', b'{"text": " "}', json.dumps({"text": "sea " * 71}).encode()]
)
def test_texts_that_are_refused(client: httpx2.Client, body: bytes) -> None:
    json_type = {"content-type": "application/json; charset=utf-8"}
    assert said(client.post(TEXT, content=body, headers=json_type))[:2] == (400, "InvalidRequest")
    assert client.post(TEXT, content=b'{"text": "sea"}', headers=json_type).status_code == 200


def test_70_words_are_taken_and_only_as_json(client: httpx2.Client) -> None:
    assert embed_text(client, "sea " * 70).status_code == 200
    assert "content type" in said(client.post(TEXT, content=b"sea", headers=OCTETS))[2]


# The log


def test_the_log_knows_calls_by_what_they_carry(azure: AzureStandIn, client: httpx2.Client) -> None:
    embed_text(client, "über sea")
    embed_image(client, picture())
    embed_image(client, picture())
    client.get("/")
    azure.rate = 1
    embed_text(client, "über sea")
    assert [call.kind for call in azure.calls] == ["text", "image", "image", "other", "text"]
    assert [call.status for call in azure.calls] == [200, 200, 200, 404, 429]
    assert azure.calls.billed(digest("über sea")) == 1 and azure.calls.billed(digest(picture())) == 2
    assert azure.calls[0].sha == azure.calls[-1].sha
    assert all(call.answered is not None and call.time < call.answered for call in azure.calls)
    assert {call.credential for call in azure.calls} == {digest(KEY)}


def test_calls_in_flight_are_counted(azure: AzureStandIn, client: httpx2.Client) -> None:
    azure.latency = 0.2
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: embed_text(client), range(3)))
    embed_text(client)
    assert [call.in_flight for call in azure.calls] == [1, 2, 3, 1] and azure.calls.most_in_flight() == 3
    assert all(call.answered is not None and call.answered - call.time >= 0.2 for call in azure.calls)


def call_at(time: float, status: int = 200, **more: Any) -> Call:
    return Call("image", time, 1, "", status=status, answered=time + 0.1, **more)


def test_most_in_any_second_looks_at_every_second() -> None:
    times = (0, 0.6, 0.7, 1.5, 1.59, 1.6, 3)
    assert Calls(map(call_at, times)).most_in_any_second() == 4  # from .6 on
    assert (
        Calls([*map(call_at, times), *(call_at(0.8, status) for status in (401, 403, 429))]).most_in_any_second() == 4
    )
    assert Calls().most_in_any_second() == 0


def test_calls_before_retry_after_are_found() -> None:
    throttled = call_at(1, 429, retry_after=2)  # until 3.1
    silent = call_at(1.3, 429)
    others = [call_at(time) for time in (1.05, 1.14, 1.2, 3.09, 3.11)]
    calls = Calls([throttled, silent, *others])
    assert calls.sent_before_retry_after() == [silent, others[2], others[3]]
    assert calls.sent_before_retry_after(grace=0) == [silent, *others[1:4]]
    assert calls.sent_before_retry_after(grace=1) == [others[3]]


# Faults

BROKEN = {
    "truncated": json.JSONDecodeError,
    "reset": httpx2.TransportError,
    "hang": httpx2.ReadTimeout,
}
ODD_200: dict[str, Callable[[dict[str, Any]], bool]] = {
    "error in 200": lambda answer: answer["error"]["code"] == "InternalServerError" and "vector" not in answer,
    "no vector": lambda answer: "vector" not in answer,
    "empty vector": lambda answer: answer["vector"] == [],
    "short vector": lambda answer: len(answer["vector"]) == 1023,
    "nan": lambda answer: math.isnan(answer["vector"][0]) and len(answer["vector"]) == 1024,
    "other model": lambda answer: answer["modelVersion"] not in ("2023-04-15", "2022-04-11"),
}
REFUSED = {
    "429": "retry after 3 seconds",
    "429 words": "retry after 3 seconds",
    "429 date": "Rate limit",
    "429 silent": "Rate limit",
    "500": "internal error",
    "500 failed": "FailedToProcess",
    "500 timeout": "Timeout",
    "502": "<html>",
    "503": "ServiceUnavailable",
    "400 region": "not enabled in this region",
    "401 key": "invalid subscription key",
    "401 token": "Unauthorized. Access token",
    "403 firewall": "Virtual Network/Firewall rules",
    "403 quota": "Out of call volume quota",
    "404": "Resource not found",
    "410": "has been deprecated",
}


def test_every_fault_is_tested() -> None:
    assert {*BROKEN, *ODD_200, *REFUSED, "drip"} == set(KINDS)
    with pytest.raises(ValueError, match="no fault 'nonsense', only hang, "):
        AzureStandIn().fault("nonsense")


@pytest.mark.parametrize("kind", BROKEN)
def test_answers_that_never_come_or_break_off(azure: AzureStandIn, client: httpx2.Client, kind: str) -> None:
    azure.fault(kind)
    with pytest.raises(BROKEN[kind]):
        embed_text(client, timeout=0.3 if kind == "hang" else 60).json()
    assert embed_text(client).status_code == 200  # the next is well
    assert [call.fault for call in azure.calls] == [kind, None]
    assert azure.calls.billed() == (1 if kind == "hang" else 2)  # what was lost on the way costs as well


def test_a_drip_outlasts_the_patience_for_a_single_byte(
    azure: AzureStandIn, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.azure.delivery.DRIP_BYTES", 1000)
    azure.fault("drip")
    begun = time.monotonic()
    assert len(embed_text(client, timeout=1).json()["vector"]) == 1024
    assert time.monotonic() - begun > 1


@pytest.mark.parametrize("kind", ODD_200)
def test_a_200_that_is_none_is_billed(azure: AzureStandIn, client: httpx2.Client, kind: str) -> None:
    azure.fault(kind)
    answer = embed_image(client, picture())
    assert answer.status_code == 200 and ODD_200[kind](answer.json())
    assert azure.calls.billed(digest(picture())) == 1
    assert len(embed_image(client, picture()).json()["vector"]) == 1024


@pytest.mark.parametrize("kind", REFUSED)
def test_refusals_out_of_the_blue(azure: AzureStandIn, client: httpx2.Client, kind: str) -> None:
    azure.fault(kind, retry_after=3)
    answer = embed_text(client)
    assert answer.status_code == int(kind[:3]) and REFUSED[kind] in answer.text
    assert embed_text(client).status_code == 200
    assert azure.calls.by_status() == {int(kind[:3]): 1, 200: 1}
    after = answer.headers.get("Retry-After")
    match kind:
        case "429":
            assert after == "3" and len(azure.calls.sent_before_retry_after(grace=0)) == 1
        case "429 words":
            assert after is None and len(azure.calls.sent_before_retry_after(grace=0)) == 1
        case "429 date":
            assert after is not None and 2.5 < parsedate_to_datetime(after).timestamp() - time.time() < 4
            noted = azure.calls[0].retry_after
            assert noted is not None and 3 <= noted <= 4
        case "403 quota":
            assert after == "186688" and "retry after 3 days" in answer.text
        case _:
            assert after is None and not azure.calls.sent_before_retry_after(grace=0)


def test_faults_strike_whom_they_are_meant_for(azure: AzureStandIn, client: httpx2.Client) -> None:
    azure.fault("500", where=digest("sea"), count=2)
    azure.fault("503", where=lambda call: call.kind == "image", count=FOREVER)
    assert [embed_text(client, text).status_code for text in ("land", "sea", "sea", "sea")] == [200, 500, 500, 200]
    assert [embed_image(client, picture()).status_code for _ in range(3)] == [503] * 3
    assert embed_image(client, b"no picture").status_code == 400  # it would have been refused anyway
    azure.faults.clear()
    assert embed_image(client, picture()).status_code == 200


def test_faults_by_chance_are_the_same_for_the_same_seed() -> None:
    def statuses(seed: int) -> list[int]:
        azure = AzureStandIn(rate=1000, seed=seed)
        azure.fault("500", count=FOREVER, probability=0.5)
        with serving(azure) as endpoint, connect(endpoint) as client:
            return [embed_text(client).status_code for _ in range(30)]

    first = statuses(1)
    assert first == statuses(1) != statuses(2) and 5 < first.count(500) < 25


def test_a_burst_ends(azure: AzureStandIn, client: httpx2.Client) -> None:
    azure.clock = clock = Clock()
    azure.fault("500", count=FOREVER, lasting=0.3)
    assert [embed_text(client).status_code for _ in range(5)] == [500] * 5
    clock.now += 0.3
    assert embed_text(client).status_code == 200


# Serving


def test_the_end_does_not_wait_for_calls_that_hang_nor_for_those_that_come_again() -> None:
    azure = AzureStandIn(latency=30)
    azure.fault("hang", where=digest("hang"), count=FOREVER)

    def insist(text: str) -> None:
        with connect(endpoint) as client:
            while True:
                try:
                    embed_text(client, text, timeout=60)
                except httpx2.ConnectError:
                    return
                except httpx2.TransportError:
                    continue

    with ThreadPoolExecutor(2) as pool:
        with serving(azure) as endpoint:
            asked = pool.map(insist, ("hang", "wait"))
            while len(azure.calls) < 2:
                time.sleep(0.01)
            begun = time.monotonic()
        assert time.monotonic() - begun < 20  # `latency` is 30
        assert list(asked) == [None, None]
    assert not azure.calls.billed(digest("hang"))


@pytest.mark.anyio
async def test_it_is_served_to_coroutines_as_well() -> None:
    azure = AzureStandIn()
    async with serve(azure) as endpoint, httpx2.AsyncClient(base_url=endpoint, params=VERSIONS) as client:
        headers = {"ocp-apim-subscription-key": KEY}
        assert (await client.post(TEXT, json={"text": "sea"}, headers=headers)).status_code == 200
        async with serve(AzureStandIn(keys=["other"])) as another:
            assert another != endpoint
            assert (await client.post(another + TEXT, json={"text": "sea"}, headers=headers)).status_code == 401
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(endpoint)


# Vectors


@pytest.fixture(scope="module")
def model() -> Vectors:
    return Vectors("2023-04-15", 0)


def unit(vector: list[float]) -> np.ndarray:
    scaled: np.ndarray = np.array(vector) / np.linalg.norm(vector)
    return scaled


def of_colour(model: Vectors, colour: str) -> np.ndarray:
    return unit(model.of_image(Image.new("RGB", (40, 30), COLOURS[colour][0])))


def test_texts_and_pictures_are_as_near_as_real_ones(model: Vectors) -> None:
    colours = ["red", "yellow", "green", "blue", "brown", "white", "grey", "black"]
    pictures = np.array([of_colour(model, colour) for colour in colours])
    texts = np.array([unit(model.of_text(f"a {colour} one")) for colour in colours])
    cosines = texts @ pictures.T
    fit, other = np.diag(cosines), cosines[~np.eye(len(colours), dtype=bool)]
    assert 0.32 < np.median(fit) < 0.35 and fit.min() > 0.29 and fit.max() < 0.38
    assert 0.16 < np.median(other) < 0.23 and np.quantile(other, 0.9) < 0.25
    assert (cosines.argmax(axis=1) == np.arange(len(colours))).all()
    night = unit(model.of_text("a dark night"))
    assert night @ of_colour(model, "black") > night @ of_colour(model, "white") + 0.08


def test_pictures_are_as_near_to_each_other_as_real_ones(model: Vectors, tmp_path: Path) -> None:
    """Of 200 real photographs: .22 to .98, the middle half .43 to .57, nine of ten .36 to .73."""
    paths = [draw(tmp_path / f"{seed}.png", seed) for seed in range(25)]
    vectors = [unit(model.of_image(Image.open(path))) for path in paths]
    vectors += [of_colour(model, colour) for colour in COLOURS]
    cosines = (np.array(vectors) @ np.array(vectors).T)[np.triu_indices(len(vectors), 1)]
    assert cosines.min() > 0.15 and cosines.max() < 0.98
    assert 0.4 < np.median(cosines) < 0.6


def test_the_same_picture_in_another_size_or_file_is_nearly_the_same(model: Vectors, tmp_path: Path) -> None:
    original = Image.open(draw(tmp_path / "1.png", 1, (400, 300)))
    vector = model.of_image(original)
    assert model.of_image(original.copy()) == vector
    for size, form in (((200, 150), "JPEG"), ((120, 90), "WEBP"), ((800, 600), "PNG"), ((1600, 1200), "JPEG")):
        file = BytesIO()
        original.resize(size).save(file, form)
        other = model.of_image(Image.open(file))
        assert other != vector and unit(other) @ unit(vector) > 0.97


def test_a_vector_depends_on_model_seed_and_text(model: Vectors) -> None:
    vector = unit(model.of_text("a dark sea"))
    for other in (Vectors("2022-04-11", 0), Vectors("2023-04-15", 1)):
        assert abs(unit(other.of_text("a dark sea")) @ vector) < 0.15
    assert model.of_text("a dark sea") == Vectors("2023-04-15", 0).of_text("a dark sea")
    assert 0.9 < unit(model.of_text("a sea, dark")) @ vector < 0.999
