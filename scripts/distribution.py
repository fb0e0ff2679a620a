"""The files of a release, built from the last commit in a folder of their own.

What depends on the release (the version, and the repository of whoever releases it) is filled in there, so that no
committed file names an owner.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Self

from bootstrap import ROOT

MCPB = "@anthropic-ai/mcpb@2.1.2"
NAMES_VERSION = ("Dockerfile", "deploy/kubernetes.yaml", "*-plugin/plugin.json", "gemini-extension.json")
"""Files beside pyproject.toml in which the version is written, as patterns for git."""


class NotReady(Exception):
    """Something is missing; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Release:
    """What is released, and from where on GitHub."""

    version: str
    owner: str
    repository: str

    @classmethod
    def of(cls, version: str, repository: str) -> Self:
        """Of OWNER/NAME or a URL on GitHub. Raises `NotReady` if it is neither."""
        found = re.fullmatch(r"(?:.*\bgithub\.com[:/])?([A-Za-z0-9-]+)/([\w.-]+?)(?:\.git)?/?", repository)
        if not found:
            raise NotReady("the repository is not known; give --repository OWNER/NAME.")
        return cls(version, found[1], found[2])

    @property
    def url(self) -> str:
        return f"https://github.com/{self.owner}/{self.repository}"

    def filled(self, text: str, **others: str) -> str:
        """A template of packaging/ with 0.0.0 and the words in capitals replaced."""
        values = {"0.0.0": self.version, "OWNER": self.owner, "REPOSITORY": self.repository, **others}
        return re.sub("|".join(map(re.escape, values)), lambda found: values[found[0]], text)


def git(*arguments: str) -> str:
    """What git prints; nothing if it fails."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def changes(changelog: str, version: str) -> str:
    """The section of a version. Raises `NotReady` if there is none, or nothing in it."""
    found = re.search(rf"^## \[?{re.escape(version)}\b(?![.\w]).*\n((?:(?!## ).*\n?)*)", changelog, re.MULTILINE)
    if not found or not found[1].strip():
        raise NotReady(f"CHANGELOG.md has no section ## {version} with what has changed.")
    return found[1].strip() + "\n"


def check(release: Release) -> None:
    """Raise `NotReady` unless the last commit is ready to be released."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    if version != release.version:
        raise NotReady(f"pyproject.toml has the version {version}.")
    for name in git("ls-files", *NAMES_VERSION).splitlines():
        if not re.search(rf"[:\"]{re.escape(version)}(?![\w.])", (ROOT / name).read_text()):
            raise NotReady(f"{name} has another version.")
    changes((ROOT / "CHANGELOG.md").read_text(), version)
    if changed := git("status", "--porcelain"):
        raise NotReady(f"these files are not committed:\n{changed}")
    tagged = git("rev-list", "-n1", f"v{version}")
    if tagged and tagged != git("rev-parse", "HEAD"):
        raise NotReady(f"the tag v{version} is on another commit.")


def readme(text: str, release: Release) -> str:
    """README.md as PyPI shows it: with absolute links, and the name by which the MCP registry knows the package."""
    pages, files = f"{release.url}/blob/v{release.version}/", f"{release.url}/raw/v{release.version}/"

    def absolute(found: re.Match[str]) -> str:
        return found[0] + (files if found[0].startswith(("!", "src")) else pages)

    linked = re.sub(r"""(!\[[^\]]*\]\(|\]\(|src="|href=")(?![a-z]+:|#)""", absolute, text)
    return f"{linked}\n<!-- mcp-name: io.github.{release.owner}/art-mcp -->\n"


def build(release: Release, out: Path) -> list[Path]:
    """Build everything into `out`, which is emptied before: pypi/ for PyPI, and what is attached to the release.

    Returns:
        The files.

    Raises:
        NotReady: a program is missing or fails; it has said why.
    """
    shutil.rmtree(out, ignore_errors=True)
    (out / "pypi").mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(tree, filter="data")
        _package(release, tree, out / "pypi")
        bundle = _bundle(release, tree / "packaging" / "mcpb", out)
        digest = hashlib.sha256(bundle.read_bytes()).hexdigest()
        server = release.filled((tree / "packaging" / "server.json").read_text(), SHA256=digest)
        (out / "server.json").write_text(json.dumps(json.loads(server), indent=2) + "\n")
        (out / "notes.md").write_text(changes((tree / "CHANGELOG.md").read_text(), release.version))
    return sorted(file for file in out.rglob("*") if file.is_file())


def _package(release: Release, tree: Path, out: Path) -> None:
    (tree / "README.md").write_text(readme((tree / "README.md").read_text(), release))
    with (tree / "pyproject.toml").open("a") as project:
        project.write(f'\n[project.urls]\nRepository = "{release.url}"\nIssues = "{release.url}/issues"\n')
        project.write(f'Changelog = "{release.url}/blob/v{release.version}/CHANGELOG.md"\n')
    _run("uv", "build", "--no-create-gitignore", "--out-dir", str(out), str(tree))


def _bundle(release: Release, source: Path, out: Path) -> Path:
    for name in ("manifest.json", "pyproject.toml"):
        (source / name).write_text(release.filled((source / name).read_text()))
    bundle = out / f"art-mcp-{release.version}.mcpb"
    tool = ["mcpb"] if shutil.which("mcpb") else ["npx", "--yes", MCPB]
    _run(*tool, "validate", str(source / "manifest.json"))
    _run(*tool, "pack", str(source), str(bundle))
    return bundle


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise NotReady(f"{program} is not installed.")
    if subprocess.run([found, *arguments]).returncode:
        raise NotReady(f"{program} failed.")
