"""The service: its settings, its limits, and the order of its checks."""

from __future__ import annotations

import json
import math
import random
import time
import uuid
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs

import anyio.to_thread
from PIL import Image
from starlette.datastructures import Headers

from support.azure import answers
from support.azure.answers import Answer, Delivery
from support.azure.calls import Call, Calls, digest
from support.azure.delivery import deliver, pause, read
from support.azure.faults import KINDS, Fault, Where
from support.azure.vectors import Vectors, vectors_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

KEY = "0123456789abcdef0123456789abcdef"
OPERATIONS = {
    "/computervision/retrieval:vectorizeImage": ("image", "VectorizeImage"),
    "/computervision/retrieval:vectorizeText": ("text", "VectorizeText"),
}
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF", "MPO")
MAX_BYTES = 20_971_520
MIN_SIDE, MAX_SIDE = 10, 16_000
"""Pixels: a side has to be longer than the first and shorter than the second."""
MAX_WORDS = 70
F0_PER_MINUTE = 20
F0_PER_MONTH = 5_000


@dataclass
class AzureStandIn:
    """One resource of the service, as an ASGI application; `serving` puts it on a port.

    The fields can be changed while it serves: `tokens.clear()` lets all tokens expire, `used_this_month = 5000`
    empties the quota of F0, and 0 begins a month.
    """

    keys: Collection[str] = (KEY,)
    key_disabled: bool = False
    tokens: set[str] = field(default_factory=set)
    """Bearer tokens that are good now."""
    custom_subdomain: bool = True
    """Without one, a resource takes no tokens."""
    tier: Literal["S1", "F0"] = "S1"
    """S1: `rate` calls in any second. F0: 20 in any minute, and 5,000 a month."""
    rate: int = 20
    say_retry_after: bool = True
    """Whether the header says for how long a call is throttled; the words always do."""
    latency: float = 0
    """Seconds that an answer takes, unless it is turned away at the door."""
    api_versions: Collection[str] = ("2024-02-01",)
    retired: Collection[str] = ("2023-02-01-preview", "2023-04-01-preview")
    model_versions: Collection[str] = ("2023-04-15", "2022-04-11")
    region: str = "West Europe"
    region_enabled: bool = True
    seed: int = 0
    """Of the vectors, and of which calls faults strike."""
    clock: Callable[[], float] = time.monotonic
    """Gives the seconds by which calls are counted and faults end; `latency` takes real ones."""

    calls: Calls = field(default_factory=Calls, init=False)
    faults: list[Fault] = field(default_factory=list, init=False)
    used_this_month: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._let_in: deque[float] = deque()
        self._in_flight = 0

    def fault(
        self,
        kind: str,
        *,
        count: float = 1,
        where: Where = None,
        probability: float = 1,
        lasting: float = math.inf,
        retry_after: int = 1,
    ) -> Fault:
        """Let something go wrong with calls that would have been answered with a 200.

        Args:
            kind: one of `KINDS`.
            count: how many calls it strikes; `FOREVER` for all.
            where: only those with this digest, or those that this function picks.
            probability: with which it strikes each of them.
            lasting: seconds from now after which it ends.
            retry_after: seconds that a 429 names.

        Raises:
            ValueError: if there is no such kind.
        """
        if kind not in KINDS:
            raise ValueError(f"There is no fault {kind!r}, only {', '.join(KINDS)}.")
        fault = Fault(kind, count, where, probability, self.clock() + lasting, retry_after)
        self.faults.append(fault)
        return fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        kind, operation = OPERATIONS.get(scope["path"], ("other", "Unknown"))
        credential = headers.get("ocp-apim-subscription-key") or headers.get("authorization") or ""
        self._in_flight += 1
        call = Call(kind, self.clock(), self._in_flight, credential and digest(credential))
        self.calls.append(call)
        try:
            refusal = self._turned_away(call, operation, headers)  # by the head alone, as a gateway does
            if (body := await read(receive)) is None:
                return
            content = _described(call, headers, body)
            if refusal:
                answer = refusal
            else:
                answer = self._struck(call, await self._answer(call, scope, headers, body, content))
                await pause(receive, self.latency)
            await self._send(call, answer, scope, receive, send)
        finally:
            self._in_flight -= 1

    def _turned_away(self, call: Call, operation: str, headers: Headers) -> Answer | None:
        return self._unauthenticated(headers) or self._throttled(call, operation) or self._out_of_quota()

    def _unauthenticated(self, headers: Headers) -> Answer | None:
        key, authorization = headers.get("ocp-apim-subscription-key"), headers.get("authorization")
        if key is None and authorization is not None:
            if not self.custom_subdomain:
                return answers.NO_SUBDOMAIN
            scheme, _, token = authorization.partition(" ")
            return None if scheme.lower() == "bearer" and token in self.tokens else answers.WRONG_TOKEN
        if key not in self.keys:
            return answers.WRONG_KEY
        return answers.KEY_DISABLED if self.key_disabled else None

    def _throttled(self, call: Call, operation: str) -> Answer | None:
        """Over a sliding window, in which only calls that were let in count."""
        window, most = (60, F0_PER_MINUTE) if self.tier == "F0" else (1, self.rate)
        while self._let_in and call.time - self._let_in[0] >= window:
            self._let_in.popleft()
        if len(self._let_in) >= most:
            wait = math.ceil(self._let_in[-most] + window - call.time)
            return answers.throttled(operation, self.tier, wait, header=self.say_retry_after)
        self._let_in.append(call.time)
        return None

    def _out_of_quota(self) -> Answer | None:
        if self.tier == "F0" and self.used_this_month >= F0_PER_MONTH:
            now = datetime.now(UTC)
            next_month = (now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
            return answers.out_of_quota(math.ceil((next_month - now).total_seconds()))
        self.used_this_month += 1
        return None

    async def _answer(self, call: Call, scope: Scope, headers: Headers, body: bytes, content: Any) -> Answer:
        """What a call gets that was let in.

        Args:
            content: the body, parsed, if it was sent as JSON and is.
        """
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        api_version = query.get("api-version", "")
        known = call.kind != "other" and scope["method"] == "POST"
        if known and api_version in self.retired:
            return answers.gone(api_version)
        if not known or api_version not in self.api_versions:
            return answers.NOT_FOUND
        if not self.region_enabled:
            return answers.WRONG_REGION
        model_version = query.get("model-version", "latest")
        if model_version == "latest":  # means the legacy one here, so a client that forgets to choose is found out
            model_version = min(self.model_versions)
        if model_version not in self.model_versions:
            return answers.wrong_model_version(model_version)
        vectors = vectors_of(model_version, self.seed)
        content_type = _content_type(headers)
        if content_type == "application/octet-stream" and call.kind == "image":
            return await anyio.to_thread.run_sync(_of_image, body, vectors, model_version)
        if content_type != "application/json":
            return answers.wrong_content_type(content_type)
        if not isinstance(content, dict):
            return answers.NOT_JSON
        if call.kind == "image":
            return answers.URL_NOT_ACCESSIBLE
        text = content.get("text")
        if not isinstance(text, str) or not 1 <= len(text.split()) <= MAX_WORDS:
            return answers.NO_TEXT
        return answers.vector(model_version, vectors.of_text(text), vector_first=True)

    def _struck(self, call: Call, answer: Answer) -> Answer:
        """What is left of an answer after the first fault that strikes it."""
        if answer.status == 200:
            for fault in self.faults:
                if fault.strikes(call, self._rng):
                    call.fault = fault.kind
                    return fault.change(answer)
        return answer

    async def _send(self, call: Call, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        named = {"apim-request-id": str(uuid.uuid4()), "x-ms-region": self.region}
        if answer.delivery is not Delivery.NEVER:
            # Before it is sent: whoever has read the answer finds it in the log.
            call.status, call.retry_after, call.answered = answer.status, answer.retry_after, self.clock()
        await deliver(replace(answer, headers=answer.headers | named), scope, receive, send)


def _content_type(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _described(call: Call, headers: Headers, body: bytes) -> Any:
    """Note what a call carries, be it answered or not, and give what its JSON says."""
    call.sha = digest(body)
    if _content_type(headers) != "application/json":
        return None
    try:
        content = json.loads(body)
    except ValueError:
        return None
    if isinstance(content, dict):
        call.url = content.get("url")
        if isinstance(text := content.get("text"), str):
            call.sha = digest(text)
    return content


def _of_image(body: bytes, vectors: Vectors, model_version: str) -> Answer:
    if not 0 < len(body) <= MAX_BYTES:
        return answers.WRONG_SIZE
    try:
        with Image.open(BytesIO(body), formats=FORMATS) as image:
            if min(image.size) <= MIN_SIDE or max(image.size) >= MAX_SIDE:
                return answers.WRONG_DIMENSIONS
            values = vectors.of_image(image)
    except Image.DecompressionBombError:  # Pillow's word for far too many pixels
        return answers.WRONG_DIMENSIONS
    except Exception:  # a decoder fails on broken bytes in every way there is
        return answers.WRONG_FORMAT
    return answers.vector(model_version, values, vector_first=False)
