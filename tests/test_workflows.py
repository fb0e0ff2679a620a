"""The workflows of GitHub, which no test runs: checked as far as that can be done without them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_actionlint_finds_nothing() -> None:
    actionlint = shutil.which("actionlint", path=sysconfig.get_path("scripts"))
    assert actionlint, "the group `test` of pyproject.toml is not installed"
    done = subprocess.run([actionlint, *WORKFLOWS], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_jobs_have_no_more_rights_than_they_need(path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    text = path.read_text()
    workflow: dict[str, Any] = yaml.safe_load(text)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    rights = {name: job.get("permissions", {}) for name, job in workflow["jobs"].items()}
    writing = {name: right for name, right in rights.items() if "write" in right.values()}
    publishing = {"id-token": "write"}
    expected = {"pypi": publishing, "github": {"contents": "write"}, "registry": publishing}
    assert writing == (expected if path.stem == "release" else {})
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 90
        assert (job.get("environment") == "release") == (rights[name] == publishing)
    assert all(re.search(r"@(v\d|release/v\d)", used) for used in re.findall(r"uses: (\S+)", text))
    # What somebody else chooses, such as the name of a branch, never stands in a command.
    assert not re.search(r"run:.*\$\{\{", text)


def test_every_python_that_pyproject_names_is_tested() -> None:
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    tested = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())
    assert tested == named


def test_git_changes_no_line_ends_on_windows() -> None:
    listed = subprocess.run(["git", "ls-files", "--eol"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert listed and not [line for line in listed.splitlines() if "attr/-text" not in line]
