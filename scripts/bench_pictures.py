"""What it costs to let nothing bad in with a picture: the guarded way against Pillow alone, per picture.

    python scripts/bench_pictures.py [--turns 9] [--write docs/pictures.md]

The floor is what a program does that trusts its pictures: Pillow opens the bytes, decodes, makes RGB of them and a
thumbnail of at most 1,024 pixels a side. Above it come the checks and the normalisation in the same process
(`read_picture`), and all of that in a process that can be ended (`Decoder`), with one worker. One picture after the
other; of several turns the best counts, so that other work on the machine counts for little. Needs what art-mcp
itself needs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO

from figures import Report, table
from PIL import Image

from art_mcp.images.decoding import Decoder
from art_mcp.images.picture import read_picture
from art_mcp.sample import SAMPLE

SIDE = 1024
SCENES = 6
KINDS = (("JPEG", 384), ("JPEG", 800), ("JPEG", 1600), ("JPEG", 3000), ("PNG", 1200), ("WEBP", 1200))
LEAST_S = 0.3
"""A turn takes at least that long."""


def pictures() -> Iterator[tuple[str, list[bytes]]]:
    scenes = [Image.open(path) for path in sorted((SAMPLE / "images").iterdir())[:SCENES]]
    for format_, side in KINDS:
        files = []
        for scene in scenes:
            scale = side / max(scene.size)
            buffer = BytesIO()
            scene.resize((round(scene.width * scale), round(scene.height * scale)), Image.Resampling.BICUBIC).save(
                buffer, format_, quality=88
            )
            files.append(buffer.getvalue())
        yield f"{format_}, {side} px", files


def trusting(data: bytes) -> Image.Image:
    opened = Image.open(BytesIO(data))
    opened.draft("RGB", (SIDE, SIDE))
    image = opened.convert("RGB")
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return image


def best(ways: list[Callable[[bytes], object]], files: list[bytes], turns: int) -> list[float]:
    """Milliseconds for a picture in each way."""
    times = [float("inf")] * len(ways)
    for _ in range(turns):
        for index, way in enumerate(ways):
            done, start = 0, time.perf_counter()
            while (spent := time.perf_counter() - start) < LEAST_S:
                for data in files:
                    way(data)
                done += len(files)
            times[index] = min(times[index], 1000 * spent / done)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=9)
    Report.add_option(parser)
    options = parser.parse_args()
    report = Report("bench_pictures", ["cost"], options)
    rows = []
    decoder = Decoder(workers=1)
    for name, files in pictures():
        judged = partial(read_picture, name=name, max_side=SIDE)
        guarded = partial(decoder.read, name=name, max_side=SIDE)
        guarded(files[0])  # the first picture waits for the process
        plain, same, other = best([trusting, judged, guarded], files, options.turns)
        rows.append([name, *(f"{value:.2f}" for value in (plain, same, other)), f"{100 * (other / plain - 1):+.0f} %"])
    decoder.close()
    header = ["picture", "Pillow alone, ms", "same process, ms", "guarded, ms", "guarded against Pillow"]
    report.add("cost", table(header, rows))


if __name__ == "__main__":
    main()
