"""Decoding in processes of their own: the same pixels, and an end to what would take them over."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import psutil
import pytest
from PIL import Image
from support.pictures import endless

from art_mcp.images import decoding
from art_mcp.images.decoding import Decoder
from art_mcp.images.local_file import LocalFile
from art_mcp.images.picture import read_picture
from art_mcp.images.undecoded import FORMAT_NAMES, MAX_BYTES, ImageError

pillow_heif.register_heif_opener()

WORKER = "art_mcp.images.decode_worker"
POPEN = subprocess.Popen
LINUX = Path("/proc/self/status").exists()


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def noise(width: int = 60, height: int = 40) -> Image.Image:
    return Image.fromarray(np.random.default_rng(width).integers(0, 255, (height, width, 3), np.uint8))


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(workers=2)
    yield decoder
    decoder.close()
    assert not workers()


def workers() -> list[psutil.Process]:
    """The worker processes of this one that run."""
    running = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # it has just ended
            if WORKER in child.cmdline():
                running.append(child)
    return running


def refused(decoder: Decoder, data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decoder.read(data, name="x")
    return caught.value.problem


PLAIN = encoded(noise(), "PNG")


@pytest.mark.slow
@pytest.mark.parametrize("format_", FORMAT_NAMES)
@pytest.mark.parametrize(("size", "max_side"), [((64, 64), 1024), ((1500, 1100), 1024), ((300, 200), 50)])
def test_the_pixels_are_those_of_this_process(
    decoder: Decoder, format_: str, size: tuple[int, int], max_side: int
) -> None:
    data = encoded(noise(*size), format_, **({"sizes": [(64, 64)]} if format_ == "ICO" else {}))
    here, there = (read(data, name="x", max_side=max_side) for read in (read_picture, decoder.read))
    assert there.image.tobytes() == here.image.tobytes()
    assert (there.image.mode, there.image.size, type(there.image)) == ("RGB", here.image.size, type(here.image))
    assert (there.sha256, there.width, there.height, there.format) == (
        here.sha256,
        here.width,
        here.height,
        here.format,
    )


def test_a_large_file_is_asked_for_part_by_part(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "large.bmp"
    data = encoded(noise(3000, 2500), "BMP")
    path.write_bytes(data)
    assert len(data) > MAX_BYTES
    there = decoder.read(LocalFile.at(path, [tmp_path]), name="x")
    here = read_picture(BytesIO(data), name="x")
    assert there.image.tobytes() == here.image.tobytes()
    assert (there.sha256, there.width, there.height) == (hashlib.sha256(data).digest(), 3000, 2500)
    for cut in (data[:-200], b"BM" + bytes(MAX_BYTES), b"%PDF-" + bytes(MAX_BYTES)):
        path.write_bytes(cut)
        with pytest.raises(ImageError):
            decoder.read(LocalFile.at(path, [tmp_path]), name="x")


def test_sixteen_bits_and_floats_too(decoder: Decoder) -> None:
    for array in (np.full((20, 30), 30_000, np.uint16), np.full((20, 30), 0.5, np.float32)):
        data = encoded(Image.fromarray(array), "TIFF")
        assert decoder.read(data, name="x").image.tobytes() == read_picture(data, name="x").image.tobytes()


@pytest.mark.parametrize("data", [b"", b"junk", PLAIN[:-200], encoded(noise(5, 5), "PNG"), bytes(21 * 2**20)])
def test_errors_are_those_of_this_process(decoder: Decoder, data: bytes) -> None:
    with pytest.raises(ImageError) as here:
        read_picture(data, name="a\ud800\n b")
    with pytest.raises(ImageError) as there:
        decoder.read(data, name="a\ud800\n b")
    assert str(there.value) == str(here.value)
    assert decoder.read(PLAIN, name="x").format == "PNG"


@pytest.mark.slow
def test_what_takes_too_long_is_ended_and_the_next_is_read() -> None:
    decoder = Decoder(workers=1, within=0.8)
    decoder.read(PLAIN, name="x")
    (first,) = workers()
    assert refused(decoder, endless()) == "x takes more than 0.8 s to decode."
    assert not first.is_running()
    assert decoder.read(PLAIN, name="x").width == 60
    decoder.close()
    assert not workers()


@pytest.mark.skipif(not LINUX, reason="memory is limited on Linux")
def test_what_takes_too_much_memory_is_refused_and_the_next_is_read() -> None:
    decoder = Decoder(workers=1, memory=100 * 2**20)
    heavy = encoded(Image.new("RGB", (8000, 6000)), "WEBP", method=0)
    assert "x " in refused(decoder, heavy)
    assert decoder.read(PLAIN, name="x").width == 60
    (worker,) = workers()
    assert worker.memory_info().rss < 150 * 2**20
    decoder.close()


@pytest.mark.slow
@pytest.mark.skipif(not LINUX, reason="memory is limited on Linux")
@pytest.mark.parametrize(
    ("format_", "options"),
    [
        ("AVIF", {"speed": 10}),
        ("HEIF", {"quality": 1, "enc_params": {"preset": "ultrafast"}}),
        ("JPEG2000", {"num_resolutions": 1}),
    ],
)
def test_the_largest_of_the_other_formats_stay_below_the_limit(format_: str, options: dict[str, Any]) -> None:
    decoder = Decoder(workers=1, within=300)
    data = encoded(Image.new("RGB", (8000, 6000)), format_, **options)
    assert decoder.read(data, name="x").image.size == (1024, 768)
    (worker,) = workers()
    peak = next(line for line in Path(f"/proc/{worker.pid}/status").read_text().splitlines() if "VmHWM" in line)
    assert int(peak.split()[1]) < 1000 * 1024
    decoder.close()


@pytest.mark.slow
@pytest.mark.skipif(not LINUX, reason="memory is limited on Linux")
def test_the_worst_that_the_caps_allow_stays_below_the_limit(decoder: Decoder) -> None:
    data = encoded(Image.new("RGB", (8000, 6200)), "WEBP", quality=1, method=0)
    assert decoder.read(data, name="x").image.size == (1024, 794)
    (worker,) = workers()
    peak = next(line for line in Path(f"/proc/{worker.pid}/status").read_text().splitlines() if "VmHWM" in line)
    assert 700 * 1024 < int(peak.split()[1]) < 900 * 1024


def test_big_pictures_wait_for_one_another_and_small_ones_pass(decoder: Decoder) -> None:
    big = encoded(Image.new("L", (5000, 4000)), "PNG")
    with ThreadPoolExecutor() as threads:
        with decoder._one_big_picture:
            waiting = threads.submit(decoder.read, big, name="big")
            for _ in range(20):
                assert decoder.read(PLAIN, name="x").width == 60
            time.sleep(0.2)
            assert not waiting.done()
        assert waiting.result(timeout=60).width == 5000
    assert not decoder._one_big_picture.locked()


def test_a_worker_that_dies_costs_one_picture_at_most(decoder: Decoder) -> None:
    decoder.read(PLAIN, name="x")
    (worker,) = workers()
    worker.kill()
    worker.wait()
    assert decoder.read(PLAIN, name="x").width == 60
    with ThreadPoolExecutor() as threads:
        reading = threads.submit(refused, decoder, endless())
        while not any(each.cpu_times().user > 0.3 for each in workers()):
            time.sleep(0.02)
        max(workers(), key=lambda each: each.cpu_times().user).kill()
        assert reading.result() == "x is damaged and crashed its decoder."
    assert decoder.read(PLAIN, name="x").width == 60


def test_no_more_workers_than_allowed_and_each_thread_gets_its_picture(decoder: Decoder) -> None:
    pictures = [encoded(noise(30 + number, 30), "PNG") for number in range(60)]
    with ThreadPoolExecutor(12) as threads:
        read = list(threads.map(lambda data: decoder.read(data, name="x"), pictures))
    assert [picture.width for picture in read] == [30 + number for number in range(60)]
    assert len(workers()) == 2


@pytest.mark.slow
def test_idle_workers_end_and_new_ones_start() -> None:
    decoder = Decoder(workers=2, idle=1)
    for _ in range(2):
        assert decoder.read(PLAIN, name="x").width == 60
        assert len(workers()) == 1
        while workers():
            time.sleep(0.05)
    decoder.close()
    decoder = Decoder(workers=2, idle=0.3)
    for pause in np.linspace(0.28, 0.32, 15):  # a question may arrive just when its worker goes
        assert decoder.read(PLAIN, name="x").width == 60
        time.sleep(pause)
    decoder.close()


def test_closing_ends_what_is_under_way(decoder: Decoder) -> None:
    with ThreadPoolExecutor() as threads:
        reading = threads.submit(refused, decoder, endless())
        while not workers():
            time.sleep(0.02)
        decoder.close()
        assert not workers()
        reading.result(timeout=60)
    assert refused(decoder, PLAIN) == "x was not read because the server is stopping."
    while any(thread.name == "decoder" for thread in threading.enumerate()):
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_workers_end_with_whoever_started_them() -> None:
    script = """
        import sys
        from art_mcp.images.decoding import Decoder
        decoder = Decoder()
        decoder.read(open(sys.argv[1], "rb").read(), name="x")
        print(decoder._idle[0]._process.pid, flush=True)
        decoder.read(open(sys.argv[2], "rb").read(), name="x")
    """
    for signal_ in (signal.SIGKILL, signal.SIGTERM):
        files = [Path("/proc/self/fd", str(_memory_file(data))) for data in (PLAIN, endless())]
        parent = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), *map(str, files)],
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[int(file.name) for file in files],
        )
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        while worker.cpu_times().user < 0.3:
            time.sleep(0.02)
        parent.send_signal(signal_)
        parent.communicate()
        worker.wait(timeout=60)
        for file in files:
            os.close(int(file.name))


def _memory_file(data: bytes) -> int:
    descriptor = os.memfd_create("picture")
    os.write(descriptor, data)
    return descriptor


def test_a_worker_has_neither_the_servers_streams_nor_its_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, decoder: Decoder
) -> None:
    monkeypatch.setenv("ART_MCP_AZURE_KEY", "canary")
    monkeypatch.setenv("VISION_KEY", "canary")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:canary@h/d")
    for name in ("art_mcp", "PIL", "json", "numpy"):  # a hostile project as the working folder
        (tmp_path / f"{name}.py").write_text("open('taken over', 'w')")
    monkeypatch.chdir(tmp_path)
    assert decoder.read(PLAIN, name="x").width == 60
    assert not (tmp_path / "taken over").exists()
    (worker,) = workers()
    assert "canary" not in str(worker.environ())
    if LINUX:
        for stream in (0, 1, 2):
            assert os.readlink(f"/proc/{worker.pid}/fd/{stream}") == "/dev/null"
        assert worker.num_fds() < 12
    assert worker.net_connections() == []


def test_nothing_of_it_appears_on_the_servers_streams(tmp_path: Path) -> None:
    (tmp_path / "broken.tif").write_bytes(encoded(noise(), "TIFF", compression="tiff_lzw")[:-200])
    (tmp_path / "x.png").write_bytes(PLAIN)
    script = """
        import sys
        from pathlib import Path
        from art_mcp.images.decoding import Decoder
        from art_mcp.images.undecoded import ImageError
        decoder = Decoder()
        for path in sys.argv[1:]:
            try:
                decoder.read(Path(path).read_bytes(), name="x")
            except ImageError:
                pass
        decoder.close()
    """
    paths = [str(path) for path in sorted(tmp_path.iterdir())]
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(script), *paths]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert (done.stdout, done.stderr.replace(b"\r", b"")) == (b"", b"")


HEAD = "import os, sys, struct, json; send = lambda text: os.write(1, struct.pack('<I', len(text)) + text); "
READY = HEAD + 'send(b\'{"what": "ready"}\'); '
PICTURE = '{"what": "picture", "size": [%s, %s], "width": 9, "height": 9, "format": "PNG", "sha256": "%s"}'
HASH = hashlib.sha256(PLAIN).hexdigest()


@pytest.mark.parametrize(
    "script",
    [
        READY + "os.write(1, b'\\xff\\xff\\xff\\xff' + bytes(100_000))",
        READY + "send(b'not json')",
        READY + "send(b'\\xff\\xfe')",
        READY + "send(b'[]')",
        READY + "send(b'5')",
        READY + "send(b'{}')",
        READY + "send(b'[' * 60_000)",
        READY + 'send(b\'{"what": "other"}\')',
        READY + 'send(b\'{"what": "refused"}\')',
        READY + f"send({(PICTURE % (5000, 5000, HASH)).encode()}); os.write(1, bytes(100))",
        READY + f"send({(PICTURE % (-5, 5, HASH)).encode()})",
        READY + f"send({(PICTURE % (0, 0, HASH)).encode()})",
        READY + f"send({(PICTURE % ('1e9', 5, HASH)).encode()})",
        READY + f"send({(PICTURE % (5, 'null', HASH)).encode()})",
        READY + f"send({(PICTURE % (5, 5, HASH)).encode()}); os.write(1, bytes(74))",
        READY + f"send({(PICTURE % (5, 5, 'nothex')).encode()}); os.write(1, bytes(75))",
        READY + f"send({(PICTURE % (5, 5, 'ab')).encode()}); os.write(1, bytes(75))",
        READY + f"send({(PICTURE % (5, 5, 'ab' * 32)).encode()}); os.write(1, bytes(75))",
        READY + f"send({(PICTURE % (5, 5, HASH)).replace('PNG', 'EXE').encode()}); os.write(1, bytes(75))",
        READY + f"send({(PICTURE % (5, 5, HASH)).replace('9', '-9').encode()}); os.write(1, bytes(75))",
        READY + 'send(b\'{"what": "refused", "problem": "\\\\u202e", "next_step": "x"}\')',
        READY + 'send(b\'{"what": "refused", "problem": "\' + b"x" * 9999 + b\'", "next_step": "x"}\')',
        READY + 'send(b\'{"what": "read", "start": 0, "count": 5}\')',
        READY + 'send(b\'{"what": "read", "start": -1, "count": 1e9}\')',
        READY + "os.kill(os.getpid(), 11) if os.name != 'nt' else os._exit(3)",
        READY + "sys.exit(0)",
    ],
)
def test_a_worker_that_was_taken_over_is_not_believed(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _with_worker(script, monkeypatch) == "x is damaged and crashed its decoder."


def test_the_same_answer_told_right_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    script = READY + f"send({(PICTURE % (5, 5, HASH)).encode()}); os.write(1, bytes(75)); sys.stdin.read()"
    monkeypatch.setattr(decoding.subprocess, "Popen", lambda command, **more: POPEN([command[0], "-c", script], **more))
    decoder = Decoder(workers=1)
    picture = decoder.read(PLAIN, name="x")
    decoder.close()
    assert (picture.image.size, picture.width, picture.sha256.hex()) == ((5, 5), 9, HASH)


@pytest.mark.parametrize("script", ["", "raise SystemExit(3)", "print('hello')", HEAD + "send(b'{}')"])
def test_a_worker_that_does_not_start_is_not_the_pictures_fault(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _with_worker(script, monkeypatch) == "x cannot be decoded because no decoder process can be started."


def test_a_worker_that_reads_nothing_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "START_WITHIN_S", 1)
    for start, problem in (("", "no decoder process can be started"), (READY, "takes more than 1 s to decode")):
        script = f"{start}import time; time.sleep(60)"
        assert problem in _with_worker(script, monkeypatch, PLAIN + bytes(5_000_000), within=1)


def test_an_answer_that_was_not_heard_to_its_end_does_not_answer_the_next_question(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Image.Image:
        raise KeyboardInterrupt

    decoder.read(PLAIN, name="x")
    with monkeypatch.context() as patch:
        patch.setattr(decoding.Image, "frombytes", interrupted)
        with pytest.raises(KeyboardInterrupt):
            decoder.read(PLAIN, name="x")
    assert decoder.read(encoded(noise(99, 50), "PNG"), name="x").width == 99


def test_no_program_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert "no decoder process can be started" in refused(Decoder(), PLAIN)


def _with_worker(script: str, monkeypatch: pytest.MonkeyPatch, data: bytes = PLAIN, within: float = 20) -> str:
    def other(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        return POPEN([command[0], "-c", script], **options)

    monkeypatch.setattr(decoding.subprocess, "Popen", other)
    decoder = Decoder(workers=1, within=within)
    try:
        return refused(decoder, data)
    finally:
        decoder.close()
        assert not psutil.Process().children()
