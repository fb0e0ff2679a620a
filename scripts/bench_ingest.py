"""How fast pictures are loaded by the built-in model, and in how much memory.

    python scripts/bench_ingest.py [--images 600] [--side 640] [--threads 1 2] [--memory 2000 20000]

Speed: the floor is the bare ONNX loop, which takes the same pictures, decoded already, through the image network in
the same batches with the same threads, and does nothing else. A load reads, hashes, decodes in processes of their
own, embeds, makes two renditions, embeds the words, and writes it all into the embedded PostgreSQL. With `--threads 1`
the network has one core, and the rest of the work what else there is; with as many threads as cores they share.

Memory: the most that the loading process and its decoders had at a time, for a small and a large load of pictures of
256 pixels in a process of its own each. PostgreSQL is left out: its memory is its settings'.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import anyio
import numpy as np
import psutil
from draw_sample import draw_scene
from PIL import Image
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from art_mcp.images.picture import read_picture
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import jobs
from art_mcp.store.platform import home
from art_mcp.vision import weights
from art_mcp.vision.local import IMAGE_BATCH, ImageNetwork

SCENES = range(12)
SMALL = 256
LEAST, MOST = 0.85, 1.1
LOOK_EVERY_S = 0.05


def draw(folder: Path, count: int, side: int) -> Path:
    """A table of so many paintings, no two pictures the same."""
    (folder / "images").mkdir(parents=True)
    scenes = [draw_scene(number) for number in SCENES]
    rng = np.random.default_rng(1)
    with (folder / "paintings.tsv").open("w", encoding="utf-8") as table:
        table.write("IMAGE_FILE\tTITLE\tAUTHOR\tDATE\tTECHNIQUE\n")
        for number in range(count):
            scene = scenes[number % len(scenes)]
            width, height = scene.size
            left, top = rng.integers(0, width // 5), rng.integers(0, height // 5)
            part = scene.crop((left, top, left + width * 4 // 5, top + height * 4 // 5))
            part.resize((side, side * 3 // 4), Image.Resampling.BICUBIC).save(folder / "images" / f"{number}.jpg")
            table.write(f"{number}.jpg\tStudy {number} of a scene\tMUSTER, Max\t{1600 + number % 300}\tOil on canvas\n")
    return folder / "paintings.tsv"


def bare(images: list[Path], threads: int) -> float:
    """Pictures a second."""
    weights.MAX_THREADS = threads
    network = ImageNetwork()
    decoded = [read_picture(path.read_bytes(), name=path.name).image for path in images]
    network.embed(decoded[:IMAGE_BATCH])
    start = time.perf_counter()
    for first in range(0, len(decoded), IMAGE_BATCH):
        network.embed(decoded[first : first + IMAGE_BATCH])
    return len(decoded) / (time.perf_counter() - start)


async def load(table: Path, data: Path, threads: int) -> dict[str, float]:
    """What the process did that this is called in."""
    weights.MAX_THREADS = threads
    most, done = 0, threading.Event()

    def look() -> None:
        nonlocal most
        me = psutil.Process()
        while not done.wait(LOOK_EVERY_S):
            decoders = [child for child in me.children() if "decode_worker" in " ".join(child.cmdline())]
            most = max(most, sum(process.memory_info().rss for process in (me, *decoders)))

    async with Runtime(Settings(_env_file=None, data_dir=data, vision="local")) as runtime:
        ingest = await runtime.ingest()
        job_id = await ingest.create(table)
        watching = threading.Thread(target=look)
        watching.start()
        start = time.perf_counter()
        await ingest.run(job_id)
        seconds = time.perf_counter() - start
        done.set()
        watching.join()
        job = await jobs.get(await runtime.database(), job_id)
        assert job is not None and job.stored == job.total
    return {"rate": job.total / seconds, "memory": most / 2**20}


def loaded(folder: Path, count: int, side: int, threads: int) -> dict[str, float]:
    """What a process says that loads so many into a fresh database."""
    table, data = draw(folder / f"{count}", count, side), folder / f"data-{count}-{threads}"
    command = [sys.executable, __file__, "--load", json.dumps([str(table), str(data), threads])]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    shutil.rmtree(table.parent)
    shutil.rmtree(home(data), ignore_errors=True)
    return json.loads(said.stdout.splitlines()[-1])


def speed(table: Table, folder: Path, images: int, side: int, threads: int) -> None:
    sources = draw(folder / "floor", min(images, 96), side).parent
    floor = bare(sorted((sources / "images").iterdir()), threads)
    shutil.rmtree(sources)
    rate = loaded(folder, images, side, threads)["rate"]
    table.add_row(
        f"{images} pictures of {side} px, network on {threads} of {weights.available_cores()} cores",
        f"{rate:.1f} a second",
        f"bare loop {floor:.1f}: {rate / floor:.2f} x",
        f"at least {LEAST} x",
        "met" if rate >= LEAST * floor else "MISSED",
    )


def memory(table: Table, folder: Path, few: int, many: int) -> None:
    least, most = (loaded(folder, count, SMALL, weights.MAX_THREADS)["memory"] for count in (few, many))
    table.add_row(
        f"memory at {many:,} pictures of {SMALL} px",
        f"{most:.0f} MB",
        f"at {few:,}: {least:.0f} MB: {most / least:.2f} x",
        f"at most {MOST} x",
        "met" if most <= MOST * least else "MISSED",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=600, help="pictures to load for the speed")
    parser.add_argument("--side", type=int, default=640, help="their longer side in pixels")
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2], help="of the network; none: no speed")
    parser.add_argument("--memory", type=int, nargs=2, metavar=("FEW", "MANY"), help="pictures of the two loads")
    parser.add_argument("--load", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        source, data, threads = options.load
        print(json.dumps(anyio.run(load, Path(source), Path(data), threads)))
        return
    table = Table(box=MARKDOWN)
    for column in ("what", "measured", "against", "target", ""):
        table.add_column(column)
    with tempfile.TemporaryDirectory() as folder:
        for threads in options.threads:
            speed(table, Path(folder), options.images, options.side, threads)
        if options.memory:
            memory(table, Path(folder), *options.memory)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
