from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from io import BytesIO
from types import ModuleType
from typing import Any

import pytest
from PIL import Image
from support.picture_server import PictureServer, picture_server, said

from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.sources import web
from art_mcp.ingest.sources.kinds import MUSEUMS
from art_mcp.ingest.sources.museums import cleveland, met, museum, smk
from art_mcp.ingest.sources.opening import READERS, open_source
from art_mcp.ingest.sources.source import DEFAULTS, Refusal, Row, Source, SourceError
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import jobs, paintings

pytestmark = pytest.mark.anyio

HOSTS = {
    met: "collectionapi.metmuseum.org",
    cleveland: "openaccess-api.clevelandart.org",
    smk: "api.smk.dk",
}
QUAIL = {
    "objectID": 45734,
    "isPublicDomain": True,
    "primaryImage": "https://images.metmuseum.org/CRDImages/as/original/DP251139.jpg",
    "primaryImageSmall": "https://images.metmuseum.org/CRDImages/as/web-large/DP251139.jpg",
    "constituents": None,
    "accessionNumber": "36.100.1",
    "dimensions": "46 x 31 cm",
    "title": "Quail and Millet",
    "culture": "Japan",
    "period": "Edo period (1615-1868)",
    "artistDisplayName": "Kiyohara Yukinobu",
    "artistNationality": "Japanese",
    "objectDate": "late 17th century",
    "objectBeginDate": 1667,
    "objectEndDate": 1682,
    "medium": "Hanging scroll; ink and color on silk",
    "creditLine": "The Howard Mansfield Collection, Purchase, Rogers Fund, 1936",
    "classification": "Paintings",
    "objectURL": "https://www.metmuseum.org/art/collection/search/45734",
    "tags": None,
}
HURD = {
    "id": 94979,
    "accession_number": "1915.534",
    "share_license_status": "CC0",
    "title": "Nathaniel Hurd",
    "creation_date": "c. 1765",
    "creation_date_earliest": 1760,
    "creation_date_latest": 1770,
    "culture": ["America"],
    "technique": "oil on canvas",
    "type": "Painting",
    "description": "Hurd was a <em>prominent</em> silversmith &amp; engraver.<br>He smiles.",
    "url": "https://clevelandart.org/art/1915.534",
    "images": {
        "annotation": "",
        "web": {"url": "https://openaccess-cdn.clevelandart.org/1915.534/1915.534_web.jpg", "width": "748"},
    },
    "creditline": "Gift of the John Huntington Art and Polytechnic Trust",
    "creators": [{"description": "John Singleton Copley (American, 1738-1815)", "role": "artist"}],
    "department": "American Painting and Sculpture",
}
SUNBEAMS = {
    "object_names": [{"name": "Painting"}],
    "production": [{"creator": "Hammershøi, Vilhelm", "creator_nationality": "Danish"}],
    "production_date": [{"start": "1900-01-01T00:00:00.000Z", "end": "1900-12-31T00:00:00.000Z", "period": "1900"}],
    "techniques": ["oil"],
    "materials": ["canvas"],
    "object_number": "KMS3696",
    "frontend_url": "https://open.smk.dk/artwork/image/KMS3696",
    "public_domain": True,
    "rights": "https://creativecommons.org/publicdomain/mark/1.0/",
    "image_iiif_id": "https://iip.smk.dk/iiif/jp2/3197xr831_KMS3696.tif.jp2",
    "image_thumbnail": "https://iip-thumb.smk.dk/iiif/jp2/3197xr831_KMS3696.tif.jp2/full/!1024,/0/default.jpg",
    "titles": [
        {"title": "Støvkornenes dans i solstrålerne", "language": "dansk"},
        {"title": "Dust Motes Dancing in the Sunbeams", "language": "engelsk"},
    ],
    "artist": ["Vilhelm Hammershøi", "Peter Ilsted"],
    "labels": [{"text": "Interiors from\r\nhis homes."}],
}


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PictureServer]:
    """Every museum at once, on this machine."""
    names = [*HOSTS.values(), "images.metmuseum.org", "museum.example"]
    async with picture_server(*names) as running:
        for module, host in HOSTS.items():
            monkeypatch.setattr(module, "API", module.API.replace(host, f"{host}:{running.port}"))
        monkeypatch.setattr(web, "new_fetcher", running.fetcher)
        monkeypatch.setattr(web, "BACKOFF_S", 0.01)
        for each in (met.Met, cleveland.Cleveland, smk.SMK):
            monkeypatch.setattr(each, "pause", 0)
        yield running


