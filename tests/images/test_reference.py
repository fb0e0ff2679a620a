"""The forms in which a picture can be named, and what is said of those that lead nowhere."""

from __future__ import annotations

import json
import os
import uuid
from typing import Any

import pytest

from art_mcp.images.reference import Kind, Reference
from art_mcp.images.undecoded import ImageError

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
LINK = "https://files.example.org/a/b.jpg?sig=secret"


def refused(given: str | dict[str, Any]) -> str:
    """What an error says, in one line of text that tells what to do next."""
    with pytest.raises(ImageError) as caught:
        Reference.parse(given)
    assert caught.value.next_step.endswith(".") and len(str(caught.value)) < 500
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind", "value", "name"),
    [
        ("/nowhere/at all/picture.jpg", Kind.FILE, "/nowhere/at all/picture.jpg", "picture.jpg"),
        ("  /a/b.jpg\n", Kind.FILE, "/a/b.jpg", "b.jpg"),
        ('"/a/b.jpg"', Kind.FILE, "/a/b.jpg", "b.jpg"),
        ("`/a/b.jpg`", Kind.FILE, "/a/b.jpg", "b.jpg"),
        ("file:///a/b%20c.jpg", Kind.FILE, "/a/b c.jpg", "b c.jpg"),
        ("FILE:/a/b.jpg", Kind.FILE, "/a/b.jpg", "b.jpg"),
        (LINK, Kind.URL, LINK, "The file from files.example.org"),
        (f"<{LINK}>", Kind.URL, LINK, "The file from files.example.org"),
        ("HTTPS://EXAMPLE.org/x", Kind.URL, "HTTPS://EXAMPLE.org/x", "The file from example.org"),
        ("https://user:secret@example.org/", Kind.URL, "https://user:secret@example.org/", "The file from example.org"),
        ("https://[::1", Kind.URL, "https://[::1", "The linked picture"),
        ("data:image/png;base64,AAAA", Kind.DATA, "data:image/png;base64,AAAA", "The inline picture"),
        ("DATA:,x", Kind.DATA, "DATA:,x", "The inline picture"),
        (
            "data:image/png;name=my%20wall.png;base64,AA==",
            Kind.DATA,
            "data:image/png;name=my%20wall.png;base64,AA==",
            "my wall.png",
        ),
        (ID, Kind.PAINTING, ID, f"The painting {ID}"),
        (ID.upper(), Kind.PAINTING, ID, f"The painting {ID}"),
        (uuid.UUID(ID).hex, Kind.PAINTING, ID, f"The painting {ID}"),
        (f"art://paintings/{ID}", Kind.PAINTING, ID, f"The painting {ID}"),
        (f"art://paintings/{ID}/image", Kind.PAINTING, ID, f"The painting {ID}"),
        (
            "upload:7KQ2-M5XD-AB3F-Z4QY",
            Kind.UPLOAD,
            "upload:7KQ2-M5XD-AB3F-Z4QY",
            "The uploaded picture",
        ),
    ],
)
def test_each_form_is_told_from_the_others(text: str, kind: Kind, value: str, name: str) -> None:
    assert Reference.parse(text) == Reference(kind, value, name)


def test_what_chatgpt_sends_for_an_attachment() -> None:
    sent = {"download_url": LINK, "file_id": "file-abc", "mime_type": "image/png", "file_name": "../wall.png"}
    for given in (sent, json.dumps(sent), f"  {json.dumps(sent, indent=2)}\n"):
        assert Reference.parse(given) == Reference(Kind.URL, LINK, "wall.png")
    for name in (None, "", " ", 5, ["x"]):
        assert Reference.parse({**sent, "file_name": name}).name == "The file from files.example.org"
    assert Reference.parse({"download_url": LINK}).value == LINK


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"file_id": "file-abc"},
        {"download_url": None},
        {"download_url": 5},
        {"download_url": [LINK]},
        {"download_url": " "},
        {"download_url": "/etc/passwd"},
        {"download_url": "file:///etc/passwd"},
        {"download_url": "http://example.org/x.png"},
        {"download_url": "data:image/png;base64,AAAA"},
        '{"download_url": ',
        "{}",
        "{" * 30_000,
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        json.dumps({"download_url": LINK, "more": "x" * 40_000}),
    ],
)
def test_file_objects_that_lead_nowhere(given: str | dict[str, Any]) -> None:
    said = refused(given)
    assert "secret" not in said and "passwd" not in said


