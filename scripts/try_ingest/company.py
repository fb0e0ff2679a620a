"""Loads in which others take part: a second process, and a chat client that loses its patience."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from figures import Figure, Outcome, exactly
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import TextContent
from try_ingest.interruptions import wanted_paintings
from try_ingest.place import Place, Rows, place

from art_mcp.vision.azure import AzureClient

SHARED_RATE = 15
"""Calls a second: little enough that the service, and not the processor, is what is waited for."""
SLOW_S = 90
"""What a load takes that outlasts a client's patience."""
PATIENCE_S = 5
"""After this the client takes one call back. What it is told within 30 s needs less than the minute that it would
wait, so to give up in the middle it has to be hastier."""
ANSWERED_WITHIN_S = 30


def two(source: Path, wanted: Rows, calls: int) -> Outcome:
    """Two processes work on one job from its start, with a service slower than this machine."""
    with place(source, rate=SHARED_RATE) as here:
        started = time.monotonic()
        here.load()
        alone = time.monotonic() - started
    with place(source, rate=SHARED_RATE) as here:
        started = time.monotonic()
        first = here.start()
        second = here.start()  # the same source: it finds the first one's job
        jobs = [first.end() or {}, second.end() or {}]
        took = time.monotonic() - started
        return Outcome(
            [
                exactly("jobs that they made", len({job.get("job_id") for job in jobs}), 1),
                exactly("pictures billed more than once", here.billed_again(), 0),
                Figure("time", took, "s"),
                Figure("time of one process alone", alone, "s"),
                Figure("time against that of one process", took / alone, "x", most=1.25),
                *here.compared(wanted, calls),
            ],
            [*first.said, *second.said],
        )


def chat(source: Path, wanted: Rows, calls: int) -> Outcome:
    """A chat client loads through the tool, cancels a call, asks again, and returns after it was closed."""
    with place(source, rate=max(2, round(calls / SLOW_S))) as here:
        figures, said = anyio.run(_converse, here)
        whole = wanted_paintings(wanted)
        # A client that is closed gives its server two seconds, and then cuts off what is under way.
        return Outcome([*figures(whole), *here.compared(wanted, calls, most=AzureClient.calls_in_flight)], said)


async def _converse(here: Place) -> tuple[Callable[[int], list[Figure]], list[str]]:
    """What is measured, as figures once the number of paintings is known, and what the client was told."""
    server = StdioServerParameters(command=sys.executable, args=["-m", "art_mcp"], env=here.environment())
    times: list[float] = []
    said: list[str] = []

    async def ask(client: Client, **arguments: str) -> dict[str, Any]:
        began = time.monotonic()
        answer = await client.call_tool("ingest_collection", arguments)
        times.append(time.monotonic() - began)
        text = answer.content[0]
        assert isinstance(text, TextContent) and not answer.is_error, text
        said.append(text.text.replace("\n", " "))
        found: dict[str, Any] = answer.structured_content
        assert sum(found[count] for count in ("stored", "unchanged", "refused", "pending")) == found["total"], found
        return found

    async with Client(stdio_client(server)) as client:
        first = await ask(client, source=str(here.source))
        with anyio.move_on_after(PATIENCE_S) as impatient:
            await client.call_tool("ingest_collection", {"job_id": first["job_id"]})
        before = here.standin.calls.billed()
        await anyio.sleep(2)
        meanwhile = here.standin.calls.billed() - before
        again = await ask(client, source=str(here.source))
        twice = here.billed_again()
    async with Client(stdio_client(server)) as client:  # the server ended with its client
        job = await ask(client, job_id=first["job_id"])
        while job["state"] == "running":
            job = await ask(client, job_id=first["job_id"])

    def figures(whole: int) -> list[Figure]:
        return [
            Figure("seconds until the tool answers, at most", max(times), "s", most=ANSWERED_WITHIN_S),
            Figure("rows pending when it did first", first["pending"], least=1),
            exactly("calls taken back by the client", impatient.cancelled_caught, 1),
            Figure("pictures embedded in the two seconds after that", meanwhile, least=1),
            exactly("the same source again finds the same job", again["job_id"] == first["job_id"], 1),
            exactly("rows stored in the end", job["stored"], whole),
            exactly("pictures billed more than once until the client was closed", twice, 0),
        ]

    return figures, [said[0], said[-1]]
