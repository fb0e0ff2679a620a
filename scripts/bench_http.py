"""How the server over HTTP does with many clients: how long calls take, how many fail, and how much memory it takes.

    python scripts/bench_http.py [--clients 100] [--seconds 300] [--think 10] [--only plain flood] [--write DOCUMENT]

`art-mcp serve` runs as users run it, with access control, on the sample collection in a temporary folder. Each client
has a token of its own (the first one made by `art-mcp token new`), speaks 2025-11-25 with a session or 2026-07-28, and
calls again and again, with pauses as of a person who reads: searches by words and by a picture, `get_painting`,
`tools/list`. First one client is alone; that is what the others are compared with. Then there are all clients

- plain: only they;
- flood: and one more that calls as fast as it can, ten at once, whatever it is told;
- pictures: and one more that searches by pictures of 20 MB, one after the other.

The clients run on the same machine, each of the last two in a process of its own (the requests with pictures are
encoded beforehand, since a real client does that on its own machine); how much of the processors they take is printed.
"""

from __future__ import annotations

import argparse
import base64
import csv
import io
import itertools
import json
import multiprocessing
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import httpx2
import numpy as np
import psutil
from bench.memory import cpu_seconds, family_memory
from figures import Figure, Report, exactly, p95, timed
from PIL import Image

from art_mcp.images.undecoded import MAX_BYTES
from art_mcp.runtime import Runtime
from art_mcp.sample import CAPTIONS, SAMPLE, copy_sample
from art_mcp.server.access.scopes import READ
from art_mcp.server.http import listen
from art_mcp.settings import Settings
from art_mcp.store import tokens
from art_mcp.store.scratch import scratch
from art_mcp.vision.onnx import available_cores

ERAS = ("2025-11-25", "2026-07-28")
TEXT, PICTURE, PAINTING, LIST = "search by words", "search by a picture", "get_painting", "tools/list"
MIX = {TEXT: 50, PICTURE: 15, PAINTING: 25, LIST: 10}
"""Of so many calls, how many are of which kind."""
SLOWER = 5
"""Times that the 95th percentile with all clients may be that of one client."""
NOTICED = 2
"""Times that it may be with a client that disturbs, compared with the clients alone."""
GROWTH = 1.1
"""Times that the memory at the end may be that in the middle."""
BIG_SIDE = 4200
"""Pixels of a side of the pictures that disturb, each of which is random: 20 MB as JPEG."""
FLOODING = 10
"""Calls at once of the client that floods."""
LOOK_EVERY_S = 2
TIMEOUT_S = 120
START_WITHIN_S = 60
CORES = available_cores()
HELLO = {"name": "bench", "version": "1"}
Times = dict[str, list[float]]


class Questions:
    """What the clients ask, always something new."""

    def __init__(self, seed: int, paintings: Sequence[str]) -> None:
        self._random = random.Random(seed)
        self._paintings = paintings
        with (SAMPLE / CAPTIONS).open(encoding="utf-8", newline="") as file:
            self._captions = [row["CAPTION"].split() for row in csv.DictReader(file)]
        self._pictures = [path.read_bytes() for path in sorted((SAMPLE / "images").iterdir())]

    def next(self) -> tuple[str, str, dict[str, Any]]:
        """The kind of the next call, its method and its parameters."""
        (kind,) = self._random.choices([*MIX], [*MIX.values()])
        if kind == LIST:
            return kind, "tools/list", {}
        arguments: dict[str, Any]
        if kind == TEXT:
            tool, arguments = "search_paintings_by_text", {"query": self._words()}
        elif kind == PICTURE:
            tool, arguments = "search_paintings_by_image", {"image": self._picture()}
        else:
            tool, arguments = "get_painting", {"id": self._random.choice(self._paintings)}
        return kind, "tools/call", {"name": tool, "arguments": arguments}

    def pause(self, mean: float) -> float:
        return min(self._random.expovariate(1 / mean), 3 * mean)

    def _words(self) -> str:
        caption, other = self._random.sample(self._captions, 2)
        return " ".join(self._random.sample(caption, min(5, len(caption))) + self._random.sample(other, 2))

    def _picture(self) -> str:
        return data_uri(commented(self._random.choice(self._pictures), self._random.randbytes(16)))


