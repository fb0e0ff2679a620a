"""IIIF manifests and collections (Presentation API 2 and 3), which most museums publish.

https://iiif.io/api/presentation/3.0/ and https://iiif.io/api/presentation/2.1/.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

from art_mcp.ingest.sources.columns import painting
from art_mcp.ingest.sources.source import Page, Refusal, Row, SourceError
from art_mcp.ingest.sources.web import Web, text_of

PAUSE_S = 0.5
"""Seconds between two requests for manifests or collections, out of politeness to the server."""
MAX_DEPTH = 5
"""Maximum depth of nested collections."""
MAX_DOCUMENTS = 2_000
"""Maximum number of manifests and collections read from one source."""
SIDE = 1024
"""Longest side in pixels requested from an image service."""
# Labels that museums use for each field in their metadata, in lower case.
LABELS = {
    "artist": ("artist", "artist / maker", "creator", "maker", "author", "painter"),
    "date": ("date", "dated", "date made", "creation date", "production date"),
    "technique": ("medium", "technique", "materials", "technique and materials"),
    "type": ("type", "classification", "object type", "genre"),
    "school": ("culture", "school", "nationality"),
}


class IIIF:
    """The paintings of a manifest, or of all manifests of a collection and its nested collections.

    Args:
        url: https address of the manifest or collection.
    """

    local = False
    catalogues = True

    def __init__(self, url: str) -> None:
        self._url = url
        self.name = urlsplit(url).hostname or "IIIF"
        self._web = Web(pause=PAUSE_S)

    async def pages(self, after: str | None) -> AsyncGenerator[Page]:
        listed = 0
        async for rows in self._manifests():
            listed += 1
            if listed > int(after or 0):
                yield Page(rows, str(listed))

    async def picture(self, image: str) -> bytes:
        return await self._web.picture(image)

    async def reading(self) -> str | None:
        return "One painting per picture of each IIIF manifest."

    async def aclose(self) -> None:
        await self._web.aclose()

    async def _manifests(self) -> AsyncIterator[list[Row | Refusal]]:
        """Yield the rows of one manifest at a time; each manifest and collection is visited once, in document order."""
        todo, seen = [(self._url, 0)], set()
        while todo:
            url, depth = todo.pop()
            if url in seen:
                continue
            seen.add(url)
            if len(seen) > MAX_DOCUMENTS or depth > MAX_DEPTH:
                yield [Refusal(url, "The collection is too deep or has too many parts.")]
                return
            document = await self._web.record(url)
            if not isinstance(document, dict):
                if url == self._url:
                    raise SourceError("There is no IIIF manifest or collection at this address.", "Check the link.")
                yield [Refusal(_short(url), "There is no manifest at its address.")]
                continue
            kind = document.get("type") or document.get("@type")
            if kind in ("Collection", "sc:Collection"):
                todo += [(each, depth + 1) for each in reversed(list(_members(document)))]
            elif kind in ("Manifest", "sc:Manifest"):
                yield list(_rows(url, document))
            elif url == self._url:
                raise SourceError("This is neither a IIIF manifest nor a collection.", "Give the address of one.")


def _members(collection: dict[str, Any]) -> Iterator[str]:
    following = collection.get("next") or collection.get("first")
    parts = [collection.get(name) for name in ("items", "manifests", "collections", "members")]
    for each in [*(member for part in parts for member in _list(part)), following]:
        url = each if isinstance(each, str) else _id(each)
        if url:
            yield url


def _rows(url: str, manifest: dict[str, Any]) -> Iterator[Row | Refusal]:
    try:
        canvases = manifest["items"] if "items" in manifest else manifest["sequences"][0]["canvases"]
        fields = _fields(manifest)
        pictures = [(canvas, image) for canvas in canvases if (image := _image(canvas))]
    except (KeyError, IndexError, TypeError, AttributeError):
        pictures, fields = [], {}
    if not pictures:
        yield Refusal(_short(url), "The manifest has no picture.", url)
    for canvas, image in pictures:
        key = url
        if len(pictures) > 1:  # a manifest of several pictures, such as front and back
            key = f"{url}#{_id(canvas)}"
            fields = {
                **fields,
                "title": ": ".join(filter(None, (_text(manifest.get("label")), _text(canvas.get("label"))))),
            }
        yield painting(
            _short(url), {"key": key, "image": image} | {name: text for name, text in fields.items() if text}
        )


def _fields(manifest: dict[str, Any]) -> dict[str, str]:
    """The manifest's description of the painting, by field."""
    metadata = [each for each in _list(manifest.get("metadata")) if isinstance(each, dict)]
    words = {_text(each.get("label")).strip().lower(): _text(each.get("value")) for each in metadata}
    found = {
        field: next((words[label] for label in labels if words.get(label)), "") for field, labels in LABELS.items()
    }
    statement = manifest.get("requiredStatement")
    pages = [*_list(manifest.get("homepage")), *_list(manifest.get("rendering")), *_list(manifest.get("related"))]
    return found | {
        "title": _text(manifest.get("label")),
        "artist": found["artist"].splitlines()[0] if found["artist"] else "",
        "description": _text(manifest.get("summary") or manifest.get("description")),
        "page": next((page for each in pages if (page := each if isinstance(each, str) else _id(each))), ""),
        "rights": next(
            (each for each in _list(manifest.get("rights") or manifest.get("license")) if isinstance(each, str)), ""
        ),
        "credit": _text(statement.get("value")) if isinstance(statement, dict) else _text(manifest.get("attribution")),
    }


def _image(canvas: dict[str, Any]) -> str | None:
    """URL of the canvas's picture, scaled to at most `SIDE` pixels per side if its image service can scale."""
    annotations = [
        *_list(canvas.get("images")),
        *(each for page in _list(canvas.get("items")) for each in _list(page.get("items"))),
    ]
    for annotation in annotations:
        for body in _list(annotation.get("body") or annotation.get("resource")):
            if not isinstance(body, dict) or body.get("type", body.get("@type")) not in ("Image", "dctypes:Image"):
                continue
            width, height = body.get("width"), body.get("height")
            sized = isinstance(width, int) and isinstance(height, int) and max(width, height) > SIDE
            for service in _list(body.get("service")):
                profile = str(service.get("profile")) if isinstance(service, dict) else "level0"
                if sized and "level0" not in profile and _id(service):
                    return f"{_id(service)}/full/!{SIDE},{SIDE}/0/default.jpg"
            return _id(body)
    return None


def _id(thing: object) -> str | None:
    found = (thing.get("id") or thing.get("@id")) if isinstance(thing, dict) else None
    return found if isinstance(found, str) else None


def _list(thing: object) -> list[Any]:
    return thing if isinstance(thing, list) else [] if thing is None else [thing]


def _text(label: object) -> str:
    """The text of a label, which is a string, a string with its language, or strings by language; prefers English."""
    if isinstance(label, dict):
        if "@value" in label or "value" in label:
            return text_of(label.get("@value", label.get("value")))
        chosen: object = next((label[each] for each in ("en", "none", *label) if each in label), [])
        return " ".join(text_of(each) for each in _list(chosen))
    if isinstance(label, list):
        english = [
            each for each in label if isinstance(each, dict) and each.get("@language", each.get("language")) == "en"
        ]
        return _text((english or label)[0]) if label else ""
    return text_of(label)


def _short(url: str) -> str:
    """A short name of a manifest for messages."""
    return url.partition("?")[0].rstrip("/").removesuffix("/manifest.json").removesuffix("/manifest")[-80:]
