"""SMK, the national gallery of Denmark: its search returns complete records.

https://api.smk.dk/api/v1/docs; no API key is required.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlencode

from art_mcp.ingest.sources.museums.museum import NOT_OPEN, Museum, Record, museum_row, shape
from art_mcp.ingest.sources.source import Refusal, Row
from art_mcp.ingest.sources.web import text_of

API = "https://api.smk.dk/api/v1"
RECORDS = 100
PAINTINGS = {"painting", "maleri"}


class SMK(Museum):
    title: ClassVar = "SMK"
    pause: ClassVar = 1.0

    async def records(self, offset: int) -> tuple[Sequence[Record], int | None]:
        query = {
            "keys": self.words or "*",
            "filters": "[public_domain:true],[has_image:true],[object_names:maleri]",
            "offset": offset,
            "rows": RECORDS,
            "lang": "en",
            "sort": "object_number",  # a stable order, so that pages do not overlap
            "sort_type": "asc",
        }
        found = shape(await self.web.record(f"{API}/art/search/?{urlencode(query)}"), self.title)
        records = found.get("items") or []
        following = offset + len(records)
        return records, following if records and following < int(found["found"]) else None

    def row(self, record: Record) -> Row | Refusal | None:
        if not PAINTINGS & {name["name"].lower() for name in record.get("object_names") or []}:
            return None
        key = record["object_number"]
        label = f"{self.title} {key}"
        image = record.get("image_thumbnail") or record.get("image_native")
        if record.get("image_iiif_id"):
            image = f"{record['image_iiif_id']}/full/!1024,/0/default.jpg"  # originals are up to 490 MB
        if record.get("public_domain") is not True or not image:
            return Refusal(label, NOT_OPEN, key)
        titles = [each for each in record.get("titles") or [] if each.get("type") != "previous title"]
        titles.sort(key=lambda each: each.get("language") not in ("engelsk", "English"))
        makers = [each for each in record.get("production") or [] if each.get("creator")]
        dates = record.get("production_date") or [{}]
        cells = {
            "key": key,
            "number": key,
            "image": image,
            "title": titles[0]["title"] if titles else None,
            "artist": "; ".join(record.get("artist") or [each["creator"] for each in makers]),
            "date": dates[0].get("period"),
            "school": makers[0].get("creator_nationality") if makers else None,
            "technique": ", ".join([*(record.get("techniques") or []), *(record.get("materials") or [])]),
            "description": " ".join(text_of(each.get("text")) for each in record.get("labels") or []),
            "page": record.get("frontend_url"),
            "rights": record.get("rights"),
            "credit": "SMK - Statens Museum for Kunst",
        }
        return museum_row(label, cells, (_year(dates[0].get("start")), _year(dates[0].get("end"))))


def _year(moment: object) -> int | None:
    """The year of an ISO timestamp such as 1500-01-01T00:00:00.000Z; None if it has none."""
    return int(moment[:4]) if isinstance(moment, str) and moment[:4].isdigit() else None
