"""`art-mcp setup` as a user runs it, on files like those that the clients write."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client as McpClient
from mcp.client.stdio import StdioServerParameters, stdio_client
from support.command import art_mcp_here

from art_mcp.clients import launch
from art_mcp.clients.client import NAMES, Client, clients
from art_mcp.clients.file import ClientFile, ClientFileError

MODULE = {"command": sys.executable, "args": ["-P", "-m", "art_mcp"]}
CANARY = "c4nary"
CLAUDE_CODE = """{
  "numStartups": 312,
  "tipsHistory": {
    "shift-enter": 1e-7
  },
  "projects": {
    "/home/zoë/Gemälde": {
      "history": [
        {
          "display": "cut in half \\ud83d"
        }
      ],
      "mcpServers": {}
    }
  },
  "mcpServers": {
    "github": {
      "type": "http",
      "url": "https://api.githubcopilot.com/mcp/"
    }
  },
  "oauthAccount": {
    "accountUuid": "5f0c"
  }
}"""
CURSOR = '{\n\t"mcpServers": {\n\t\t"files": {"command": "npx", "args": ["-y", "files", "/Users/zoë"]}\n\t}\n}\n'
VSCODE = '{\r\n\t"servers": {},\r\n\t"inputs": []\r\n}\r\n'
DESKTOP = '{\n    "globalShortcut": "Ctrl+Space",\n    "mcpServers": {\n        "a": {"command": "x"}\n    }\n}'
FILES = {"claude-desktop": DESKTOP, "claude-code": CLAUDE_CODE, "cursor": CURSOR, "vscode": VSCODE}


class User:
    """Somebody whose home is a folder of the test."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.home = home
        self.environ = {
            **os.environ,
            "HOME": str(home),
            "USERPROFILE": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "APPDATA": str(home / "AppData" / "Roaming"),
            "LOCALAPPDATA": str(home / "AppData" / "Local"),
        }

    def client(self, name: str) -> Client:
        return clients(sys.platform, self.home, self.environ)[name]

    def has(self, name: str, text: str | bytes) -> Path:
        """Give this client a file."""
        file = self.client(name).file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def runs(self, *arguments: str, program: str | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the command in the user's home: `program`, or, which is faster, this process."""
        environ = {**self.environ, **environ}
        if program is None:
            return art_mcp_here(*arguments, cwd=self.home, **environ)
        return subprocess.run(
            [program, *arguments],
            env=environ,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )

    def sets_up(self, *arguments: str, **environ: str) -> str:
        """What is said."""
        done = self.runs("setup", *arguments, **environ)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess:
        done = self.runs("setup", *arguments, **environ)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr and "failed unexpectedly" not in done.stderr
        return done

    def entry(self, client: str, name: str = "art") -> dict:
        known = self.client(client)
        return json.loads(known.file.read_text("utf-8-sig"))[known.key][name]


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    return User(tmp_path / "home")


async def tools_of(entry: dict, tmp_path: Path) -> set[str]:
    """Start a server as a client does, in a folder of its own with modules that are not ours."""
    strange = tmp_path / "strange"
    strange.mkdir()
    for module in ("art_mcp", "click"):
        (strange / f"{module}.py").write_text("raise SystemExit('somebody else was started')")
    environ = {**entry.get("env", {}), "ART_MCP_DATA_DIR": str(tmp_path / "data")}
    parameters = StdioServerParameters(command=entry["command"], args=entry["args"], env=environ, cwd=strange)
    async with McpClient(stdio_client(parameters)) as client:
        return {tool.name for tool in (await client.list_tools()).tools}


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("name", NAMES)
async def test_what_is_written_starts_the_server_and_keeps_what_is_there(name: str, user: User, tmp_path: Path) -> None:
    file = user.has(name, FILES[name])
    said = user.sets_up(name, "--write", "--image-dir", str(tmp_path), ART_MCP_LOG_LEVEL="ERROR")
    assert said == f"Added art to {file}. Restart {user.client(name).title} to use it.\n"

    entry = user.entry(name)
    assert entry.get("type") == ("stdio" if name in ("claude-code", "vscode") else None)
    assert entry["env"] == {"ART_MCP_LOG_LEVEL": "ERROR", "ART_MCP_IMAGE_DIRS": str(tmp_path)}
    assert "search_paintings_by_text" in await tools_of(entry, tmp_path)

    written = file.read_bytes().decode()
    after, before = json.loads(written), json.loads(FILES[name])
    del after[user.client(name).key]["art"]
    assert after == before and list(after) == list(before)

    again = user.sets_up(name, "--write", "--image-dir", str(tmp_path), ART_MCP_LOG_LEVEL="ERROR")
    assert again == f"{file} has this entry already; there is nothing to change.\n"
    assert file.read_bytes().decode() == written

    assert "Removed art from" in user.sets_up(name, "--undo")
    assert file.read_bytes().decode() == FILES[name]
    assert "there is nothing to undo" in user.sets_up(name, "--undo")


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("name", NAMES)
async def test_a_client_that_was_not_found_gets_its_file(name: str, user: User, tmp_path: Path) -> None:
    done = user.runs("setup", name, "--write", "--read-only")
    assert f"{user.client(name).title} was not found (" in done.stderr
    assert "ingest_collection" not in await tools_of(user.entry(name), tmp_path)
    assert user.entry(name)["args"][-2:] == ["serve", "--read-only"]
    if os.name != "nt":
        assert user.client(name).file.stat().st_mode & 0o777 == 0o600
    user.sets_up(name, "--undo")
    assert json.loads(user.client(name).file.read_text()) == {user.client(name).key: {}}


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("name", NAMES)
async def test_what_is_printed_can_be_pasted(name: str, user: User, tmp_path: Path) -> None:
    done = user.runs("setup", name, "--image-dir", str(tmp_path), "--image-dir", ".")
    if name == "claude-code":
        assert done.stderr == "Run this, or pass --write to have the entry written:\n"
        words = shlex.split(done.stdout)
        assert words[:7] == ["claude", "mcp", "add", "--scope", "user", "art", "-e"] and words[8] == "--"
        entry = {"command": words[9], "args": words[10:], "env": dict([words[7].split("=", 1)])}
    else:
        assert str(user.client(name).file) in done.stderr
        entry = json.loads(done.stdout)[user.client(name).key]["art"]
    assert entry["env"] == {"ART_MCP_IMAGE_DIRS": os.pathsep.join([str(tmp_path), str(user.home)])}
    assert "get_painting" in await tools_of(entry, tmp_path)
    assert not list(user.home.iterdir())


@pytest.mark.slow
def test_the_program_is_the_one_that_runs(user: User, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("art-mcp.exe" if os.name == "nt" else "art-mcp")
    (user.home / "my.env").write_text("ART_MCP_LOG_LEVEL=ERROR\n")
    done = user.runs("--env-file", "my.env", "setup", "cursor", "--name", "my-art", "--write", program=str(program))
    assert done.returncode == 0, done.stderr
    assert user.entry("cursor", "my-art") == {
        "command": str(program),
        "args": ["--env-file", str(user.home / "my.env")],
    }
    if os.name != "nt":
        link = tmp_path / "bin" / "art-mcp"
        link.parent.mkdir()
        link.symlink_to(program)
        for typed in (str(link), os.path.relpath(link, user.home)):
            done = user.runs("setup", "cursor", program=typed)
            assert json.loads(done.stdout)["mcpServers"]["art"] == {"command": str(link), "args": []}


def test_uvx_is_asked_again_for_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "archive-v0" / "K4ly2a8O"))
    assert launch.command() == [sys.executable, "-P", "-m", "art_mcp"]
    (tmp_path / "CACHEDIR.TAG").touch()
    source: list[str | None] = [None]

    class Distribution:
        def __init__(self, name: str) -> None:
            assert name == "art-mcp"

        def read_text(self, _: str) -> str | None:
            return source[0]

    monkeypatch.setattr("art_mcp.clients.launch.distribution", Distribution)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert launch.command() == ["uvx", "art-mcp"]
    source[0] = '{"url": "file:///somewhere"}'
    with pytest.raises(launch.LaunchError, match="temporary environment of uvx"):
        launch.command()


