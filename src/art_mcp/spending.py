"""The time, the money and the share of the budget that paid calls will take."""

from __future__ import annotations

from dataclasses import dataclass

from art_mcp.account import Remaining


@dataclass(frozen=True, slots=True)
class Spending:
    """An estimate for a piece of work."""

    calls: int
    rate: float
    """Calls per second, as configured."""
    cost: float | None
    """In the currency of ART_MCP_PRICE_PER_1000; None if that is not set."""
    left: Remaining | None
    """What remains of the budget that will be exhausted first; None without a budget."""

    @property
    def beyond_budget(self) -> bool:
        """Whether the calls exceed what remains of the budget."""
        return self.left is not None and self.left.calls < self.calls

    @property
    def seconds(self) -> float:
        return self.calls / self.rate

    def __str__(self) -> str:
        words = f"This takes {self.calls:,} paid calls, {duration(self.seconds)} at {self.rate:g} calls per second"
        if self.cost is not None:
            cost = f"{self.cost:,.2f}" if self.cost >= 0.01 else "less than 0.01"
            words += f", and costs {cost} by ART_MCP_PRICE_PER_1000"
        words += "."
        if self.left is not None and self.beyond_budget:
            words += (
                f" The budget for this {self.left.period} allows only {self.left.calls:,} more ({self.left.set_by}); "
                f"the rest would have to wait until {self.left.until:%Y-%m-%d %H:%M} UTC."
            )
        return words


def duration(seconds: float) -> str:
    """A number of seconds in words, such as "3 hours"."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return "1 second" if seconds < 1.5 else f"{round(seconds)} seconds"
