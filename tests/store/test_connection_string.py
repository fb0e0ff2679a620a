"""Connection strings as providers and other programs hand them out."""

from __future__ import annotations

import ssl
from typing import Any

import asyncpg
import pytest
from support.postgres import administer, url_of

from art_mcp.settings import Settings
from art_mcp.store.connect_arguments import url_arguments
from art_mcp.store.database import Database
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.errors import StoreError, explain, explain_connect

CANARY = "c4nary"
AZURE = "db.postgres.database.azure.com"
NEON = "ep-1.eu-central-1.aws.neon.tech"
STRINGS = {
    "Neon": (f"postgresql://al:pw@{NEON}/d?sslmode=require&channel_binding=require", (NEON, 5432, "al", "pw", "d")),
    "Neon, for psql": (f"psql 'postgresql://al:pw@{NEON}/d'", (NEON, 5432, "al", "pw", "d")),
    "Supabase": (
        "postgresql://postgres.abc:p@s/s#1?2@aws-0.pooler.supabase.com:6543/postgres?pgbouncer=true",
        ("aws-0.pooler.supabase.com", 6543, "postgres.abc", "p@s/s#1?2", "postgres"),
    ),
    "Heroku": ("postgres://u:pw@ec2-1.amazonaws.com:5432/d", ("ec2-1.amazonaws.com", 5432, "u", "pw", "d")),
    "Azure": (f"postgres://me%40db:p%21w@{AZURE}/d?sslmode=require", (AZURE, 5432, "me@db", "p!w", "d")),
    "Azure, not encoded": (f"postgres://me@db:pw@{AZURE}/d?sslmode=require", (AZURE, 5432, "me@db", "pw", "d")),
    "Azure, libpq": (
        rf"host={AZURE} port=5433 dbname=d user=me@db password='p \'w'",
        (AZURE, 5433, "me@db", "p 'w", "d"),
    ),
    "Azure, .NET": (f"Server={AZURE};Database=d;Port=5432;User Id=me;Password=pw;", (AZURE, 5432, "me", "pw", "d")),
    "SQLAlchemy": ("postgresql+asyncpg://u:pw@h.org/d?ssl=require", ("h.org", 5432, "u", "pw", "d")),
    "JDBC": ("jdbc:postgresql://h.org/d?user=u&password=p%26w&ssl=true", ("h.org", 5432, "u", "p&w", "d")),
    "a @ in the query": ("postgresql://h.org/d?user=me@db&password=p@w", ("h.org", 5432, "me@db", "p@w", "d")),
    "a number before a slash": ("postgresql://u:12/3@h.org/d", ("h.org", 5432, "u", "12/3", "d")),
    "a number before a question mark": ("postgresql://u:12?3@h.org/d", ("h.org", 5432, "u", "12?3", "d")),
    "percents": ("postgresql://u:100%sure@h.org/d", ("h.org", 5432, "u", "100%sure", "d")),
    "brackets": ("postgresql://u:[pw]@h.org:1/d", ("h.org", 1, "u", "[pw]", "d")),
    "in quotes": ('"postgresql://u:pw@h.org/d"', ("h.org", 5432, "u", "pw", "d")),
    "IPv6": ("postgresql://u:pw@[fd00::1]:5433/d", ("fd00::1", 5433, "u", "pw", "d")),
}


@pytest.mark.parametrize(("text", "parts"), STRINGS.values(), ids=STRINGS)
def test_every_form_names_the_same_things(text: str, parts: tuple[object, ...]) -> None:
    given = url_arguments(text)
    (host,), (port,) = given["host"], given.get("port", [5432])
    assert (host, port, given["user"], given["password"], given["database"]) == parts
    assert given["ssl"].verify_mode is ssl.CERT_REQUIRED


def test_several_hosts() -> None:
    given = url_arguments("postgresql://u@h1:1,h2:2/d?target_session_attrs=primary")
    assert (given["host"], given["port"], given["target_session_attrs"]) == (["h1", "h2"], [1, 2], "primary")
    assert url_arguments("postgresql://u@h1,h2/d?port=7")["port"] == [7, 7]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("channel_binding=require&gssencmode=prefer&keepalives_idle=30&tcp_user_timeout=9", {}),
        ("schema=public&connection_limit=1&pool_timeout=0&sslaccept=strict", {}),
        ("pgbouncer=true", {"statement_cache_size": 0}),
        ("prepared_statement_cache_size=0", {"statement_cache_size": 0}),
        ("connect_timeout=30", {"timeout": 30}),
        ("connect_timeout=0", {}),
        ("sslnegotiation=direct", {"direct_tls": True}),
        ("application_name=a&search_path=x", {"server_settings": {"application_name": "a", "search_path": "x"}}),
        ("options=-csearch_path%3Dx", {"server_settings": {"options": "-csearch_path=x"}}),
        ("options=endpoint%3Dep-1", {"server_settings": {"options": "endpoint=ep-1"}}),
    ],
)
def test_what_only_other_programs_know_is_translated_or_left_out(query: str, expected: dict[str, Any]) -> None:
    given = url_arguments(f"postgresql://u:pw@h.org/d?{query}")
    plain = {"host": ["h.org"], "user": "u", "password": "pw", "database": "d"}
    assert {name: value for name, value in given.items() if name != "ssl"} == plain | expected


