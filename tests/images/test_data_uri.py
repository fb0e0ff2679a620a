"""Pictures in the text itself: how long they may be, and what breaks on the way."""

from __future__ import annotations

import base64
import tracemalloc
from urllib.parse import quote

import pytest

from art_mcp.images import data_uri
from art_mcp.images.data_uri import CHUNK, MAX_PERCENTS, decode
from art_mcp.images.undecoded import MAX_BYTES, ImageError

DATA = bytes(range(256)) * 3
CODE = base64.b64encode(DATA).decode()


def refused(uri: str) -> str:
    with pytest.raises(ImageError) as caught:
        decode(uri, name="x")
    assert len(str(caught.value)) < 300
    return caught.value.problem


@pytest.mark.parametrize(
    "uri",
    [
        f"data:image/png;base64,{CODE}",
        f"data:;base64,{CODE}",
        f"DATA:IMAGE/PNG;BASE64,{CODE}",
        f"data:text/html;charset=utf-8;base64 ,{CODE}",
        f"data:image/svg+xml;name=x.png;base64,{CODE}",
        "data:image/png;base64," + base64.urlsafe_b64encode(DATA).decode(),
        "data:image/png;base64," + quote(CODE),
        "data:image/png;base64," + "\r\n".join(CODE[at : at + 76] for at in range(0, len(CODE), 76)),
        "data:image/png," + quote(DATA),
        "data:," + quote(DATA, safe=""),
    ],
)
def test_spellings_of_the_same_bytes_whatever_they_are_called(uri: str) -> None:
    assert decode(uri, name="x") == DATA


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_padding_may_be_left_out(length: int) -> None:
    code = base64.b64encode(DATA[:length]).decode().rstrip("=")
    assert decode(f"data:;base64,{code}", name="x") == DATA[:length]


@pytest.mark.parametrize(
    "code",
    [
        CODE[:-3],
        "AAAAA",
        "A",
        "A===",
        "AA=",
        "AAA==",
        "AAAA====",
        "==",
        "AA==AAAA",
        "A" * (CHUNK - 1) + "=AAAA",
        "=AAA",
        "AA=A",
        "AAAA!",
        "AÄAA",
        "AAAA\x00AAA",
        "AAAA,BBBB",
        "%C3%84AAA",
        "...",
    ],
)
def test_what_was_cut_or_changed_on_the_way_is_told(code: str) -> None:
    assert (
        refused(f"data:image/png;base64,{code}") == "x is incomplete: its base64 was truncated or altered in transit."
    )


@pytest.mark.parametrize("uri", ["data:", "data:image/png;base64", "data:" + "a" * 5000 + ",AAAA"])
def test_what_is_no_data_uri(uri: str) -> None:
    assert "no comma" in refused(uri)


@pytest.mark.parametrize("uri", ["data:,", "data:;base64,", "data:;base64,  \n"])
def test_nothing_in_it(uri: str) -> None:
    assert refused(uri) == "x is empty."


def test_its_length_is_judged_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> bytes:
        raise AssertionError("decoded")

    most = base64.b64encode(bytes(MAX_BYTES)).decode()
    assert len(decode(f"data:;base64,{most}", name="x")) == MAX_BYTES
    assert len(decode("data:," + "a" * MAX_BYTES, name="x")) == MAX_BYTES
    monkeypatch.setattr(data_uri.binascii, "a2b_base64", never)
    for uri in (
        "data:;base64," + base64.b64encode(bytes(MAX_BYTES + 1)).decode(),
        "data:;base64," + "A" * 40 * 2**20,
        "data:," + "a" * (3 * MAX_BYTES + 1),
    ):
        tracemalloc.start()
        assert refused(uri) == "x is larger than 20 MiB."
        assert tracemalloc.get_traced_memory()[1] < 6 * MAX_BYTES
        tracemalloc.stop()


@pytest.mark.parametrize("head", ["data:,", "data:;base64,"])
def test_percents_cannot_take_much_memory(head: str) -> None:
    assert refused(head + "%41" * (MAX_PERCENTS + 1)) == "x has more than 1,048,576 percent escapes."
    most = head + "%41" * 200_000
    tracemalloc.start()
    decode(most, name="x")
    assert tracemalloc.get_traced_memory()[1] < MAX_BYTES
    tracemalloc.stop()


def test_percents_where_pieces_meet() -> None:
    for shift in range(8):
        data = bytes(range(256)) * 600
        assert decode("data:," + "a" * shift + quote(data, safe=""), name="x") == b"a" * shift + data
    assert decode("data:," + "%" * 200_000, name="x") == b"%" * 200_000
