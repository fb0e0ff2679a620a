"""What goes wrong in life, to be put upon calls that would have been answered with a 200."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import TypeAlias

from support.azure import answers
from support.azure.answers import Answer, Delivery, error, json_answer
from support.azure.calls import Call

FOREVER = math.inf
OTHER_MODEL = "2031-01-01"
Where: TypeAlias = Callable[[Call], bool] | str | None
"""Which calls: those that a function picks, those with a digest, or all."""


@dataclass(slots=True)
class Fault:
    """One fault that waits for calls, as `AzureStandIn.fault` makes it."""

    kind: str
    left: float
    """How many calls it still strikes; set it to 0 to end it."""
    where: Where
    probability: float
    until: float
    """On the clock of the stand-in."""
    retry_after: int

    def strikes(self, call: Call, rng: random.Random) -> bool:
        """Whether this call is struck; that is counted."""
        waits = self.left > 0 and call.time < self.until and self._is_for(call)
        if struck := waits and rng.random() < self.probability:
            self.left -= 1
        return struck

    def change(self, answer: Answer) -> Answer:
        """What the client gets instead of this 200."""
        return KINDS[self.kind](answer, self.retry_after)

    def _is_for(self, call: Call) -> bool:
        if isinstance(self.where, str):
            return call.sha == self.where
        return self.where is None or self.where(call)


def _vector(change: Callable[[list[float]], list[float]]) -> Callable[[Answer, int], Answer]:
    def changed(answer: Answer, _: int) -> Answer:
        content = json.loads(answer.body)
        return json_answer(200, content | {"vector": change(content["vector"])})

    return changed


def _without_vector(answer: Answer, _: int) -> Answer:
    return json_answer(200, {"modelVersion": json.loads(answer.body)["modelVersion"]})


def _other_model(answer: Answer, _: int) -> Answer:
    return json_answer(200, json.loads(answer.body) | {"modelVersion": OTHER_MODEL})


def _at_a_date(_: Answer, seconds: int) -> Answer:
    """A date has no fractions of a second, so it is rounded up."""
    now = time.time()
    date = math.ceil(now + seconds)
    said = {"retry-after": formatdate(date, usegmt=True)}
    return error(429, "429", "Rate limit is exceeded.", retry_after=date - now, headers=said)


def _instead(other: Answer) -> Callable[[Answer, int], Answer]:
    return lambda answer, _: other


KINDS: dict[str, Callable[[Answer, int], Answer]] = {
    # The connection.
    "hang": lambda answer, _: replace(answer, delivery=Delivery.NEVER),
    "drip": lambda answer, _: replace(answer, delivery=Delivery.DRIP),
    "reset": lambda answer, _: replace(answer, delivery=Delivery.RESET),
    # A 200 that is none.
    "truncated": lambda answer, _: replace(answer, body=answer.body[: len(answer.body) // 2]),
    "error in 200": _instead(error(200, "InternalServerError", "Something went wrong.")),
    "no vector": _without_vector,
    "empty vector": _vector(lambda values: []),
    "short vector": _vector(lambda values: values[:-1]),
    "nan": _vector(lambda values: [math.nan, *values[1:]]),
    "other model": _other_model,
    # Too many calls.
    "429": lambda _, seconds: answers.throttled("vectorize", "S1", seconds),
    "429 words": lambda _, seconds: answers.throttled("vectorize", "S1", seconds, header=False),
    "429 date": _at_a_date,
    "429 silent": _instead(error(429, "429", "Rate limit is exceeded.")),
    # The service.
    "500": _instead(error(500, "InternalServerError", "The server has encountered an internal error.")),
    "500 failed": _instead(error(500, "FailedToProcess", "Failed to process the image.")),
    "500 timeout": _instead(error(500, "Timeout", "The operation timed out.")),
    "502": _instead(
        Answer(502, b"<html><head><title>502 Bad Gateway</title></head></html>", {"content-type": "text/html"})
    ),
    "503": _instead(error(503, "ServiceUnavailable", "The service is unavailable.")),
    # Somebody has to change something.
    "400 region": _instead(answers.WRONG_REGION),
    "401 key": _instead(answers.WRONG_KEY),
    "401 token": _instead(answers.WRONG_TOKEN),
    "403 firewall": _instead(answers.FIREWALL),
    "403 quota": _instead(answers.out_of_quota(186688)),
    "404": _instead(answers.NOT_FOUND),
    "410": _instead(answers.gone("2024-02-01")),
}
