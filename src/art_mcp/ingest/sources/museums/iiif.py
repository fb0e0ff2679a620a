"""IIIF manifests and collections (Presentation API 2 and 3), which most museums publish.

https://iiif.io/api/presentation/3.0/ and https://iiif.io/api/presentation/2.1/.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

from art_mcp.images.pinned import UnreachableError
from art_mcp.ingest.sources.source import Page, Refusal, Row, SourceError
from art_mcp.ingest.sources.tables.column_names import Match, matches
from art_mcp.ingest.sources.tables.columns import painting
from art_mcp.ingest.sources.web import FAILED_IN_ROW, Unreadable, Web, secured, text_of
from art_mcp.painting import CATALOGUE_FIELDS, HOLDING_FIELDS

PAUSE_S = 0.5
"""Seconds between two requests for manifests or collections, out of politeness to the server."""
MAX_DEPTH = 5
"""Maximum depth of nested collections."""
MAX_DOCUMENTS = 2_000
"""Maximum number of manifests and collections read from one source."""
SIDE = 1024
"""Longest side in pixels requested from an image service."""
FIELD_OF = {"key": "number", **{field: field for field in (*CATALOGUE_FIELDS, *HOLDING_FIELDS)}}
"""The field of a painting that a recognised label fills."""
_VALUE = ("@value", "value")


class IIIF:
    """The paintings of a manifest, or of all manifests of a collection and its nested collections.

    Args:
        url: https address of the manifest or collection.
    """

    local = False
    catalogues = True

    def __init__(self, url: str) -> None:
        self._url = secured(url)
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
        todo, seen, unreachable = [(self._url, 0)], set(), 0
        while todo:
            url, depth = todo.pop()
            if url in seen:
                continue
            seen.add(url)
            if len(seen) > MAX_DOCUMENTS or depth > MAX_DEPTH:
                yield [Refusal(url, "The collection is too deep or has too many parts.")]
                return
            try:
                document, unreachable = await self._web.record(url), 0
            except Unreadable as error:
                unreachable += isinstance(error.__cause__, UnreachableError)
                if url == self._url or unreachable >= FAILED_IN_ROW:
                    raise
                yield [Refusal(_short(url), error.problem)]
                continue
            kind = _type(document)
            if kind.startswith("collection"):
                todo += [(each, depth + deeper) for each, deeper in reversed(list(_members(document)))]
            elif kind == "manifest":
                yield list(_rows(url, document))
            elif url != self._url:
                yield [Refusal(_short(url), "There is no manifest at its address.")]
            elif document is None:
                raise SourceError("There is no IIIF manifest or collection at this address.", "Check the link.")
            else:
                raise SourceError("This is neither a IIIF manifest nor a collection.", "Give the address of one.")


def _members(collection: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """The URL of each member, and by how much it is deeper: the next page of a collection is not."""
    parts = [collection.get(name) for name in ("items", "manifests", "collections", "members")]
    members = [(member, 1) for part in parts for member in _list(part)]
    for each, deeper in [*members, (collection.get("first"), 0), (collection.get("next"), 0)]:
        if url := each if isinstance(each, str) else _id(each):
            yield secured(url), deeper


def _rows(url: str, manifest: dict[str, Any]) -> Iterator[Row | Refusal]:
    try:
        canvases = manifest["items"] if "items" in manifest else manifest["sequences"][0]["canvases"]
        fields, details = _fields(manifest)
        pictures = [(canvas, image) for canvas in canvases if (image := _picture(canvas))]
    except (KeyError, IndexError, TypeError, AttributeError, RecursionError):
        pictures, fields, details = [], {}, {}
    if not pictures:
        yield Refusal(_short(url), "The manifest has no picture.", url)
    for canvas, image in pictures:
        key, title = url, fields.get("title")
        if len(pictures) > 1:  # a manifest of several pictures, such as front and back
            key = f"{url}#{_id(canvas)}"
            title = ": ".join(filter(None, (title, "; ".join(_texts(canvas.get("label"))))))
        cells = fields | {"key": key, "image": image, "title": title}
        yield painting(_short(url), {name: text for name, text in cells.items() if text}, details)


def _fields(manifest: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The manifest's description of the painting, by field, and its other metadata by label."""
    found, details = _by_field(manifest)
    statement = manifest.get("requiredStatement")
    credit = _texts(statement.get("value") if isinstance(statement, dict) else manifest.get("attribution"))
    provider = [
        text for each in _list(manifest.get("provider")) if isinstance(each, dict) for text in _texts(each.get("label"))
    ]
    stated = {
        "title": "; ".join(_texts(manifest.get("label"))),
        "description": " ".join(_texts(manifest.get("summary") or manifest.get("description"))),
        "page": next(_pages(manifest), ""),
        "rights": next(iter(_strings(manifest.get("rights") or manifest.get("license"))), ""),
        "credit": "; ".join(credit or provider),
    }
    return found | {field: text for field, text in stated.items() if text}, details


def _pages(manifest: dict[str, Any]) -> Iterator[str]:
    """URLs of web pages about the painting."""
    for each in (page for name in ("homepage", "related", "rendering") for page in _list(manifest.get(name))):
        if isinstance(each, str):
            yield each
        elif (page := _id(each)) and each.get("format", "text/html") in ("text/html", "application/xhtml+xml"):
            yield page


