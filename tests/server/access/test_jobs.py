"""Who sees, continues and cancels a load: real HTTP, real clients, a real database."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from support.access import connected_with, guarded_here
from support.issuer import issuing
from support.pictures import draw_many
from support.servers import connected, served_here

from art_mcp.runtime import Runtime
from art_mcp.server.access.scopes import ADMIN, INGEST, with_implied
from art_mcp.settings import Settings
from art_mcp.store import jobs, tokens
from art_mcp.store.database import Database

pytestmark = pytest.mark.anyio

ERAS = ["legacy", "2026-07-28"]
ADA, EVE, CHIEF = "ada", "eve", "chief"
PICTURES = 3


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = await Database.open(settings)
    yield database
    await database.aclose()


@pytest.fixture
async def given(database: Database) -> dict[str, str]:
    """The tokens of two who may load collections, and of an administrator."""
    scopes = {ADA: INGEST, EVE: INGEST, CHIEF: ADMIN}
    return {
        name: (await tokens.create(database, name, sorted(with_implied([scope])), timedelta(days=1)))[0]
        for name, scope in scopes.items()
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return draw_many(tmp_path / "art", PICTURES)


async def left_by(settings: Settings, principal: str | None, folder: Path) -> uuid.UUID:
    """A job of which nothing is done yet, as a server leaves it that ends at once."""
    within = settings.image_dirs  # as the tool names them, so that it finds the job again
    async with Runtime(settings) as runtime:
        return await (await runtime.ingest()).create(folder, within=within, principal=principal)


async def asked(client: Client, **arguments: Any) -> tuple[str, dict[str, Any] | None]:
    result = await client.call_tool("ingest_collection", arguments)
    return result.content[0].text, None if result.is_error else result.structured_content


async def state_of(database: Database, job_id: uuid.UUID) -> tuple[str, int, str | None]:
    job = await jobs.get(database, job_id)
    assert job is not None
    return job.state, job.pending, job.principal


@pytest.mark.parametrize("era", ERAS)
async def test_the_job_of_another_user_is_like_one_that_does_not_exist(
    settings: Settings, given: dict[str, str], database: Database, folder: Path, era: str
) -> None:
    running, nowhere = await left_by(settings, f"token:{ADA}", folder), uuid.uuid4()
    async with guarded_here(settings) as origin:
        async with connected_with(origin, given[ADA], era) as ada:
            _, done = await asked(ada, source=str(draw_many(folder.parent / "more", 1)))
            assert done is not None
            assert done["state"] == "done"
            assert (await asked(ada, job_id=done["job_id"]))[1] == done
        async with connected_with(origin, given[EVE], era) as eve:
            for job_id in (str(running), done["job_id"]):
                for arguments in ({}, {"cancel": True}, {"plan": True}):
                    said, _ = await asked(eve, job_id=job_id, **arguments)
                    unknown, _ = await asked(eve, job_id=str(nowhere), **arguments)
                    assert said == unknown.replace(str(nowhere), job_id)
                    assert said.startswith("There is no ingest job")
            assert str(running) not in (await asked(eve))[0]
    assert await state_of(database, running) == ("running", PICTURES, f"token:{ADA}")


GUESSES = [
    "<upper>",
    "{<id>}",
    "urn:uuid:<id>",
    " <id> ",
    "%",
    "*",
    "ada",
    "token:ada",
    "' OR true --",
    "null",
    "\0",
    "0",
]


async def test_no_form_of_an_id_leads_to_the_job_of_another_user(
    settings: Settings, given: dict[str, str], database: Database, folder: Path
) -> None:
    job_id = await left_by(settings, f"token:{ADA}", folder)
    async with guarded_here(settings) as origin, connected_with(origin, given[EVE], ERAS[1]) as eve:
        for guess in GUESSES:
            text = guess.replace("<id>", str(job_id)).replace("<upper>", job_id.hex.upper())
            said, _ = await asked(eve, job_id=text, cancel=True)
            assert said.startswith("There is no ingest job"), guess
            assert await state_of(database, job_id) == ("running", PICTURES, f"token:{ADA}")


@pytest.mark.parametrize("era", ERAS)
async def test_an_administrator_sees_continues_and_cancels_the_jobs_of_all(
    settings: Settings, given: dict[str, str], database: Database, folder: Path, era: str
) -> None:
    first = await left_by(settings, f"token:{ADA}", folder)
    second = await left_by(settings, "oidc:ada\n{", draw_many(folder.parent / "more", PICTURES))
    third = await left_by(settings, None, draw_many(folder.parent / "most", PICTURES))
    async with guarded_here(settings) as origin, connected_with(origin, given[CHIEF], era) as chief:
        said, _ = await asked(chief)
        listed = [f"{first} (art, of 'token:ada')", f"{second} (more, of 'oidc:ada\\n{{')", f"{third} (most)"]
        assert said.endswith(f"Unfinished jobs: {', '.join(listed)}.")
        _, job = await asked(chief, job_id=str(first), cancel=True)
        assert job is not None
        assert (job["state"], job["pending"]) == ("cancelled", PICTURES)
        for each in (second, third):
            _, job = await asked(chief, job_id=str(each))
            assert job is not None
            assert (job["state"], job["stored"]) == ("done", PICTURES)
    assert await state_of(database, first) == ("cancelled", PICTURES, f"token:{ADA}")
    assert await state_of(database, second) == ("done", 0, "oidc:ada\n{")


@pytest.mark.parametrize("era", ERAS)
async def test_a_source_that_another_user_is_loading_is_a_job_of_its_own(
    settings: Settings, given: dict[str, str], database: Database, folder: Path, era: str
) -> None:
    job_id = await left_by(settings, f"token:{ADA}", folder)
    async with guarded_here(settings) as origin:
        async with connected_with(origin, given[EVE], era) as eve:
            _, own = await asked(eve, source=str(folder))
            assert own is not None
            assert own["job_id"] != str(job_id)
            assert own["stored"] == PICTURES
        async with connected_with(origin, given[ADA], era) as ada:
            _, job = await asked(ada, source=str(folder))
            assert job is not None
            assert (job["job_id"], job["unchanged"], job["stored"]) == (str(job_id), PICTURES, 0)
            said, _ = await asked(ada, job_id=own["job_id"])
            assert said.startswith("There is no ingest job")
    assert await state_of(database, uuid.UUID(own["job_id"])) == ("done", 0, f"token:{EVE}")


async def test_a_job_that_goes_on_elsewhere_stays_with_who_started_it(
    settings: Settings, given: dict[str, str], database: Database, folder: Path
) -> None:
    job_id = await left_by(settings, f"token:{ADA}", folder)
    async with guarded_here(settings) as origin:
        async with connected_with(origin, given[CHIEF], ERAS[1]) as chief:
            assert (await asked(chief, job_id=str(job_id)))[1]
        async with connected_with(origin, given[ADA], ERAS[1]) as ada:
            _, job = await asked(ada, job_id=str(job_id))
            assert job is not None
            assert (job["state"], job["stored"]) == ("done", PICTURES)
        async with connected_with(origin, given[EVE], ERAS[1]) as eve:
            assert (await asked(eve, job_id=str(job_id)))[1] is None
    async with Runtime(settings) as runtime:  # as the command line does
        await (await runtime.ingest()).run(job_id)
    assert await state_of(database, job_id) == ("done", 0, f"token:{ADA}")


async def test_jobs_of_the_command_line_are_the_administrators(
    settings: Settings, given: dict[str, str], folder: Path
) -> None:
    job_id = await left_by(settings, None, folder)
    async with guarded_here(settings) as origin:
        for name, seen in ((ADA, False), (CHIEF, True)):
            async with connected_with(origin, given[name], ERAS[1]) as client:
                assert bool((await asked(client, job_id=str(job_id)))[1]) is seen


async def test_without_access_control_all_jobs_are_the_one_users(settings: Settings, folder: Path) -> None:
    job_id = await left_by(settings, f"token:{ADA}", folder)
    async with connected(settings) as client:
        assert f"{job_id} (art, of 'token:ada')" in (await asked(client))[0]
    async with served_here(settings) as origin, connected_with(origin, None, ERAS[1]) as client:
        assert (await asked(client, job_id=str(job_id)))[1]


async def test_users_of_the_issuer_have_their_own_jobs_and_the_role_of_an_administrator(
    settings: Settings, given: dict[str, str], folder: Path
) -> None:
    job_id = await left_by(settings, f"token:{ADA}", folder)
    with issuing() as issuer:
        async with guarded_here(settings, oidc_issuer=issuer.name) as origin:

            async def sees(wanted: object, **claims: Any) -> bool:
                token = issuer.token(aud=f"{origin}/mcp", scope="art:ingest", **claims)
                async with connected_with(origin, token, ERAS[1]) as client:
                    return (await asked(client, job_id=str(wanted)))[1] is not None

            assert not await sees(job_id, sub=ADA)  # the same name, but not of a token
            assert not await sees(job_id, sub=f"token:{ADA}")
            assert not await sees(job_id, sub="root", roles=["art:ingest"])
            assert await sees(job_id, sub="root", roles=["art:admin"])
            own = await left_by(settings, f"oidc:{ADA}", draw_many(folder.parent / "more", 1))
            assert await sees(own, sub=ADA)
            assert not await sees(own, sub=EVE)
            async with connected_with(origin, given[ADA], ERAS[1]) as client:
                assert (await asked(client, job_id=str(own)))[1] is None
            async with httpx2.AsyncClient() as http:  # clients ask the issuer for every scope that is named here
                metadata = (await http.get(f"{origin}/.well-known/oauth-protected-resource/mcp")).json()
            assert ADMIN not in metadata["scopes_supported"]
