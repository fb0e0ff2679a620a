"""The results of the tools, as structured data and as text that says the same to hosts that do not read the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from art_mcp.painting import Copy, Painting, Relevance

if TYPE_CHECKING:
    from art_mcp.search.finder import Answer
    from art_mcp.store.facets import Description
    from art_mcp.vision.provider import Health

NOTHING_FITS = "Nothing here matches well; these are only the nearest. Try other words or another picture."
Things = WithJsonSchema({"type": "array", "items": {"type": "object"}})
SHOWN_COPIES = 2
"""How many copies of a painting a result names; the others are counted, since a page of hits must stay small."""

SHOWN_DETAILS = 15
"""How many details a description of the collection lists."""


def _compact(schema: dict[str, Any]) -> None:
    """Shorten a schema, which clients read and validate every result against.

    All fields are always present; a list of those that are required would cost tokens in every chat.
    """
    for name in ("title", "description", "required"):
        schema.pop(name, None)
    for field in schema["properties"].values():
        field.pop("title", None)


class Result(BaseModel):
    """The structured data of a tool result, or a part of it."""

    model_config = ConfigDict(json_schema_extra=_compact)

    @classmethod
    def listed(cls) -> WithJsonSchema:
        """The schema of a list of these, with the items' schema inline, which is shorter than a reference."""
        return WithJsonSchema({"type": "array", "items": cls.model_json_schema()})


class PaintingSummary(Result):
    """One hit."""

    number: int = Field(description="On the contact sheet.")
    id: str
    title: str
    artist: str | None
    date: str | None
    type: str | None
    technique: str | None
    school: str | None
    collection: str
    score: float | None = Field(description="Comparable only within one query.")
    relevance: Annotated[Relevance | None, WithJsonSchema({"enum": [*Relevance, None]})]
    copies: Annotated[list[str], WithJsonSchema({"type": "array"})]


class SearchResult(Result):
    """A page of hits, best first."""

    results: Annotated[list[PaintingSummary], PaintingSummary.listed()]
    offset: int
    """Number of hits on previous pages."""
    total: int
    """Number of paintings that were searched."""
    next_cursor: str | None
    """None on the last page."""
    note: str | None
    """A caveat about the results."""


class SimilarResult(SearchResult):
    """As `SearchResult`, whose schema it does not repeat."""

    results: Annotated[list[PaintingSummary], Things] = Field(description="As in search_paintings_by_text.")


class PaintingResult(Result):
    """The full catalogue entry of one painting, and others that look like it."""

    id: str
    title: str
    artist: str | None
    date: str | None
    type: str | None
    technique: str | None
    school: str | None
    timeframe: str | None
    accession_number: str | None
    details: Annotated[dict[str, str], WithJsonSchema({"type": "object"})]
    description: str | None
    collection: str
    credit: str | None
    rights: str | None
    page: str | None = Field(description="Its museum's web page, to link to.")
    image_file: str
    image_width: int | None = Field(description="Pixels of the source's picture.")
    image_height: int | None
    copies: Annotated[list[str], WithJsonSchema({"type": "array"})]
    shown: str | None = Field(description="What the returned picture shows.")
    similar: Annotated[list[PaintingSummary], Things] = Field(description="Search results, most similar first.")
    note: str | None


class FacetValue(Result):
    """A value to filter by."""

    value: str
    paintings: int


class FacetResult(Result):
    """The most frequent values of a field."""

    values: Annotated[list[FacetValue], FacetValue.listed()]
    distinct: int = Field(description="Listed or not.")


class CollectionResult(Result):
    """A summary of the paintings that match the filters."""

    total: int
    year_from: int | None
    year_to: int | None
    facets: Annotated[
        dict[str, FacetResult],
        WithJsonSchema({"type": "object", "additionalProperties": FacetResult.model_json_schema()}),
    ] = Field(description="By filter name.")
    details: Annotated[dict[str, list[str]], WithJsonSchema({"type": "object"})] = Field(description="Frequent values.")
    spaces: list[str] = Field(description="What is searched, by which model.")
    model: str = Field(description="Whether queries can be embedded now.")
    pictures_mb: float = Field(description="Stored pictures of all collections.")
    note: str | None


def search_result(found: Answer) -> SearchResult:
    results = [
        PaintingSummary(
            number=number,
            **_summary(hit.painting),
            score=round(hit.score, 4) if relevance else None,
            relevance=relevance,
            copies=_copies(hit.copies),
        )
        for number, (hit, relevance) in enumerate(found.hits, start=found.offset + 1)
    ]
    note = found.note
    if found.cut:
        note = "The ranking ends here. To find others, use a more specific query."
    elif not note and not found.offset and results and all(result.relevance is Relevance.WEAK for result in results):
        note = NOTHING_FITS
    return SearchResult(
        results=results,
        offset=found.offset,
        total=found.total,
        next_cursor=found.next_cursor,
        note=" ".join(filter(None, [found.taken, note])) or None,
    )


