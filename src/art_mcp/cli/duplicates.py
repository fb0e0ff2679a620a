"""`art-mcp duplicates`: lists the paintings that are in the database more than once."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from art_mcp.cli.progress import Progress, with_bar
from art_mcp.cli.with_runtime import with_runtime
from art_mcp.ingest.copies import Comparison
from art_mcp.painting import Filters, readable
from art_mcp.runtime import Runtime
from art_mcp.store import copies
from art_mcp.store.copies import Member
from art_mcp.store.filters import require_values


@click.command()
@click.option("--collection", metavar="NAME", help="List only paintings with a copy in this collection.")
@click.option("--json", "as_json", is_flag=True, help="Print the groups as JSON.")
@with_runtime
async def duplicates(runtime: Runtime, collection: str | None, as_json: bool) -> None:
    """List paintings that are stored more than once, which searches show as one hit.

    They are recognised by their pictures: another photograph, scan, crop or file of the same painting. Paintings of
    the same series, prints and photographs are not. Paintings that have not been compared yet, such as those that an
    older version loaded, are compared first, by their stored pictures. Nothing is removed.
    """
    collection = readable(collection) if collection else None
    database = await runtime.database()
    if collection:
        await require_values(database, Filters(collection=collection))
    work = Comparison(database)
    await with_bar(work.run, lambda: Progress("Comparing", work.done, work.total))
    groups = await copies.groups(database, collection)
    incomparable = await copies.count_incomparable(database)
    if as_json:
        listed = [[_as_json(member) for member in group] for group in groups]
        click.echo(json.dumps({"groups": listed, "not_compared": incomparable}, indent=2, ensure_ascii=False))
    else:
        _print(groups, incomparable)


def _print(groups: Sequence[Sequence[Member]], incomparable: int) -> None:
    for number, group in enumerate(groups, start=1):
        click.echo(f"{number}. {len(group)} copies")
        for member in group:
            words = member.painting.catalogue
            facts = "; ".join(fact for fact in (words.artist, words.date, member.painting.collection) if fact)
            click.echo(f"   {member.painting.name} - {facts}")
            click.echo(f"   likeness {member.likeness:.2f}, id {member.painting.id}")
    paintings = sum(map(len, groups))
    click.echo(
        f"{len(groups)} paintings are stored more than once, as {paintings} entries." if groups else "No copies."
    )
    if incomparable:
        click.echo(f"{incomparable} paintings have no stored picture or no vector, so they were not compared.")


def _as_json(member: Member) -> dict[str, object]:
    words = member.painting.catalogue
    return {
        "id": str(member.painting.id),
        "title": words.title,
        "artist": words.artist,
        "date": words.date,
        "collection": member.painting.collection,
        "image_file": member.painting.image_name,
        "likeness": round(member.likeness, 3),
    }
