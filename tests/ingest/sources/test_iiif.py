"""Manifests in the forms of the IIIF specifications, their cookbook, and museums."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from support.picture_server import PictureServer, picture_server, said

from art_mcp.ingest.sources import web
from art_mcp.ingest.sources.museums import iiif
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS, Refusal, Row, SourceError

pytestmark = pytest.mark.anyio

M = "https://museum.example"
SCALED = f"{M}/i/full/!1024,1024/0/default.jpg"
LOGIN = {"@id": f"{M}/auth/login", "profile": "http://iiif.io/api/auth/1/login"}
SERVICE_2 = {
    "@context": "http://iiif.io/api/image/2/context.json",
    "@id": f"{M}/i",
    "profile": ["http://iiif.io/api/image/2/level2.json", {"formats": ["jpg"]}],
}


def image(service: object = None, **more: Any) -> dict[str, Any]:
    services = [{"id": f"{M}/i", "type": "ImageService3", "profile": "level2"}] if service is None else service
    body = {"id": f"{M}/i/full/max/0/default.jpg", "type": "Image", "width": 4000, "height": 3000, "service": services}
    return {name: value for name, value in (body | more).items() if value is not None}


def manifest(body: object, *metadata: tuple[object, object], **more: Any) -> dict[str, Any]:
    """A manifest of version 3 with one picture."""
    annotation = {"type": "Annotation", "motivation": "painting", "body": body}
    return {
        "type": "Manifest",
        "label": {"none": ["Sea"]},
        "metadata": [{"label": label, "value": value} for label, value in metadata],
        "items": [
            {"id": f"{M}/c1", "type": "Canvas", "width": 4000, "height": 3000, "items": [{"items": [annotation]}]}
        ],
        **more,
    }


def manifest_2(resource: object, *metadata: tuple[object, object], **more: Any) -> dict[str, Any]:
    """A manifest of version 2 with one picture."""
    canvas = {"@id": f"{M}/c1", "images": [{"motivation": "sc:painting", "resource": resource}]}
    entries = [{"label": label, "value": value} for label, value in metadata]
    return {"@type": "sc:Manifest", "label": "Sea", "metadata": entries, "sequences": [{"canvases": [canvas]}], **more}


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PictureServer]:
    async with picture_server("museum.example") as running:
        monkeypatch.setattr(web, "new_fetcher", running.fetcher)
        monkeypatch.setattr(web, "BACKOFF_S", 0.0)
        monkeypatch.setattr(iiif, "PAUSE_S", 0.0)
        yield running


async def listed(server: PictureServer, document: object, path: str = "/m") -> list[Row | Refusal]:
    server.answers[path] = said(200, json.dumps(document).encode())
    async with aclosing(open_source(server.url(path, "museum.example"), DEFAULTS)) as source:
        return [row async for page in source.pages(None) for row in page.rows]


async def only(server: PictureServer, document: object) -> Row:
    (row,) = await listed(server, document)
    assert isinstance(row, Row)
    return row


JPEG_2 = {"@type": "dctypes:Image", "@id": "http://museum.example:80/a.jpg"}
PICTURES = {
    "scaled by its service": (manifest(image()), SCALED),
    "of unknown size": (manifest(image(width=None, height=None)), SCALED),
    "a TIFF without a type": (manifest(image(type=None, format="image/tiff", width=None)), SCALED),
    "named by its service alone": (manifest(image(id=None)), SCALED),
    "small": (manifest(image(width=800, height=600)), f"{M}/i/full/max/0/default.jpg"),
    "of a service that cannot scale": (
        manifest(image([{"id": f"{M}/i", "type": "ImageService3", "profile": "level0"}])),
        f"{M}/i/full/max/0/default.jpg",
    ),
    "of version 1 of the image API": (
        manifest_2(image({"@id": f"{M}/i", "profile": "http://library.stanford.edu/iiif/image-api/1.1/#level2"})),
        f"{M}/i/full/!1024,1024/0/native.jpg",
    ),
    "by http": (manifest_2(JPEG_2), f"{M}/a.jpg"),
    "by http of a service": (
        manifest(image({"@id": "http://museum.example/i", "@type": "ImageService2", "profile": "level1"})),
        SCALED,
    ),
    "a choice": (manifest({"type": "Choice", "items": [image(), image(id=f"{M}/xray.jpg", service=[])]}), SCALED),
    "a choice with a default": (
        manifest_2({"@type": "oa:Choice", "item": [JPEG_2], "default": image(SERVICE_2)}),
        SCALED,
    ),
    "a specific resource": (manifest({"type": "SpecificResource", "source": image()}), SCALED),
    "a specific resource of version 2": (
        manifest_2({"@type": "oa:SpecificResource", "full": image(SERVICE_2)}),
        SCALED,
    ),
    "beside a text": (manifest([{"type": "TextualBody", "value": "sea"}, image()]), SCALED),
    "behind a login": (manifest(image([LOGIN, SERVICE_2 | {"service": LOGIN}])), SCALED),
    "without an image service": (
        manifest(image([LOGIN, {"id": f"{M}/probe", "type": "AuthProbeService2"}], id=f"{M}/a.jpg")),
        f"{M}/a.jpg",
    ),
    "with a service for searching": (
        manifest(image([{"id": f"{M}/s", "type": "SearchService2"}], id=f"{M}/a.jpg")),
        f"{M}/a.jpg",
    ),
}


@pytest.mark.parametrize(("document", "url"), PICTURES.values(), ids=PICTURES)
async def test_the_picture_of_a_canvas(server: PictureServer, document: dict[str, Any], url: str) -> None:
    assert (await only(server, document)).image == url


async def test_only_what_is_painted_on_a_canvas_is_its_picture(server: PictureServer) -> None:
    document = manifest(image())
    (page,) = document["items"][0]["items"]
    page["items"].insert(0, {"motivation": "commenting", "body": {"type": "Image", "id": f"{M}/comment.jpg"}})
    page["items"].append({"motivation": ["painting"], "body": {"type": "Image", "id": f"{M}/inset.jpg"}})
    document["items"].append({"id": f"{M}/empty", "type": "Canvas", "items": []})
    row = await only(server, document)
    assert (row.image, row.catalogue.title) == (SCALED, "Sea")


async def test_several_values_of_a_label_and_several_entries_are_joined(server: PictureServer) -> None:
    row = await only(
        server,
        manifest(
            image(),
            ({"en": ["Artist:"], "nl": ["Kunstenaar"]}, {"en": ["Ana Ruiz", "Ben Cole"]}),
            ({"en": ["Artist:"]}, {"none": ["Cy Dent\nBritish, 1850-1920", "Ana Ruiz"]}),
            ({"en": ["Date"]}, {"en": ["<b>1889</b>"]}),
            ({"en": ["Medium"]}, {"nl": ["olieverf"], "en": ["oil &amp; tempera"]}),
            label={"nl": ["Zee"], "none": ["A 1"], "en-GB": ["Sea"]},
        ),
    )
    entry = row.catalogue
    assert (entry.artist, entry.date, entry.technique) == ("Ana Ruiz; Ben Cole; Cy Dent", "1889", "oil & tempera")
    assert entry.title == "Sea"


async def test_languages_of_version_2(server: PictureServer) -> None:
    row = await only(
        server,
        manifest_2(
            JPEG_2,
            ([{"@value": "Autor", "@language": "de"}, {"@value": "Author", "@language": "en"}], "Ana Ruiz"),
            ("Date", 1889),
            label=[{"@value": "Meer", "@language": "de"}, {"@value": "Sea", "@language": "en"}],
            description=["By the sea.", "At night."],
        ),
    )
    entry = row.catalogue
    assert (entry.title, entry.artist, entry.date) == ("Sea", "Ana Ruiz", "1889")
    assert entry.description == "By the sea. At night."


async def test_owner_and_terms(server: PictureServer) -> None:
    document = manifest(
        image(),
        rights="http://creativecommons.org/publicdomain/zero/1.0/",
        requiredStatement={
            "label": {"en": ["Credit"]},
            "value": {"en": ["<span>Gift of <a href='/'>A. &amp; B.</a></span>"]},
        },
        provider=[{"type": "Agent", "label": {"en": ["The Museum"]}}],
        rendering=[{"id": f"{M}/1.pdf", "format": "application/pdf"}],
        homepage=[{"id": f"{M}/objects/1", "format": "text/html"}],
    )
    holding = (await only(server, document)).holding
    assert (holding.credit, holding.page) == ("Gift of A. & B.", f"{M}/objects/1")
    assert holding.rights == "http://creativecommons.org/publicdomain/zero/1.0/"
    del document["requiredStatement"], document["homepage"]
    holding = (await only(server, document)).holding
    assert (holding.credit, holding.page) == ("The Museum", None)


async def test_all_pages_of_a_collection_are_read_and_a_bad_member_stops_nothing(server: PictureServer) -> None:
    def url(path: str) -> str:
        return server.url(path, "museum.example")

    server.answers["/m"] = said(200, json.dumps(manifest(image())).encode())
    server.answers["/html"] = said(200, b"hello")
    server.answers["/secret"] = said(401)
    for number in range(8):  # more pages than collections may be nested
        members = [{"@id": url(f"/m{number}")}, url("/html"), {"id": url("/secret")}, {"id": "ftp://museum.example/x"}]
        server.answers[f"/m{number}"] = server.answers["/m"]
        page = {"@type": "sc:CollectionPage", "manifests": members, "next": url(f"/page{number + 1}")}
        server.answers[f"/page{number}"] = said(200, json.dumps(page).encode())
    rows = await listed(server, {"@type": "sc:Collection", "label": "All", "first": url("/page0")}, "/all")
    refused = {row.label: row.reason for row in rows if isinstance(row, Refusal)}
    assert len([row for row in rows if isinstance(row, Row)]) == 8
    assert len(refused) == 4 and "answered 401" in refused[url("/secret")] and "JSON" in refused[url("/html")]
    assert "no manifest" in refused[url("/page8")]


async def test_what_is_no_manifest(server: PictureServer) -> None:
    for document in ([1], {"type": "Canvas"}, "Manifest"):
        with pytest.raises(SourceError, match="neither a IIIF manifest nor a collection"):
            await listed(server, document)
    nested: object = image()
    for _ in range(400):
        nested = {"type": "Choice", "items": [nested]}
    assert (await only(server, manifest(nested))).image == SCALED
    for items in ([], [None], [{"items": [{"items": [{"body": "text"}]}]}], "abc"):
        (refused,) = await listed(server, {"type": "Manifest", "items": items})
        assert isinstance(refused, Refusal) and refused.reason == "The manifest has no picture."


async def test_labels_are_recognised_as_the_columns_of_tables_are(server: PictureServer) -> None:
    row = await only(
        server,
        manifest(
            image(),
            ({"de": ["Künstler/in"]}, {"de": ["Ana Ruiz"]}),
            ({"ja": ["制作年"]}, {"ja": ["1889年"]}),
            ({"fr": ["Technique :"]}, {"fr": ["huile sur toile"]}),
            ({"en": ["Accession Number"]}, {"none": ["1942.9.1"]}),
            ({"en": ["Dimensions"]}, {"none": ["20 x 30 cm", "framed: 30 x 40 cm"]}),
        ),
    )
    entry = row.catalogue
    assert (entry.artist, entry.date, entry.technique) == ("Ana Ruiz", "1889年", "huile sur toile")
    assert (entry.number, row.details) == ("1942.9.1", {"Dimensions": "20 x 30 cm; framed: 30 x 40 cm"})
    for label in (
        "Artist/Maker",
        "artist(s)",
        "Artist / Maker:",
        "dcterms:creator",
        "作者",
        "Auteur",
        "Kunstenaar",
        "Künstler",
    ):
        assert (await only(server, manifest(image(), (label, "Ana Ruiz")))).catalogue.artist == "Ana Ruiz", label
