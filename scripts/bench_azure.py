"""Loading and searching through Azure AI Vision, measured against the stand-in of that service.

    python scripts/bench_azure.py [--images 2000] [--only NAME ...] [--write docs/azure-pacing.md]

The stand-in (`tests/support/azure`) runs in a process of its own and counts the calls that reach it. Each scenario
has a database of its own, in an embedded server, which is removed afterwards. All of it takes eleven minutes.
What each line means is in docs/azure-pacing.md.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
import httpx2
import psutil
from figures import Figure, Report, p95
from try_ingest.pictures import draw
from try_ingest.standin import (
    FOREVER,
    IMAGE_PATH,
    KEY,
    VERSIONS,
    AzureStandIn,
    Call,
    Calls,
    serving,
    warm_up,
)

from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import jobs
from art_mcp.store.scratch import scratch

IMAGES = 2_000
RATE, LESS = 20, 10
"""Calls a second that S1 allows, and that an older S1 allows."""
LATENCY_S = 0.15
FAILING = 0.01
"""The share of calls that the service answers with a 500."""
SETTLING_S = 5.0
THREADS = 8
"""As in tutorials."""
SEARCH_EVERY_S = 0.5
IDLE_SEARCHES = 60


class Service:
    """The stand-in in its process; its attributes can be set, and it is asked for its calls once."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.endpoint = self._answer()["endpoint"]

    def set(self, **attributes: Any) -> None:
        """E.g. `latency=0`."""
        self._ask(attributes)

    def calls(self) -> Calls:
        """All calls so far."""
        return Calls(Call(**call) for call in self._ask({"calls": True})["calls"])

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def service(*, rate: int = RATE, failing: float = FAILING) -> Iterator[Service]:
    """A stand-in, which is stopped at the end of the block."""
    given = json.dumps({"rate": rate, "failing": failing})
    command = [sys.executable, __file__, "--standin", given]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        try:
            yield Service(process)
        finally:
            process.stdin.close()  # it then ends


def stand_in(rate: int, failing: float) -> None:
    """The work of that process."""
    standin = AzureStandIn(rate=rate, latency=LATENCY_S)
    with serving(standin) as endpoint:
        warm_up(standin, endpoint)
        if failing:
            standin.fault("500", count=FOREVER, probability=failing)
        print(json.dumps({"endpoint": endpoint}), flush=True)
        for line in sys.stdin:
            question = json.loads(line)
            answer = {"calls": [asdict(call) for call in standin.calls]} if question.pop("calls", False) else {}
            for name, value in question.items():
                setattr(standin, name, value)
            print(json.dumps(answer), flush=True)


def settings(data_dir: Path, endpoint: str, rate: float = RATE) -> Settings:
    return Settings(data_dir=data_dir, vision="azure", azure_endpoint=endpoint, azure_key=KEY, azure_rate=rate)


