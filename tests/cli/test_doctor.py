"""`art-mcp doctor` as a user runs it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from support.command import art_mcp, art_mcp_here
from support.postgres import administer, url_of

from art_mcp.settings import Settings
from art_mcp.store import schema
from art_mcp.store.embedded import EmbeddedServer


@pytest.mark.slow
def test_doctor_finds_what_is_right_and_what_is_wrong(database_url: str, tmp_path: Path) -> None:
    environment = {"ART_MCP_DATABASE_URL": database_url, "ART_MCP_IMAGE_DIRS": str(tmp_path)}
    done = art_mcp("doctor", "--json", **environment)
    assert done.returncode == 0, done.stdout
    assert {finding["name"] for finding in json.loads(done.stdout)} == {
        "program",
        "settings",
        "readable folder",
        "database",
        "model",
    }
    done = art_mcp_here(
        "doctor",
        ART_MCP_DATABASE_URL="postgresql://u:c4nary@127.0.0.1:1/x",
        ART_MCP_IMAGE_DIRS=str(tmp_path / "none"),
        ART_MCP_TYPO="1",
    )
    assert done.returncode == 1
    assert "FAIL settings: ART_MCP_TYPO is not a setting" in done.stdout
    assert f"FAIL readable folder: {tmp_path / 'none'}" in done.stdout
    assert "FAIL database: from ART_MCP_DATABASE_URL: The database cannot be reached." in done.stdout
    assert "ok   model" in done.stdout
    assert "c4nary" not in done.stdout + done.stderr


def test_doctor_names_the_file_of_settings_and_what_is_wrong_in_it(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "my.env"
    file.write_text(f"ART_MCP_DATABASE_URL={database_url}\nART_MCP_VISON=azure\n")
    done = art_mcp_here("--env-file", str(file), "doctor")
    assert f"ok   settings: {file} is read\n" in done.stdout
    assert "FAIL settings: ART_MCP_VISON is not a setting; did you mean ART_MCP_VISION?\n" in done.stdout
    assert "ok   database: from ART_MCP_DATABASE_URL" in done.stdout


def test_doctor_says_what_kind_of_server_it_is(postgres: EmbeddedServer, loaded: Settings) -> None:
    assert loaded.database_url
    url = loaded.database_url.get_secret_value()
    name = url.partition("@/")[2].partition("?")[0]
    done = art_mcp_here("doctor", ART_MCP_DATABASE_URL=f"{url}&channel_binding=prefer")
    assert re.search(r"ok   database: .* 12 paintings; .*; PostgreSQL \d+\.\d+ with pgvector [\d.]+\n", done.stdout)
    asyncio.run(administer(postgres, f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    done = art_mcp_here("doctor", ART_MCP_DATABASE_URL=url)
    assert "; it is read-only\n     Searches work. To load, connect to the primary server." in done.stdout
    done = art_mcp_here("doctor", ART_MCP_DATABASE_URL=f"{url}&nothing=1")
    assert "FAIL database: from ART_MCP_DATABASE_URL: The database does not accept the parameter nothing" in done.stdout


def test_doctor_says_whether_servers_can_share_an_address(database_url: str) -> None:
    key = "c4nary" * 6
    for variables, said in (
        ({}, None),
        ({"ART_MCP_PUBLIC_URL": "https://art.example.org"}, "the server keeps sessions, so no other server can share"),
        ({"ART_MCP_SECRET_KEY": key}, "the server keeps no sessions, so several can share an address\n"),
        ({"ART_MCP_SECRET_KEY": key, "ART_MCP_STATELESS": "false"}, "the server keeps sessions, so no other server"),
        (
            {"ART_MCP_STATELESS": "true"},
            "address\n     If several servers share an address, give all of them the same ART_MCP_SE",
        ),
    ):
        done = art_mcp_here("doctor", ART_MCP_DATABASE_URL=database_url, **variables)
        assert done.returncode == 0 and "c4nary" not in done.stdout
        assert (said or "ok   model") in done.stdout and ("over HTTP" in done.stdout) is bool(said)


def test_doctor_names_an_encoding_that_cannot_store_every_text(
    postgres: EmbeddedServer, loaded: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "test_doctor_latin1"
    create = f"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'"
    asyncio.run(administer(postgres, create))
    done = art_mcp_here("doctor", ART_MCP_DATABASE_URL=url_of(postgres, name))
    assert "FAIL database: from ART_MCP_DATABASE_URL: The database has the encoding LATIN1" in done.stdout
    with monkeypatch.context() as older:  # one that an older version began to use
        older.setattr(schema, "ENCODING", "LATIN1")
        art_mcp_here("doctor", ART_MCP_DATABASE_URL=url_of(postgres, name))
    done = art_mcp_here("doctor", ART_MCP_DATABASE_URL=url_of(postgres, name))
    assert "its encoding is LATIN1, so it rejects many names and texts" in done.stdout
    asyncio.run(administer(postgres, f"DROP DATABASE {name} WITH (FORCE)"))
