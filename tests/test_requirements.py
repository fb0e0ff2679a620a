"""requirements.txt, from which the container image is built: complete, with hashes, without a registry's address."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "requirements.txt").read_text()
LINES = [line for line in TEXT.replace("\\\n", "").splitlines() if not line.lstrip().startswith("#")]
LOCKED = [Requirement(line.partition(" --hash")[0]) for line in LINES]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NEEDED = [
    *PYPROJECT["project"]["dependencies"],
    *(name for extra in PYPROJECT["project"]["optional-dependencies"].values() for name in extra),
    *PYPROJECT["build-system"]["requires"],
    *PYPROJECT["dependency-groups"]["image"],
]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_each_dependency_has_one_version_that_pyproject_allows(python: str) -> None:
    linux = {"sys_platform": "linux", "python_version": python, "python_full_version": f"{python}.0"}
    versions: dict[str, str] = {}
    for locked in LOCKED:
        if locked.marker is None or locked.marker.evaluate(linux):
            assert canonicalize_name(locked.name) not in versions
            versions[canonicalize_name(locked.name)] = str(locked.specifier).removeprefix("==")
    for needed in map(Requirement, NEEDED):
        version = versions.get(canonicalize_name(needed.name))
        assert version and needed.specifier.contains(version), f"renew the lock file for {needed} (docs/releasing.md)"


def test_it_has_only_versions_and_hashes() -> None:
    for line in LINES:
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; [\w.<>=!'() ]+?)? +(--hash=sha256:[0-9a-f]{64} *)+", line), line
    assert not re.search(r"[/\\]\S", TEXT), "the address of a registry, or a path"


def test_its_first_lines_name_the_command_that_renews_it() -> None:
    command = TEXT.splitlines()[1].removeprefix("#").strip()
    assert command.startswith("uv pip compile ")
    assert f"$ {command}\n" in (ROOT / "docs" / "releasing.md").read_text()


def test_the_image_is_built_from_it_with_hashes() -> None:
    run = re.findall(r"pip install[^&]*", (ROOT / "Dockerfile").read_text())
    assert run and all("--require-hashes" in words for words in run)
    assert "PIP_BUILD_CONSTRAINT=requirements.txt" in (ROOT / "Dockerfile").read_text()
