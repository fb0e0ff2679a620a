"""Preferences as SQL: paintings that come first in a ranking, without leaving out the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from art_mcp.store.order import Order, sort_key


@dataclass(frozen=True, slots=True)
class Preference:
    """What a question asks for by name and by year. At least one field is set."""

    artists: tuple[str, ...] = ()
    """Keys of the artists, one of whom made the painting."""
    year_from: int | None = None
    """The first year; BC is negative, as in all years."""
    year_to: int | None = None
    """The last year."""
    order: Order | None = None
    """Which paintings come first, of those that are asked for and fit."""
    seed: int = 0
    """Of a random order."""
    from_score: float | None = None
    """The score from which hits are put in order; None for all, if only the order was asked for."""

    @property
    def selects(self) -> bool:
        """Whether it asks for some paintings rather than for an order of all."""
        return bool(self.artists) or self.year_from is not None or self.year_to is not None

    def wishes(self, values: list[Any]) -> list[str]:
        """Return SQL conditions on paintings `p`, the most important first, and append their parameters to `values`."""

        def bind(value: Any) -> str:
            values.append(value)
            return f"${len(values)}"

        wishes = [f"p.artist_keys && {bind(list(self.artists))}::text[]"] if self.artists else []
        ends = [f"p.year_to >= {bind(self.year_from)}"] if self.year_from is not None else []
        ends += [f"p.year_from <= {bind(self.year_to)}"] if self.year_to is not None else []
        if ends or self.order in ("newest", "oldest"):
            wishes.append(f"({' AND '.join(ends or ['p.year_from IS NOT NULL'])})")
        return wishes

    def asked(self, wishes: list[str], where: str, limit: int) -> str:
        """Return SQL for the ids of paintings that pass a filter and fulfil all wishes: the first in order, if any."""
        first = f"{sort_key(self.order, self.seed)}, " if self.order else ""
        return (
            f"SELECT p.id AS painting_id FROM art_mcp.paintings p WHERE {' AND '.join([where, *wishes])} "
            f"ORDER BY {first}p.id LIMIT {limit}"
        )


def ranked(preference: Preference, wishes: list[str]) -> dict[str, str]:
    """Return SQL for `ranked`: `scored` with `asked`, whether a painting fulfils all wishes, and `place`, its rank.

    A painting that fulfils a wish comes before all that fulfil only less important ones.
    """
    wanted = " + ".join(f"{2**power} * coalesce({wish}, false)::int" for power, wish in enumerate(reversed(wishes)))
    key = sort_key(preference.order, preference.seed) if preference.order else "NULL::integer"
    place = "row_number() OVER (ORDER BY wanted DESC, score DESC, painting_id)"
    wishing = (
        f"SELECT scored.*, {key} AS sorted_by, {wanted or 0} AS wanted "
        "FROM scored JOIN art_mcp.paintings p ON p.id = painting_id"
    )
    best = (
        f"SELECT *, wanted = {2 ** len(wishes) - 1} AS asked, "
        f"{place} AS {'best' if preference.order else 'place'} FROM wishing"
    )
    if preference.order is None:
        return {"wishing": wishing, "ranked": best}
    key = "sorted_by"
    if preference.from_score is not None:
        key = f"CASE WHEN score >= {preference.from_score} THEN sorted_by END"
    placed = f"SELECT *, row_number() OVER (ORDER BY wanted DESC, {key}, best) AS place FROM ({best}) AS s"
    return {"wishing": wishing, "ranked": placed}