def sends(server: PictureServer, path: str, answer: Any, status: int = 200) -> None:
    server.answers[path] = said(status, json.dumps(answer).encode(), content_type="application/json")


def searched(server: PictureServer, module: ModuleType) -> str:
    return next(each.path for each in server.requests if each.headers["host"].startswith(HOSTS[module]))


async def listed(source: Source, after: str | None = None) -> list[Row | Refusal]:
    async with aclosing(source):
        return [row async for page in source.pages(after) for row in page.rows]


async def test_each_museum_that_is_named_has_its_reader() -> None:
    assert READERS.keys() == MUSEUMS.keys()


async def test_the_met(server: PictureServer) -> None:
    base = "/public/collection"
    search = f"{base}/v1.1/search?q=quail&medium=Paintings&hasImages=true&offset=0&limit=25"
    sends(server, search, {"total": 27, "objectIDs": list(range(1, 26))})
    sends(server, search.replace("offset=0", "offset=25"), {"total": 27, "objectIDs": [45734, 404]})
    for number in range(1, 26):
        sends(server, f"{base}/v1/objects/{number}", QUAIL | {"objectID": number})
    sends(server, f"{base}/v1/objects/2", QUAIL | {"objectID": 2, "isPublicDomain": False, "primaryImageSmall": ""})
    sends(server, f"{base}/v1/objects/3", QUAIL | {"objectID": 3, "classification": "Prints"})
    sends(server, f"{base}/v1/objects/4", {"objectID": 4, "classification": "Paintings"})
    sends(server, f"{base}/v1/objects/45734", QUAIL)
    sends(server, f"{base}/v1/objects/404", {"message": "Not a valid object"}, 404)
    source = open_source("met:quail", DEFAULTS)
    assert source.name == "The Met: quail"
    rows = await listed(source)
    refused = [row for row in rows if isinstance(row, Refusal)]
    assert (refused[0].label, refused[0].reason) == ("The Met 2", museum.NOT_OPEN)
    assert "an unexpected form" in refused[1].reason
    assert len(rows) - len(refused) == 23
    quail = rows[-1]
    assert isinstance(quail, Row)
    assert (quail.key, quail.image, quail.years) == ("45734", QUAIL["primaryImageSmall"], (1667, 1682))
    assert (quail.catalogue.artist, quail.catalogue.school) == ("Kiyohara Yukinobu", "Japanese")
    assert (quail.catalogue.number, quail.details) == ("36.100.1", {"Dimensions": "46 x 31 cm"})
    assert quail.holding.page == QUAIL["objectURL"] and quail.holding.credit == QUAIL["creditLine"]
    rest = await listed(open_source("met:quail", DEFAULTS), after="25")
    assert [row.label for row in rest] == ["The Met 45734"]


async def test_the_met_finds_nothing(server: PictureServer) -> None:
    sends(
        server,
        "/public/collection/v1.1/search?q=%2A&medium=Paintings&hasImages=true&offset=0&limit=25",
        {"total": 0, "objectIDs": None},
    )
    assert await listed(open_source("met:", DEFAULTS)) == []