def commented(picture: bytes, comment: bytes) -> bytes:
    """A JPEG with a comment, which makes it another file with the same picture."""
    return picture[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + picture[2:]


def data_uri(picture: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"


class Client:
    """A client of one era that sends messages as they are on the wire, and hardly reads the answers."""

    def __init__(self, http: httpx2.AsyncClient, url: str, token: str, era: str) -> None:
        self._http, self._url, self._era = http, url, era
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
        }

    async def begin(self) -> None:
        """The handshake, if the era has one."""
        if self._era == ERAS[0]:
            hello = {"protocolVersion": self._era, "capabilities": {}, "clientInfo": HELLO}
            answer = await self._post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}, {})
            self._headers["Mcp-Session-Id"] = answer.headers["mcp-session-id"]
        self._headers["MCP-Protocol-Version"] = self._era
        if self._era == ERAS[0]:
            await self._post({"jsonrpc": "2.0", "method": "notifications/initialized"}, {})

    async def call(self, method: str, params: dict[str, Any]) -> httpx2.Response:
        return await self._post(*self.message(method, params))

    def message(self, method: str, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """A message and its headers."""
        headers = {}
        if self._era == ERAS[1]:
            meta = {"protocolVersion": self._era, "clientInfo": HELLO, "clientCapabilities": {}}
            params = {**params, "_meta": {f"io.modelcontextprotocol/{name}": value for name, value in meta.items()}}
            headers = {"Mcp-Method": method} | ({"Mcp-Name": params["name"]} if "name" in params else {})
        return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, headers

    async def _post(self, message: dict[str, Any] | bytes, headers: dict[str, str]) -> httpx2.Response:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return await self._http.post(self._url, content=body, headers=self._headers | headers)

    async def send(self, body: bytes, headers: dict[str, str]) -> httpx2.Response:
        return await self._post(body, headers)


def problem(answer: httpx2.Response) -> str | None:
    """What is wrong with an answer."""
    if answer.status_code != 200:
        return f"{answer.status_code} {answer.text[:200]}"
    if '"result":{' not in answer.text or '"isError":true' in answer.text:
        return answer.text[:300]
    return None


class Crowd:
    """All clients, and what they have measured."""

    def __init__(self, think: float) -> None:
        self._think = think
        self.times: Times = defaultdict(list)
        self.failures: Counter[str] = Counter()

    async def live(self, client: Client, questions: Questions, *, until: float) -> None:
        """Call until a time is reached."""
        await anyio.sleep(questions.pause(self._think))
        while time.monotonic() < until:
            await self.ask(client, questions)
            await anyio.sleep(questions.pause(self._think))

    async def ask(self, client: Client, questions: Questions) -> None:
        kind, method, params = questions.next()
        started = time.perf_counter()
        try:
            wrong = problem(await client.call(method, params))
        except httpx2.HTTPError as error:
            wrong = repr(error)
        self.times[kind].append(1000 * (time.perf_counter() - started))
        if wrong:
            self.failures[f"{kind}: {wrong}"] += 1

    @property
    def all_times(self) -> list[float]:
        return [each for times in self.times.values() for each in times]


class Disturber(NamedTuple):
    """What the process of a client that disturbs needs."""

    url: str
    token: str
    seconds: float
    ready: Event
    begin: Event
    told: multiprocessing.Queue[Counter[str]]
    """How often it was answered what."""

    def start(self) -> float:
        """Wait for the others; returns when to end, by `time.monotonic`."""
        self.ready.set()
        self.begin.wait()
        return time.monotonic() + self.seconds


def flood(disturber: Disturber) -> None:
    """Call as fast as possible, whatever the server answers."""
    answers: Counter[str] = Counter()

    async def run() -> None:
        async with connections() as http, anyio.create_task_group() as tasks:
            client = Client(http, disturber.url, disturber.token, ERAS[1])
            await client.begin()
            ends = disturber.start()

            async def call(questions: Questions) -> None:
                while time.monotonic() < ends:
                    _, method, params = questions.next()
                    answers[str((await client.call(method, params)).status_code)] += 1

            for number in range(FLOODING):
                tasks.start_soon(call, Questions(number, ["00000000-0000-0000-0000-000000000000"]))

    anyio.run(run)
    disturber.told.put(answers)


def send_pictures(disturber: Disturber) -> None:
    """Search by pictures of nearly the largest size, one after the other."""
    answers: Counter[str] = Counter()
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (BIG_SIDE, BIG_SIDE, 3), np.uint8)
    Image.fromarray(noise).save(file, "JPEG", quality=95)
    assert 0.9 * MAX_BYTES < file.tell() < MAX_BYTES - 1000

    async def run() -> None:
        async with connections() as http:
            client = Client(http, disturber.url, disturber.token, ERAS[1])
            await client.begin()
            bodies = []
            for number in range(3):
                picture = {"image": data_uri(commented(file.getvalue(), number.to_bytes(16)))}
                searched = {"name": "search_paintings_by_image", "arguments": picture}
                message, headers = client.message("tools/call", searched)
                bodies.append(json.dumps(message).encode())
            ends, turns = disturber.start(), itertools.cycle(bodies)
            while time.monotonic() < ends:
                answer = await client.send(next(turns), headers)
                answers[problem(answer) or "200"] += 1

    anyio.run(run)
    disturber.told.put(answers)


