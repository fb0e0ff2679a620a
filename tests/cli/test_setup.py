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
from art_mcp.clients.client import Client, Shape
from art_mcp.clients.file import ClientFile, ClientFileError
from art_mcp.clients.known import NAMES, clients

MODULE = {"command": sys.executable, "args": ["-P", "-m", "art_mcp"]}
CANARY = "c4nary"
GOLDEN = Path(__file__).parent.parent / "clients" / "golden"
FILES = {file.name.partition(".")[0]: file.read_bytes().decode() for file in GOLDEN.glob("*.before.*")}
CLAUDE_CODE, CURSOR = FILES["claude-code"], FILES["cursor"]
ONE_PER_SHAPE = ("claude-desktop", "claude-code", "vscode", "codex", "cline", "goose", "zed", "opencode", "copilot")


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
        return known.format.parse(known.file.read_text("utf-8-sig"))[known.shape.key][name]


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    for variable in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME", "CLINE_DIR", "COPILOT_HOME", "QWEN_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return User(tmp_path / "home")


async def tools_of(client: Client, entry: dict, tmp_path: Path) -> set[str]:
    """Start a server as a client does, in a folder of its own with modules that are not ours."""
    strange = tmp_path / "strange"
    strange.mkdir()
    for module in ("art_mcp", "click"):
        (strange / f"{module}.py").write_text("raise SystemExit('somebody else was started')")
    environ = {**entry.get(client.shape.env, {}), "ART_MCP_DATA_DIR": str(tmp_path / "data")}
    command, *arguments = client.shape.words(entry)
    parameters = StdioServerParameters(command=command, args=arguments, env=environ, cwd=strange)
    async with McpClient(stdio_client(parameters)) as session:
        return {tool.name for tool in (await session.list_tools()).tools}


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("name", ONE_PER_SHAPE)
async def test_what_is_written_starts_the_server(name: str, user: User, tmp_path: Path) -> None:
    user.has(name, FILES[name])
    user.sets_up(name, "--write", "--image-dir", str(tmp_path), ART_MCP_LOG_LEVEL="ERROR")
    client, entry = user.client(name), user.entry(name)
    assert entry[client.shape.env] == {"ART_MCP_LOG_LEVEL": "ERROR", "ART_MCP_IMAGE_DIRS": str(tmp_path)}
    assert "search_paintings_by_text" in await tools_of(client, entry, tmp_path)


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("name", ONE_PER_SHAPE)
async def test_a_client_that_was_not_found_gets_its_file(name: str, user: User, tmp_path: Path) -> None:
    done = user.runs("setup", name, "--write", "--read-only")
    client = user.client(name)
    assert f"{client.title} was not found (" in done.stderr
    assert client.shape.words(user.entry(name))[-2:] == ["serve", "--read-only"]
    assert "ingest_collection" not in await tools_of(client, user.entry(name), tmp_path)
    if os.name != "nt":
        assert client.file.stat().st_mode & 0o777 == 0o600
    user.sets_up(name, "--undo")
    assert not ClientFile.read(client).servers


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("name", ONE_PER_SHAPE)
async def test_what_is_printed_can_be_pasted(name: str, user: User, tmp_path: Path) -> None:
    done = user.runs("setup", name, "--image-dir", str(tmp_path), "--image-dir", ".")
    client = user.client(name)
    if name == "claude-code":
        assert done.stderr == "Run this, or pass --write to write the entry:\n"
        words = shlex.split(done.stdout)
        assert words[:7] == ["claude", "mcp", "add", "--scope", "user", "art", "-e"] and words[8] == "--"
        entry = {"command": words[9], "args": words[10:], "env": dict([words[7].split("=", 1)])}
    else:
        assert str(client.file) in done.stderr
        entry = client.format.parse(done.stdout)[client.shape.key]["art"]
    assert entry[client.shape.env] == {"ART_MCP_IMAGE_DIRS": os.pathsep.join([str(tmp_path), str(user.home)])}
    assert "get_painting" in await tools_of(client, entry, tmp_path)
    assert not list(user.home.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_everything_else_stays(name: str, user: User) -> None:
    file, client = user.has(name, FILES[name]), user.client(name)
    said = user.sets_up(name, "--write", ART_MCP_LOG_LEVEL="ERROR")
    assert said == f"Added art to {file}. Restart {client.title} to use it.\n"
    written = file.read_bytes().decode()
    again = user.sets_up(name, "--write", ART_MCP_LOG_LEVEL="ERROR")
    assert again == f"{file} has this entry already; there is nothing to change.\n"
    assert file.read_bytes().decode() == written

    user.sets_up(name, "--write", ART_MCP_LOG_LEVEL="INFO")
    assert file.read_bytes().decode() == written.replace("ERROR", "INFO")

    before, after = client.format.parse(FILES[name]), client.format.parse(written)
    del after[client.shape.key]["art"]
    assert after == {client.shape.key: {}} | before and [key for key in after if key in before] == [*before]
    assert "Removed art from" in user.sets_up(name, "--undo")
    left = file.read_bytes().decode()
    assert left == FILES[name] or client.format.parse(left) == {**before, client.shape.key: {}}
    assert "there is nothing to undo" in user.sets_up(name, "--undo")


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

    monkeypatch.setattr("art_mcp.installation.distribution", Distribution)
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
            settings = {
                "ART_MCP_DATABASE_URL": secret,
                "ART_MCP_SECRET_KEY": f"{CANARY:k<32}",
                "ART_MCP_READ_ONLY": "true",
            }
            done = user.runs("setup", name, *options, **settings)
            assert done.returncode == 0
            assert "Omitted, because they are secret: ART_MCP_DATABASE_URL, ART_MCP_SECRET_KEY. Set them" in done.stderr
            assert str(user.home / ".config" / "art-mcp" / ".env") in done.stderr or sys.platform != "linux"
            assert CANARY not in done.stdout + done.stderr
        assert user.entry(name)[user.client(name).shape.env] == {"ART_MCP_READ_ONLY": "true"}
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


OTHER_INSTALLATIONS = {
    "codex": (
        '[mcp_servers.art] # paintings\ncommand = "/old/art-mcp" # old\nargs = []\nenabled = false\n'
        'startup_timeout_sec = 5\nenv = { PATH = "/bin" }\n\n[tui]\n',
        {"enabled": False, "startup_timeout_sec": 5, "env": {"PATH": "/bin", "ART_MCP_LOG_LEVEL": "INFO"}},
        ["[mcp_servers.art] # paintings", "enabled = false", "[tui]"],
    ),
    "goose": (
        "extensions:\n  art: # paintings\n    cmd: uvx\n    args:\n    - art-mcp\n    timeout: 5 # short\n"
        "    name: art\nX: 1\n",
        {"timeout": 5, "enabled": True, "envs": {"ART_MCP_LOG_LEVEL": "INFO"}},
        ["  art: # paintings", "    timeout: 5 # short", "X: 1"],
    ),
    "opencode": (
        '{\n  "mcp": {\n    "art": { // paintings\n      "command": ["/old/art-mcp"],\n'
        '      "enabled": false, // not now\n'
        '      "type": "local"\n    }\n  }\n}\n',
        {"enabled": False, "timeout": 60000, "environment": {"ART_MCP_LOG_LEVEL": "INFO"}},
        ['    "art": { // paintings', '      "enabled": false, // not now'],
    ),
}


@pytest.mark.parametrize("name", OTHER_INSTALLATIONS)
def test_an_entry_of_another_installation_starts_this_one(name: str, user: User) -> None:
    before, entry, lines = OTHER_INSTALLATIONS[name]
    file, shape = user.has(name, before), user.client(name).shape
    assert user.sets_up(name, "--write", ART_MCP_LOG_LEVEL="INFO").startswith("Updated ")
    assert shape.words(user.entry(name)) == [MODULE["command"], *MODULE["args"]]
    assert user.entry(name).items() >= entry.items()
    assert set(lines) <= set(file.read_text().splitlines())
    assert "Removed art from" in user.sets_up(name, "--undo")


@pytest.mark.parametrize("name", OTHER_INSTALLATIONS)
def test_in_every_format_a_server_of_somebody_else_is_left_alone(name: str, user: User) -> None:
    before = OTHER_INSTALLATIONS[name][0].replace("art-mcp", "files")
    file = user.has(name, before)
    for option in ("--write", "--undo"):
        assert f"art in {file} belongs to another server." in user.fails(name, option).stderr
    assert file.read_text() == before


def test_a_server_of_somebody_else_is_left_alone(user: User) -> None:
    other = {"command": "npx", "args": ["-y", "files", "/home/me/art-mcp"]}
    file = user.has("cursor", before := json.dumps({"mcpServers": {"art": other}}))
    for option in ("--write", "--undo"):
        assert f"art in {file} belongs to another server." in user.fails("cursor", option).stderr
    assert file.read_text() == before
    assert "Added paintings to" in user.sets_up("cursor", "--write", "--name", "paintings")
    assert user.entry("cursor", "paintings") == MODULE and user.entry("cursor", "art") == other


@pytest.mark.parametrize(
    ("entry", "ours"),
    [
        ({"command": "/old/.venv/bin/art-mcp"}, True),
        ({"command": "C:\\Tools\\art-mcp.exe", "args": None}, True),
        ({"command": "C:\\Tools\\art-mcp.EXE"}, True),
        ({"command": "python3", "args": ["-m", "art_mcp"]}, True),
        ({"command": "uvx", "args": ["art-mcp@latest"]}, True),
        ({"command": "uvx", "args": ["--from", "art-mcp==0.1", "art-mcp"]}, True),
        ({"command": "npx", "args": ["-y", "art-museum"]}, False),
        ({"command": "npx", "args": ["-y", "files", "/home/me/art-mcp"]}, False),
        ({"command": 3, "args": ["art-mcp"]}, False),
        ({"command": None}, False),
        ({"url": "https://art.example/mcp"}, False),
        ("art-mcp", False),
    ],
    ids=str,
)
def test_ours_is_known_however_it_was_written(entry: object, ours: bool) -> None:
    assert launch.starts_art_mcp(Shape().words(entry)) == ours


@pytest.mark.parametrize("name", ["vscode", "codex", "goose"])
def test_what_is_not_understood_is_not_changed(name: str, user: User) -> None:
    client = user.client(name)
    file = user.has(name, before := "\n[ 'a': }\n")
    problem = f"{file} is not {client.format.NAME}: line 2 has a syntax error."
    done = user.fails(name, "--write")
    by_hand = f"It was not changed; add the output of `art-mcp setup {name}` to it by hand."
    assert done.stderr == f"art-mcp: {problem} {by_hand}\n"
    assert client.shape.words(client.format.parse(done.stdout)[client.shape.key]["art"])[0] == sys.executable
    assert problem in user.fails(name, "--undo").stderr
    assert f"{name:15} {problem}\n" in user.sets_up()
    assert file.read_text() == before
    assert list(file.parent.iterdir()) == [file]


def test_what_cannot_be_changed_in_place_is_not_changed(user: User) -> None:
    file = user.has("goose", before := "extensions: {files: {cmd: npx}}\n")
    done = user.fails("goose", "--write")
    assert f'"extensions" in {file} is written in a form that cannot be changed in place.' in done.stderr
    assert "It was not changed; add the output of `art-mcp setup goose` to it by hand." in done.stderr
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("vscode", '{"servers": {"a": {},,}}', "is not JSON: line 1"),
        ("vscode", '{"servers": ', "is not JSON"),
        ("vscode", '{"servers": {} /* no end', "is not JSON"),
        ("vscode", '["servers"]', "does not contain a JSON object"),
        ("vscode", '{"servers": []}', "is not a JSON object"),
        ("vscode", b'{"servers": "\xff"}', "is not UTF-8 text"),
        ("vscode", "{}".encode("utf-16"), "is not UTF-8 text"),
        ("vscode", f'{{"a": {"1" * 5000}}}', "has a value that cannot be read as JSON"),
        ("vscode", '{"a": ' + "[" * 20_000 + "]" * 20_000 + "}", "has a value that cannot be read as JSON"),
        ("codex", "a = 1\na = 2\n", "is not TOML: line 2"),
        ("codex", "mcp_servers = 1", "is not a TOML object"),
        ("goose", "extensions: !!python/object:os.system {}", "is not YAML"),
        ("goose", "a: 1\n---\nb: 2\n", "is not YAML: line 2"),
        ("goose", "a: 2026-13-45\n", "has a value that cannot be read as YAML"),
        ("goose", "a: !!int b\n", "has a value that cannot be read as YAML"),
        ("goose", "- extensions", "does not contain a YAML object"),
        ("goose", "extensions:\n- a\n", "is not a YAML object"),
    ],
)
def test_a_file_that_is_not_understood(name: str, text: str | bytes, said: str, user: User) -> None:
    user.has(name, text)
    with pytest.raises(ClientFileError, match=said):
        ClientFile.read(user.client(name))


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


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "{}", "\ufeff{}"])
@pytest.mark.parametrize("name", ["vscode", "codex", "goose"])
def test_an_empty_file_is_one_without_servers(name: str, text: str, user: User) -> None:
    if name == "codex" and "{" in text:
        pytest.skip("not TOML")
    user.has(name, text)
    user.sets_up(name, "--write")
    assert user.client(name).shape.words(user.entry(name)) == [MODULE["command"], *MODULE["args"]]
    assert user.client(name).file.read_text("utf-8").startswith("\ufeff") == text.startswith("\ufeff")


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
    user.has("vscode", '{"servers": {},,}')
    user.sets_up("claude-code", "--write", "--name", "my_art")
    user.sets_up("codex", "--write")
    assert user.sets_up().splitlines() == [
        f"claude-code     has art-mcp as my_art in {user.client('claude-code').file}",
        f"cursor          has no art-mcp in {user.client('cursor').file}",
        f"vscode          {user.client('vscode').file} is not JSON: line 1 has a syntax error.",
        f"codex           has art-mcp as art in {user.client('codex').file}",
        "Not found: claude-desktop, gemini, windsurf, lm-studio, cline, goose, zed, opencode, kiro, warp, copilot, "
        "antigravity, qwen, junie.",
    ]


def test_wrong_use_is_explained(user: User) -> None:
    assert "Name the client: claude-desktop, claude-code, cursor, vscode, codex, " in user.fails("--write").stderr
    assert "'emacs' is not one of" in user.fails("emacs").stderr
    assert "--name can have letters" in user.fails("cursor", "--name", "my art").stderr
    assert "--undo takes no other option" in user.fails("cursor", "--write", "--undo").stderr
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
    assert not user.client("cursor").home.exists()