def test_secrets_are_never_written(user: User) -> None:
    secret = f"postgresql://u:{CANARY}@127.0.0.1/x"
    for name in NAMES:
        user.has(name, FILES[name])
        for options in ((), ("--write",)):
            done = user.runs("setup", name, *options, ART_MCP_DATABASE_URL=secret, ART_MCP_READ_ONLY="true")
            assert done.returncode == 0
            assert "no place for secrets: ART_MCP_DATABASE_URL. Put it into" in done.stderr
            assert str(user.home / ".config" / "art-mcp" / ".env") in done.stderr or sys.platform != "linux"
            assert CANARY not in done.stdout + done.stderr
        assert user.entry(name)["env"] == {"ART_MCP_READ_ONLY": "true"}
    for file in user.home.rglob("*"):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes(), file


def test_in_an_entry_of_ours_only_what_we_give_changes(user: User) -> None:
    user.has(
        "cursor",
        '{"mcpServers": {"art": {"disabled": true, "command": "/old/bin/art-mcp", "args": ["serve"], '
        '"env": {"PATH": "/bin", "ART_MCP_IMAGE_DIRS": "/old", "ART_MCP_LOG_LEVEL": "INFO"}}, "b": {}}}',
    )
    said = user.sets_up("cursor", "--write", ART_MCP_IMAGE_DIRS="/new")
    assert said.startswith("Updated command, args, env of art in ")
    assert user.client("cursor").file.read_text() == (
        '{"mcpServers": {"art": '
        + json.dumps(
            {
                "disabled": True,
                **MODULE,
                "env": {"PATH": "/bin", "ART_MCP_IMAGE_DIRS": "/new", "ART_MCP_LOG_LEVEL": "INFO"},
            }
        )
        + ', "b": {}}}'
    )


