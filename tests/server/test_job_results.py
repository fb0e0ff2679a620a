"""What a model is told of a load that goes on."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from art_mcp.server.job_results import ingest_text, job_result
from art_mcp.store.jobs import Job

RUNNING = Job(
    id=uuid.UUID(int=7),
    source="/art",
    within=None,
    options={},
    collection="art",
    principal=None,
    state="running",
    listed=True,
    total=100,
    stored=30,
    unchanged=10,
    refused=0,
    pending=60,
    unpictured=0,
    missing=None,
    removed=None,
    rate=2.04,
)


@pytest.mark.parametrize(
    ("job", "rate", "left", "said"),
    [
        (RUNNING, 2.0, 29, "About 29 seconds left at 2 rows per second."),
        (replace(RUNNING, listed=False), 2.0, None, ""),
        (replace(RUNNING, rate=0.0), None, None, ""),
        (replace(RUNNING, state="done", pending=0, stored=90), None, None, ""),
    ],
)
def test_pace_and_time_left_are_told_while_they_are_known(
    job: Job, rate: float | None, left: int | None, said: str
) -> None:
    result = job_result(job, [], None)
    assert (result.rows_a_second, result.seconds_left) == (rate, left)
    lines = ingest_text(result).splitlines()
    assert said in lines if said else not any(line.startswith("About") for line in lines)


def test_a_budget_that_will_not_do_is_told_only_while_that_matters() -> None:
    assert job_result(RUNNING, [], None, "Too little.").next_step.startswith("Too little. The job continues")
    stopped = job_result(RUNNING, [], "The budget is used up.", "Too little.")
    assert (stopped.state, "Too little." in stopped.next_step) == ("stopped", False)
