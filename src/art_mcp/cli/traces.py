"""Whether a server exports spans, as OpenTelemetry's standard variables say."""

from __future__ import annotations

import logging
import os

from art_mcp import server as serving
from art_mcp.installation import how_to_add

log = logging.getLogger("art_mcp.traces")

PROTOCOL = "http/protobuf"


def are_exported() -> bool:
    """Whether the variables request spans and they can be exported; if they cannot, say why.

    That is not an error, because the variables may be meant for the client that started this server.
    """
    if not _are_wanted():
        return False
    exporter = _variable("OTEL_TRACES_EXPORTER") or "otlp"
    protocol = _variable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or _variable("OTEL_EXPORTER_OTLP_PROTOCOL") or PROTOCOL
    if (exporter, protocol) != ("otlp", PROTOCOL):
        log.warning(
            "No spans are exported, because the environment selects %.40r over %.40r. Set OTEL_TRACES_EXPORTER=otlp, "
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=%s and OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or "
            "OTEL_TRACES_EXPORTER=none.",
            *(exporter, protocol, PROTOCOL),
        )
        return False
    try:
        return bool(serving.tracing)
    except ModuleNotFoundError:
        log.warning(
            "No spans are exported, because the exporter is not installed. Run: %s, or set OTEL_TRACES_EXPORTER=none.",
            how_to_add("otel"),
        )
        return False


def _are_wanted() -> bool:
    """Without a variable, export nothing, unlike OpenTelemetry, which then exports to this machine."""
    if _variable("OTEL_SDK_DISABLED").lower() == "true":
        return False
    if exporter := _variable("OTEL_TRACES_EXPORTER"):
        return exporter != "none"
    return bool(_variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or _variable("OTEL_EXPORTER_OTLP_ENDPOINT"))


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()