@contextmanager
def place(images: int) -> Iterator[tuple[Path, Path]]:
    """A folder of pictures and a data folder, both removed at the end."""
    with scratch() as folder:
        yield draw(folder / "pictures", images), folder / "data"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did."""

    job: jobs.Job
    calls: Calls
    seconds: float
    """From the first call to the end of the job."""
    cpu: float
    """Seconds of the processor that this process needed."""


async def load(
    runtime: Runtime,
    pictures: Path,
    served: Service,
    during: Callable[[uuid.UUID], Coroutine[Any, Any, None]] | None = None,
) -> Loaded:
    """Load a folder as `art-mcp ingest` does.

    Args:
        during: runs during the load, with the job's id, and is cancelled at its end.
    """
    ingest, database = await runtime.ingest(), await runtime.database()
    job_id = await ingest.create(pictures)
    started, cpu = time.monotonic(), _cpu()
    async with anyio.create_task_group() as group:
        if during is not None:
            group.start_soon(during, job_id)
        await ingest.run(job_id)
        group.cancel_scope.cancel()
    seconds, cpu = time.monotonic() - started, _cpu() - cpu
    job = await jobs.get(database, job_id)
    assert job is not None
    return Loaded(job, served.calls(), seconds, cpu)


def _cpu() -> float:
    used = psutil.Process().cpu_times()
    return used.user + used.system


def judged(loaded: Loaded, rate: float, *, share: float, refused: float) -> list[Figure]:
    """The figures of every load.

    Args:
        rate: that the service allows.
        share: of it that is to be used, in percent.
        refused: percent of the calls that may be answered 429, once settled.
    """
    calls, job = loaded.calls, loaded.job
    accepted = sorted(call.time for call in calls if call.accepted)
    span = accepted[-1] - accepted[0]
    settled = [call for call in calls if call.time > calls[0].time + SETTLING_S] or list(calls)
    billed = Counter(call.sha for call in calls if call.billed and call.kind == "image")
    once = sum(count == 1 for count in billed.values())
    statuses = calls.by_status()
    return [
        Figure("of the allowed rate, used", 100 * (len(accepted) - 1) / (rate * span), "%", least=share),
        Figure(
            f"calls answered 429 after the first {SETTLING_S:.0f} s",
            100 * sum(call.status == 429 for call in settled) / len(settled),
            "%",
            most=refused,
        ),
        Figure("calls answered 429 in all", statuses[429]),
        Figure("calls sent before Retry-After was over", len(calls.sent_before_retry_after()), most=0),
        Figure("pictures billed exactly once", once, f"of {job.total:,}", least=job.total),
        Figure("pictures billed more than once", len(billed) - once, most=0),
        Figure("pictures stored", job.stored, f"of {job.total:,}", least=job.total),
        Figure("calls answered 500, and repeated", statuses[500]),
        Figure("most calls in flight", calls.most_in_flight()),
        Figure("time", loaded.seconds, "s"),
        Figure("time at the allowed rate", len(accepted) / rate, "s"),
        Figure("processor time of the loading process", 1000 * loaded.cpu / job.total, "ms a picture"),
    ]


async def steady(images: int) -> list[Figure]:
    """The client knows the rate; one call in a hundred fails."""
    with service() as served, place(images) as (pictures, data_dir):
        async with Runtime(settings(data_dir, served.endpoint)) as runtime:
            loaded = await load(runtime, pictures, served)
    return judged(loaded, RATE, share=95, refused=1)


async def lower(images: int) -> list[Figure]:
    """The service allows half of the rate that is set."""
    with service(rate=LESS, failing=0) as served, place(images // 2) as (pictures, data_dir):
        async with Runtime(settings(data_dir, served.endpoint)) as runtime:
            loaded = await load(runtime, pictures, served)
    return judged(loaded, LESS, share=90, refused=3)


async def pair(images: int) -> list[Figure]:
    """As `steady`, by two processes that share the job."""
    with service() as served:
        loaded, second = await _by_two(images, served)
    return [*judged(loaded, RATE, share=95, refused=1), second]


async def lower_pair(images: int) -> list[Figure]:
    """As `lower`, by two processes that share the job."""
    with service(rate=LESS, failing=0) as served:
        loaded, second = await _by_two(images // 2, served)
    return [*judged(loaded, LESS, share=90, refused=3), second]


async def _by_two(images: int, served: Service) -> tuple[Loaded, Figure]:
    """A load by this process and another, and how much of it the other did."""
    with place(images) as (pictures, data_dir):
        other: list[dict[str, int]] = []

        async def second(job_id: uuid.UUID) -> None:
            given = json.dumps({"data_dir": str(data_dir), "endpoint": served.endpoint, "job_id": str(job_id)})
            # Shielded, because the first process may end a moment before it.
            with anyio.CancelScope(shield=True):
                done = await anyio.run_process([sys.executable, __file__, "--worker", given], stderr=None)
            other.append(json.loads(done.stdout))

        async with Runtime(settings(data_dir, served.endpoint)) as runtime:
            loaded = await load(runtime, pictures, served, second)
    share = 100 * other[0]["pictures"] / images
    return loaded, Figure("pictures embedded by the second process", share, "%")


async def work(data_dir: str, endpoint: str, job_id: str) -> None:
    """What the second process does: it takes part in a job."""
    async with Runtime(settings(Path(data_dir), endpoint)) as runtime:
        ingest, provider = await runtime.ingest(), await runtime.provider()
        embed, embedded = provider.embed_images, 0

        async def counted(pictures: Sequence[Any], **options: Any) -> Any:
            nonlocal embedded
            vectors = await embed(pictures, **options)
            embedded += len(pictures)
            return vectors

        with patch.object(provider, "embed_images", counted):
            await ingest.run(uuid.UUID(job_id))
    print(json.dumps({"pictures": embedded}))


async def tutorial(images: int) -> list[Figure]:
    """Threads that call, print an error and continue; for comparison."""
    with service() as served, place(images // 2) as (pictures, _):
        files = sorted(pictures.iterdir())
        errors = io.StringIO()
        with httpx2.Client(base_url=served.endpoint, timeout=30, trust_env=False) as http:

            def embed(file: Path) -> list[float] | None:
                try:
                    headers = {"Ocp-Apim-Subscription-Key": KEY, "Content-Type": "application/octet-stream"}
                    reply = http.post(IMAGE_PATH, params=VERSIONS, headers=headers, content=file.read_bytes())
                    reply.raise_for_status()
                    vector: list[float] = reply.json()["vector"]
                    return vector
                except Exception as error:
                    print(f"{file.name}: {error}", file=errors)
                    return None

            started = time.monotonic()
            with ThreadPoolExecutor(THREADS) as threads:
                vectors = list(threads.map(embed, files))
            seconds = time.monotonic() - started
        calls = served.calls()
    embedded = sum(vector is not None for vector in vectors)
    return [
        Figure("pictures lost", len(files) - embedded, f"of {len(files):,}"),
        Figure("pictures lost", 100 * (1 - embedded / len(files)), "%"),
        Figure("calls wasted (429 or 500)", 100 * sum(call.status != 200 for call in calls) / len(calls), "%"),
        Figure("calls sent before Retry-After was over", len(calls.sent_before_retry_after())),
        Figure("time", seconds, "s"),
        Figure("pictures embedded a second", embedded / seconds),
    ]


async def searches(images: int) -> list[Figure]:
    """A search with new words, every half second, during `steady`."""
    busy: list[float] = []
    notes: list[str] = []

    async def search(finder: Any, into: list[float]) -> None:
        number = next(numbers)
        text = f"a {_COLOURS[number % len(_COLOURS)]} boat on the sea, number {number}"
        started = time.perf_counter()
        answer = await finder.by_text(text)
        into.append(1000 * (time.perf_counter() - started))
        if answer.note:
            notes.append(answer.note)

    numbers = iter(range(10**9))
    with service() as served, place(images) as (pictures, data_dir):
        async with Runtime(settings(data_dir, served.endpoint)) as runtime:
            finder = await runtime.finder()
            await (await runtime.provider()).embed_queries(["a boat"])  # loads the model of the words

            async def ask(job_id: uuid.UUID) -> None:
                database = await runtime.database()
                while not (job := await jobs.get(database, job_id)) or not job.stored:
                    await anyio.sleep(0.1)
                async with anyio.create_task_group() as group:
                    while True:
                        group.start_soon(search, finder, busy)  # whether the one before is answered or not
                        await anyio.sleep(SEARCH_EVERY_S)

            loaded = await load(runtime, pictures, served, ask)
            await anyio.sleep(2)
            idle: dict[float, list[float]] = {LATENCY_S: [], 0: []}
            for latency, times in idle.items():
                served.set(latency=latency, faults=[])
                for _ in range(IDLE_SEARCHES):
                    await search(finder, times)
                    await anyio.sleep(0.1)
    late = {latency: p95(times) for latency, times in idle.items()}
    image_calls = [figure for figure in judged(loaded, RATE, share=85, refused=1) if figure.met is not None]
    return [
        Figure("searches while loading, p95", p95(busy), "ms", most=1.5 * 1000 * LATENCY_S + late[0]),
        Figure("searches while loading, median", statistics.median(busy), "ms"),
        Figure("searches while loading, slowest", max(busy), "ms"),
        Figure("searches while loading, asked", len(busy)),
        Figure("searches answered without the pictures", len(notes), most=0),
        Figure("idle searches, p95", late[LATENCY_S], "ms"),
        Figure("idle searches, median", statistics.median(idle[LATENCY_S]), "ms"),
        Figure("idle searches, service that answers at once, p95", late[0], "ms"),
        Figure("idle searches, service that answers at once, median", statistics.median(idle[0]), "ms"),
        *image_calls,
    ]


_COLOURS = ("red", "blue", "green", "golden", "grey", "white", "dark")


SCENARIOS: dict[str, Callable[[int], Awaitable[list[Figure]]]] = {
    "steady": steady,
    "lower": lower,
    "pair": pair,
    "lower-pair": lower_pair,
    "tutorial": tutorial,
    "searches": searches,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=IMAGES, help="pictures; `lower`s and `tutorial` take half")
    parser.add_argument("--only", nargs="*", choices=SCENARIOS, default=list(SCENARIOS), help="these scenarios")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    Report.add_option(parser)
    parser.add_argument("--standin", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--worker", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.standin:
        stand_in(**options.standin)
        return 0
    if options.worker:
        anyio.run(partial(work, **options.worker))
        return 0

    report = Report("bench_azure", options.only, options)
    for name in options.only:
        scenario = SCENARIOS[name]
        figures = anyio.run(scenario, options.images)
        report.add(name, figures, f"{name}: {scenario.__doc__}")
    return int(options.check and report.missed)


if __name__ == "__main__":
    sys.exit(main())
