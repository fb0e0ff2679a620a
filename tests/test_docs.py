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
MODEL_CARD = ROOT / "src" / "art_mcp" / "vision" / "models" / "MODEL_CARD.md"
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]
WITH_LINKS = [*DOCUMENTS, *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")), MODEL_CARD]
COMMAND = "/home/me/.local/bin/art-mcp"
TABLES = ("tools", "arguments", "prompts", "resources", "commands", "settings")
PLACE = re.compile(rf"^<!-- ({'|'.join(TABLES)}) -->\n(?:.*\n)*?<!-- /\1 -->\n", re.MULTILINE)


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


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


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
    """The tables of the documents by the name of their place."""
    server = build_server(Settings())
    tools = await server.list_tools()
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
    settings = [
        (f"`{variable(name)}`", f"{field.description}", f"`{field.examples[0]}`")
        for name, field in Settings.model_fields.items()
    ]
    arguments = [(f"`{tool.name}`", ", ".join(f"`{n}`" for n in tool.input_schema["properties"])) for tool in tools]
    return {
        "tools": table(
            ("tool", "what it does"),
            [(f"`{t.name}`", first_sentence(t.description)) for t in tools if t.name != "gallery_pictures"],
        ),
        "arguments": table(("tool", "arguments"), arguments),
        "prompts": table(("prompt", "what it does", "arguments"), prompts),
        "resources": table(("resource", "what it is", "type"), resources),
        "commands": table(("command", "what it does"), commands),
        "settings": table(("setting", "what it is", "example"), settings),
    }


@pytest.mark.snapshot
def test_env_example_explains_every_setting() -> None:
    assert env_example() == external_file("../.env.example", format=".txt")


@pytest.mark.snapshot
@pytest.mark.anyio
@pytest.mark.parametrize("path", [path for path in DOCUMENTS if PLACE.search(path.read_text("utf-8"))], ids=name_of)
async def test_the_tables_of_a_document_are_those_of_the_program(path: Path) -> None:
    expected = await tables()
    text = PLACE.sub(
        lambda place: f"<!-- {place[1]} -->\n{expected[place[1]]}<!-- /{place[1]} -->\n", path.read_text("utf-8")
    )
    assert text == external_file(f"../{name_of(path)}", format=".txt")


def test_each_table_has_one_place() -> None:
    places = [place[1] for path in DOCUMENTS for place in PLACE.finditer(path.read_text("utf-8"))]
    assert sorted(places) == sorted(TABLES)


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("number", range(len(blocks(README, "json"))))
async def test_each_configuration_starts_a_server(number: int, tmp_path: Path) -> None:
    configuration = json.loads(blocks(README, "json")[number])
    (servers,) = configuration.values()
    (server,) = servers.values()
    assert server["command"] == COMMAND
    environment = {**server.get("env", {}), "ART_MCP_DATA_DIR": str(tmp_path)}
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "art_mcp", *server.get("args", [])], env=environment
    )
    async with Client(stdio_client(parameters)) as client:
        assert len((await client.list_tools()).tools) == 6


def commands_of(path: Path) -> list[str]:
    lines = [line for block in blocks(path, "console") for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ art-mcp ")]


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in DOCUMENTS if commands_of(path)], ids=name_of)
def test_each_art_mcp_command_runs(path: Path, database_url: str, tmp_path: Path) -> None:
    picture = draw(tmp_path / "pictures" / "1.jpg", 1)
    files = {
        "TABLE.tsv": "IMAGE_FILE\tTITLE\tAUTHOR\tDATE\npictures/1.jpg\tOne\tClaude Monet\t1872\n",
        "CAPTIONS.csv": "file,caption\n1.jpg,an abstract picture\n",
        "my.env": f"ART_MCP_DATABASE_URL={database_url}\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    stands_for = {"FOLDER": str(tmp_path / "pictures"), "PICTURE.jpg": str(picture)}
    load = ["art-mcp ingest FOLDER", "art-mcp ingest TABLE.tsv"]
    for command in load + commands_of(path):
        words = [stands_for.get(word, word) for word in shlex.split(command, comments=True)[1:]]
        words += ["--yes"] if "ingest" in words else []  # the folder and the table have the same picture
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


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", WITH_LINKS, ids=name_of)
def test_what_a_document_points_to_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", text):
        page = path.parent / target if target else path
        assert page.exists(), target
        assert not anchor or anchor in anchors(page), f"{target}#{anchor}"
    for script in re.findall(r"`(scripts/[a-z_]+(?:\.py)?)[` ]", text):
        assert (ROOT / script).exists(), script


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_the_settings_that_a_document_names_exist(path: Path) -> None:
    settings = {variable(field) for field in Settings.model_fields} | {"ART_MCP_ENV_FILE"}
    named = re.findall(r"ART_MCP_\w+", path.read_text(encoding="utf-8"))
    assert not {name for name in named if not name.startswith("ART_MCP_TEST_")} - settings


def test_every_page_is_linked_from_another() -> None:
    texts = {path: path.read_text("utf-8") for path in DOCUMENTS}
    for page in DOCUMENTS[1:]:
        assert any(
            f"{page.name})" in text or f"{page.name}#" in text for path, text in texts.items() if path != page
        ), page


def test_the_readme_is_one_page() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 180
    assert len(text.split()) <= 1_300
