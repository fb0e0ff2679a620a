"""How the failures of a service are told: whose fault each is, how long to wait, and what a person can do about it."""

from __future__ import annotations

import datetime
import os
import re
import socket
import ssl
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import httpx2

from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.reply import Reply, cleaned, now


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """What a status means, if the codes and the message of the reply also match `pattern`."""

    status: Container[int]
    what: str
    """Goes on after the service's name."""
    next_step: str
    """With `{then}` where it says when."""
    pattern: str = ""
    fault: Fault = Fault.SETUP


BUSY: Final = ErrorRule((429,), "gets too many calls", "Try again {then}.", fault=Fault.BUSY)
FAILED: Final = ErrorRule(range(1000), "failed", "Try again {then}.", fault=Fault.SERVICE)
"""Of any status that no other rule covers."""
LEAVE_OUT: Final = "Replace it or leave it out; another try would be refused as well."


def on_the_way(address: str) -> tuple[ErrorRule, ...]:
    """What is the same of every service. Args: address: the variable that holds its address."""
    return (
        ErrorRule((407,), "is behind a proxy that refuses the call", "Check HTTPS_PROXY."),
        ErrorRule(range(300, 400), "has moved, and redirects are not followed", f"Correct {address}."),
        ErrorRule((408,), "did not get the whole call in time", "Try again {then}.", fault=Fault.SERVICE),
    )


class UnprovenError(VisionError):
    """A refusal that can be the input's fault or that of the settings, since no such input was taken before."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service, as errors tell of it."""

    name: str
    """Begins a sentence."""
    address: str
    """The variable that holds its address."""
    rules: Sequence[ErrorRule]
    """The first that matches counts; the last one matches all."""
    codes: Mapping[str, int]
    """The status that is meant by a code, where the status says that all went well."""
    trace: Mapping[str, str]
    """What its support asks for, by the name under which an error tells it: a header of the answer."""
    unproven: Sequence[ErrorRule] = ()
    """Rules that go before the others as long as the service has taken no input of the kind."""

    def refusal(self, reply: Reply, *, proven: bool = True) -> VisionError:
        """The error of an answer that brings no vector.

        Args:
            proven: the service has taken an input of the kind before.
        """
        rule = self.rule(reply, proven=proven)
        codes, message = reply.words
        wait = reply.retry_after()
        said = f": “{cleaned(message)}”" if message else ""
        # The status stands there anyway.
        trace = self._trace(reply, *(code for code in codes if code != str(reply.status)))
        error = UnprovenError if rule in self.unproven else VisionError
        problem = f"{self.name} {rule.what}{said} ({trace})."
        return error(problem, rule.next_step.format(then=_then(wait)), fault=rule.fault, retry_after=wait)

    def rule(self, reply: Reply, *, proven: bool = True) -> ErrorRule:
        codes, message = reply.words
        status, said = self.status(reply), " ".join([*codes, message])
        rules = self.rules if proven else (*self.unproven, *self.rules)
        return next(each for each in rules if status in each.status and re.search(each.pattern, said, re.I))

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
