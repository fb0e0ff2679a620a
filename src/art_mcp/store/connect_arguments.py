"""The arguments of `asyncpg.connect` for a connection string: TLS, and the parameters that other programs know."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Mapping
from typing import Any

from art_mcp.store.connection_string import malformed, parse
from art_mcp.store.errors import StoreError

_IGNORED = frozenset(
    {
        *("channel_binding", "client_encoding", "fallback_application_name", "gssdelegation", "gssencmode", "hostaddr"),
        *("keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "load_balance_hosts"),
        *(
            "max_protocol_version",
            "min_protocol_version",
            "sslcertmode",
            "sslcompression",
            "sslsni",
            "tcp_user_timeout",
        ),
        *("connection_limit", "pool_timeout", "schema", "single_use_connections", "socket_timeout"),  # Prisma
        *("sslaccept", "sslidentity"),
        *("currentschema", "logintimeout", "preparethreshold", "rewritebatchedinserts", "sockettimeout"),  # JDBC
        *("sslfactory", "tcpkeepalive"),
        *("includeerrordetail", "pooling", "trustservercertificate"),  # .NET
        *("pool_size", "prepare_threshold", "supa", "uselibpqcompat", "workaround"),
    }
)
"""Parameters of libpq and other programs that change nothing here: TLS is verified, art-mcp has a schema and a pool of
its own, and notices by a timeout that a server has gone."""
_REFUSED = ("replication", "require_auth", "requirepeer", "sslcrl", "sslcrldir")
"""Parameters that change who is trusted or what is spoken, so that they cannot be ignored."""
_PASSED = ("user", "password", "passfile", "service", "servicefile", "krbsrvname", "gsslib")
_MODES = {
    **{mode: mode for mode in ("disable", "allow", "prefer", "require", "verify-ca", "verify-full", "no-verify")},
    **{"true": "require", "1": "require", "on": "require", "false": "disable", "0": "disable", "off": "disable"},
    **{"verifyca": "verify-ca", "verifyfull": "verify-full"},
}
_NEGOTIATIONS = {"postgres": "postgres", "direct": "direct"}
_TLS_VERSIONS = {"tlsv1.2": "TLSv1.2", "tlsv1.3": "TLSv1.3"}
_SESSIONS = {mode: mode for mode in ("any", "primary", "standby", "read-write", "read-only", "prefer-standby")}
_READ = frozenset(
    {
        *(*_PASSED, "host", "port", "dbname", "options", "sslmode", "ssl", "sslrootcert", "sslcert", "sslkey"),
        *("sslpassword", "ssl_min_protocol_version", "sslnegotiation", "target_session_attrs", "connect_timeout"),
        *("pgbouncer", "statement_cache_size", "prepared_statement_cache_size"),
    }
)


def url_arguments(url: str) -> dict[str, Any]:
    """Return the arguments of `asyncpg.connect` for a connection string, with TLS required and verified by default.

    In libpq and asyncpg, `sslmode=require` encrypts without verifying the certificate, which does not stop a man in
    the middle. Here every mode but `disable` and `no-verify` verifies it. Without a mode, connections to this machine
    use no TLS. Parameters that are not known here are settings of the server, as in asyncpg.

    Raises:
        StoreError: the string or a parameter of it cannot be read, or is not supported. Secrets are not quoted.
    """
    given = parse(url)
    if name := next((name for name in _REFUSED if name in given), None):
        raise StoreError(f"art-mcp does not support the parameter {name} of ART_MCP_DATABASE_URL.", "Remove it.")
    if given.get("gssencmode") == "require":
        raise StoreError("art-mcp does not support gssencmode=require.", "Remove it; connections use TLS instead.")
    is_local = "service" not in given and _is_this_machine(given.get("host") or os.environ.get("PGHOST", ""))
    arguments: dict[str, Any] = {name: given[name] for name in _PASSED if name in given}
    arguments |= {"ssl": _tls(given, is_local)}
    if "host" in given:
        arguments["host"] = given["host"].split(",")
    if "port" in given:
        arguments["port"] = _ports(given["port"], len(arguments.get("host", [""])))
    if "dbname" in given:
        arguments["database"] = given["dbname"]
    if "target_session_attrs" in given:
        arguments["target_session_attrs"] = _one_of(given, "target_session_attrs", _SESSIONS)
    if "sslnegotiation" in given:
        arguments["direct_tls"] = _one_of(given, "sslnegotiation", _NEGOTIATIONS) == "direct"
    if seconds := _number(given, "connect_timeout"):
        arguments["timeout"] = seconds
    caches = [_number(given, name) for name in ("statement_cache_size", "prepared_statement_cache_size")]
    if given.get("pgbouncer", "").lower() == "true" or 0 in caches:
        arguments["statement_cache_size"] = 0
    settings = {name: value for name, value in given.items() if name not in _READ | _IGNORED}
    # Options that are none of the server's, such as endpoint=ID for Neon, are for the provider's proxy.
    if "options" in given and (not is_local or given["options"].lstrip().startswith("-")):
        settings["options"] = given["options"]
    return arguments | {"server_settings": settings} if settings else arguments


def _tls(given: Mapping[str, str], is_local: bool) -> ssl.SSLContext | bool:
    name = "sslmode" if "sslmode" in given else "ssl"
    mode = _one_of(given, name, _MODES) if name in given else None
    if mode == "disable" or (mode is None and is_local):
        return False
    authority = given.get("sslrootcert")
    try:
        context = ssl.create_default_context(cafile=None if authority == "system" else authority)
    except OSError:
        raise StoreError(
            "The sslrootcert file in ART_MCP_DATABASE_URL has no readable certificates.",
            "Give the path of a PEM file.",
        ) from None
    context.check_hostname = mode not in ("verify-ca", "no-verify")
    if mode == "no-verify":
        context.verify_mode = ssl.CERT_NONE
    if "sslcert" in given:
        try:
            context.load_cert_chain(given["sslcert"], given.get("sslkey"), given.get("sslpassword", ""))
        except OSError:
            raise StoreError(
                "The client certificate that sslcert and sslkey in ART_MCP_DATABASE_URL name cannot be read.",
                "Give the paths of PEM files; for the certificate of the server's authority, use sslrootcert.",
            ) from None
    if "ssl_min_protocol_version" in given:
        version = _one_of(given, "ssl_min_protocol_version", _TLS_VERSIONS)
        context.minimum_version = ssl.TLSVersion[version.replace(".", "_")]
    return context


def _one_of(given: Mapping[str, str], name: str, values: Mapping[str, str]) -> str:
    """The value of a parameter, for which `values` has the spellings."""
    try:
        return values[given[name].lower()]
    except KeyError:
        raise StoreError(
            f"The value of {name} in ART_MCP_DATABASE_URL is not supported.",
            f"Use one of {', '.join(dict.fromkeys(values.values()))}.",
        ) from None


def _number(given: Mapping[str, str], name: str) -> int | None:
    try:
        return max(0, int(given[name])) if name in given else None
    except ValueError:
        raise StoreError(f"{name} in ART_MCP_DATABASE_URL is not a whole number.", "Correct or remove it.") from None


def _ports(text: str, hosts: int) -> list[int]:
    try:
        ports = [int(port) for port in text.split(",")]
    except ValueError:
        raise malformed() from None
    if len(ports) not in (1, hosts) or not all(0 < port < 65_536 for port in ports):
        raise malformed()
    return ports if len(ports) == hosts else ports * hosts


def _is_this_machine(hosts: str) -> bool:
    """Whether connections to these hosts, separated by commas, stay on this machine."""
    for host in hosts.split(","):
        if host in ("", "localhost") or host.startswith("/"):
            continue
        try:
            if not ipaddress.ip_address(host).is_loopback:
                return False
        except ValueError:
            return False
    return True
