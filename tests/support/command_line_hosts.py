"""Chat clients on the command line, each with a new user, who has nothing but a stand-in for a model.

They are told of the server by what `art-mcp setup` writes and, over HTTP, by their own command or documented file.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path

from support.command import art_mcp
from support.node import path_with_node
from support.real_clients import installed

PROMPT = "Find green."
NOWHERE = "http://127.0.0.1:1"
ARCHITECTURE = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


class Host(ABC):
    """One of them.

    Args:
        home: the user's home folder, which is empty.
        model: the URL of the model.
    """

    connected: str
    """What its list says of a server to which it has connected; nothing if it does not try."""

    def __init__(self, home: Path, model: str) -> None:
        self.home, self.model, self.program = home, model, self.find()
        self.path = path_with_node()
        (home / "work").mkdir()

    @abstractmethod
    def find(self) -> Path:
        """Its program; skips the test where it is not installed."""

    name: str
    """Its name for `art-mcp setup`."""

    def add_stdio(self, env_file: Path) -> None:
        """Have `art-mcp setup` tell it how to start a server with the settings in a file."""
        setup = ("--env-file", str(env_file), "setup", self.name, "--write")
        done = art_mcp(*setup, HOME=str(self.home), XDG_CONFIG_HOME=str(self.home / ".config"))
        assert done.returncode == 0, done.stderr

    @abstractmethod
    def add_http(self, url: str) -> None: ...

    def ask(self) -> None:
        """Have one conversation, in which the model may call all tools of the server."""
        raise NotImplementedError

    def check_connects(self) -> None:
        """Assert that it lists the server as connected; it is asked again, since some wait only 5 s for a server."""
        said = [self.run("mcp", "list")]
        while self.connected not in said[-1]:
            assert len(said) < 4, said
            said.append(self.run("mcp", "list"))

    def run(self, *arguments: str, **variables: str) -> str:
        """Run it, with no other variables and no network but loopback; all that it says, without colours."""
        network = {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1,localhost"}
        done = subprocess.run(
            [str(self.program), *arguments],
            env={"HOME": str(self.home), "PATH": self.path, "TERM": "dumb", **network, **variables},
            cwd=self.home / "work",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=180,
        )
        said = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)
        assert done.returncode == 0, said
        return said


class ClaudeCode(Host):
    name = "claude-code"
    connected = "✔ Connected"

    def find(self) -> Path:
        return installed(f"@anthropic-ai/claude-code-linux-{ARCHITECTURE}/claude", "Claude Code")

    def add_http(self, url: str) -> None:
        self.run("mcp", "add", "--scope", "user", "--transport", "http", "art", url)

    def ask(self) -> None:
        variables = {
            "ANTHROPIC_BASE_URL": self.model,
            "ANTHROPIC_API_KEY": "none",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "ENABLE_TOOL_SEARCH": "false",  # the model is told of the tools at once ...
            "MCP_CONNECTION_NONBLOCKING": "0",  # ... and only when they are there ...
            "MCP_CONNECT_TIMEOUT_MS": "120000",  # ... even if that takes longer than 5 s
        }
        self.run("-p", PROMPT, "--allowedTools", "mcp__art", "--model", "none", **variables)


class Codex(Host):
    name = "codex"
    connected = "enabled"  # it connects in a conversation only

    def __init__(self, home: Path, model: str) -> None:
        super().__init__(home, model)
        (home / ".codex").mkdir()
        (home / ".codex" / "config.toml").write_text(
            'model = "none"\n'
            'model_provider = "none"\n'
            "check_for_update_on_startup = false\n"
            "analytics.enabled = false\n"
            f'model_providers.none = {{ name = "none", base_url = "{model}/v1", wire_api = "responses" }}\n'
        )

    def find(self) -> Path:
        package = installed(f"codex-linux-{ARCHITECTURE}", "Codex")
        return next(package.glob("vendor/*/bin/codex"))

    def add_http(self, url: str) -> None:
        self.run("mcp", "add", "art", "--url", url)

    def ask(self) -> None:
        # It begins without a server that takes long to start, unless that is required.
        server = ("-c", "mcp_servers.art.required=true", "-c", "mcp_servers.art.startup_timeout_sec=120")
        self.run("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", *server, PROMPT)


class GeminiCli(Host):
    name = "gemini"
    connected = "- Connected"

    def __init__(self, home: Path, model: str) -> None:
        super().__init__(home, model)
        (home / ".gemini").mkdir()
        settings = {
            "general": {"enableAutoUpdate": False},
            "privacy": {"usageStatisticsEnabled": False},
            "security": {"auth": {"selectedType": "gemini-api-key"}},
        }
        (home / ".gemini" / "settings.json").write_text(json.dumps(settings))

    def find(self) -> Path:
        return installed(".bin/gemini", "Gemini CLI")

    def run(self, *arguments: str, **variables: str) -> str:
        # It connects to servers only in a folder that is trusted.
        return super().run(*arguments, GEMINI_CLI_TRUST_WORKSPACE="true", **variables)

    def add_http(self, url: str) -> None:
        self.run("mcp", "add", "--scope", "user", "--transport", "http", "art", url)

    def ask(self) -> None:
        variables = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": self.model}
        self.run("--yolo", "--model", "gemini-2.5-flash", "--prompt", PROMPT, **variables)


class OpenCode(Host):
    name = "opencode"
    connected = "✓ art connected"

    def __init__(self, home: Path, model: str) -> None:
        super().__init__(home, model)
        capable = {
            "attachment": True,
            "tool_call": True,
            "modalities": {"input": ["text", "image"], "output": ["text"]},
        }
        options = {"baseURL": f"{model}/v1", "apiKey": "none"}
        self.config = {
            "autoupdate": False,
            "share": "disabled",
            "model": "none/none",
            "provider": {"none": {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {"none": capable}}},
        }
        self._configure()

    def find(self) -> Path:
        return installed(f"opencode-linux-{ARCHITECTURE}/bin/opencode", "opencode")

    def run(self, *arguments: str, **variables: str) -> str:
        offline = ("MODELS_FETCH", "DEFAULT_PLUGINS", "LSP_DOWNLOAD")
        return super().run(*arguments, **{f"OPENCODE_DISABLE_{name}": "1" for name in offline}, **variables)

    def add_http(self, url: str) -> None:
        # Its own command asks at the keyboard.
        self._configure(mcp={"art": {"type": "remote", "url": url, "timeout": 120_000}})

    def _configure(self, **more: object) -> None:
        folder = self.home / ".config" / "opencode"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "opencode.json").write_text(json.dumps(self.config | more))

    def ask(self) -> None:
        self.run("run", "--auto", PROMPT)


class QwenCode(Host):
    """Has no conversation here: it writes every result twice, as JSON and as text."""

    name = "qwen"
    connected = "- Connected"

    def __init__(self, home: Path, model: str) -> None:
        super().__init__(home, model)
        (home / ".qwen").mkdir()
        settings = {
            "general": {"enableAutoUpdate": False},
            "privacy": {"usageStatisticsEnabled": False},
            "security": {"auth": {"selectedType": "openai"}},
        }
        (home / ".qwen" / "settings.json").write_text(json.dumps(settings))

    def find(self) -> Path:
        return installed(".bin/qwen", "Qwen Code")

    def add_http(self, url: str) -> None:
        self.run("mcp", "add", "--scope", "user", "--transport", "http", "art", url)


HOSTS: dict[str, type[Host]] = {
    "Claude Code": ClaudeCode,
    "Codex": Codex,
    "Gemini CLI": GeminiCli,
    "opencode": OpenCode,
}
