"""Paths as chats, shells, links and other systems spell them: the file is found, and nothing else is."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.pictures import contents

from art_mcp.images import spelling
from art_mcp.images.files import allowed_path
from art_mcp.images.loader import PictureLoader
from art_mcp.images.undecoded import ImageError

pytestmark = pytest.mark.anyio

SCREENSHOT = "Screenshot 2026-01-05 at 5.03.11\u202fPM.jpg"
"""As macOS names it."""
NAMES = (
    SCREENSHOT,
    unicodedata.normalize("NFD", "Müller.jpg"),
    "My Photo (1).jpg",
    "Self-portrait of Rembrandt’s age – 1659.png",
    "It's 100% Klimt + Schiele & co.jpeg",
    "%D0%9A%D0%B0%D0%B7%D0%B0%D0%BA%D0%B8.jpg",
    "Ｗｉｄｅ　作品①.jpg",
    "back\\slash.jpg",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with pictures that may be read, and others that may not."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder in ("Pictures/Été 2025", "Private"):
        (tmp_path / "home" / folder).mkdir(parents=True)
    for name in NAMES:
        (tmp_path / "home" / "Pictures" / "Été 2025" / name).write_text(name)
        (tmp_path / "home" / "Private" / name).write_text("private")
    return tmp_path / "home"


@pytest.fixture
async def loader(home: Path) -> AsyncIterator[PictureLoader]:
    loader = PictureLoader(image_dirs=[home / "Pictures", home / "Downloads"])
    yield loader
    await loader.aclose()


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("{}/Screenshot 2026-01-05 at 5.03.11 PM.jpg", SCREENSHOT),
        ("{}/screenshot\xa02026-01-05 at 5.03.11  pm.JPG", SCREENSHOT),
        ("{}/Screenshot\\ 2026-01-05\\ at\\ 5.03.11\\ PM.jpg", SCREENSHOT),
        ("file://{}/Screenshot%202026-01-05%20at%205.03.11%20PM.jpg", SCREENSHOT),
        ("{}/Screenshot%202026-01-05%20at%205.03.11%E2%80%AFPM.jpg", SCREENSHOT),
        ("{}/Müller.jpg", NAMES[1]),
        ("{}/MÜLLER.JPG", NAMES[1]),
        ("{}/M%C3%BCller.jpg", NAMES[1]),
        ("{}/Muller.jpg", NAMES[1]),
        (r"{}/My\ Photo\ (1).jpg", NAMES[2]),
        (r"{}/My\ Photo\ \(1\).jpg", NAMES[2]),
        ("{}/My%20Photo%20(1).jpg", NAMES[2]),
        ("{}/My%20Photo%20%281%29.jpg", NAMES[2]),
        ("{}/My+Photo+(1).jpg", NAMES[2]),
        ("'{}/my photo (1).jpg'", NAMES[2]),
        ("“{}/My Photo (1).jpg ”", NAMES[2]),
        ("\u202a{}/My Photo\u200b (1).jpg", NAMES[2]),
        ("{}/Self-portrait of Rembrandt's age - 1659.png", NAMES[3]),
        ("{}/It’s 100%25 Klimt %2B Schiele %26 co.jpeg", NAMES[4]),
        (r"{}/It\'s\ 100%\ Klimt\ +\ Schiele\ \&\ co.jpeg", NAMES[4]),
        ("{}/Казаки.jpg", NAMES[5]),
        ("{}/Wide 作品1.jpg", NAMES[6]),
        ("{}/back\\slash.jpg", NAMES[7]),
    ],
)
async def test_a_name_is_found_as_it_is_spelled_elsewhere(
    asked: str, name: str, home: Path, loader: PictureLoader
) -> None:
    exact = str(home / "Pictures" / "Été 2025")
    for folder in (
        exact,
        exact.replace("Été 2025", "été%202025"),
        exact.replace("/Pictures/Été 2025", "/pictures/ete 2025"),
    ):
        source = await loader.load(asked.format(folder))
        assert contents(source.data).decode() == name
    assert source.note is not None and source.note.startswith("The picture is ~/Pictures/Été 2025/")
    kept = allowed_path(asked.format(exact), [home / "Pictures"])
    assert kept.read_text() == name


async def test_an_exact_name_is_taken_as_it_is(home: Path, loader: PictureLoader) -> None:
    for name in NAMES:
        source = await loader.load(str(home / "Pictures" / "Été 2025" / name))
        assert (contents(source.data).decode(), source.note) == (name, None)


@pytest.mark.parametrize("start", ["~", "$HOME", "${HOME}", "'~", r"\/HOME"])
async def test_the_home_folder_may_be_short(start: str, home: Path, loader: PictureLoader) -> None:
    start = start.replace("HOME", str(home)[1:]) if "/" in start else start
    assert (await loader.load(f"{start}/Pictures/Été 2025/My Photo (1).jpg{start[:1] * (start[0] == chr(39))}")).data
    assert allowed_path("~/Pictures", [home / "Pictures"]) == home / "Pictures"
    assert allowed_path("~/Pictures/ete%202025", [home / "Pictures"]).name == "Été 2025"


async def refused(loader: PictureLoader, asked: str) -> str:
    with pytest.raises(ImageError) as caught:
        await loader.load(asked)
    return str(caught.value)


async def test_the_nearest_names_are_told(home: Path, loader: PictureLoader) -> None:
    assert await refused(loader, "~/Pictures/Été 2025/My Foto (1).jpg") == (
        "My Foto (1).jpg does not exist. Closest names in ~/Pictures/Été 2025: My Photo (1).jpg."
    )
    assert await refused(loader, "~/Pictures/Été 2024/x.jpg") == (
        "The folder Été 2024 does not exist. Closest names in ~/Pictures: Été 2025."
    )
    assert await refused(loader, "~/Pictures/nothing.jpg") == (
        "nothing.jpg does not exist. Check the spelling of its path."
    )


async def test_of_several_names_none_is_taken(home: Path, loader: PictureLoader) -> None:
    for name in ("Sea.jpg", "SEA.jpg"):
        (home / "Pictures" / name).write_text(name)
    assert await refused(loader, "~/Pictures/sea.jpg") == (
        "sea.jpg may be one of 2 names in ~/Pictures: SEA.jpg, Sea.jpg. Choose one."
    )


async def test_no_name_outside_is_told_or_taken(home: Path, loader: PictureLoader) -> None:
    (home / "Pictures" / "Link (1).jpg").symlink_to(home / "Private" / "My Photo (1).jpg")
    (home / "Pictures" / "Linked folder").symlink_to(home / "Private")
    expected = (
        "is outside the folders that may be read. Move it into one of them (~/Pictures), or add its folder to "
        "ART_MCP_IMAGE_DIRS."
    )
    for asked in (
        "~/Private/My%20Photo%20(1).jpg",
        "~/Private/My Photo (1).jpg",
        "~/private/nothing.jpg",
        "~/Pictures/../Private/My%20Photo%20(1).jpg",
        "~/Pictures/Link%20(1).jpg",
        "~/Pictures/Linked%20folder/My%20Photo%20(1).jpg",
        "~/Pictures/Linked folder/nothing.jpg",
        "/ETC/passwd",
    ):
        said = await refused(loader, asked)
        assert said.endswith(expected)
        with pytest.raises(ImageError, match="outside the folders"):
            allowed_path(asked, [home / "Pictures"])


def test_a_path_is_written_as_its_user_would(home: Path) -> None:
    assert spelling.as_written(home / "Pictures") == "~/Pictures"
    assert spelling.as_written("/srv/scans") == "/srv/scans"
    assert spelling.listed([home / "Pictures", home / "nowhere", "/"]) == "~/Pictures, /"
    assert spelling.listed([home / "nowhere"]) == "~/nowhere"
