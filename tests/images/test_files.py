"""Files that somebody names: those inside the allowed folders are read, and nothing else is."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import sys
import threading
import time
from pathlib import Path

import anyio
import pytest

from art_mcp.images import files as module
from art_mcp.images.files import read_file
from art_mcp.images.loader import PictureLoader
from art_mcp.images.local_file import LocalFile
from art_mcp.images.undecoded import MAX_BYTES, ImageError

DATA = b"the bytes of a picture"


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """tmp/allowed with pictures, and tmp/private and tmp/allowed-evil beside it."""
    for folder in ("allowed/deep", "private", "private/deep", "allowed-evil"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "secret-place.jpg").write_bytes(b"private")
    (tmp_path / "allowed" / "picture.jpg").write_bytes(DATA)
    (tmp_path / "allowed" / "Café #1 100%.jpg").write_bytes(DATA)
    return tmp_path / "allowed"


def load(reference: str, *folders: Path) -> bytes:
    async def run() -> bytes:
        data = (await PictureLoader(image_dirs=folders).load(reference)).data
        assert isinstance(data, LocalFile)
        with data.opened() as file:
            return file.read()

    return anyio.run(run)


def refusal(reference: str, *folders: Path) -> str:
    with pytest.raises(ImageError) as caught:
        load(reference, *folders)
    assert caught.value.next_step.endswith(".")
    for folder in folders:
        assert str(folder.parent) not in str(caught.value).replace(str(folder), "")
    return caught.value.problem


@pytest.mark.anyio
async def test_a_file_in_an_allowed_folder(allowed: Path) -> None:
    source = await PictureLoader(image_dirs=[allowed]).load(str(allowed / "picture.jpg"))
    assert isinstance(source.data, LocalFile)
    assert (source.data.sha256, source.data.size) == (hashlib.sha256(DATA).digest(), len(DATA))
    assert source.name == "picture.jpg"


def test_a_file_that_changes_after_it_was_hashed_is_refused(allowed: Path) -> None:
    path = allowed / "picture.jpg"
    file = LocalFile.at(path, [allowed])
    with file.opened() as opened:
        assert opened.read() == DATA
    with pytest.raises(ImageError, match=r"picture\.jpg changed while it was read"), file.opened():
        path.write_bytes(DATA * 2)
    with pytest.raises(ImageError, match="changed"), file.opened():
        raise AssertionError("opened")


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_a_file_is_checked_again_whenever_it_is_opened(allowed: Path) -> None:
    path = allowed / "picture.jpg"
    file = LocalFile.at(path, [allowed])
    path.unlink()
    path.symlink_to(allowed.parent / "private" / "secret-place.jpg")
    with pytest.raises(ImageError, match="outside the folders that may be read"), file.opened():
        raise AssertionError("opened")


def test_spellings_of_a_file(allowed: Path) -> None:
    odd = allowed / "Café #1 100%.jpg"
    for text in (
        str(odd),
        f"  {odd}\n",
        odd.as_uri(),
        odd.as_uri().replace("file://", "file://localhost"),
        odd.as_uri().replace("file://", "FILE:"),
        f"file://{allowed}/Café #1 100%25.jpg",
        f"{allowed}/deep/../{odd.name}",
        f"{allowed}/./{odd.name}",
    ):
        assert load(text, allowed) == DATA, text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("picture.jpg", "not absolute"),
        ("./picture.jpg", "not absolute"),
        ("../allowed/picture.jpg", "not absolute"),
        ("~root/picture.jpg", "starts with ~"),
        ("/tmp/a\0b.jpg", "NUL"),
        ("file:///tmp/a%00b.jpg", "NUL"),
        ("/tmp/\ud800.jpg", "is not valid text"),
        (r"\\server\share\picture.jpg", "picture.jpg is on another computer"),
        ("//server/share/picture.jpg", "picture.jpg is on another computer"),
        (r"\\?\C:\picture.jpg", "another computer"),
        ("file://server/share/picture.jpg", "picture.jpg is on another computer"),
        ("file:////server/share/picture.jpg", "another computer"),
        ("file:picture.jpg", "not absolute"),
    ],
)
def test_paths_that_are_none_of_this_computer(text: str, problem: str, allowed: Path) -> None:
    assert problem in refusal(text, allowed)


@pytest.mark.parametrize(
    "path",
    [
        "../private/secret-place.jpg",
        "deep/../../private/secret-place.jpg",
        "../allowed-evil/secret-place.jpg",
        "../allowed/../private/secret-place.jpg",
        "../private/nothing-here.jpg",
        "..",
        "../../../../../../../../../../etc/passwd",
        "../../../../../../../../../../proc/self/environ",
        "../../../../../../../../../../dev/zero",
    ],
)
def test_nothing_outside_can_be_read_or_even_told_from_nothing(path: str, allowed: Path) -> None:
    for text in (
        f"{allowed}/{path}",
        f"file://{allowed}/{path}",
        f"file://{allowed}/{path.replace('.', '%2e')}",
    ):
        assert refusal(text, allowed).endswith("is outside the folders that may be read.")


def test_missing_unreadable_and_no_file(allowed: Path) -> None:
    assert refusal(f"{allowed}/nothing.jpg", allowed) == "nothing.jpg does not exist."
    assert refusal(f"{allowed}/deep", allowed) == "deep is a folder."
    assert refusal(f"{allowed}/", allowed) == "allowed is a folder."
    assert refusal(f"{allowed}/{'x' * 300}.jpg", allowed).endswith("does not exist.")
    assert refusal(f"{allowed}/picture.jpg/more.jpg", allowed) == "more.jpg cannot be opened."
    if os.name == "posix" and os.getuid() != 0:
        (allowed / "picture.jpg").chmod(0)
        assert refusal(f"{allowed}/picture.jpg", allowed) == "picture.jpg cannot be read: permission denied."


def test_no_folder_allowed(allowed: Path) -> None:
    with pytest.raises(ImageError, match="ART_MCP_IMAGE_DIRS"):
        load(f"{allowed}/picture.jpg")


def test_a_folder_that_does_not_exist_allows_nothing(allowed: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="outside the folders"):
        load(f"{allowed}/picture.jpg", tmp_path / "gone")


def test_several_folders(allowed: Path, tmp_path: Path) -> None:
    assert load(str(tmp_path / "private" / "secret-place.jpg"), allowed, tmp_path / "private") == b"private"


def test_symbolic_links(allowed: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    (allowed / "file.jpg").symlink_to(private / "secret-place.jpg")
    (allowed / "relative.jpg").symlink_to("../private/secret-place.jpg")
    (allowed / "chain.jpg").symlink_to(allowed / "file.jpg")
    (allowed / "folder").symlink_to(private)
    (allowed / "loop.jpg").symlink_to(allowed / "loop.jpg")
    (allowed / "void.jpg").symlink_to(private / "nothing-here.jpg")
    for path in (
        "file.jpg",
        "relative.jpg",
        "chain.jpg",
        "folder/secret-place.jpg",
        "folder/deep/x.jpg",
        "void.jpg",
    ):
        assert refusal(f"{allowed}/{path}", allowed).endswith("is outside the folders that may be read.")
    assert refusal(f"{allowed}/loop.jpg", allowed) == "loop.jpg cannot be opened."

    (allowed / "inside.jpg").symlink_to(allowed / "picture.jpg")
    (allowed / "deeper").symlink_to(allowed / "deep")
    assert load(f"{allowed}/inside.jpg", allowed) == DATA
    assert load(f"{allowed}/deeper/secret-place.jpg", allowed) == b"private"

    (tmp_path / "alias").symlink_to(allowed)  # the allowed folder itself may be named by a link
    assert load(f"{tmp_path}/alias/picture.jpg", tmp_path / "alias") == DATA


def test_a_swap_between_looking_and_opening(allowed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = allowed / "picture.jpg"

    def swap_and_open(path: str, flags: int) -> int:
        target.unlink()
        target.symlink_to(tmp_path / "private" / "secret-place.jpg")
        return real_open(path, flags)

    real_open = os.open
    monkeypatch.setattr(os, "open", swap_and_open)
    with pytest.raises(ImageError, match="outside the folders"):
        read_file(target, [allowed])


def test_a_racing_thread_never_wins(allowed: Path, tmp_path: Path) -> None:
    racer, stop = allowed / "racer", threading.Event()
    folders = (allowed / "deep", tmp_path / "private")
    (allowed / "deep" / "secret-place.jpg").write_bytes(DATA)

    def race() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            fresh = allowed / f"fresh{turn % 2}"
            fresh.symlink_to(folders[turn % 2])
            fresh.replace(racer)

    thread = threading.Thread(target=race)
    thread.start()
    try:
        seen = set()
        for _ in range(400):
            try:
                seen.add(read_file(racer / "secret-place.jpg", [allowed]))
            except ImageError:
                seen.add(b"refused")
    finally:
        stop.set()
        thread.join()
    assert seen <= {DATA, b"refused"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_what_is_no_regular_file_does_not_hang(allowed: Path) -> None:
    os.mkfifo(allowed / "pipe.jpg")
    start = time.perf_counter()
    assert refusal(f"{allowed}/pipe.jpg", allowed) == "pipe.jpg is not a file."
    assert time.perf_counter() - start < 30
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(allowed)  # a socket's path has to be short
        try:
            server.bind("s.jpg")
        finally:
            os.chdir(here)
        assert refusal(f"{allowed}/s.jpg", allowed) == "s.jpg cannot be opened."
    assert refusal("/dev/zero", Path("/dev")) == "zero is not a file."
    assert refusal("/proc/self/environ", Path("/proc")) == "environ is empty."


def test_size_is_capped_before_and_while_reading(allowed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (allowed / "sparse.jpg").open("wb") as file:
        file.truncate(10**12)
    assert refusal(f"{allowed}/sparse.jpg", allowed) == "sparse.jpg is larger than 2 GiB."
    with pytest.raises(ImageError, match="larger than 20 MiB"):
        read_file(allowed / "sparse.jpg", [allowed])
    with (allowed / "full.jpg").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert len(load(f"{allowed}/full.jpg", allowed)) == MAX_BYTES + 1
    (allowed / "empty.jpg").touch()
    assert refusal(f"{allowed}/empty.jpg", allowed) == "empty.jpg is empty."
    monkeypatch.setattr(module, "MAX_BYTES", 10)  # a file that grew after it was measured is read no further
    assert len(read_file(allowed / "picture.jpg", [allowed])) == 11


@pytest.mark.parametrize("system", ["macOS", "other"])
def test_other_systems_know_a_descriptors_path_too(
    system: str, allowed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_proc(_: object) -> str:
        raise FileNotFoundError

    fcntl = pytest.importorskip("fcntl")
    link, real_link = os.readlink, os.path.realpath
    monkeypatch.setattr(os, "readlink", lambda p, **k: no_proc(p) if str(p).startswith("/proc") else link(p, **k))
    if system == "macOS":
        monkeypatch.setattr(fcntl, "F_GETPATH", 50, raising=False)
        monkeypatch.setattr(
            fcntl,
            "fcntl",
            lambda fd, _, buffer: os.fsencode(link(f"/proc/self/fd/{fd}")).ljust(len(buffer), b"\0"),
        )
    assert read_file(allowed / "picture.jpg", [allowed]) == DATA
    (allowed / "out.jpg").symlink_to(tmp_path / "private" / "secret-place.jpg")
    # As if the check before opening had been won by a swap.
    lies = iter([str(allowed / "out.jpg")])
    monkeypatch.setattr(os.path, "realpath", lambda p, **k: next(lies, None) or real_link(p, **k))
    with pytest.raises(ImageError, match="outside the folders"):
        read_file(allowed / "out.jpg", [allowed])


def test_a_source_reads_beside_itself_only(allowed: Path) -> None:
    assert read_file(allowed / "picture.jpg", [allowed]) == DATA
    for row in ("../private/secret-place.jpg", "/etc/passwd", "../allowed-evil/secret-place.jpg"):
        with pytest.raises(ImageError, match="source"):
            read_file(allowed / row, [allowed])


def test_macos_protects_some_folders_from_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = PermissionError(errno.EPERM, "Operation not permitted")
    assert "the file's permissions" in str(module.unreadable("sea.jpg", refused))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "darwin")
        assert "Privacy & Security" in str(module.unreadable("sea.jpg", refused))
        assert "the file's permissions" in str(module.unreadable("sea.jpg", PermissionError(errno.EACCES, "denied")))
