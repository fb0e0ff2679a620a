"""The wheel, installed into an environment of its own, without this repository."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from support.packages import ROOT, run_uv

from art_mcp.store.scratch import clear


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the sdist, as PyPI's users get it."""
    out = tmp_path_factory.mktemp("dist")
    run_uv("build", "--out-dir", str(out), str(ROOT))
    return next(out.glob("*.whl"))


@pytest.mark.slow
@pytest.mark.anyio
async def test_it_works_without_the_repository(wheel: Path, tmp_path: Path) -> None:
    with ZipFile(wheel) as file:
        packed = {name for name in file.namelist() if not name.startswith("art_mcp-")}
        licences = [name for name in file.namelist() if "/licenses/" in name]
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "src"]
    kept = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert packed == {str(Path(name).relative_to("src").as_posix()) for name in kept.splitlines()}
    assert sorted(Path(name).name for name in licences) == ["LICENSE", "NOTICE"]

    environment = tmp_path / "environment"
    run_uv("venv", "--python", sys.executable, str(environment))
    run_uv("pip", "install", "--python", str(environment), str(wheel))
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ART_MCP_"))}
    variables |= {"HOME": str(tmp_path), "ART_MCP_DATA_DIR": str(tmp_path / "demo" / "data")}

    def art_mcp(*arguments: str) -> str:
        command = [str(programs / "art-mcp"), *arguments]
        done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert art_mcp("--version") == f"art-mcp {version('art-mcp')}\n"
    try:
        assert "26 stored, 0 unchanged, 0 refused" in art_mcp("demo", "--folder", str(tmp_path / "demo"))
        assert "26 paintings" in art_mcp("doctor")
        server = StdioServerParameters(command=str(programs / "art-mcp"), env=variables, cwd=tmp_path)
        async with Client(stdio_client(server)) as client:
            assert client.server_info.version == version("art-mcp")
            assert "search_paintings_by_text" in {tool.name for tool in (await client.list_tools()).tools}
    finally:
        clear(tmp_path / "demo" / "data")
