"""Results as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from art_mcp.evaluation.statistics import AT, NOT_FOUND, Interval, Result

EXPLAINED = (
    "R@k: the share of the questions whose painting is among the first k hits. Median rank: that of the painting. In "
    "brackets: 95 % bootstrap intervals over the questions. A painting with the same picture file counts as the right "
    "one; for a title, so does one with the same title (and artist)."
)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns of numbers, except the first, are aligned on the right."""
    lines = [list(row) for row in rows]
    columns = list(zip_longest(*lines, fillvalue="")) or [()] * len(header)
    widths = [max(3, *map(len, (name, *cells))) for name, cells in zip(header, columns, strict=True)]
    right = [any(cells) and all(not cell or cell[0] in "+->0123456789" for cell in cells) for cells in columns]
    right[0] = False

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(cells, widths, right, strict=True)
        )
        return f"| {' | '.join(padded)} |"

    rule = ["-" * (width - to_right) + ":" * to_right for width, to_right in zip(widths, right, strict=True)]
    return "\n".join([line(header), line(rule), *map(line, lines)])


RESULT_HEADER = ("question", "leg", "questions", *(f"R@{k}, %" for k in AT), "median rank")


def result_row(result: Result) -> list[str]:
    """The cells of `RESULT_HEADER`."""
    recall = (_percent(result.recall[k]) for k in AT)
    median = f"{rank_of(result.median_rank.value)} ({_span(map(rank_of, result.median_rank[1:]))})"
    return [result.kind, result.leg, str(result.questions), *recall, median]


def rank_of(rank: float) -> str:
    """A rank for people: that of a painting that was not found is "> 200"."""
    return f"> {NOT_FOUND - 1}" if rank >= NOT_FOUND else f"{rank:g}"


def _percent(share: Interval) -> str:
    return f"{100 * share.value:.1f} ({_span(f'{100 * each:.0f}' for each in share[1:])})"


def _span(ends: Iterable[str]) -> str:
    return " to ".join(ends)