def search_text(result: SearchResult, following: str = "For more, repeat the call with cursor={}") -> str:
    """Format a search result as text.

    Args:
        following: how the reader gets the page of a cursor.
    """
    last = result.offset + len(result.results)
    best = ", best first" if any(hit.relevance for hit in result.results) else ""
    lines = [f"{result.offset + 1} to {last} of {result.total} paintings{best}."]
    if not result.results:
        lines = [f"No more of {result.total} paintings." if result.total else "No painting matches these filters."]
    if result.note:
        lines.append(result.note)
    lines += _listed(result.results)
    if result.next_cursor:
        lines.append(following.format(result.next_cursor))
    return "\n".join(lines)


def _listed(hits: list[PaintingSummary]) -> list[str]:
    lines = []
    for hit in hits:
        facts = [hit.artist, hit.date, hit.type, hit.technique, hit.school, hit.collection]
        lines.append(f"{hit.number}. {hit.title} - {'; '.join(fact for fact in facts if fact)}")
        rated = f"{hit.relevance.value} ({hit.score:.2f}), " if hit.relevance else ""
        lines.append(f"   {rated}id {hit.id}")
        if hit.copies:
            lines.append(f"   also in the collection as {', '.join(hit.copies)}")
    return lines


def _copies(copies: Sequence[Copy]) -> list[str]:
    """Say which the other copies are, or how many there are beyond the first."""
    listed = [f"{copy.id} ({copy.collection})" for copy in copies[:SHOWN_COPIES]]
    return listed + [f"{more} more" for more in [len(copies) - SHOWN_COPIES] if more > 0]


def collection_result(
    found: Description, spaces: list[str], health: Health, note: str | None = None
) -> CollectionResult:
    first, last = found.years or (None, None)
    return CollectionResult(
        total=found.total,
        year_from=first,
        year_to=last,
        facets={
            name: FacetResult(
                values=[FacetValue(value=value, paintings=count) for value, count in facet.values],
                distinct=facet.distinct,
            )
            for name, facet in found.facets.items()
        },
        details=dict(found.details[:SHOWN_DETAILS]),
        spaces=spaces,
        model=health.detail,
        pictures_mb=round(found.renditions_bytes / 1e6, 1),
        note=note,
    )


def collection_text(result: CollectionResult) -> str:
    span = "" if result.year_from is None else f" from {result.year_from} to {result.year_to}"
    lines = [f"{result.total} paintings{span}.", *filter(None, [result.note])]
    for name, facet in result.facets.items():
        listed = ", ".join(f"{each.value} ({each.paintings})" for each in facet.values)
        if more := facet.distinct - len(facet.values):
            listed += f" and {more} more"
        if listed:
            lines.append(f"{name}: {listed}")
    if result.details:
        values = "; ".join(f"{name} ({', '.join(values)})" for name, values in result.details.items())
        lines.append(f"details, with frequent values: {values}")
    lines.append(f"Search uses {', '.join(result.spaces)}. {result.model} Stored pictures: {result.pictures_mb} MB.")
    return "\n".join(lines)


def painting_result(
    painting: Painting, copies: Sequence[Copy], similar: Answer | None = None, note: str | None = None
) -> PaintingResult:
    """Describe a painting.

    Args:
        copies: its other copies.
        note: what the reader should know, e.g. why there are no similar paintings.
    """
    return PaintingResult(
        **_summary(painting),
        timeframe=painting.catalogue.timeframe,
        accession_number=painting.catalogue.number,
        details=dict(painting.details),
        description=painting.catalogue.description,
        **painting.holding.as_dict(),
        image_file=painting.image_name,
        image_width=painting.image_width,
        image_height=painting.image_height,
        copies=_copies(copies),
        shown=None,
        similar=search_result(similar).results if similar else [],
        note=note,
    )


def painting_text(result: PaintingResult) -> str:
    facts = {
        "Artist": result.artist,
        "Date": result.date,
        "Type": result.type,
        "Technique": result.technique,
        "School": result.school,
        "Timeframe": result.timeframe,
        "Accession number": result.accession_number,
        "Details": "; ".join(f"{name}: {value}" for name, value in result.details.items()),
        "Collection": result.collection,
        "Credit": result.credit,
        "Rights": result.rights,
        "Page": result.page,
        "Picture": f"{result.image_file}, {_pixels(result)}",
        "Shown": result.shown,
        "Also stored as": ", ".join(result.copies),
        "Id": result.id,
        "Description": result.description,
        "Note": result.note,
    }
    lines = [result.title, *(f"{name}: {value}" for name, value in facts.items() if value)]
    return "\n".join(lines + ["Similar paintings:"] * bool(result.similar) + _listed(result.similar))


def _pixels(result: PaintingResult) -> str:
    return f"{result.image_width} x {result.image_height} pixels" if result.image_width else "size unknown"


def _summary(painting: Painting) -> dict[str, str | None]:
    words = painting.catalogue
    return {
        "id": str(painting.id),
        "title": painting.name,
        "artist": words.artist,
        "date": words.date,
        "type": words.type,
        "technique": words.technique,
        "school": words.school,
        "collection": painting.collection,
    }
