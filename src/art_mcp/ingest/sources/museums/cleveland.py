"""The Cleveland Museum of Art: its list endpoint returns complete records.

https://openaccess-api.clevelandart.org; no API key is required.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlencode

from art_mcp.ingest.sources.museums.museum import NOT_OPEN, Museum, Record, museum_row, shape
from art_mcp.ingest.sources.source import Refusal, Row
from art_mcp.ingest.sources.web import text_of

API = "https://openaccess-api.clevelandart.org/api"
RECORDS = 100


class Cleveland(Museum):
    title: ClassVar = "Cleveland Museum of Art"
    pause: ClassVar = 1.0

    async def records(self, offset: int) -> tuple[Sequence[Record], int | None]:
        query = {"type": "Painting", "cc0": "1", "has_image": "1", "skip": offset, "limit": RECORDS}
        if self.words:
            query["q"] = self.words
        found = shape(await self.web.record(f"{API}/artworks/?{urlencode(query)}"), self.title)
        records = found.get("data") or []
        following = offset + len(records)
        more = records and following < int(shape(found.get("info"), self.title)["total"])
        return records, following if more else None

    def row(self, record: Record) -> Row | Refusal | None:
        if record["type"] != "Painting":
            return None
        key = record["accession_number"]
        label = f"{self.title} {key}"
        image = ((record.get("images") or {}).get("web") or {}).get("url")
        if record["share_license_status"] != "CC0" or not image:
            return Refusal(label, NOT_OPEN, key)
        # "John Singleton Copley (American, 1738-1815)"
        makers = [maker["description"] for maker in record.get("creators") or [] if maker.get("description")]
        described = [re.fullmatch(r"(.*?)(?: \(([^(),]*),[^()]*\))?", maker, re.DOTALL) for maker in makers]
        named = [each.groups() for each in described if each]
        cells = {
            "key": key,
            "number": key,
            "image": image,
            "title": record["title"],
            "artist": "; ".join(artist for artist, _ in named),
            "date": record["creation_date"],
            "school": next((school for _, school in named if school), "") or ", ".join(record.get("culture") or []),
            "technique": record["technique"],
            "description": text_of(record.get("description") or record.get("wall_description")),
            "page": record["url"],
            "rights": "https://creativecommons.org/publicdomain/zero/1.0/",
            "credit": record["creditline"],
        }
        years = record.get("creation_date_earliest"), record.get("creation_date_latest")
        return museum_row(label, cells, years, {name: record.get(name) for name in ("department", "measurements")})
