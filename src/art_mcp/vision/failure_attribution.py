"""Whose fault it is when calls fail with a fault of the service: the service's, or one input's.

A failure speaks against the input if another call, sent after it and before the next failure of the same call, was
answered. In an outage there is none: its failures speak against nobody, however many they are.
"""

from __future__ import annotations

import math
from bisect import bisect_right

TRIES = 5
"""Of a call that fails, before its input can be to blame."""
FEW = 3
"""So many calls can fail because of their inputs while no other is answered; more are an outage."""
_RARELY = 0.1
"""The share of first attempts that fail, up to which one more failure is unlikely enough to count whole."""
_MEMORY = 50
"""First attempts of which that share is, about."""
_FORGOTTEN_S = 300.0
"""So long after a failure, with no call since, it says nothing any more."""


class Case:
    """What speaks for and against one call's input."""

    def __init__(self) -> None:
        self.failed_at: list[float] = []
        """When the attempts were sent that failed."""
        self._answered: dict[int, float] = {}
        """By how many of them were sent before: how unlikely these failures are while another call is answered."""

    @property
    def tries(self) -> int:
        """Attempts so far, all of which have failed."""
        return len(self.failed_at)

    @property
    def against(self) -> float:
        """How often others were answered between two failures: each is a tenth of a chance, or a part of that."""
        return sum(weight for place, weight in self._answered.items() if 0 < place < self.tries)

    def vouch(self, sent: float, weight: float) -> None:
        """Another call was answered that was sent at this time."""
        self._answered.setdefault(bisect_right(self.failed_at, sent), weight)


class FailureAttribution:
    """The cases of all calls of one process; times are seconds of any clock."""

    def __init__(self) -> None:
        self._open: set[Case] = set()
        self._failing = 0.0
        self._suspects: set[Case] = set()
        """Cases that failed since a call was answered last, ended or not."""
        self._failed_at = -math.inf
        self.in_a_row = 0
        """Failures since then, or since somebody set this to 0."""
        self.since = math.inf
        """When the first of them was sent."""

    def open(self, now: float) -> Case:
        """A call begins."""
        if not self._open:
            self.since = math.inf  # whoever tries anew has the whole time
            if now - self._failed_at > _FORGOTTEN_S:
                self._failing = 0.0
                self._recover()
        self._open.add(case := Case())
        return case

    def close(self, case: Case) -> None:
        """The call has ended."""
        self._open.discard(case)

    def succeed(self, case: Case, sent: float) -> None:
        """The call was answered: the service is well."""
        if not case.tries:
            self._failing -= self._failing / _MEMORY
        self._recover()
        for other in self._open - {case}:
            other.vouch(sent, self._weight())

    def fail(self, case: Case, sent: float) -> bool:
        """An attempt failed; gives whether no call was answered since this one failed before."""
        if not case.tries:
            self._failing += (1 - self._failing) / _MEMORY
        again = case in self._suspects
        self._suspects.add(case)
        self._failed_at = sent
        self.in_a_row += 1
        self.since = min(self.since, sent)
        case.failed_at.append(sent)
        return again

    def is_proven(self, case: Case) -> bool:
        """Whether others were answered all the time, so that this input is to blame."""
        return case.tries >= TRIES and case.against >= TRIES - 1

    def is_likely(self, case: Case, *, late: bool) -> bool:
        """Whether this input is to blame if the service proves to be well.

        Args:
            late: nothing else will be learned before the call is given up.
        """
        enough = case.tries >= TRIES and (late or case.tries * self._weight() >= TRIES)
        few = sum(not suspect.against for suspect in self._suspects) <= FEW
        alone = self._open == {case}
        return enough and few and (alone or late or case.against > 0)

    def _weight(self) -> float:
        """What one failure counts: in a service that fails half of its calls, five in a row are nothing."""
        return -math.log10(max(_RARELY, self._failing))

    def _recover(self) -> None:
        self._suspects.clear()
        self.in_a_row, self.since = 0, math.inf
