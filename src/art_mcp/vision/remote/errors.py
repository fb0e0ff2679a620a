"""Errors of calls to a service: whose fault each failure is, how long to wait, and what a person can do about it."""

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
    """What an HTTP status means, if the error codes and the message also match a pattern."""

    status: Container[int]
    what: str
    """Completes a sentence that starts with the service's name."""
    next_step: str
    """May contain `{then}`, which becomes the time to try again."""
    pattern: str = ""
    """A regular expression, searched for without regard to case."""
    fault: Fault = Fault.SETUP


BUSY: Final = ErrorRule((429,), "received too many calls", "Try again {then}.", fault=Fault.BUSY)
FAILED: Final = ErrorRule(range(1000), "failed", "Try again {then}.", fault=Fault.SERVICE)
"""The last rule: it matches every reply."""
LEAVE_OUT: Final = "Replace it or leave it out; it would be refused again."


def on_the_way(address: str) -> tuple[ErrorRule, ...]:
    """Rules for failures between this machine and any service.

    Args:
        address: the environment variable of the service's address.
    """
    return (
        ErrorRule((407,), "is behind a proxy that refused the call", "Check HTTPS_PROXY."),
        ErrorRule(range(300, 400), "has moved, and redirects are not followed", f"Correct {address}."),
        ErrorRule((408,), "did not receive the whole call in time", "Try again {then}.", fault=Fault.SERVICE),
    )


class UnprovenError(VisionError):
    """A refusal that may be the input's fault or that of the settings: no input of this kind has succeeded yet."""


@dataclass(frozen=True, slots=True)
class Service:
    """Turns the replies of one service into errors."""

    name: str
    """The start of a sentence."""
    address: str
    """The environment variable of its address."""
    rules: Sequence[ErrorRule]
    """The first match applies; the last rule matches everything."""
    codes: Mapping[str, int]
    """The HTTP status that an error code stands for, for replies that report an error with status 200."""
    trace: Mapping[str, str]
    """Reply headers that the service's support asks for, by the label under which errors quote them."""
    unproven: Sequence[ErrorRule] = ()
    """Rules that come first until the service has accepted an input of the same kind."""

    def refusal(self, reply: Reply, *, proven: bool = True) -> VisionError:
        """The error for a reply that reports a failure.

        Args:
            proven: whether the service has accepted an input of the same kind before.
        """
        rule = self.rule(reply, proven=proven)
        codes, message = reply.words
        wait = reply.retry_after()
        said = f": “{cleaned(message)}”" if message else ""
        trace = self._trace(reply, *(code for code in codes if code != str(reply.status)))
        error = UnprovenError if rule in self.unproven else VisionError
        problem = f"{self.name} {rule.what}{said} ({trace})."
        return error(problem, rule.next_step.format(then=_then(wait)), fault=rule.fault, retry_after=wait)

    def rule(self, reply: Reply, *, proven: bool = True) -> ErrorRule:
        """The first rule that matches a reply."""
        codes, message = reply.words
        status, said = self.status(reply), " ".join([*codes, message])
        rules = self.rules if proven else (*self.unproven, *self.rules)
        return next(each for each in rules if status in each.status and re.search(each.pattern, said, re.I))

    def status(self, reply: Reply) -> int:
        """The HTTP status or, for an error that is sent with status 200, the status that its code stands for."""
        if reply.status != 200:
            return reply.status
        codes, _ = reply.words
        numbers = (int(code) for code in codes if re.fullmatch("[1-5][0-9]{2}", code))
        names = (self.codes[code] for code in codes if code in self.codes)
        return next(numbers, next(names, 200))

    def malformed(
        self, what: str, reply: Reply, fault: Fault = Fault.SERVICE, next_step: str | None = None
    ) -> VisionError:
        """The error for a reply that reports success but does not hold what was asked for.

        Args:
            what: completes a sentence that starts with the service's name and "answered".
            next_step: how to correct the settings, if they are at fault.
        """
        if next_step is None or fault is not Fault.SETUP:
            next_step = f"Try again; if that does not help, check {self.address} and any proxy in between."
        return VisionError(f"{self.name} answered {what} ({self._trace(reply)}).", next_step, fault=fault)

    def timed_out(self, host: str, seconds: float) -> VisionError:
        return VisionError(
            f"{self.name} at {host} sent no complete answer within {seconds:g} seconds.",
            "Check the network, then try again.",
            fault=Fault.SERVICE,
        )

    def unreachable(self, error: Exception, host: str, *, answered: bool) -> VisionError:
        """The error for a call that got no reply.

        It quotes only texts of the operating system, since those of the HTTP library can contain headers.

        Args:
            answered: whether the host has replied before. If not, an unknown name or an untrusted certificate means a
                wrong setting; otherwise the network has changed and may recover.
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
                    f"There is no server named {host}.",
                    f"Check {self.address}, the network and the proxy.",
                    fault=wrong,
                )
        if isinstance(error, httpx2.ProxyError):
            fault = Fault.SETUP if str(error).startswith("4") else Fault.SERVICE  # the proxy's status
            return VisionError(f"The proxy did not connect to {host}.", "Check HTTPS_PROXY and NO_PROXY.", fault=fault)
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
    return os.strerror(error.errno)  # the event loop can replace the error's own text


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
