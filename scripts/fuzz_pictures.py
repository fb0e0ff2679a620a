"""Damaged and hostile pictures, and arbitrary text as references to pictures, for as long as you like.

    python scripts/fuzz_pictures.py [--seconds 300] [--seed 1] [--keep FOLDER] [--write docs/pictures.md]

Every file goes to the worker processes that pictures from outside go to. The script reports how many were read and
how many refused, in which words, the slowest, the most memory, and every fault: a crash, a hang, or an error that is
not meant for people. Files that caused one are kept in FOLDER. With a fault the exit status is 1. Needs what art-mcp
itself needs.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import struct
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import psutil
from figures import Figure, Report, exactly
from PIL import Image
from tiffs import tiff, tiff_bombs

from art_mcp.images import data_uri
from art_mcp.images.decoding import Decoder
from art_mcp.images.fetch import Fetcher
from art_mcp.images.local_file import LocalFile
from art_mcp.images.reference import Reference
from art_mcp.images.undecoded import ImageError

BROKE = ("crashed its decoder", "s to decode", "no decoder process can be started")


def real(rng: random.Random) -> list[bytes]:
    """Pictures in all formats, and in many of the ways in which each can be odd."""
    made = []

    def add(image: Image.Image, format_: str, **options: Any) -> None:
        buffer = BytesIO()
        image.save(buffer, format_, **options)
        made.append(buffer.getvalue())

    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "words"
    options: dict[str, Any]
    for size in ((32, 24), (200, 150), (1300, 900)):
        noise = Image.fromarray(np.random.default_rng(rng.randrange(99)).integers(0, 255, (*size[::-1], 3), np.uint8))
        soft = noise.reduce(8).resize(size) if size[0] > 100 else noise
        for mode, options in (("RGB", {}), ("L", {}), ("CMYK", {}), ("RGB", {"progressive": True, "exif": exif})):
            add(soft.convert(mode), "JPEG", **options)
        for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"):
            add(soft.convert(mode) if mode != "I;16" else Image.fromarray(np.full(size[::-1], 9, np.uint16)), "PNG")
        add(soft, "GIF", save_all=True, append_images=[noise, soft])
        for mode in ("RGB", "L", "P", "1"):
            add(soft.convert(mode), "BMP")
        for options in ({}, {"lossless": True}, {"exif": exif}, {"save_all": True, "append_images": [noise]}):
            add(soft.convert("RGBA"), "WEBP", **options)
        for compression in (None, "tiff_lzw", "jpeg", "tiff_adobe_deflate", "packbits"):
            add(soft, "TIFF", compression=compression, exif=exif)
        add(soft.convert("1"), "TIFF", compression="group4")
        samples = np.asarray(soft).astype(np.uint16) * 257
        for order in "<>":
            for options in ({}, {"big": True}, {"planar": True}, {"tile": 16}, {"thumbnail": True}, {"smaller": True}):
                made.append(tiff(samples.astype(f"{order}u2"), **options))
        made.append(tiff(samples.astype("<f4"), planar=True))
        for options in ({}, {"lossless": True}, {"exif": exif}):
            add(soft.convert("RGBA"), "AVIF", speed=10, **options)
        for mode, options in (("RGB", {}), ("L", {}), ("RGBA", {}), ("RGB", {"irreversible": True, "no_jp2": True})):
            add(soft.convert(mode), "JPEG2000", **options)
        for mode, options in (("RGB", {}), ("RGBA", {}), ("L", {}), ("RGB", {"exif": exif})):
            add(soft.convert(mode), "HEIF", **options)
        add(Image.fromarray(np.full(size[::-1], 0.5, np.float32)), "TIFF")
        for form in ("png", "bmp"):
            add(soft.resize((64, 64)), "ICO", sizes=[(32, 32), (64, 64)], bitmap_format=form)
        add(soft, "MPO", save_all=True, append_images=[noise])
    return made


def bombs() -> list[bytes]:
    """Small files that want to be large, long or deep."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    def png(width: int, height: int, body: bytes = b"", *more: bytes) -> bytes:
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", body) + chunk(b"IEND", b"")

    def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
        buffer = BytesIO()
        image.save(buffer, format_, **options)
        return buffer.getvalue()

    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9))
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(50_000_000), 9))
    jpeg = encoded(Image.new("L", (9000, 9000)), "JPEG", progressive=True)
    scan = jpeg.rindex(b"\xff\xda")
    gif = encoded(Image.new("P", (1000, 1000)), "GIF")
    frame = b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    return [
        *(
            png(*size, zlib.compress(bytes(1000)))
            for size in ((15_900, 3_100), (60_000, 60_000), (2**31 - 1, 2**31 - 1))
        ),
        png(7_000, 7_000, zlib.compress(bytes(7_000 * 21_001), 9)),
        png(100, 100, zlib.compress(bytes(30_100)), text, text),
        png(100, 100, zlib.compress(bytes(30_100)), profile),
        jpeg[:-2] + jpeg[scan:-2] * 30 + jpeg[-2:],
        jpeg[:-2] + jpeg[scan:-2] * 3000 + jpeg[-2:],
        gif[:-1] + frame * 100_000 + b";",
        *tiff_bombs(),
        encoded(Image.new("RGB", (8_000, 6_000)), "AVIF", speed=10),
        encoded(Image.new("RGB", (4_000, 3_000)), "JPEG2000", num_resolutions=1),
        encoded(Image.new("RGB", (8_000, 6_000)), "HEIF", quality=1, enc_params={"preset": "ultrafast"}),
        encoded(Image.new("RGB", (8_000, 6_000)), "WEBP", method=0),
        b"\0\0\1\0" + struct.pack("<H", 65_535) + bytes(16 * 65_535),
    ]


