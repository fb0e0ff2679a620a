"""How the failures of a service are told: whose fault each is, how long to wait, and what a person can do about it."""

from __future__ import annotations

import datetime
import os
import re
import socket
import ssl
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.reply import Reply, cleaned, now


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a status means, if the codes and the message of the answer also match `said`."""

    status: Container[int]
    said: str
    fault: Fault
    what: str
    """Goes on after the service's name."""
    next_step: str


BUSY: Final = Meaning((429,), "", Fault.BUSY, "gets too many calls", "Try again {then}.")
FAILED: Final = Meaning(range(1000), "", Fault.SERVICE, "failed", "Try again {then}.")
"""Of any status that has no other meaning."""
LEAVE_OUT: Final = "Replace it or leave it out; another try would be refused as well."


def on_the_way(address: str) -> tuple[Meaning, ...]:
    """What is the same of every service. Args: address: the variable that holds its address."""
    return (
        Meaning((407,), "", Fault.SETUP, "is behind a proxy that refuses the call", "Check HTTPS_PROXY."),
        Meaning(range(300, 400), "", Fault.SETUP, "has moved, and redirects are not followed", f"Correct {address}."),
        Meaning((408,), "", Fault.SERVICE, "did not get the whole call in time", "Try again {then}."),
    )


@dataclass(frozen=True, slots=True)
class Service:
    """One service, as errors tell of it."""

    name: str
    """Begins a sentence."""
    address: str
    """The variable that holds its address."""
    meanings: Sequence[Meaning]
    """The first that matches counts; the last one matches all."""
    codes: Mapping[str, int]
    """The status that is meant by a code, where the status says that all went well."""
    trace: Mapping[str, str] = field(default_factory=dict)
    """What its support asks for, by the name under which an error tells it: a header of the answer."""

    def refusal(self, reply: Reply, first: Sequence[Meaning] = ()) -> VisionError:
        """The error of an answer that brings no vector.

        Args:
            first: meanings that go before the others.
        """
        codes, message = reply.words
        meaning = self.meaning(reply, first)
        wait = reply.retry_after()
        said = f": “{cleaned(message)}”" if message else ""
        # The status stands there anyway.
        trace = self._trace(reply, *(code for code in codes if code != str(reply.status)))
        problem = f"{self.name} {meaning.what}{said} ({trace})."
        return VisionError(problem, meaning.next_step.format(then=_then(wait)), fault=meaning.fault, retry_after=wait)

    def meaning(self, reply: Reply, first: Sequence[Meaning] = ()) -> Meaning:
        codes, message = reply.words
        status, said = self.status(reply), " ".join([*codes, message])
        return next(
            each for each in (*first, *self.meanings) if status in each.status and re.search(each.said, said, re.I)
        )

    def status(self, reply: Reply) -> int:
        """The status of an answer, or the one that it means: some errors say that they were none."""
        if reply.status != 200:
            return reply.status
        codes, _ = reply.words
        numbers = (int(code) for code in codes if re.fullmatch("[1-5][0-9]{2}", code))
        names = (self.codes[code] for code in codes if code in self.codes)
        return next(numbers, next(names, 200))

    def malformed(
        self, what: str, reply: Reply, fault: Fault = Fault.SERVICE, next_step: str | None = None
    ) -> VisionError:
        """The error of an answer that claims success and is not what was asked for.

        Args:
            what: goes on after the service's name and "answered".
            next_step: instead of another try.
        """
        again = f"Try again; if it stays so, check {self.address} and what stands between it and you, such as a proxy."
        return VisionError(f"{self.name} answered {what} ({self._trace(reply)}).", next_step or again, fault=fault)

    def timed_out(self, host: str, seconds: float) -> VisionError:
        return VisionError(
            f"{self.name} at {host} gave no whole answer within {seconds:g} seconds.",
            "Check the network, and try again.",
            fault=Fault.SERVICE,
        )

    def unreachable(self, error: Exception, host: str, *, answered: bool) -> VisionError:
        """The error of a call without an answer.

        Unknown names and untrusted certificates mean a wrong setting, unless the same address has `answered`
        before: then somebody's network has changed, and may change back.

        Only texts of this machine's system are repeated: those of the HTTP library can hold headers.
        """
        import httpx2

        wrong = Fault.SERVICE if answered else Fault.SETUP
        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return VisionError(
                    f"The certificate of {host} is not trusted: {cleaned(cause.verify_message)}.",
                    f"Check {self.address}; if your network inspects TLS, set SSL_CERT_FILE to its certificates.",
                    fault=wrong,
                )
            if isinstance(cause, socket.gaierror) and cause.errno != socket.EAI_AGAIN:
                return VisionError(
                    f"There is no server called {host}.",
                    f"Check {self.address}, the network and the proxy.",
                    fault=wrong,
                )
        if isinstance(error, httpx2.ProxyError):
            fault = Fault.SETUP if str(error).startswith("4") else Fault.SERVICE  # it begins with the proxy's status
            return VisionError(
                f"The proxy on the way to {host} makes no connection.", "Check HTTPS_PROXY and NO_PROXY.", fault=fault
            )
        reasons = [_reason(cause) for cause in causes if isinstance(cause, OSError)]
        why = next((reason for reason in reversed(reasons) if reason), type(error).__name__)
        return VisionError(
            f"The connection to {host} failed ({cleaned(why)}).",
            f"Check the network and {self.address}.",
            fault=Fault.SERVICE,
        )

    def _trace(self, reply: Reply, *more: str) -> str:
        named = [(name, reply.without_secret(reply.headers.get(header, ""))) for name, header in self.trace.items()]
        values = [f"{name} {value}" for name, value in named if re.fullmatch(r"[\w .-]{1,64}", value)]
        return ", ".join([f"HTTP {reply.status}", *more, *values])


def _then(wait: float | None) -> str:
    if wait is None:
        return "later"
    if wait < 3600:
        return f"in {max(1, round(wait))} s"
    return f"after {now() + datetime.timedelta(seconds=wait):%Y-%m-%d %H:%M} UTC"


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or ""
    if isinstance(error, socket.gaierror) or not error.errno:
        return error.strerror or ""
    return os.strerror(error.errno)  # the error's own text can be that of the event loop


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