def _picture(canvas: dict[str, Any]) -> str | None:
    """URL of the canvas's picture, scaled to at most `SIDE` pixels per side if its image service can scale."""
    annotations = [
        *_list(canvas.get("images")),
        *(each for page in _list(canvas.get("items")) for each in _list(page.get("items"))),
    ]
    for annotation in annotations:
        if "painting" not in str(annotation.get("motivation", "painting")):
            continue
        for image in _images(annotation.get("body") or annotation.get("resource")):
            if url := _scaled(image) or _id(image):
                return secured(url)
    return None


def _images(body: object) -> Iterator[dict[str, Any]]:
    """The images of an annotation's body, the default or first one of a choice before the others."""
    for each in _list(body):
        if not isinstance(each, dict):
            continue
        if _type(each) == "image" or str(each.get("format")).startswith("image/"):
            yield each
        for name in ("source", "full", "default", "items", "item"):
            yield from _images(each.get(name))


def _scaled(image: dict[str, Any]) -> str | None:
    """URL of an image at its service; None if it is small already, or has no service that can scale."""
    file, width, height = _id(image), image.get("width"), image.get("height")
    is_small = isinstance(width, int) and isinstance(height, int) and max(width, height) <= SIDE
    for service in (each for each in _list(image.get("service")) if isinstance(each, dict)):
        base = (_id(service) or "").rstrip("/").removesuffix("/info.json")
        described = f"{_type(service)} {service.get('profile')} {service.get('@context')}".lower()
        # Services for logging in and for searching stand next to those for images, or in place of them.
        if not base or not ("image" in described or (file or "").startswith(f"{base}/")):
            continue
        version_1 = "imageservice1" in described or "image/1/" in described or "image-api" in described
        quality = "native" if version_1 else "default"
        if "level0" not in described and not (is_small and file):
            return f"{base}/full/!{SIDE},{SIDE}/0/{quality}.jpg"
        if not file:
            return f"{base}/full/{'max' if 'imageservice3' in described else 'full'}/0/{quality}.jpg"
    return None


def _by_field(manifest: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The manifest's metadata, by field and else by label: of the labels that name a field, the best counts."""
    entries = [
        (name, texts, _place(entry.get("label")))
        for entry in _list(manifest.get("metadata"))
        if isinstance(entry, dict)
        and (name := "; ".join(_texts(entry.get("label"))).rstrip(": "))
        and (texts := _texts(entry.get("value")))
    ]
    best: dict[str, Match] = {}
    for _, _, place in entries:
        if place:
            best[place[0]] = min(place[1], best.get(place[0], place[1]))
    fields: dict[str, list[str]] = {}
    details: dict[str, list[str]] = {}
    for name, texts, place in entries:
        if place and best[place[0]] == place[1]:
            if place[0] == "artist":  # a second line has the artist's nationality and life dates
                texts = [text.splitlines()[0] for text in texts]
            fields.setdefault(place[0], []).extend(texts)
        else:
            details.setdefault(name, []).extend(texts)
    return _joined(fields), _joined(details)


def _joined(texts: dict[str, list[str]]) -> dict[str, str]:
    return {name: "; ".join(dict.fromkeys(values)) for name, values in texts.items()}


def _place(label: object) -> tuple[str, Match] | None:
    """The field that a label names best in any of its languages, and how well it does."""
    found = [
        (match, FIELD_OF[field])
        for text in _strings(label)
        for name in (text, re.split("[:/(]", text)[0], text.rpartition(":")[2])  # Artist(s), dcterms:creator
        for field, match in matches(name).items()
        if field in FIELD_OF
    ]
    if not found:
        return None
    match, field = min(found)
    return field, match


def _id(thing: object) -> str | None:
    found = (thing.get("id") or thing.get("@id")) if isinstance(thing, dict) else None
    return found if isinstance(found, str) else None


def _type(thing: object) -> str:
    """The type of a resource in lower case, without its prefix: `image` for dctypes:Image."""
    kind = (thing.get("type") or thing.get("@type")) if isinstance(thing, dict) else None
    return str(_list(kind)[0] if kind else "").rpartition(":")[2].lower()


def _list(thing: object) -> list[Any]:
    return thing if isinstance(thing, list) else [] if thing is None else [thing]


def _strings(value: object) -> list[str]:
    """All texts of a value, in every language."""
    if isinstance(value, dict):
        value = next((value[name] for name in _VALUE if name in value), list(value.values()))
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    text = "" if value is None or isinstance(value, bool) else text_of(str(value)).strip()
    return [text] if text else []


def _texts(value: object) -> list[str]:
    """The texts of a value in one language, without repetitions: English, else none, else that of the first one.

    A value is a string, a string with its language, a list of these, or lists of strings by language.
    """
    by_language: dict[str, list[str]] = {}
    for each in _list(value):
        if isinstance(each, dict) and not any(name in each for name in _VALUE):
            pairs = list(each.items())
        else:
            language = (each.get("@language") or each.get("language")) if isinstance(each, dict) else None
            pairs = [(str(language or "none"), each)]
        for language, text in pairs:
            by_language.setdefault(language, []).extend(_strings(text))
    filled = {language: texts for language, texts in by_language.items() if texts}
    english = [language for language in filled if re.match(r"en(g|[-_]\w+)?$", language, re.IGNORECASE)]
    chosen = next((language for language in (*english, "none", "@none", *filled) if language in filled), None)
    return list(dict.fromkeys(filled[chosen])) if chosen else []


def _short(url: str) -> str:
    """A short name of a manifest for messages."""
    return url.partition("?")[0].rstrip("/").removesuffix("/manifest.json").removesuffix("/manifest")[-80:]