DISTURBERS: dict[str, Callable[[Disturber], None] | None] = {"plain": None, "flood": flood, "pictures": send_pictures}


def connections() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(limits=httpx2.Limits(max_connections=None), timeout=TIMEOUT_S, trust_env=False)


@asynccontextmanager
async def served(folder: Path, names: Sequence[str]) -> AsyncIterator[tuple[psutil.Process, str, list[str]]]:
    """The process of a server, its URL, and a token for each name."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ART_MCP_")}
    environment["ART_MCP_DATA_DIR"] = str(folder / "data")
    art_mcp = [sys.executable, "-m", "art_mcp"]
    async with Runtime(Settings(data_dir=folder / "data", image_dirs=(folder,))) as runtime:
        ingest = await runtime.ingest()
        await ingest.run(await ingest.create(copy_sample(folder / "sample")))
        first = await anyio.run_process([*art_mcp, "token", "new", names[0]], env=environment, stderr=None)
        database = await runtime.database()
        made = [(await tokens.create(database, name, [READ], timedelta(days=1)))[0] for name in names[1:]]
        with listen("127.0.0.1", 0) as free:
            port = free.getsockname()[1]
        environment["ART_MCP_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
        log = folder / "log"
        with log.open("wb") as stderr:
            command = [*art_mcp, "serve", "--transport", "streamable-http", "--port", str(port)]
            with psutil.Popen(command, env=environment, stderr=stderr, stdin=subprocess.DEVNULL) as process:
                until = time.monotonic() + START_WITHIN_S
                while "serves MCP at" not in log.read_text():
                    if process.poll() is not None or time.monotonic() > until:
                        sys.exit(f"The server has not started: {log.read_text()}")
                    await anyio.sleep(0.1)
                try:
                    yield process, f"http://127.0.0.1:{port}/mcp", [first.stdout.decode().strip(), *made]
                finally:
                    process.terminate()


async def idle(crowd: Crowd, clients: Sequence[Client], questions: Questions, calls: int) -> None:
    """One client alone, in turns of both eras."""
    for number in range(calls):
        await crowd.ask(clients[number % len(clients)], questions)
        await anyio.sleep(0.05)


@contextmanager
def disturbed(
    work: Callable[[Disturber], None], options: argparse.Namespace
) -> Iterator[tuple[Disturber, psutil.Process]]:
    """A client that disturbs, ready to begin, in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    disturber = Disturber(options.url, options.token, options.seconds, spawn.Event(), spawn.Event(), spawn.Queue())
    started = spawn.Process(target=work, args=(disturber,), daemon=True)
    started.start()
    disturber.ready.wait(START_WITHIN_S)
    yield disturber, psutil.Process(started.pid)
    started.join(START_WITHIN_S)


