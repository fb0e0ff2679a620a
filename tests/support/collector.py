"""A stand-in for an OpenTelemetry collector: it receives spans over OTLP/HTTP, in their real encoding."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class Received:
    """A span."""

    name: str
    scope: str
    """The library that made it."""
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    failed: bool


@dataclass
class Collector:
    """What has arrived."""

    url: str
    spans: list[Received] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        """With which a program exports its spans to it."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url}

    def named(self, name: str) -> Received:
        """The only span of this name."""
        (found,) = (span for span in self.spans if span.name == name)
        return found

    def _take(self, body: bytes) -> None:
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append(_read(of_resource.resource.attributes))
            for of_scope in of_resource.scope_spans:
                self.spans += [
                    Received(
                        span.name,
                        of_scope.scope.name,
                        span.trace_id.hex(),
                        span.span_id.hex(),
                        span.parent_span_id.hex(),
                        _read(span.attributes),
                        span.status.code == span.status.STATUS_CODE_ERROR,
                    )
                    for span in of_scope.spans
                ]


@contextmanager
def collecting(*, status: int = 200) -> Iterator[Collector]:
    """A collector that answers with this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            collector.headers.append(dict(self.headers))
            collector.bodies.append(body)
            collector._take(body)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing: the output is the test's."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        collector = Collector(f"http://127.0.0.1:{web.server_port}")
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield collector
        web.shutdown()


def _read(attributes: Any) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return [_value(each) for each in value.array_value.values] if kind == "array_value" else getattr(value, kind)
