"""The first rows of a plan, as they will be stored."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FirstRow:
    """What a row says, as it will be stored."""

    row: str
    title: str | None
    artists: list[str]
    date: str | None
    years: tuple[int, int] | None
    number: str | None
    picture: str

    def __str__(self) -> str:
        span = (" to ".join(dict.fromkeys(map(str, self.years))) if self.years else "no year") if self.date else None
        facts = [
            self.title or "no title",
            f"by {', '.join(self.artists)}" if self.artists else "no artist",
            f"date {self.date} ({span})" if self.date else "no date",
            f"number {self.number}" if self.number else None,
            f"picture {self.picture}" if self.picture else "no picture",
        ]
        return f"{self.row}: {'; '.join(fact for fact in facts if fact)}."
