"""Exports spans of requests by OpenTelemetry: those of the SDK, a span a message, and within them our own steps.

All of it is set by the standard variables (OTEL_*), which the libraries read.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version

from mcp_types.methods import SPEC_CLIENT_METHODS
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from art_mcp import steps
from art_mcp.server.app import ArtServer
from art_mcp.server.names import known
from art_mcp.server.sdk import prompts_of, tools_of

FLUSH_WITHIN_S = 1
"""Clients kill a server over stdio 2 s after they have closed its input."""
MAX_CHARACTERS = 4000
"""Of an attribute: callers choose some of them, such as the id of a request."""

_tracer = trace.get_tracer("art-mcp")


@contextmanager
def exporting(server: ArtServer) -> Iterator[None]:
    """Export spans until the end of the block, and then for `FLUSH_WITHIN_S` seconds those that are left.

    Once a process, since OpenTelemetry keeps its provider.
    """
    # They log headers, which may have a key, and each time that they try again.
    logging.getLogger("opentelemetry.util.re").setLevel(logging.ERROR)
    logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)
    limits = SpanLimits(max_attribute_length=MAX_CHARACTERS)
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False, span_limits=limits)
    provider.add_span_processor(_Named(server))
    trace.set_tracer_provider(provider)
    logging.setLogRecordFactory(_with_trace_id(logging.getLogRecordFactory()))
    steps.measure_with(_span)
    try:
        yield
    finally:
        steps.measure_with(None)
        ending = threading.Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(FLUSH_WITHIN_S)


class Continued:
    """An ASGI application around another one, that continues the trace named in a request's headers (W3C).

    The SDK prefers the trace that a message names in `_meta`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else {}
        token = context.attach(self._propagator.extract(headers))
        try:
            await self._app(scope, receive, send)
        finally:
            context.detach(token)


class _Named(BatchSpanProcessor):
    """Exports spans in batches, with names from closed sets: the SDK takes whatever a caller writes."""

    def __init__(self, server: ArtServer) -> None:
        super().__init__(OTLPSpanExporter())
        self._offered: dict[str, Callable[[], Container[str]]] = {
            "gen_ai.tool.name": partial(tools_of, server),
            "gen_ai.prompt.name": partial(prompts_of, server),
        }

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        said = dict(span.attributes or {})
        if span.kind is trace.SpanKind.SERVER and "mcp.method.name" in said:
            names = {"mcp.method.name": known(said["mcp.method.name"], SPEC_CLIENT_METHODS)}
            names |= {key: known(said[key], offered()) for key, offered in self._offered.items() if key in said}
            span.set_attributes(names)
            span.update_name(" ".join(names.values()))


@contextmanager
def _span(name: str, attributes: steps.Attributes) -> Iterator[None]:
    with _tracer.start_as_current_span(
        name, attributes=dict(attributes), record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception as error:  # without its message, which may quote a question
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(trace.StatusCode.ERROR)
            raise


def _resource() -> Resource:
    """What the spans are of; its name is `art-mcp`, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES names it."""
    found = Resource.create({"service.version": version("art-mcp")})
    if str(found.attributes["service.name"]).startswith("unknown_service"):
        return found.merge(Resource({"service.name": "art-mcp"}))
    return found


def _with_trace_id(make: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    """Let records know the trace to which they belong."""

    def record(*arguments: object, **named: object) -> logging.LogRecord:
        made = make(*arguments, **named)
        current = trace.get_current_span().get_span_context()
        if current.is_valid:
            made.trace_id = trace.format_trace_id(current.trace_id)
        return made

    return record