async def test_cleveland(server: PictureServer) -> None:
    records = [
        HURD,
        HURD | {"accession_number": "2", "share_license_status": "Copyrighted"},
        HURD | {"accession_number": "3", "images": None},
        HURD | {"accession_number": "4", "creators": [], "creation_date_earliest": None},
        HURD | {"accession_number": "5", "creators": [{"description": "A. Rey (French, b. 1800)"}, *HURD["creators"]]},
    ]
    sends(
        server,
        "/api/artworks/?type=Painting&cc0=1&has_image=1&skip=0&limit=100&q=silver",
        {"info": {"total": 5, "parameters": {}}, "data": records},
    )
    hurd, closed, bare, nobody, two = await listed(open_source("cleveland: silver", DEFAULTS))
    assert isinstance(two, Row)
    assert (two.catalogue.artist, two.catalogue.school) == ("A. Rey; John Singleton Copley", "French")
    assert isinstance(hurd, Row) and isinstance(nobody, Row)
    assert (hurd.catalogue.artist, hurd.catalogue.school) == ("John Singleton Copley", "American")
    assert (hurd.catalogue.number, hurd.details) == ("1915.534", {"department": "American Painting and Sculpture"})
    assert hurd.catalogue.description == "Hurd was a prominent silversmith & engraver. He smiles."
    assert (hurd.years, nobody.years) == ((1760, 1770), None)
    assert (nobody.catalogue.artist, nobody.catalogue.school) == (None, "America")
    assert isinstance(closed, Refusal) and isinstance(bare, Refusal)
    assert (closed.reason, closed.key) == (museum.NOT_OPEN, "2")


async def test_smk(server: PictureServer) -> None:
    search = (
        "/api/v1/art/search/?keys=%2A&filters=%5Bpublic_domain%3Atrue%5D%2C%5Bhas_image%3Atrue%5D%2C"
        "%5Bobject_names%3Amaleri%5D&offset=0&rows=100&lang=en&sort=object_number&sort_type=asc"
    )
    legacy = {name: value for name, value in SUNBEAMS.items() if name != "image_iiif_id"} | {"object_number": "KMS2"}
    drawing = SUNBEAMS | {"object_names": [{"name": "Drawing"}]}
    sends(server, search, {"offset": 0, "rows": 100, "found": 3, "items": [SUNBEAMS, legacy, drawing]})
    sunbeams, old = await listed(open_source("smk:", DEFAULTS))
    assert isinstance(sunbeams, Row) and isinstance(old, Row)
    assert sunbeams.catalogue.title == "Dust Motes Dancing in the Sunbeams"
    assert (sunbeams.catalogue.artist, sunbeams.years) == ("Vilhelm Hammershøi; Peter Ilsted", (1900, 1900))
    assert sunbeams.catalogue.number == "KMS3696"
    assert sunbeams.catalogue.technique == "oil, canvas"
    assert sunbeams.image == f"{SUNBEAMS['image_iiif_id']}/full/!1024,/0/default.jpg"
    assert old.image == SUNBEAMS["image_thumbnail"]


async def test_a_busy_museum_is_asked_again_and_one_that_is_down_is_told(server: PictureServer) -> None:
    path = "/public/collection/v1.1/search?q=x&medium=Paintings&hasImages=true&offset=0&limit=25"
    tries = 0

    async def busy_twice(writer: Any) -> None:
        nonlocal tries
        tries += 1
        answer = said(403, b"<html>Incapsula") if tries == 1 else said(429, retry_after="0")
        if tries == 3:
            answer = said(200, b'{"total": 0, "objectIDs": null}')
        await server.write(writer, answer)

    server.answers[path] = busy_twice
    assert await listed(open_source("met:x", DEFAULTS)) == []
    assert tries == 3
    server.answers[path] = said(503)
    with pytest.raises(SourceError, match=r"is unavailable: collectionapi\.metmuseum\.org answered 503.*later"):
        await listed(open_source("met:x", DEFAULTS))
    server.answers[path] = said(200, b"[1, 2]")
    with pytest.raises(SourceError, match="returned an unexpected response"):
        await listed(open_source("met:x", DEFAULTS))
    server.answers[path] = said(200, b"{broken")
    with pytest.raises(SourceError, match="did not return JSON"):
        await listed(open_source("met:x", DEFAULTS))