@pytest.mark.parametrize(
    ("text", "problem", "advice"),
    [
        ("", "is empty", "absolute path"),
        ("  \n ", "is empty", "https link"),
        ("http://example.org/x.jpg", "by https only", "Use https"),
        ("ftp://example.org/x.jpg", "from a ftp: reference", "https link"),
        ("s3://bucket/x.jpg", "from a s3: reference", "https link"),
        ("javascript:alert(1)", "from a javascript: reference", "absolute path"),
        ("blob:https://chat.example/0f8f", "inside the page", "Save the picture"),
        ("sandbox:/mnt/data/x.png", "chat's own computer", "image_file"),
        ("file-service://file-abc123def", "the chat's own", "image_file"),
        ("attachment://image.png", "the chat's own", "image_file"),
        ("cid:part1", "the chat's own", "image_file"),
        ("file-AbCdEf1234567890", "the chat's own name", "image_file"),
        ("file_011CNha8iCJcU1wXNR6q4V8w", "the chat's own name", "image_file"),
        ("image.png", "without a folder", "attached to a chat"),
        ("./image.png", "not absolute", "absolute path"),
        ("images/image.png", "not absolute", "absolute path"),
        ("www.example.org/x.png", "not absolute", "put https:// before it"),
        ("example.org/x.png", "not absolute", "put https:// before it"),
        ("[image 1]", "chat's label for a picture", "image_file"),
        ("[Image #2]", "chat's label for a picture", "https link"),
        ("image", "chat's label for a picture", "absolute path"),
        ("the attached image", "chat's label for a picture", "absolute path"),
        ("The user's uploaded photo", "chat's label for a picture", "absolute path"),
        ("<image>", "chat's label for a picture", "absolute path"),
        ("/9j/4AAQSkZJRgABAQ", "base64 without", "data:image/jpeg;base64,"),
        ("iVBORw0KGgoAAAANSUhEUg", "base64 without", "data:image/jpeg;base64,"),
        ("UklGRiQAAABXRUJQVlA4", "base64 without", "data:image/jpeg;base64,"),
        ("iVBORw0KGgo" + "A" * 1_000_000, "base64 without", "data:image/jpeg;base64,"),
        ("~root/picture.jpg", "starts with ~", "in full"),
        ("file:///C:/Users/me/Pictures/wall.jpg", "is a Windows path", "on this system"),
        (r"\\server\share\picture.jpg", "on another computer", "Copy it"),
        ("art://paintings/", "art://paintings/ followed", "id"),
        ("art://paintings/five", "five is not the id", "search"),
        ("art://collections/semart", "art://paintings/ followed", "id"),
        ("/" + "a" * 40_000, "longer than any path", "absolute path"),
        ("https://example.org/" + "a" * 40_000, "longer than any path", "https link"),
        ("\ud800.png", "without a folder", "absolute path"),
    ],
)
def test_forms_that_lead_nowhere_say_what_does(text: str, problem: str, advice: str) -> None:
    said = refused(text)
    assert problem in said and advice in said


@pytest.mark.skipif(os.name == "nt", reason="a path of this computer there")
def test_a_windows_path_elsewhere() -> None:
    said = refused(r"C:\Users\me\Pictures\wall.jpg")
    assert said.startswith("The path of wall.jpg is a Windows path") and "/mnt/c" in said


def test_what_a_reference_holds_is_not_logged_by_chance() -> None:
    for text in (LINK, "data:image/png;base64,secret", "/secret/place/x.jpg"):
        assert "secret" not in repr(Reference.parse(text))
