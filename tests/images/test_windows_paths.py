"""Paths as Windows writes them, judged by its rules on any system: nothing here touches a file."""

from __future__ import annotations

import pytest
from support.windows import rules_of_windows

from art_mcp.images.files import check_path
from art_mcp.images.reference import Kind, Reference
from art_mcp.images.undecoded import ImageError


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (r"C:\Users\me\Pictures\sea.jpg", r"C:\Users\me\Pictures\sea.jpg"),
        ("c:/Users/me/sea.jpg", "c:/Users/me/sea.jpg"),
        (r'"C:\Users\me\two words.jpg"', r"C:\Users\me\two words.jpg"),
        (r"C:\\Users\\me\\sea.jpg", r"C:\\Users\\me\\sea.jpg"),  # as JSON writes it: one separator for Windows
        (r"D:\sea.jpg.", r"D:\sea.jpg."),  # Windows drops the dot
        ("file:///C:/Users/me/the%20sea.jpg", "C:/Users/me/the sea.jpg"),
        ("file://localhost/C:/sea.jpg", "C:/sea.jpg"),
        ("file:/C:/sea.jpg", "C:/sea.jpg"),
        ("file://C:/sea.jpg", "C:/sea.jpg"),  # wrong, but written by many
        (r"file:///C:\Users\me\sea.jpg", r"C:\Users\me\sea.jpg"),
    ],
)
def test_what_names_a_file_of_this_computer(given: str, path: str) -> None:
    with rules_of_windows():
        reference = Reference.parse(given)
    assert (reference.kind, reference.value) == (Kind.FILE, path)


@pytest.mark.parametrize(
    "given",
    [
        r"\\server\share\sea.jpg",
        "//server/share/sea.jpg",
        r"/\server\share\sea.jpg",
        r"\/server/share/sea.jpg",
        r"\\?\C:\Users\me\sea.jpg",
        r"\\.\PhysicalDrive0",
        r"\\?\UNC\server\share\sea.jpg",
        "file://server/share/sea.jpg",
        "file:////server/share/sea.jpg",
        "file:///%5Cserver%5Cshare%5Csea.jpg",
        "file:///%5C%5Cserver%5Cshare%5Csea.jpg",
        "file://localhost//server/share/sea.jpg",
    ],
)
def test_what_would_log_in_to_another_computer(given: str) -> None:
    with rules_of_windows(), pytest.raises(ImageError, match="another computer"):
        Reference.parse(given)


@pytest.mark.parametrize("given", [r"\Users\me\sea.jpg", "C:sea.jpg", r"C:Pictures\sea.jpg", "/c/Users/me/sea.jpg"])
def test_what_depends_on_the_working_directory(given: str) -> None:
    with rules_of_windows(), pytest.raises(ImageError, match="not absolute"):
        Reference.parse(given)


def test_a_share_that_may_be_read() -> None:
    with rules_of_windows():
        check_path(r"\\NAS\photos\2019\sea.jpg", within=[r"C:\Users\me\Pictures", r"\\nas\Photos"])
        for elsewhere in (r"\\nas\photos-private\sea.jpg", r"\\evil\photos\sea.jpg", r"\\nas\c$\sea.jpg"):
            with pytest.raises(ImageError, match="another computer"):
                check_path(elsewhere, within=[r"\\nas\photos"])
