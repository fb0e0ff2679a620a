"""What was asked of the stand-in, so that a test can prove how a client behaves."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass


def digest(sent: bytes | str) -> str:
    """The SHA-256 in hex by which calls are found: of a picture's bytes, or of a text."""
    return hashlib.sha256(sent.encode() if isinstance(sent, str) else sent).hexdigest()


@dataclass(slots=True)
class Call:
    """One request. Times are seconds of the server's clock."""

    kind: str
    """image, text, or other for an unknown path."""
    time: float
    """When its head had arrived."""
    in_flight: int
    """Calls not yet answered at that time, with this one."""
    credential: str
    """Which key or token it came with, as a digest; empty for none."""
    sha: str = ""
    """The digest of the picture's bytes, of the text, or of a body that is neither."""
    url: str | None = None
    """The picture's address, if the client sent that instead of the picture."""
    status: int | None = None
    """None before the answer, and for ever if there is none."""
    retry_after: float | None = None
    """Seconds to wait that the answer named, in a header or in words."""
    answered: float | None = None
    """When its answer was sent, or began to be."""
    fault: str | None = None
    """The fault that struck it."""

    @property
    def accepted(self) -> bool:
        """Neither turned away at the door nor throttled."""
        return self.status not in (401, 403, 429)

    @property
    def billed(self) -> bool:
        """A 200 costs money, even if its body was lost or broken on the way."""
        return self.status == 200


class Calls(list[Call]):
    """All calls in the order of their arrival."""

    def billed(self, sha: str | None = None) -> int:
        """How many calls cost money: with this digest, or all."""
        return sum(call.billed and sha in (None, call.sha) for call in self)

    def by_status(self) -> Counter[int | None]:
        """How many calls had each status; None are those without an answer."""
        return Counter(call.status for call in self)

    def most_in_any_second(self) -> int:
        """The most accepted calls that arrived within one second, wherever that second begins."""
        times = sorted(call.time for call in self if call.accepted)
        most = first = 0
        for last, time in enumerate(times):
            while time - times[first] >= 1:
                first += 1
            most = max(most, last - first + 1)
        return most

    def most_in_flight(self) -> int:
        return max((call.in_flight for call in self), default=0)

    def sent_before_retry_after(self, grace: float = 0.05) -> list[Call]:
        """The calls that came although a 429 had named a time to wait that was not over.

        Args:
            grace: seconds after such an answer in which calls may still come, because they were on their way.
        """
        waits = [
            (call.answered + grace, call.answered + call.retry_after)
            for call in self
            if call.status == 429 and call.answered is not None and call.retry_after is not None
        ]
        return [call for call in self if any(start < call.time < end for start, end in waits)]