def damaged(files: list[bytes], rng: random.Random) -> bytes:
    data = bytearray(rng.choice(files))
    for _ in range(rng.choice((0, 1, 1, 2, 4, 16, 100))):
        at = rng.randrange(min(len(data), rng.choice((64, 600, len(data)))))
        data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, rng.randrange(256)))
    if rng.random() < 0.2 and len(data) > 8:  # a length or an offset that is far out
        at = rng.randrange(min(len(data), 600) - 4)
        data[at : at + 4] = struct.pack(rng.choice("<>") + "I", rng.choice((0, 2**31 - 1, 2**31, 2**32 - 1, len(data))))
    what = rng.random()
    if what < 0.1:
        del data[rng.randrange(len(data)) :]
    elif what < 0.2:
        start = rng.randrange(len(data))
        data[start:start] = data[start : start + rng.randrange(5000)] * rng.randrange(1, 20)
    elif what < 0.3:
        start = rng.randrange(len(data))
        del data[start : start + rng.randrange(200)]
    elif what < 0.4:
        other = rng.choice(files)
        data[rng.randrange(len(data)) :] = other[rng.randrange(len(other)) :]
    return bytes(data) or b"\0"


PARTS = """https:// http:// file:// file: data: data:image/png;base64, ;base64, ;name= art://paintings/ upload: blob:
// sandbox: C:\\ \\\\ / .. ~ % %00 %2e %ff : @ # ? [ ] [::1] 127.0.0.1 localhost example.org :443 :0 <> { } AAAA
==== ＠ \u202e
0f8fad5b-d9cb-469f-a165-70867728950e {"download_url": "https://e.org"} image.png \ud800 ．／ 。 xn-- é \r\n \0"""


def written(rng: random.Random) -> str:
    parts = [*PARTS.split(" "), chr(rng.randrange(0x110000)), "a" * rng.choice((1, 10, 300, 40_000))]
    return "".join(rng.choice(parts) for _ in range(rng.randrange(1, 10)))


