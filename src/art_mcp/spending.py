"""What paid calls will take: time, money, and of the budget."""

from __future__ import annotations

from dataclasses import dataclass

from art_mcp.account import Remaining


@dataclass(frozen=True, slots=True)
class Spending:
    """What is going to be spent on a piece of work."""

    calls: int
    rate: float
    """Calls a second, as configured."""
    cost: float | None
    """In the currency of ART_MCP_PRICE_PER_1000, if that is set."""
    left: Remaining | None
    """Of the budget that will be used up first, if there is one."""

    @property
    def beyond_budget(self) -> bool:
        """Whether less is left than that."""
        return self.left is not None and self.left.calls < self.calls

    @property
    def seconds(self) -> float:
        return self.calls / self.rate

    def __str__(self) -> str:
        words = f"That takes {self.calls:,} paid calls, {duration(self.seconds)} at {self.rate:g} calls a second"
        if self.cost is not None:
            cost = f"{self.cost:,.2f}" if self.cost >= 0.01 else "less than 0.01"
            words += f"; they cost {cost} by ART_MCP_PRICE_PER_1000"
        words += "."
        if self.beyond_budget:
            words += (
                f" The budget of this {self.left.period} allows only {self.left.calls:,} more ({self.left.set_by} sets "
                f"it); the rest would wait until {self.left.until:%Y-%m-%d %H:%M} UTC."
            )
        return words


def duration(seconds: float) -> str:
    """A span of time in words."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return "1 second" if seconds < 1.5 else f"{round(seconds)} seconds"
