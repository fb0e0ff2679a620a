"""Reads the connection string of a PostgreSQL database in the forms that providers and other programs hand out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from art_mcp.store.errors import URL_FORM, StoreError

_SCHEME = re.compile(r"(?:jdbc:)?(?:postgres(?:ql)?|pgsql)(?:\+\w+)?://", re.IGNORECASE)
_HOST = r"(?:\[[0-9a-f:.%]+\]|[\w.%-]*)(?::\d*)?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*", re.IGNORECASE)
_PAIR = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)", re.DOTALL)
_SEMICOLONS = re.compile(r"[\w ]+=[^;]*;\s*([\w ]+=|$)")
_PLACEHOLDER = re.compile(r"[\[{<]?(your[-_ ]?)?(db[-_ ]?)?password[\]}>]|your[-_ ]?password|\*+", re.IGNORECASE)
_SYNONYMS = {
    "database": "dbname",
    "server": "host",
    "userid": "user",
    "username": "user",
    "uid": "user",
    "pwd": "password",
}


def parse(text: str) -> dict[str, str]:
    """The parameters of a connection string, by libpq's names in lower case; `host` and `port` may be lists.

    Reads URLs, including those of JDBC and SQLAlchemy, `key=value` pairs of libpq, and `Key=Value;` pairs of .NET. A
    password in a URL may contain `@`, `/`, `?` and `#`, although these should be percent-encoded.

    Raises:
        StoreError: it is none of these, or its password is a placeholder; the message quotes nothing of it.
    """
    text = text.strip().removeprefix("psql ").strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    if scheme := _SCHEME.match(text):
        pairs = _of_url(text[scheme.end() :])
    elif _SEMICOLONS.match(text):
        pairs = [(name, value.strip(" '\"")) for name, _, value in (each.partition("=") for each in text.split(";"))]
    else:
        pairs = _of_pairs(text)
    found = {}
    for name, value in pairs:
        plain = name.lower().replace(" ", "")
        if value:
            found[_SYNONYMS.get(plain, plain)] = value
    if not found or "\0" in text:
        raise malformed()
    if _PLACEHOLDER.fullmatch(found.get("password", "")):
        raise StoreError(
            "The password in ART_MCP_DATABASE_URL is a placeholder.", "Replace it with the database user's password."
        )
    return found


def malformed() -> StoreError:
    """The error for a string that is no connection string."""
    return StoreError("ART_MCP_DATABASE_URL is not a PostgreSQL URL.", f"Use the form {URL_FORM}.")


def _of_url(rest: str) -> Iterable[tuple[str, str]]:
    at = _at(rest)
    user, _, password = rest[: max(at, 0)].partition(":")
    hosts, path, query = _parts(rest[at + 1 :])
    if not _HOSTS.fullmatch(hosts):
        raise malformed()
    named = [host.rpartition(":") if re.search(r":\d*$", host) else (host, "", "") for host in hosts.split(",")]
    if len(named) > 1 and not all(host for host, _, _ in named):
        raise malformed()
    yield "host", ",".join(unquote(host.strip("[]")) for host, _, _ in named)
    if any(port for _, _, port in named):
        yield "port", ",".join(port or "5432" for _, _, port in named)
    yield "user", unquote(user)
    yield "password", unquote(password)
    yield "dbname", unquote(path.removeprefix("/"))
    for each in filter(None, query.split("&")):
        name, equals, value = each.partition("=")
        if not equals:
            raise malformed()
        yield unquote(name), unquote(value)


def _at(rest: str) -> int:
    """Position of the @ before the hosts; -1 if there is none.

    It is the last one before the first slash or question mark, unless the password seems to contain these.
    """
    hosts, path, query = _parts(rest)
    at = hosts.rfind("@")
    is_query = re.fullmatch(r"(([\w.%-]+=[^&]*)?(&|$))*", query)
    names_user = at >= 0 or re.search(r"(^|&)(user|password)=", query, re.IGNORECASE)
    if _HOSTS.fullmatch(hosts[at + 1 :]) and "@" not in path and ("@" not in query or (is_query and names_user)):
        return at
    ends = [place for place, character in enumerate(rest) if character == "@"]
    return next((place for place in reversed(ends) if _HOSTS.fullmatch(_parts(rest[place + 1 :])[0])), at)


def _parts(text: str) -> tuple[str, str, str]:
    """What is before the first slash or question mark, the path after it, and the query."""
    place, _, query = text.partition("?")
    hosts, slash, path = place.partition("/")
    return hosts, slash + path, query


def _of_pairs(text: str) -> Iterable[tuple[str, str]]:
    place = 0
    while place < len(text):
        pair = _PAIR.match(text, place)
        if pair is None:
            raise malformed()
        yield pair[1], re.sub(r"\\(.)", r"\1", pair[2] or pair[3] or "", flags=re.DOTALL)
        place = pair.end()
