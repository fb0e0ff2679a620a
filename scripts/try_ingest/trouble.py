"""Loads whose service refuses or fails, or some of whose files are bad."""

from __future__ import annotations

import struct
import tempfile
import time
import zlib
from pathlib import Path

from figures import Figure, Outcome, exactly
from PIL import Image
from try_ingest.interruptions import wanted_paintings
from try_ingest.pictures import draw
from try_ingest.place import Rows, place
from try_ingest.standin import FOREVER, digest

STORM_S, RETRY_AFTER_S = 20, 3
OUTAGE_S = 60
SHARE = 0.01
"""Of the rows of a table that are bad."""


def storm(source: Path, wanted: Rows, calls: int) -> Outcome:
    """Every call is answered with 429 for a while, then every other call."""
    with place(source) as here:
        loading = here.start()
        here.wait_for_calls(loading, calls // 4)
        here.standin.fault("429", count=FOREVER, lasting=STORM_S, retry_after=RETRY_AFTER_S)
        here.standin.fault("429", count=FOREVER, lasting=2 * STORM_S, retry_after=1, probability=0.5)
        started = time.monotonic()
        job = loading.end() or {}
        statuses = here.standin.calls.by_status()
        return Outcome(
            [
                Figure("calls answered 429", statuses[429]),
                exactly("sent before Retry-After was over", len(here.standin.calls.sent_before_retry_after()), 0),
                exactly("rows stored", job.get("stored", 0), wanted_paintings(wanted)),
                exactly("exit status of the load", loading.process.returncode, 0),
                Figure("time from the beginning of the storm", time.monotonic() - started, "s"),
                *here.compared(wanted, calls),
            ],
            loading.said,
        )


def outage(source: Path, wanted: Rows, calls: int) -> Outcome:
    """The service answers every call with 503 for one minute."""
    with place(source) as here:
        loading = here.start()
        here.wait_for_calls(loading, calls // 2)
        here.standin.fault("503", count=FOREVER, lasting=OUTAGE_S)
        down = time.monotonic()
        job = loading.end() or {}
        made = sum(call.fault == "503" for call in here.standin.calls)
        back = next(call.time for call in here.standin.calls if call.billed and call.time > down + OUTAGE_S - 1)
        return Outcome(
            [
                Figure("calls made while it was down", made),
                Figure("seconds from its return to the next answer", back - down - OUTAGE_S, "s", most=45),
                exactly("rows stored", job.get("stored", 0), wanted_paintings(wanted)),
                exactly("rows refused", job.get("refused", 0), 0),
                exactly("exit status of the load", loading.process.returncode, 0),
                *here.compared(wanted, calls),
            ],
            loading.said,
        )


def poison(source: Path, wanted: Rows, calls: int) -> Outcome:
    """One percent of a table's rows are bad, in eight ways; those with a bad picture are stored by their words."""
    folder = Path(tempfile.mkdtemp(prefix="poisoned-", dir=source.parent))
    whole = wanted_paintings(wanted)
    images = draw(folder / "images", whole)
    bad = _bad_files(images)
    rows = [f"{file.name},Title of {file.name}" for file in sorted(images.glob("0*.jpg"))]
    bad_rows = {
        **{f"{name},Bad": reason for name, reason in bad.items()},
        "00003.jpg,A\0title": "Its title holds a NUL character.",
        f"{rows[0].split(',')[0]},Again": "It is the same painting as",
    }
    each = max(1, round(SHARE * whole / len(bad_rows)))
    expected: dict[int, str] = {}
    lines = list(rows)
    for number, (row, reason) in enumerate(bad_rows.items()):
        for copy in range(each):
            place_in = 7 + (number * each + copy) * (len(rows) // (len(bad_rows) * each + 1))
            lines[place_in:place_in] = [row if not copy else _copied(images, row, copy)]
            expected = {at + (at >= place_in): why for at, why in expected.items()} | {place_in: reason}
    poisoned = {digest((images / name).read_bytes()) for name in bad if (images / name).exists()}
    (folder / "table.csv").write_text("IMAGE_FILE,TITLE\n" + "\n".join(lines) + "\n", newline="")
    with place(folder / "table.csv") as here:
        job = here.load()
        reported = {int(each["row"].split("line ")[1].split()[0]) - 2: each["reason"] for each in job["refusals"]}
        right = sum(reason in reported.get(line, "") for line, reason in expected.items())
        return Outcome(
            [
                exactly("bad rows told, with the right reason", right, len(expected), f"of {len(expected)}"),
                exactly("other rows told", len(reported.keys() - expected.keys()), 0),
                exactly("rows stored", job["stored"], whole + each * len(bad), f"of {len(lines)}"),
                exactly("of these without a picture", job["without_picture"], each * len(bad)),
                exactly("stored vectors that are not of their picture", len(here.wrong_vectors()), 0),
                exactly("calls billed", here.standin.calls.billed(), whole),
                exactly("bad files that the service was sent", sum(c.sha in poisoned for c in here.standin.calls), 0),
            ],
            [f"{each['row']}: {each['reason']}" for each in job["refusals"][::each]],
        )


def _copied(images: Path, row: str, copy: int) -> str:
    """The same bad row, for a file of its own where the file is what is bad."""
    name, title = row.split(",")
    if name.startswith("0"):
        return row
    other = f"{copy}-{name}"
    (images / other).write_bytes((images / name).read_bytes())
    return f"{other},{title}"


def _bad_files(images: Path) -> dict[str, str]:
    """Files and what is to be said of each."""
    whole = (images / "00000.jpg").read_bytes()
    (images / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (images / "bomb.png").write_bytes(_bomb(120_000))
    (images / "page.jpg").write_bytes(b"<html><body>Not found</body></html>")
    Image.new("RGB", (9, 9)).save(images / "tiny.jpg")
    with (images / "huge.jpg").open("wb") as huge:
        huge.write(whole)
        huge.truncate(3 << 30)
    return {
        "cut.jpg": "damaged or incomplete",
        "bomb.png": "more than 100,000 pixels per side",
        "page.jpg": "page.jpg is a web page",
        "tiny.jpg": "9 x 9 pixels, too small",
        "huge.jpg": "larger than 2 GiB",
        "gone.jpg": "The picture is missing.",
    }


def _bomb(side: int) -> bytes:
    """A PNG of a few hundred kilobytes that would take gigabytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    line = bytes(1 + side // 8)
    data = b"".join(packer.compress(line) for _ in range(side)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