class Memory:
    """The memory of a server and all that it has started, in MB, looked at every two seconds."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._seen: list[tuple[float, float]] = []

    async def watch(self, started: float, seconds: float) -> None:
        while (part := (time.monotonic() - started) / seconds) < 1:
            self._seen.append((part, await anyio.to_thread.run_sync(family_memory, self._process)))
            await anyio.sleep(LOOK_EVERY_S)

    def between(self, first: float, last: float) -> float:
        """The median in a part of the time: one picture of 20 MB takes 200 MB for as long as it is read."""
        return statistics.median(memory for part, memory in self._seen if first <= part <= last)


async def crowded(
    scenario: str,
    clients: Sequence[Client],
    paintings: Sequence[str],
    process: psutil.Process,
    options: argparse.Namespace,
) -> tuple[Crowd, list[Figure]]:
    """All clients at once, perhaps with one that disturbs."""
    crowd, memory, work = Crowd(options.think), Memory(process), DISTURBERS[scenario]
    with ExitStack() as stack:
        disturber, its_process = stack.enter_context(disturbed(work, options)) if work else (None, None)
        own, servers, started = sum(os.times()[:2]), cpu_seconds(process), time.monotonic()
        disturbing = cpu_seconds(its_process) if its_process else 0.0
        if disturber:
            disturber.begin.set()
        async with anyio.create_task_group() as tasks:
            for number, client in enumerate(clients):
                live = partial(crowd.live, client, Questions(number, paintings), until=started + options.seconds)
                tasks.start_soon(live)
            await memory.watch(started, options.seconds)
            disturbing = cpu_seconds(its_process) - disturbing if its_process else 0.0
        wall = time.monotonic() - started
        answers = await anyio.to_thread.run_sync(disturber.told.get, True, TIMEOUT_S) if disturber else {}

    def share(seconds: float) -> float:
        return 100 * seconds / wall / CORES

    early, middle, end = (memory.between(*part) for part in ((0, 0.2), (0.4, 0.6), (0.8, 1)))
    return crowd, [
        Figure(f"{scenario}: calls", len(crowd.all_times)),
        exactly(f"{scenario}: failed calls", sum(crowd.failures.values()), 0),
        Figure(f"{scenario}: memory of the server, early", early, "MB"),
        Figure(f"{scenario}: in the middle", middle, "MB"),
        Figure(f"{scenario}: at the end", end, "MB", floor=middle, compared=end / middle, most=GROWTH),
        Figure(f"{scenario}: processors, the server", share(cpu_seconds(process) - servers), "%"),
        Figure(f"{scenario}: processors, the clients", share(sum(os.times()[:2]) - own), "%"),
        *([Figure(f"{scenario}: processors, the client that disturbs", share(disturbing), "%")] if disturber else ()),
        *(Figure(f"{scenario}: its calls that were answered {status:.40}", n) for status, n in answers.items()),
    ]


def slower(what: str, times: Sequence[float], against: Sequence[float], most: float) -> list[Figure]:
    """The median, and the 95th percentile as a multiple of another one."""
    each, floor = p95(times), p95(against)
    return [
        Figure(f"{what}, p50", statistics.median(times), "ms"),
        Figure(f"{what}, p95", each, "ms", floor=floor, compared=each / floor, most=most),
    ]


async def measure(options: argparse.Namespace) -> list[Figure]:
    names = [f"client-{number}" for number in range(options.clients)]
    with scratch() as folder:
        async with served(folder, [*names, "disturber"]) as (process, url, made), connections() as http:
            *secrets, options.token = made
            options.url = url
            clients = [Client(http, url, token, ERAS[number % 2]) for number, token in enumerate(secrets)]
            for client in clients:
                await client.begin()
            every = {"name": "search_paintings_by_text", "arguments": {"limit": 26, "pictures": False}}
            found = (await clients[1].call("tools/call", every)).text
            paintings = sorted(set(re.findall(r'"id":"([0-9a-f-]{36})"', found)))
            assert paintings, found
            questions = Questions(-1, paintings)
            await idle(Crowd(0), clients[:2], questions, options.alone // 2)
            alone = Crowd(0)
            await idle(alone, clients[:2], questions, options.alone)
            figures = [timed("one client alone", alone.all_times)]
            figures += [timed(f"one client alone: {kind}", times) for kind, times in sorted(alone.times.items())]
            baseline, most = alone.all_times, SLOWER
            for scenario in options.only:
                print(f"{time.strftime('%H:%M:%S')} {scenario}", file=sys.stderr, flush=True)
                crowd, more = await crowded(scenario, clients, paintings, process, options)
                for wrong, count in crowd.failures.most_common(5):
                    print(f"{scenario}: {count} x {wrong}", file=sys.stderr)
                figures += slower(f"{scenario}: {len(clients)} clients", crowd.all_times, baseline, most)
                figures += [timed(f"{scenario}: {kind}", times) for kind, times in sorted(crowd.times.items())]
                figures += more
                if scenario == "plain":
                    baseline, most = crowd.all_times, NOTICED
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=100, help="at least 2")
    parser.add_argument("--seconds", type=float, default=300, help="of each scenario")
    parser.add_argument("--alone", type=int, default=100, help="calls of one client alone")
    parser.add_argument("--think", type=float, default=10, help="mean seconds between two calls of a client")
    parser.add_argument("--only", nargs="+", choices=[*DISTURBERS], default=[*DISTURBERS], help="these scenarios")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    Report.add_option(parser)
    options = parser.parse_args()
    if options.clients < 2:
        parser.error("--clients must be at least 2: one of each era")
    report = Report("bench_http", ["load"], options)
    load = psutil.getloadavg()[0]
    report.add("load", [*anyio.run(measure, options), Figure("load average before", load)])
    return int(options.check and report.missed)


if __name__ == "__main__":
    sys.exit(main())
