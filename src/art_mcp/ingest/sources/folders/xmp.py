"""Reads XMP packets, the XML metadata of Adobe, IPTC and Dublin Core in pictures and sidecars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_PACKET = 1 << 18
"""Maximum size of an XMP packet in bytes; a larger one is ignored."""
_DC = "{http://purl.org/dc/elements/1.1/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
_RIGHTS = "{http://ns.adobe.com/xap/1.0/rights/}"
_EXT = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

# Properties of the picture file, by field; the first one present is used.
_OF_PICTURE = {
    "title": (f"{_DC}title",),
    "artist": (f"{_DC}creator",),
    "date": (f"{_DC}date",),
    "description": (f"{_DC}description",),
    "rights": (f"{_RIGHTS}WebStatement", f"{_DC}rights", f"{_RIGHTS}UsageTerms"),
    "credit": (f"{_PHOTOSHOP}Credit",),
}
# Properties of the depicted work, which IPTC distinguishes from the photograph.
_OF_WORK = {
    "title": (f"{_EXT}AOTitle",),
    "artist": (f"{_EXT}AOCreator",),
    "date": (f"{_EXT}AODateCreated", f"{_EXT}AOCircaDateCreated"),
    "technique": (f"{_EXT}AOPhysicalDescription",),
    "description": (f"{_EXT}AOContentDescription",),
    "rights": (f"{_EXT}AOCopyrightNotice",),
    "credit": (f"{_EXT}AOSource",),
}


def read_xmp(packet: bytes) -> dict[str, str]:
    """The metadata by field; empty for a packet that is damaged, too large, or has a DTD."""
    if len(packet) > MAX_PACKET:
        return {}
    try:
        root = fromstring(packet.strip(b"\0 \r\n\t"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        return {}
    fields = _fields(root, _OF_PICTURE)
    work = next(root.iter(f"{_EXT}ArtworkOrObject"), None)
    if work is not None and (of_work := _fields(work, _OF_WORK)):
        fields.pop("artist", None)  # the photographer
        fields.pop("date", None)
        fields |= of_work
    return fields


def _fields(root: Element, wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    every = {name for names in wanted.values() for name in names}
    for element in root.iter():
        for name, value in element.attrib.items():
            if name in every:
                found.setdefault(name, value.strip())
        if element.tag in every:
            found.setdefault(element.tag, _text(element))
    texts = {field: next((found[name] for name in names if found.get(name)), "") for field, names in wanted.items()}
    return {field: text for field, text in texts.items() if text}


def _text(element: Element) -> str:
    """The text of a property: the default or English of several languages, or all items of a list joined by commas."""
    parts = list(element.iter(f"{_RDF}li"))
    if not parts:
        return (element.text or "").strip()
    texts = {part.get(_LANGUAGE, ""): (part.text or "").strip() for part in parts}
    if element.find(f"{_RDF}Alt") is not None:
        return texts.get("x-default") or texts.get("en") or next(iter(texts.values()))
    return ", ".join(filter(None, ((part.text or "").strip() for part in parts)))
