"""`scripts/release`, in a clone whose changelog has a section for the version, and what it builds."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import jsonschema
import pytest
from distribution import NotReady, Release, changes, readme
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from PIL import Image
from support.node import PROGRAMS, environment_of, path_with_node
from support.packages import ROOT, offline

from art_mcp.settings import Settings, variable

pytestmark = pytest.mark.anyio
VERSION = version("art-mcp")
PACKAGE = {
    "type": "object",
    "required": ["registryType", "identifier", "transport"],
    "properties": {
        "identifier": {"type": "string", "pattern": "mcp"},
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "fileSha256": {"pattern": "^[a-f0-9]{64}$"},
        "transport": {"properties": {"type": {"enum": ["stdio"]}}, "required": ["type"]},
        "environmentVariables": {
            "items": {
                "required": ["name"],
                "properties": {"format": {"enum": ["string", "number", "boolean", "filepath"]}},
            },
        },
    },
    "if": {"properties": {"registryType": {"const": "mcpb"}}},
    "then": {"required": ["fileSha256"]},
    "else": {"required": ["version"], "properties": {"registryType": {"const": "pypi"}}},
}
SERVER = {
    "type": "object",
    "required": ["$schema", "name", "title", "description", "version", "repository", "packages"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"pattern": "^https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json$"},
        "name": {"type": "string", "pattern": r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$"},
        "title": {"type": "string", "maxLength": 100},
        "description": {"type": "string", "minLength": 1, "maxLength": 100},
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "repository": {"required": ["url", "source"], "properties": {"source": {"const": "github"}}},
        "packages": {"type": "array", "items": PACKAGE, "minItems": 1},
    },
}
"""What the registry requires of server.json, as far as it concerns what this project uses of it."""


@pytest.mark.parametrize(
    "repository",
    ["museum/paintings", "https://github.com/museum/paintings.git", "git@github.com:museum/paintings.git"],
)
def test_the_repository_is_named_or_an_address(repository: str) -> None:
    assert Release.of("1.0.0", repository) == Release("1.0.0", "museum", "paintings")


@pytest.mark.parametrize("repository", ["", "paintings", "https://example.org/museum/paintings.git", "/srv/a/b"])
def test_another_repository_is_refused(repository: str) -> None:
    with pytest.raises(NotReady, match="--repository OWNER/NAME"):
        Release.of("1.0.0", repository)


def test_the_changes_are_those_of_the_version_alone() -> None:
    changelog = "# Changelog\n\n## 1.1.0 - 2026-12-02\n\n### Added\n\n- More.\n\n## [1.0.0]\n\n- All.\n\n## 0.9.0\n"
    assert changes(changelog, "1.1.0") == "### Added\n\n- More.\n"
    assert changes(changelog, "1.0.0") == "- All.\n"
    for missing in ("0.9.0", "1.1", "2.0.0"):
        with pytest.raises(NotReady, match="no section"):
            changes(changelog, missing)


def test_links_are_absolute_where_the_readme_is_shown_elsewhere() -> None:
    text = '[a](docs/a.md#b) ![c](docs/c.jpg) [d](#d) [e](https://e.example) <img src="docs/f.png">\n'
    shown = readme(text, Release("1.0.0", "museum", "paintings"))
    pages, files = (f"https://github.com/museum/paintings/{kind}/v1.0.0/docs/" for kind in ("blob", "raw"))
    assert shown == (
        f'[a]({pages}a.md#b) ![c]({files}c.jpg) [d](#d) [e](https://e.example) <img src="{files}f.png">\n'
        "\n<!-- mcp-name: io.github.museum/art-mcp -->\n"
    )


def test_the_templates_name_real_settings_and_no_owner() -> None:
    server = json.loads((ROOT / "packaging" / "server.json").read_text())
    manifest = json.loads((ROOT / "packaging" / "mcpb" / "manifest.json").read_text())
    fields = {variable(name): field for name, field in Settings.model_fields.items()}
    for given in server["packages"][0]["environmentVariables"]:
        assert given.get("isSecret", False) == ("SecretStr" in str(fields[given["name"]].annotation))
    options = manifest["user_config"]
    used = manifest["server"]["mcp_config"]["env"]
    assert used.keys() <= fields.keys()
    assert set(used.values()) == {f"${{user_config.{name}}}" for name in options}
    assert all("default" in option and not option.get("multiple") for option in options.values())
    for text in (json.dumps(server), json.dumps(manifest)):
        assert set(re.findall(r"github\.com/([^/]+)/", text)) == {"OWNER"}
    with Image.open(ROOT / "packaging" / "mcpb" / manifest["icon"]) as icon:
        assert (icon.format, icon.size) == ("PNG", (512, 512))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with the files of this one, and a changelog that has a section for the version."""
    folder = tmp_path / "clone"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    log = folder / "CHANGELOG.md"
    log.write_text(log.read_text().replace("## Unreleased\n", f"## {VERSION} - 2026-12-01\n\n- First.\n", 1))
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "A"]):
        subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})
    return folder


