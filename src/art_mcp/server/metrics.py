"""Times requests over HTTP for Prometheus, which reads them at an address of their own.

Names and buckets are those of OpenTelemetry's conventions for MCP, written as Prometheus writes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from mcp.shared.exceptions import MCPError
from mcp_types.methods import SPEC_CLIENT_METHODS
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, start_http_server

from art_mcp.errors import ArtMcpError

if TYPE_CHECKING:
    from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext

LABELS = ("mcp_method_name", "gen_ai_tool_name", "error_type", "network_transport")
BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
"""In seconds."""
OTHER = "_OTHER"
"""A method or a tool that does not exist, so that callers cannot make as many series as they like."""


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
                error_type = str(error.error.code)
                raise
            except Exception as error:
                error_type = type(error).__name__
                raise
            finally:
                tool = ""
                if ctx.method == "tools/call":
                    name = (ctx.params or {}).get("name")
                    tool = name if isinstance(name, str) and name in tools() else OTHER
                method = ctx.method if ctx.method in SPEC_CLIENT_METHODS else OTHER
                self._duration.labels(method, tool, error_type, "tcp").observe(time.perf_counter() - began)

        return timed