def test_a_server_of_somebody_else_is_left_alone(user: User) -> None:
    other = {"command": "npx", "args": ["-y", "files", "/home/me/art-mcp"]}
    file = user.has("cursor", before := json.dumps({"mcpServers": {"art": other}}))
    for option in ("--write", "--undo"):
        assert f"art in {file} is another server." in user.fails("cursor", option).stderr
    assert file.read_text() == before
    assert "Added paintings to" in user.sets_up("cursor", "--write", "--name", "paintings")
    assert user.entry("cursor", "paintings") == MODULE and user.entry("cursor", "art") == other


@pytest.mark.parametrize(
    ("entry", "ours"),
    [
        ({"command": "/old/.venv/bin/art-mcp"}, True),
        ({"command": "C:\\Tools\\art-mcp.exe", "args": None}, True),
        ({"command": "python3", "args": ["-m", "art_mcp"]}, True),
        ({"command": "uvx", "args": ["art-mcp@latest"]}, True),
        ({"command": "uvx", "args": ["--from", "art-mcp==0.1", "art-mcp"]}, True),
        ({"command": "npx", "args": ["-y", "art-museum"]}, False),
        ({"command": "npx", "args": ["-y", "files", "/home/me/art-mcp"]}, False),
        ({"command": 3, "args": ["art-mcp"]}, False),
        ({"url": "https://art.example/mcp"}, False),
        ("art-mcp", False),
    ],
    ids=str,
)
def test_ours_is_known_however_it_was_written(entry: object, ours: bool) -> None:
    assert launch.starts_art_mcp(entry) == ours


def test_comments_are_not_destroyed(user: User) -> None:
    file = user.has("vscode", before := '{\n  // my servers\n  "servers": {}\n}\n')
    problem = f"{file} is not plain JSON: line 2 has a comment, trailing comma or syntax error."
    done = user.fails("vscode", "--write")
    by_hand = "It was not changed; add the output of `art-mcp setup vscode` to it by hand."
    assert done.stderr == f"art-mcp: {problem} {by_hand}\n"
    assert json.loads(done.stdout) == {"servers": {"art": {"type": "stdio", **MODULE}}}
    assert problem in user.fails("vscode", "--undo").stderr
    assert f"vscode          found; {problem}\n" in user.sets_up()
    assert file.read_text() == before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"servers": {"a": {},}}', "is not plain JSON: line 1 has a comment, trailing comma"),
        ('{"servers": ', "is not plain JSON"),
        ('["servers"]', "does not contain a JSON object"),
        ('{"servers": []}', "is not a JSON object"),
        (b'{"servers": "\xff"}', "is not UTF-8 text"),
        ("{}".encode("utf-16"), "is not UTF-8 text"),
    ],
)
def test_a_file_that_is_not_understood(text: str | bytes, said: str, user: User) -> None:
    user.has("vscode", text)
    with pytest.raises(ClientFileError, match=said):
        ClientFile.read(user.client("vscode"))