def run(clone: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(clone / "scripts" / "release"), *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, cwd=clone.parent, capture_output=True, text=True, timeout=300
    )


@pytest.mark.slow
def test_what_is_not_ready_is_refused(clone: Path) -> None:
    for arguments, problem in (
        ([VERSION], "the repository is not known"),
        (["99.0.0", "--repository", "a/b"], f"pyproject.toml has the version {VERSION}"),
    ):
        done = run(clone, *arguments)
        assert done.returncode == 1 and problem in done.stderr
    (clone / "notes.txt").write_text("")
    done = run(clone, VERSION, "--repository", "museum/paintings")
    assert done.returncode == 1 and "not committed:\n?? notes.txt" in done.stderr
    (clone / "Dockerfile").write_text((clone / "Dockerfile").read_text().replace(f'"{VERSION}"', f'"{VERSION}.1"'))
    done = run(clone, VERSION, "--repository", "museum/paintings")
    assert done.returncode == 1 and "Dockerfile has another version" in done.stderr
    assert not (clone / "dist").exists()


@pytest.mark.slow
async def test_a_release_is_complete_and_its_bundle_starts(clone: Path, tmp_path: Path) -> None:
    mcpb = environment_of("mcpb", PROGRAMS / "mcpb", tmp_path)
    uv = offline()
    search = os.pathsep.join([str(PROGRAMS), path_with_node()])
    done = run(clone, f"v{VERSION}", "--repository", "museum/paintings", **{**uv, "PATH": search})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Manifest schema validation passes!" in done.stdout and "Left to do by hand" in done.stdout
    dist = clone / "dist"
    bundle = dist / f"art-mcp-{VERSION}.mcpb"
    files = {f"pypi/art_mcp-{VERSION}-py3-none-any.whl", f"pypi/art_mcp-{VERSION}.tar.gz", "server.json", "notes.md"}
    found = {path.relative_to(dist).as_posix() for path in dist.rglob("*") if path.is_file()}
    assert found == files | {bundle.name}

    server = json.loads((dist / "server.json").read_text())
    jsonschema.validate(server, SERVER)
    assert server["name"] == "io.github.museum/art-mcp"
    assert server["packages"][1]["fileSha256"] == hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert server["packages"][1]["identifier"].endswith(f"/museum/paintings/releases/download/v{VERSION}/{bundle.name}")
    with tarfile.open(dist / "pypi" / f"art_mcp-{VERSION}.tar.gz") as sdist:
        metadata = sdist.extractfile(f"art_mcp-{VERSION}/PKG-INFO")
        assert metadata is not None
        described = metadata.read().decode()
    assert f"<!-- mcp-name: {server['name']} -->" in described
    assert "Project-URL: Repository, https://github.com/museum/paintings\n" in described
    assert not re.search(r"\]\((?!https?:|#)", described)

    unpacked = tmp_path / "extension"
    subprocess.run([str(PROGRAMS / "mcpb"), "unpack", str(bundle), str(unpacked)], env=mcpb, check=True)
    manifest = json.loads((unpacked / "manifest.json").read_text())
    assert manifest["version"] == VERSION and "OWNER" not in json.dumps(manifest)
    started = manifest["server"]["mcp_config"]
    # Nothing of the user's choice is filled in, as in a client that does not know how to.
    variables = {**uv, **started["env"], "UV_FIND_LINKS": str(dist / "pypi"), "UV_PYTHON": sys.executable}
    arguments = [word.replace("${__dirname}", str(unpacked)) for word in started["args"]]
    command = StdioServerParameters(command=started["command"], args=arguments, env=variables)
    async with Client(stdio_client(command)) as client:
        assert client.server_info.version == VERSION
        tools = {tool.name for tool in (await client.list_tools()).tools}
    assert {"search_paintings_by_text", "ingest_collection"} <= tools
