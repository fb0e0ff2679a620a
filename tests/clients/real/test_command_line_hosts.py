"""Command-line hosts connect, and their models are shown the facts once, the pictures and what a refusal says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support.command_line_hosts import HOSTS, NOWHERE, ClaudeCode, Codex, GeminiCli, QwenCode
from support.real_clients import FACTS, NO_PAINTING, Collection, is_jpeg, over_http
from support.stand_in_model import Shown, model_that_calls

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[3] / "docs" / "clients.md"


@pytest.mark.parametrize("host", HOSTS)
def test_over_stdio(collection: Collection, tmp_path: Path, host: str) -> None:
    env_file = tmp_path / "my.env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in collection.environment.items()))
    check(host, collection, tmp_path, env_file)


@pytest.mark.parametrize("host", HOSTS)
def test_over_http(collection: Collection, tmp_path: Path, host: str) -> None:
    with over_http(collection) as server:
        check(host, collection, tmp_path, server["url"])


def test_qwen_code_connects_to_what_setup_wrote(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "my.env").write_text("".join(f"{name}={value}\n" for name, value in collection.environment.items()))
    host = QwenCode(tmp_path / "home", NOWHERE)
    host.add_stdio(tmp_path / "my.env")
    host.check_connects()


COMMANDS = re.findall(r"^(?:.*`)?((?:claude|codex|gemini|qwen) mcp add [^`\n]+)", PAGE.read_text("utf-8"), re.MULTILINE)
PROGRAMS = {"claude": ClaudeCode, "codex": Codex, "gemini": GeminiCli, "qwen": QwenCode}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_page_says_adds_a_server(tmp_path: Path, command: str) -> None:
    (tmp_path / "home").mkdir()
    program, *arguments = shlex.split(command.replace("URL", f"{NOWHERE}/mcp"))
    host = PROGRAMS[program](tmp_path / "home", NOWHERE)
    host.run(*arguments)
    said = host.run("mcp", "list")
    assert f"{NOWHERE}/mcp" in said if "URL" in command else re.search(r"uvx +art-mcp", said)


def test_the_page_has_a_command_for_each_way() -> None:
    assert len(COMMANDS) == 2 * len(PROGRAMS)


def check(name: str, collection: Collection, folder: Path, server: Path | str) -> None:
    home = folder / "home"
    home.mkdir()
    with model_that_calls(*collection.calls) as model:
        host = HOSTS[name](home, model.url)
        if isinstance(server, Path):
            host.add_stdio(server)
        else:
            host.add_http(server)
        host.check_connects()
        for _ in range(3):  # on a busy machine, a host may begin a conversation before the server has started
            if not model.has_called:
                host.ask()
    *answers, refused = [model.shown(number) for number in range(len(collection.calls))]
    for (fact, pictures), shown in zip(FACTS, answers, strict=True):
        check_shown(shown, fact, pictures)
    check_shown(refused, NO_PAINTING, 0)


def check_shown(shown: Shown, fact: str, pictures: int) -> None:
    assert shown.text.count(fact) == 1, shown.text
    assert len(shown.pictures) == pictures, shown.text
    assert all(is_jpeg(picture) for picture in shown.pictures)
    assert len(shown.text) < 2_000, "A picture may be in it as text."
