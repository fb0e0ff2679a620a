"""How fast pictures are loaded by the built-in model, and in how much memory.

    python scripts/bench_ingest.py [--images 600] [--side 640] [--threads 1 2] [--memory 2000 20000]
                                   [--write docs/ingest-speed.md]

Speed: the floor, the mean of one measurement before the load and one after it, is what a load consists of, called bare
by a pool with a process for each core: read a batch of the same files, decode them, make two renditions and a
fingerprint of each, and embed the pictures and the words. A load also hashes, decodes in processes of their own, and
writes it all into the embedded PostgreSQL. With `--threads 1` the network has one core, and the rest of the work what
else there is; with as many threads as cores they share.

Memory: the most that the loading process and its decoders had at a time, for a small and a large load of pictures of
256 pixels in a process of its own each. PostgreSQL is left out: its memory is its settings'. Without `--memory`
nothing is measured of it. Needs what art-mcp itself needs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import anyio
import numpy as np
import psutil
from figures import Figure, Report
from PIL import Image

from art_mcp.images.likeness import fingerprint
from art_mcp.images.picture import read_picture
from art_mcp.images.rendition import opened, render
from art_mcp.runtime import Runtime
from art_mcp.sample import SAMPLE
from art_mcp.settings import Settings
from art_mcp.store import jobs
from art_mcp.store.scratch import scratch
from art_mcp.vision import onnx
from art_mcp.vision.local import IMAGE_BATCH, ImageNetwork
from art_mcp.vision.sentence import BATCH, SentenceNetwork

SCENES = 12
SMALL = 256
DISPLAY_SIZE = 1024
LEAST, MOST = 0.85, 1.1
LOOK_EVERY_S = 0.05


def draw(folder: Path, count: int, side: int) -> Path:
    """A table of `count` paintings with pictures that all differ."""
    (folder / "images").mkdir(parents=True)
    scenes = [Image.open(path) for path in sorted((SAMPLE / "images").iterdir())[:SCENES]]
    rng = np.random.default_rng(1)
    with (folder / "paintings.tsv").open("w", encoding="utf-8") as table:
        table.write("IMAGE_FILE\tTITLE\tAUTHOR\tDATE\tTECHNIQUE\n")
        for number in range(count):
            scene = scenes[number % len(scenes)]
            width, height = scene.size
            left, top = int(rng.integers(0, width // 5)), int(rng.integers(0, height // 5))
            part = scene.crop((left, top, left + width * 4 // 5, top + height * 4 // 5))
            part.resize((side, side * 3 // 4), Image.Resampling.BICUBIC).save(folder / "images" / f"{number}.jpg")
            table.write(f"{number}.jpg\tStudy {number} of a scene\tMUSTER, Max\t{1600 + number % 300}\tOil on canvas\n")
    return folder / "paintings.tsv"


@cache
def networks() -> tuple[ImageNetwork, SentenceNetwork]:
    onnx.MAX_THREADS = 1
    return ImageNetwork(), SentenceNetwork()


def bare_batch(paths: list[Path]) -> int:
    images, sentences = networks()
    pictures = [read_picture(path.read_bytes(), name=path.name, max_side=DISPLAY_SIZE) for path in paths]
    for picture in pictures:
        thumbnail, _ = render(picture, display_size=DISPLAY_SIZE)
        fingerprint(opened(thumbnail.data))
    for first in range(0, len(pictures), IMAGE_BATCH):
        images.embed(pictures[first : first + IMAGE_BATCH])
    sentences.embed([f"Study {path.stem} of a scene by MUSTER, Max" for path in paths])
    return len(pictures)


def bare(images: list[Path]) -> float:
    """Pictures a second."""
    cores = onnx.available_cores()
    batches = [images[first : first + BATCH] for first in range(0, len(images), BATCH)]
    with ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        list(pool.map(bare_batch, batches[:1] * 2 * cores))  # loads the networks
        start = time.perf_counter()
        return sum(pool.map(bare_batch, batches)) / (time.perf_counter() - start)


async def load(table: Path, data: Path, threads: int, watched: bool) -> dict[str, float]:
    """Load a table: pictures a second and, if `watched`, the most memory of this process and its decoders in MB."""
    onnx.MAX_THREADS = threads
    most, done = 0, threading.Event()

    def look() -> None:
        nonlocal most
        me = psutil.Process()
        while not done.wait(LOOK_EVERY_S):
            with suppress(psutil.Error):  # a decoder that has just ended
                decoders = [child for child in me.children() if "decode_worker" in " ".join(child.cmdline())]
                most = max(most, sum(process.memory_info().rss for process in (me, *decoders)))

    async with Runtime(Settings(data_dir=data, vision="local")) as runtime:
        ingest = await runtime.ingest()
        job_id = await ingest.create(table)
        watching = threading.Thread(target=look)
        if watched:  # it takes 6 % of a core
            watching.start()
        start = time.perf_counter()
        await ingest.run(job_id)
        seconds = time.perf_counter() - start
        done.set()
        if watched:
            watching.join()
        job = await jobs.get(await runtime.database(), job_id)
        assert job is not None and job.stored == job.total
    return {"rate": job.total / seconds, "memory": most / 2**20}


def loaded(count: int, side: int, threads: int, *, watched: bool = False) -> dict[str, float]:
    """Load pictures into a new database, in a process of its own, and return what it measures."""
    with scratch() as folder:
        task = json.dumps([str(draw(folder / "art", count, side)), str(folder / "data"), threads, watched])
        command = [sys.executable, __file__, "--load", task]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def speed(images: int, side: int, threads: int) -> Figure:
    with scratch() as folder:
        pictures = sorted((draw(folder / "art", images, side).parent / "images").iterdir())
        before = bare(pictures)
        rate = loaded(images, side, threads)["rate"]
        floor = (before + bare(pictures)) / 2
    what = f"{images} pictures of {side} px, network on {threads} of {onnx.available_cores()} cores"
    return Figure(what, rate, "a second", floor=floor, compared=rate / floor, least=LEAST)


def memory(few: int, many: int) -> list[Figure]:
    least, most = (loaded(count, SMALL, onnx.MAX_THREADS, watched=True)["memory"] for count in (few, many))
    return [
        Figure(f"memory at {few:,} pictures of {SMALL} px", least, "MB"),
        Figure(f"memory at {many:,}", most, "MB", floor=least, compared=most / least, most=MOST),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=600, help="pictures to load for the speed")
    parser.add_argument("--side", type=int, default=640, help="their longer side in pixels")
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2], help="of the network; none: no speed")
    parser.add_argument("--memory", type=int, nargs=2, metavar=("FEW", "MANY"), help="pictures of the two loads")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    parser.add_argument("--load", type=json.loads, help=argparse.SUPPRESS)
    Report.add_option(parser)
    options = parser.parse_args()
    if options.load:
        source, data, threads, watched = options.load
        print(json.dumps(anyio.run(load, Path(source), Path(data), threads, watched)))
        return 0
    report = Report("bench_ingest", ["speed"] * bool(options.threads) + ["memory"] * bool(options.memory), options)
    if options.threads:
        report.add("speed", [speed(options.images, options.side, threads) for threads in options.threads])
    if options.memory:
        report.add("memory", memory(*options.memory))
    return int(options.check and report.missed)


if __name__ == "__main__":
    sys.exit(main())