def test_a_file_that_cannot_be_read(user: User) -> None:
    user.client("cursor").file.mkdir(parents=True)
    assert "cannot be read (" in user.fails("cursor", "--write").stderr


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is protected from root")
def test_a_file_that_cannot_be_written(user: User) -> None:
    file = user.has("cursor", CURSOR)
    file.chmod(0o400)
    assert "cannot be written (it is write-protected)" in user.fails("cursor", "--write").stderr
    file.chmod(0o600)
    file.parent.chmod(0o500)
    assert "cannot be written (Permission denied)" in user.fails("cursor", "--write").stderr
    file.parent.chmod(0o700)
    assert file.read_text() == CURSOR


@pytest.mark.parametrize("text", ["", "\n", "{}", "\ufeff{}"])
def test_an_empty_file_is_one_without_servers(text: str, user: User) -> None:
    user.has("vscode", text)
    user.sets_up("vscode", "--write")
    assert user.entry("vscode") == {"type": "stdio", **MODULE}
    assert user.client("vscode").file.read_text("utf-8").startswith("\ufeff") == text.startswith("\ufeff")


@pytest.mark.skipif(os.name == "nt", reason="links and modes of POSIX")
def test_a_link_stays_a_link_and_the_mode_stays(user: User, tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    target = tmp_path / "dotfiles" / "mcp.json"
    target.write_text(CURSOR)
    target.chmod(0o640)
    file = user.client("cursor").file
    file.parent.mkdir()
    file.symlink_to(os.path.relpath(target, file.parent))
    user.sets_up("cursor", "--write")
    assert file.is_symlink()
    assert json.loads(target.read_text())["mcpServers"]["art"] == MODULE
    assert target.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in target.parent.iterdir()] == ["mcp.json"]


def test_what_another_program_wrote_meanwhile_is_not_lost(user: User) -> None:
    file = user.has("claude-code", CLAUDE_CODE)
    read = ClientFile.read(user.client("claude-code"))
    file.write_text(newer := CLAUDE_CODE.replace("312", "313"), "utf-8")
    with pytest.raises(ClientFileError, match="changed by another program"):
        read.put("art", {})
    assert file.read_text("utf-8") == newer
    assert list(user.home.iterdir()) == [file]


def test_without_a_client_it_says_what_is_there(user: User) -> None:
    user.has("cursor", CURSOR)
    user.has("vscode", '{"servers": {},}')
    user.sets_up("claude-code", "--write", "--name", "my_art")
    assert user.sets_up().splitlines() == [
        "claude-desktop  not found",
        f"claude-code     found; has art-mcp as my_art in {user.client('claude-code').file}",
        f"cursor          found; has no art-mcp in {user.client('cursor').file}",
        f"vscode          found; {user.client('vscode').file} is not plain JSON: line 1 has a comment, trailing "
        "comma or syntax error.",
    ]


def test_wrong_use_is_explained(user: User) -> None:
    assert "Name the client: claude-desktop, claude-code, cursor, vscode." in user.fails("--write").stderr
    assert "'emacs' is not one of" in user.fails("emacs").stderr
    assert "--name can have letters" in user.fails("cursor", "--name", "my art").stderr
    assert "does not exist" in user.fails("cursor", "--image-dir", "nowhere").stderr


@pytest.mark.skipif(os.name == "nt", reason="such names exist on POSIX only")
def test_folders_that_the_setting_cannot_name(user: User) -> None:
    for name in ("a:b", "end "):
        (user.home / name).mkdir()
        assert "cannot be listed in ART_MCP_IMAGE_DIRS" in user.fails("cursor", "--image-dir", name).stderr
    if sys.platform == "linux":
        name = os.fsdecode(b"\xff")
        (user.home / name).mkdir()
        assert "is not UTF-8" in user.fails("cursor", "--write", "--image-dir", name).stderr
    assert not user.client("cursor").folder.exists()
