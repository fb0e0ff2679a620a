"""Times requests over HTTP for Prometheus, which reads them at an address of their own.

Names and buckets are those of OpenTelemetry's conventions for MCP, written as Prometheus writes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    PARSE_ERROR,
    REQUEST_TIMEOUT,
)
from mcp_types.methods import SPEC_CLIENT_METHODS
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, start_http_server
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from art_mcp.errors import ArtMcpError
from art_mcp.server.names import known

LABELS = ("mcp_method_name", "gen_ai_tool_name", "error_type", "network_transport")
BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
"""In seconds."""
HTTP_LABELS = ("http_request_method", "http_route", "http_response_status_code", "url_scheme")
HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
HTTP_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})


CODES = frozenset(
    map(
        str,
        (
            PARSE_ERROR,
            INVALID_REQUEST,
            METHOD_NOT_FOUND,
            INVALID_PARAMS,
            INTERNAL_ERROR,
            REQUEST_TIMEOUT,
            MISSING_REQUIRED_CLIENT_CAPABILITY,
        ),
    )
)
"""Of errors. A client can answer a tool's question by an error with any code, which is then that of the call."""


class Metrics:
    """What one process has measured since its start."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._duration = Histogram(
            "mcp_server_operation_duration_seconds",
            "Duration of requests of the Model Context Protocol.",
            LABELS,
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._http_duration = Histogram(
            "http_server_request_duration_seconds",
            "Duration of requests over HTTP, including refused ones.",
            HTTP_LABELS,
            buckets=HTTP_BUCKETS,
            registry=self._registry,
        )

    def listen(self, host: str, port: int) -> str:
        """Answer Prometheus from a thread until the process ends, and return the address, e.g. 127.0.0.1:9464.

        Raises:
            ArtMcpError: the address cannot be bound.
        """
        try:
            web, _ = start_http_server(port, host, self._registry)
        except OSError as error:
            raise ArtMcpError(
                f"Metrics cannot listen on {host:.60}:{port} ({error.strerror}).", "Choose another --metrics HOST:PORT."
            ) from None
        return f"{f'[{host}]' if ':' in host else host}:{web.server_port}"

    def middleware(self, tools: Callable[[], Iterable[str]]) -> ServerMiddleware[Any]:
        """Middleware of an MCP server.

        Args:
            tools: returns the names of the server's tools.
        """

        async def timed(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
            if ctx.request_id is None:  # a notification
                return await call_next(ctx)
            began, error_type = time.perf_counter(), "cancelled"
            try:
                result = await call_next(ctx)
                error_type = "tool_error" if isinstance(result, dict) and result.get("isError") else ""
                return result
            except MCPError as error:
                error_type = known(str(error.error.code), CODES)
                raise
            except Exception as error:
                error_type = type(error).__name__
                raise
            finally:
                tool = ""
                if ctx.method == "tools/call":
                    tool = known((ctx.params or {}).get("name"), frozenset(tools()))
                method = known(ctx.method, SPEC_CLIENT_METHODS)
                self._duration.labels(method, tool, error_type, "tcp").observe(time.perf_counter() - began)

        return timed

    def around(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> ASGIApp:
        """An ASGI application around all others, which times also what they refuse.

        Args:
            routes: name the paths; others are one series.
        """

        async def timed(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            began, status = time.perf_counter(), ""

            async def noted(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = str(message["status"])
                await send(message)

            try:
                await app(scope, receive, noted)
            except Exception:
                status = status or "500"  # which the server then sends
                raise
            finally:
                method = known(scope["method"], HTTP_METHODS)
                found = (each.path for each in routes if isinstance(each, Route) and each.matches(scope)[0].value)
                labels = method, next(found, ""), status, scope["scheme"]
                self._http_duration.labels(*labels).observe(time.perf_counter() - began)

        return timed