def understood(text: str, fetcher: Fetcher) -> str:
    """What a reference is taken for; every other exception than an ImageError is a fault."""
    try:
        reference = Reference.parse(text)
        if reference.kind == "url":
            fetcher._checked(reference.value)
        if reference.kind == "data":
            data_uri.decode(reference.value, name=reference.name)
    except ImageError as error:
        if not str(error).isprintable() or len(str(error)) > 600:
            raise ValueError(f"an odd error: {error!r}") from None
        return "refused"
    return str(reference.kind)


class Seen:
    """What became of everything so far."""

    def __init__(self, keep: Path) -> None:
        self.outcomes: Counter[str] = Counter()
        self.faults: list[str] = []
        self.slowest, self.most_mb = 0.0, 0.0
        self._keep = keep

    def count(self, work: Callable[[], str], given: bytes) -> None:
        start = time.perf_counter()
        try:
            outcome = work()
        except Exception as error:
            outcome = f"FAULT {type(error).__name__}: {error}"[:200]
        took = time.perf_counter() - start
        self.slowest = max(self.slowest, took)
        self.outcomes[re.sub(r"\d[\d,]* x \d[\d,]*", "N x N", outcome)] += 1
        if outcome.startswith("FAULT") or any(sign in outcome for sign in BROKE) or took > 15:
            path = self._keep / f"{len(self.faults)}.bin"
            path.write_bytes(given)
            self.faults.append(f"{outcome} ({took:.1f} s), kept as {path}")

    def watch(self, done: threading.Event) -> None:
        """The most memory that a worker takes, by looking often."""
        while not done.wait(0.02):
            for child in psutil.Process().children():
                with suppress(psutil.Error):
                    self.most_mb = max(self.most_mb, child.memory_info().rss / 2**20)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    Report.add_option(parser)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    pillow_heif.register_heif_opener()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-pictures-"))
    report = Report("fuzz_pictures", ["faults"], options)
    seen = Seen(options.keep or Path(tempfile.mkdtemp(prefix="fuzz-pictures-")))
    decoder, fetcher, done = Decoder(), Fetcher(), threading.Event()
    threading.Thread(target=seen.watch, args=(done,), daemon=True).start()

    def decode(data: bytes) -> str:
        given: LocalFile | bytes = data
        if rng.random() < 0.2:  # as a file on this machine, under its limits
            path = folder / "file"
            path.write_bytes(data)
            given = LocalFile.at(path, [folder])
        try:
            picture = decoder.read(given, name="x", max_side=rng.choice((64, 1024)))
        except ImageError as error:
            return error.problem
        if picture.image.mode != "RGB" or max(picture.image.size) > 1024:
            raise ValueError("a picture that is not normal")
        return f"read as {picture.format}"

    files, wild = real(rng), bombs()
    pictures = references = 0
    for bomb in wild:
        seen.count(partial(decode, bomb), bomb)
        pictures += 1
    until = time.monotonic() + options.seconds
    while time.monotonic() < until:
        data = damaged(wild if rng.random() < 0.01 else files, rng)
        seen.count(partial(decode, data), data)
        pictures += 1
        for _ in range(20):
            text = written(rng)
            seen.count(partial(understood, text, fetcher), text.encode("utf-8", "surrogatepass"))
            references += 1
    done.set()
    decoder.close()
    shutil.rmtree(folder)
    figures = [
        Figure("files", pictures),
        Figure("references", references),
        exactly("faults", len(seen.faults), 0),
        Figure("the slowest", seen.slowest, "s"),
        Figure("most memory of a worker", seen.most_mb, "MB"),
    ]
    report.add("faults", figures)
    print()
    for outcome, count in seen.outcomes.most_common():
        print(f"{count:>9,}  {outcome}")
    for fault in seen.faults:
        print(fault)
    return int(report.missed)


if __name__ == "__main__":
    sys.exit(main())
