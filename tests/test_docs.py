"""What the documents say is generated from the program, or run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import pytest
from inline_snapshot import external_file
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from support.pictures import draw

from art_mcp.cli import COMMANDS, cli
from art_mcp.server.app import build_server
from art_mcp.settings import Settings, variable

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
COMMAND = "/path/to/art-mcp/.venv/bin/art-mcp"


def env_example() -> str:
    lines = [
        "# Settings of art-mcp. All are optional; without any, everything runs on this machine.",
        "# Copy those you need into your client's configuration (env), into a file that you pass with",
        "# `art-mcp --env-file FILE`, or into .env in your configuration folder (~/.config/art-mcp on Linux).",
        "# A .env in the working directory is never read.",
    ]
    for name, field in Settings.model_fields.items():
        words = f"{field.description}".split()
        lines += ["", "#"]
        for word in words:
            if len(lines[-1]) + len(word) > 100:
                lines.append("#")
            lines[-1] += f" {word}"
        lines.append(f"#{variable(name)}={field.examples[0]}")
    return "\n".join(lines) + "\n"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def first_sentence(text: str | None) -> str:
    return re.split(r"(?<=\.) ", text or "")[0]


def arguments_of(command: click.Command) -> list[str]:
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    return [each.name.upper() if each.required else f"[{each.name.upper()}]" for each in arguments]


def all_commands() -> Iterator[tuple[str, click.Command]]:
    """Each command by its name; of a group, its subcommands."""
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command
        if isinstance(command, click.Group):
            yield from ((f"{name} {each}", command.commands[each]) for each in command.commands)
        else:
            yield name, command


async def tables() -> dict[str, str]:
    """The tables of the README by the name of their place."""
    server = build_server(Settings())
    tools = [
        (
            f"`{tool.name}`",
            first_sentence(tool.description),
            ", ".join(f"`{n}`" for n in tool.input_schema["properties"]),
        )
        for tool in await server.list_tools()
    ]
    prompts = [
        (
            f"`{prompt.name}`",
            prompt.description or "",
            ", ".join(f"**`{a.name}`**" if a.required else f"`{a.name}`" for a in prompt.arguments or []),
        )
        for prompt in await server.list_prompts()
    ]
    resources = [
        (f"`{template.uri_template}`", first_sentence(template.description), f"`{template.mime_type}`")
        for template in await server.list_resource_templates()
    ]
    commands = [
        (f"`{' '.join(['art-mcp', name, *arguments_of(command)])}`", command.get_short_help_str(200))
        for name, command in all_commands()
    ]
    return {
        "tools": table(("tool", "what it does", "arguments"), tools),
        "prompts": table(("prompt", "what it does", "arguments"), prompts),
        "resources": table(("resource", "what it is", "type"), resources),
        "commands": table(("command", "what it does"), commands),
    }


@pytest.mark.snapshot
def test_env_example_explains_every_setting() -> None:
    assert env_example() == external_file("../.env.example", format=".txt")


@pytest.mark.snapshot
@pytest.mark.anyio
async def test_the_tables_of_the_readme_are_those_of_the_program() -> None:
    text = README.read_text(encoding="utf-8")
    for name, expected in (await tables()).items():
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        assert start and end, name
        text = before + start + expected + end + after
    assert text == external_file("../README.md", format=".txt")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("number", range(len(blocks("json"))))
async def test_each_configuration_starts_a_server(number: int, tmp_path: Path) -> None:
    configuration = json.loads(blocks("json")[number])
    (servers,) = configuration.values()
    (server,) = servers.values()
    assert server["command"] == COMMAND
    environment = {**server.get("env", {}), "ART_MCP_DATA_DIR": str(tmp_path)}
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "art_mcp", *server.get("args", [])], env=environment
    )
    async with Client(stdio_client(parameters)) as client:
        assert len((await client.list_tools()).tools) == 6


@pytest.mark.slow
@pytest.mark.anyio
async def test_each_art_mcp_command_runs(database_url: str, tmp_path: Path) -> None:
    draw(tmp_path / "pictures" / "1.jpg", 1)
    stands_for = {"FOLDER": str(tmp_path / "pictures"), "TABLE.tsv": str(tmp_path / "table.tsv")}
    (tmp_path / "table.tsv").write_text("IMAGE_FILE\tTITLE\npictures/1.jpg\tOne\n")
    stands_for["CAPTIONS.csv"] = str(tmp_path / "captions.csv")
    (tmp_path / "captions.csv").write_text("file,caption\n1.jpg,an abstract picture\n")
    (tmp_path / "my.env").write_text(f"ART_MCP_DATABASE_URL={database_url}\n")
    lines = [line for block in blocks("console") for line in block.splitlines()]
    commands = [line.removeprefix("$ ") for line in lines if line.startswith(("$ .venv/bin/art-mcp", "$ art-mcp"))]
    assert commands
    for command in commands:
        words = [stands_for.get(word, word) for word in shlex.split(command, comments=True)[1:]]
        done = subprocess.run(
            [sys.executable, "-m", "art_mcp", *words],
            cwd=tmp_path,
            env={**os.environ, "ART_MCP_DATABASE_URL": database_url, "HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (command, done.stderr)


def test_the_tests_that_the_threats_name_exist() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = re.findall(r"`(test_\w+)`(?=(?:, `test_\w+`)*(?: \(`([\w/]+\.py)`\))?)", text)
    assert len(named) > 10
    for test, file in named:
        place = ROOT / "tests" if "/" in file else ROOT / "tests" / "server"
        source = (place / (file or "test_upload_listener.py")).read_text("utf-8")
        assert f"def {test}(" in source, test


def test_what_the_readme_points_to_is_there() -> None:
    text = README.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r"`(scripts/\w+(?:\.py)?)", text):
        assert (ROOT / target).exists(), target
    for name in re.findall(r"ART_MCP_\w+", text):
        assert name in {variable(field) for field in Settings.model_fields}, name