async def test_a_missing_picture_is_refused_and_a_server_without_any_ends_the_run(server: PictureServer) -> None:
    source = open_source("met:x", DEFAULTS)
    with pytest.raises(ImageError, match="answered 404") as error:
        await source.picture(server.url("/gone.jpg", "images.metmuseum.org"))
    assert not isinstance(error.value, SourceError)
    server.answers["/down.jpg"] = said(502)
    for _ in range(web.FAILED_IN_ROW - 1):
        with pytest.raises(ImageError, match="answered 502"):
            await source.picture(server.url("/down.jpg", "images.metmuseum.org"))
    with pytest.raises(SourceError, match="Continue the job later"):
        await source.picture(server.url("/down.jpg", "images.metmuseum.org"))
    await source.aclose()


def manifest_3(url: str, *images: str) -> dict[str, Any]:
    service = [{"id": f"{url}/image", "type": "ImageService3", "profile": "level1"}]
    bodies = [{"id": image, "type": "Image", "width": 4032, "height": 3024, "service": service} for image in images]
    return {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": url,
        "type": "Manifest",
        "label": {"da": ["Titanernes fald"], "en": ["The Fall of the Titans"]},
        "rights": "https://creativecommons.org/publicdomain/mark/1.0/",
        "requiredStatement": {"label": {"en": ["Attribution"]}, "value": {"en": ["Shared by SMK"]}},
        "homepage": [{"id": "https://museum.example/titans", "type": "Text"}],
        "metadata": [
            {"label": {"en": ["Creator"]}, "value": {"none": ["Haarlem, Cornelis Cornelisz. van"]}},
            {"label": {"en": ["Technique"]}, "value": {"none": ["Olie på lærred"]}},
        ],
        "items": [
            {
                "id": f"{url}/canvas/{number}",
                "type": "Canvas",
                "label": {"none": [f"side {number}"]},
                "items": [{"type": "AnnotationPage", "items": [{"motivation": "painting", "body": body}]}],
            }
            for number, body in enumerate(bodies)
        ],
    }


MANIFEST_2 = {
    "@context": "http://iiif.io/api/presentation/2/context.json",
    "@type": "sc:Manifest",
    "label": "Priest and Boy",
    "description": [{"value": "", "language": "en"}],
    "metadata": [
        {"label": "Artist / Maker", "value": "Lawrence Carmichael Earle\nAmerican, 1845-1921"},
        {"label": "Collection", "value": "<a href='https://museum.example'>A museum</a>"},
    ],
    "attribution": "Courtesy of the museum.",
    "rendering": {"@id": "https://museum.example/artworks/4", "format": "text/html"},
    "sequences": [
        {
            "canvases": [
                {
                    "@id": "https://museum.example/iiif/2/1753",
                    "images": [
                        {
                            "resource": {
                                "@type": "dctypes:Image",
                                "@id": "https://museum.example/iiif/2/1753/full/843,/0/default.jpg",
                                "width": 843,
                                "height": 1162,
                                "service": {
                                    "@id": "https://museum.example/iiif/2/1753",
                                    "profile": "http://iiif.io/api/image/2/level2.json",
                                },
                            }
                        }
                    ],
                }
            ]
        }
    ],
}