def test_a_hint_to_a_proxy_is_not_sent_to_a_server_on_this_machine() -> None:
    assert "server_settings" not in url_arguments("postgresql://u@127.0.0.1/d?options=endpoint%3Dep-1")


def test_tls_can_be_left_unverified_only_by_saying_so() -> None:
    context = url_arguments("postgres://u:pw@h.org/d?sslmode=no-verify")["ssl"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)
    assert url_arguments("postgres://u:pw@h.org/d?ssl=false")["ssl"] is False
    context = url_arguments("postgres://u:pw@h.org/d?sslrootcert=system&ssl_min_protocol_version=TLSv1.3")["ssl"]
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"postgresql://u:{CANARY}@h/d?sslcrl=x", "does not support the parameter sslcrl"),
        (f"postgresql://u:{CANARY}@h/d?gssencmode=require", "does not support gssencmode=require"),
        (f"postgresql://u:{CANARY}@h/d?sslmode={CANARY}", "sslmode .* is not supported. Use one of disable, .*verify"),
        (f"postgresql://u:{CANARY}@h/d?connect_timeout={CANARY}", "connect_timeout .* is not a whole number"),
        (f"postgresql://u:{CANARY}@h/d?sslcert=/none", "client certificate .* cannot be read"),
        (f"postgresql://u:{CANARY}@h/d?{CANARY}", "is not a PostgreSQL URL"),
        (f"host=h password='{CANARY}", "is not a PostgreSQL URL"),
        (f"postgresql://u:{CANARY}@h1,h2/d?port=1,2,3", "is not a PostgreSQL URL"),
        (f"prisma://h/?api_key={CANARY}", "is not a PostgreSQL URL"),
        ("postgresql://u:[YOUR-PASSWORD]@h/d", "is a placeholder"),
        ("host=h user=u password={your_password}", "is a placeholder"),
    ],
)
def test_what_is_refused_is_named_and_secrets_are_not(text: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as caught:
        url_arguments(text)
    assert CANARY not in str(caught.value)


@pytest.mark.anyio
async def test_a_real_server_is_reached_by_such_strings(postgres: EmbeddedServer, database_url: str) -> None:
    name = database_url.partition("@/")[2].partition("?")[0]
    host, port = postgres.connect_args["host"], postgres.connect_args.get("port", 5432)
    for text in (
        f"{database_url}&channel_binding=prefer&options=endpoint%3Dep-1&schema=public&connection_limit=1",
        f"{database_url}&options=-csearch_path%3Dpublic&gssencmode=disable&target_session_attrs=read-write",
        database_url.replace("postgresql://", "postgresql+psycopg://"),
        f"host='{host}' port={port} dbname={name} user=postgres",
    ):
        await (await Database.open(Settings(database_url=text))).aclose()
    for query, said in {
        "foo=bar": "does not accept the parameter foo",
        "statement_timeout=x": "does not accept the parameter statement_timeout",
        "target_session_attrs=standby": "No server .* target_session_attrs",
    }.items():
        with pytest.raises(StoreError, match=said):
            await Database.open(Settings(database_url=f"{database_url}&{query}"))


@pytest.mark.anyio
@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_that_cannot_store_every_text(postgres: EmbeddedServer, encoding: str) -> None:
    name = f"test_{encoding.lower()}"
    create = f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'"
    await administer(postgres, create)
    with pytest.raises(StoreError, match=f"encoding {encoding}.* needs UTF8. Create another one"):
        await Database.open(Settings(database_url=url_of(postgres, name)))
    if encoding == "LATIN1":
        connection = await asyncpg.connect(url_of(postgres, name))
        with pytest.raises(asyncpg.UntranslatableCharacterError) as caught:
            await connection.fetchval("SELECT $1::text", "葛飾北斎")
        assert "encoding cannot store a character" in str(explain(caught.value))
        await connection.close()
    await administer(postgres, f"DROP DATABASE {name}")


@pytest.mark.anyio
async def test_a_database_without_pgvector_any_more(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("DROP EXTENSION vector CASCADE")
    with pytest.raises(StoreError, match="pgvector was removed"):
        async with database.connection() as connection:
            await connection.execute("SELECT '[1]'::halfvec")


def test_a_server_that_wants_tls_or_does_not_know_this_machine() -> None:
    refused = asyncpg.InvalidAuthorizationSpecificationError
    assert "requires TLS" in str(explain_connect(refused('no pg_hba.conf entry for host "::1", no encryption')))
    assert "from this machine" in str(explain_connect(refused('no pg_hba.conf entry for host "::1", SSL on')))
    assert "user name or password" in str(explain_connect(refused('role "u" does not exist')))
