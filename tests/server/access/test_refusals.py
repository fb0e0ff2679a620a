"""What is logged and measured of refused requests: real HTTP, a real database."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.access import guarded_here
from support.servers import served_here

from art_mcp.server.access.refusals import LINES_A_MINUTE, Refusals
from art_mcp.server.access.scopes import READ
from art_mcp.server.metrics import Metrics
from art_mcp.settings import Settings
from art_mcp.store import tokens
from art_mcp.store.database import Database

pytestmark = pytest.mark.anyio

HEADERS = {"Accept": "application/json, text/event-stream"}
INGEST = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ingest_collection", "arguments": {}}}
NEW_ERA = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "x" * 500}
NO_TOKEN = "Send a token: Authorization: Bearer TOKEN."
CALLED = {"method": "tools/call", "tool": "ingest_collection"}


@pytest.fixture(autouse=True)
def listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "art_mcp.audit")


@pytest.fixture
async def reader(settings: Settings) -> str:
    database = await Database.open(settings)
    token = (await tokens.create(database, "ada", [READ], timedelta(days=1)))[0]
    await database.aclose()
    return token


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    found = [json.loads(record.getMessage()) for record in caplog.records if record.name == "art_mcp.audit"]
    for line in found:
        assert datetime.fromisoformat(line.pop("time")).utcoffset() == timedelta(0)
        assert line.pop("outcome") == "refused"
    return found


async def test_a_line_says_who_was_refused_what_and_why(
    settings: Settings, reader: str, caplog: pytest.LogCaptureFixture
) -> None:
    bearer = {"Authorization": f"Bearer {reader}"}
    secret = "art_reader_secret"
    async with guarded_here(settings, calls_a_minute=1) as origin, httpx2.AsyncClient(headers=HEADERS) as http:
        url = f"{origin}/mcp"
        answers = [
            await http.post(url, json=INGEST),
            await http.post(url, json=INGEST, headers=NEW_ERA),
            await http.post(url, json=INGEST, headers={"Authorization": f"Bearer {secret}"}),
            await http.post(f"{url}?access_token={secret}", json=INGEST),
            await http.post(url, json=INGEST, headers=bearer),
            await http.post(url, json=INGEST, headers=bearer),
            await http.get(f"{origin}/health", headers={"Host": "evil.example"}),
            await http.get(f"{origin}/health", headers={"Origin": "https://evil.example"}),
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 400, 403, 429, 421, 403]
    found = lines(caplog)
    assert found.pop(5).pop("reason").startswith("Too many calls. A user may make 1 calls a minute.")
    assert found == [
        {"principal": None, "status": 401, "reason": NO_TOKEN},  # before 2026-07-28, the body is not read
        {"principal": None, "method": "tools/call", "tool": "x" * 100, "status": 401, "reason": NO_TOKEN},
        {"principal": None, "status": 401, "reason": "The token is not valid here, or has expired."},
        {
            "principal": None,
            "status": 400,
            "reason": "Send the token in the Authorization header: addresses are logged on their way.",
        },
        {
            "principal": "token:ada",
            **CALLED,
            "status": 403,
            "reason": "The token lacks the scope art:ingest.",
        },
        {"principal": None, "status": 421, "reason": "Invalid Host header"},
        {"principal": None, "status": 403, "reason": "Invalid Origin header"},
    ]
    for hidden in (secret, reader, reader.split("_", 2)[2]):
        assert hidden not in "".join(record.getMessage() for record in caplog.records)


async def test_nothing_is_logged_if_the_setting_says_so(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    async with guarded_here(settings, audit="none") as origin, httpx2.AsyncClient(headers=HEADERS) as http:
        assert (await http.post(f"{origin}/mcp", json=INGEST)).status_code == 401
    assert lines(caplog) == []


def test_a_flood_is_counted_instead_of_logged(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    refusals = Refusals(Settings(audit="sizes"), clock=lambda: now[0])
    for _ in range(1000):
        refusals.log(401, "no")
    assert len(lines(caplog)) == LINES_A_MINUTE
    caplog.clear()
    now[0] = 60
    refusals.log(401, "no")
    refusals.log(401, "no")
    assert [line.get("left_out") for line in lines(caplog)] == [1000 - LINES_A_MINUTE, None]


async def test_requests_are_measured_by_method_route_and_status(settings: Settings) -> None:
    metrics = Metrics()
    address = metrics.listen("127.0.0.1", 0)

    def guarded(given: Settings, origin: str) -> Settings:
        return given.model_copy(update={"public_url": origin})

    async with served_here(settings, guarded, metrics=metrics) as origin, httpx2.AsyncClient() as http:
        await http.post(f"{origin}/mcp", json=INGEST)
        await http.get(f"{origin}/health", headers={"Host": "evil.example"})
        await http.get(f"{origin}/upload/secret")
        for path in ("1", "2"):  # what does not exist makes one series, however many names it has
            await http.request(path, f"{origin}/{path}")
    async with httpx2.AsyncClient() as http:
        read = (await http.get(f"http://{address}/metrics")).text
    assert "secret" not in read
    found = {}
    for family in text_string_to_metric_families(read):
        for sample in family.samples:
            if sample.name == "http_server_request_duration_seconds_count":
                assert sample.labels["url_scheme"] == "http"
                keys = ("http_request_method", "http_route", "http_response_status_code")
                found[tuple(sample.labels[key] for key in keys)] = sample.value
    assert found == {
        ("POST", "/mcp", "401"): 1,
        ("GET", "/health", "421"): 1,
        ("GET", "/upload/{token}", "404"): 1,
        ("_OTHER", "", "401"): 2,
    }
