"""Decides whether repeated failures of a service are the service's fault or that of one input.

A failure counts against the input if another call, sent after it and before the same call's next failure, succeeded.
In an outage no call succeeds, so its failures count against no input, however many there are.
"""

from __future__ import annotations

import math
from bisect import bisect_right

TRIES = 5
"""Failed attempts at a call before its input can be blamed."""
FEW = 3
"""How many inputs can be blamed while no other call succeeds; if more calls fail, it is an outage."""
_USUAL_FAILURE_RATE = 0.1
"""The share of failing first attempts up to which a failure has the full weight of 1."""
_MEMORY = 50
"""About how many of the latest first attempts determine the failure rate."""
_FORGET_AFTER_S = 300.0
"""Seconds without calls after which earlier failures no longer count."""


class Case:
    """The evidence about one call's input."""

    def __init__(self) -> None:
        self.failed_at: list[float] = []
        """When the failed attempts were sent."""
        self._successes: dict[int, float] = {}
        """The weight of another call's success, by how many of the failed attempts were sent before that call."""

    @property
    def tries(self) -> int:
        """The number of attempts so far, all of which failed."""
        return len(self.failed_at)

    @property
    def against(self) -> float:
        """The weight of the evidence against the input: each unit makes chance ten times less likely."""
        return sum(weight for place, weight in self._successes.items() if 0 < place < self.tries)

    def add_success(self, sent: float, weight: float) -> None:
        """Record that another call, sent at this time, succeeded."""
        self._successes.setdefault(bisect_right(self.failed_at, sent), weight)


class FailureAttribution:
    """The cases of all calls of one process. Times are seconds of any clock."""

    def __init__(self) -> None:
        self._open: set[Case] = set()
        self._failure_rate = 0.0
        """The share of first attempts that fail, as an exponential moving average."""
        self._suspects: set[Case] = set()
        """Cases that have failed since the last success, including those of calls that have ended."""
        self._failed_at = -math.inf
        self.in_a_row = 0
        """Failures since the last success; the pacer sets it to 0 at each break."""
        self.since = math.inf
        """When the first failure since the last success was sent."""

    def open(self, now: float) -> Case:
        """Open the case of a new call."""
        if not self._open:
            self.since = math.inf  # a new run has the full time before it is given up
            if now - self._failed_at > _FORGET_AFTER_S:
                self._failure_rate = 0.0
                self._recover()
        self._open.add(case := Case())
        return case

    def close(self, case: Case) -> None:
        """Close the case of a call that has ended."""
        self._open.discard(case)

    def succeed(self, case: Case, sent: float) -> None:
        """Record that an attempt succeeded, so the service works."""
        if not case.tries:
            self._failure_rate -= self._failure_rate / _MEMORY
        self._recover()
        for other in self._open - {case}:
            other.add_success(sent, self._weight())

    def fail(self, case: Case, sent: float) -> bool:
        """Record that an attempt failed; return whether no call has succeeded since this one failed before."""
        if not case.tries:
            self._failure_rate += (1 - self._failure_rate) / _MEMORY
        again = case in self._suspects
        self._suspects.add(case)
        self._failed_at = sent
        self.in_a_row += 1
        self.since = min(self.since, sent)
        case.failed_at.append(sent)
        return again

    def is_proven(self, case: Case) -> bool:
        """Whether the input is at fault: other calls kept succeeding while this one failed."""
        return case.tries >= TRIES and case.against >= TRIES - 1

    def is_likely(self, case: Case, *, late: bool) -> bool:
        """Whether the input is at fault provided that the service works.

        Args:
            late: whether the call will be given up before there is more evidence.
        """
        enough = case.tries >= TRIES and (late or case.tries * self._weight() >= TRIES)
        few = sum(not suspect.against for suspect in self._suspects) <= FEW
        alone = self._open == {case}
        return enough and few and (alone or late or case.against > 0)

    def _weight(self) -> float:
        """The weight of one failure, the negative decimal logarithm of its probability: in a service that fails half of
        its calls, five failures in a row mean little."""
        return -math.log10(max(_USUAL_FAILURE_RATE, self._failure_rate))

    def _recover(self) -> None:
        self._suspects.clear()
        self.in_a_row, self.since = 0, math.inf