async def test_iiif_collections_of_both_versions_are_walked_once(server: PictureServer) -> None:
    def url(path: str) -> str:
        return server.url(path, "museum.example")

    inner = {"@type": "sc:Collection", "manifests": [{"@id": url("/m2")}], "collections": [{"@id": url("/top")}]}
    members = [{"id": url(path), "type": "Manifest"} for path in ("/m3", "/inner", "/gone", "/empty", "/both")]
    sends(server, "/top", {"type": "Collection", "items": members})
    sends(server, "/inner", inner)
    sends(server, "/m3", manifest_3(url("/m3"), url("/m3.jpg")))
    sends(server, "/both", manifest_3(url("/both"), url("/front.jpg"), url("/back.jpg")))
    sends(server, "/m2", MANIFEST_2)
    sends(server, "/empty", {"type": "Manifest", "items": []})
    rows = await listed(open_source(url("/top"), DEFAULTS))
    titans, priest, gone, empty, front, back = rows
    assert isinstance(titans, Row) and isinstance(priest, Row) and isinstance(front, Row) and isinstance(back, Row)
    assert isinstance(gone, Refusal) and isinstance(empty, Refusal)
    assert titans.image == f"{url('/m3')}/image/full/!1024,1024/0/default.jpg"
    assert titans.catalogue.title == "The Fall of the Titans"
    assert titans.catalogue.artist == "Haarlem, Cornelis Cornelisz. van"
    assert (titans.holding.page, titans.holding.credit) == ("https://museum.example/titans", "Shared by SMK")
    assert (priest.catalogue.artist, priest.catalogue.description) == ("Lawrence Carmichael Earle", None)
    assert priest.image == "https://museum.example/iiif/2/1753/full/!1024,1024/0/default.jpg"
    assert priest.holding.page == "https://museum.example/artworks/4"
    assert [front.catalogue.title, back.catalogue.title] == [f"The Fall of the Titans: side {n}" for n in (0, 1)]
    assert front.key != back.key
    assert [row.label for row in await listed(open_source(url("/top"), DEFAULTS), after="4")] == [
        front.label,
        back.label,
    ]
    with pytest.raises(SourceError, match="no IIIF manifest"):
        await listed(open_source(url("/gone"), DEFAULTS))
    sends(server, "/json", {"hello": 1})
    with pytest.raises(SourceError, match="neither a IIIF manifest nor a collection"):
        await listed(open_source(url("/json"), DEFAULTS))


async def test_a_museum_is_loaded_whole(server: PictureServer, settings: Settings) -> None:
    file = BytesIO()
    Image.new("RGB", (300, 200), "teal").save(file, "JPEG")
    server.answers["/quail.jpg"] = said(200, file.getvalue(), content_type="image/jpeg")
    picture = server.url("/quail.jpg", "images.metmuseum.org")
    base = "/public/collection"
    sends(
        server,
        f"{base}/v1.1/search?q=q&medium=Paintings&hasImages=true&offset=0&limit=25",
        {
            "total": 2,
            "objectIDs": [1, 2],
        },
    )
    sends(server, f"{base}/v1/objects/1", QUAIL | {"objectID": 1, "primaryImageSmall": picture})
    sends(server, f"{base}/v1/objects/2", QUAIL | {"objectID": 2, "primaryImageSmall": picture + "x"})
    async with Runtime(settings) as runtime:
        ingest, database = await runtime.ingest(), await runtime.database()
        job_id = await ingest.create("met:q")
        await ingest.run(job_id)
        job = await jobs.get(database, job_id)
        assert job is not None and (job.stored, job.unpictured, job.collection) == (2, 1, "The Met: q")
        async with database.connection() as connection:
            painting_id = await connection.fetchval("SELECT id FROM art_mcp.paintings WHERE image_name <> ''")
        stored = await paintings.get(database, painting_id)
        assert stored is not None
        assert stored.holding.rights == "https://creativecommons.org/publicdomain/zero/1.0/"
        assert (stored.years, stored.source, stored.image_name) == ((1667, 1682), "met:q", picture)
        again = await ingest.create("met:q")
        await ingest.run(again)
        job = await jobs.get(database, again)
        assert job is not None and (job.unchanged, job.unpictured, job.refused) == (2, 1, 0)
