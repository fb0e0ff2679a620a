"""The Metropolitan Museum of Art: its search returns ids, and each object needs one more request.

https://metmuseum.github.io; `/v1.1/search` replaced `/v1/search` in October 2026. No API key is required. The firewall
blocks clients that request more than about 30 objects in a row without pausing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlencode

from art_mcp.ingest.sources.museums.museum import NOT_OPEN, Museum, Record, museum_row, shape
from art_mcp.ingest.sources.source import Refusal, Row

API = "https://collectionapi.metmuseum.org/public/collection"
IDS = 25
"""Number of ids per page; each takes one request, so a page takes several seconds."""
REACHABLE = 10_000
"""Maximum number of results that the API returns for one search."""


class Met(Museum):
    title: ClassVar = "The Met"
    pause: ClassVar = 0.5

    async def records(self, offset: int) -> tuple[Sequence[Record], int | None]:
        query = {"q": self.words or "*", "medium": "Paintings", "hasImages": "true", "offset": offset, "limit": IDS}
        found = shape(await self.web.record(f"{API}/v1.1/search?{urlencode(query)}"), self.title)
        ids = found.get("objectIDs") or []
        records = [await self.web.record(f"{API}/v1/objects/{int(each)}") for each in ids]
        following = offset + len(ids)
        more = ids and following < min(int(found.get("total") or 0), REACHABLE)
        return [each for each in records if isinstance(each, dict)], following if more else None

    def row(self, record: Record) -> Row | Refusal | None:
        if "Painting" not in record["classification"]:  # the search by medium also returns other objects
            return None
        label = f"{self.title} {record['objectID']}"
        if record["isPublicDomain"] is not True or not record["primaryImageSmall"]:
            return Refusal(label, NOT_OPEN, str(record["objectID"]))
        makers = [
            each["name"] for each in record.get("constituents") or [] if each.get("role") in ("Artist", "Painter")
        ]
        cells = {
            "key": str(record["objectID"]),
            "number": record.get("accessionNumber"),
            "image": record["primaryImageSmall"],
            "title": record["title"],
            "artist": "; ".join(makers) or record["artistDisplayName"],
            "date": record["objectDate"],
            "school": record["artistNationality"] or record["culture"],
            "technique": record["medium"],
            "timeframe": record["period"],
            "page": record["objectURL"],
            "rights": "https://creativecommons.org/publicdomain/zero/1.0/",
            "credit": record["creditLine"],
        }
        details = {"Dimensions": record.get("dimensions"), "Department": record.get("department")}
        return museum_row(label, cells, (record["objectBeginDate"], record["objectEndDate"]), details)
