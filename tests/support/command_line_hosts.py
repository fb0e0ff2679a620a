"""Chat clients on the command line, each with a new user, who has nothing but a stand-in for a model.

They are told of the server by what `art-mcp setup` writes, by their own command, or by their documented file.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
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
        (home / "work").mkdir()

    @abstractmethod
    def find(self) -> Path:
        """Its program; skips the test where it is not installed."""

    @abstractmethod
    def add_stdio(self, env_file: Path) -> None:
        """Tell it how to start a server with the settings in a file."""

    @abstractmethod
    def add_http(self, url: str) -> None: ...

    @abstractmethod
    def ask(self) -> None:
        """Have one conversation, in which the model may call all tools of the server."""

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
            env={"HOME": str(self.home), "PATH": path_with_node(), "TERM": "dumb", **network, **variables},
            cwd=self.home / "work",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=180,
        )
        said = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)
        assert done.returncode == 0, said
        return said


def _command(env_file: Path) -> list[str]:
    return [sys.executable, "-P", "-m", "art_mcp", "--env-file", str(env_file)]


class ClaudeCode(Host):
    connected = "✔ Connected"

    def find(self) -> Path:
        return installed(f"@anthropic-ai/claude-code-linux-{ARCHITECTURE}/claude", "Claude Code")

    def add_stdio(self, env_file: Path) -> None:
        done = art_mcp("--env-file", str(env_file), "setup", "claude-code", "--write", HOME=str(self.home))
        assert done.returncode == 0, done.stderr

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

    def add_stdio(self, env_file: Path) -> None:
        self.run("mcp", "add", "art", "--", *_command(env_file))

    def add_http(self, url: str) -> None:
        self.run("mcp", "add", "art", "--url", url)

    def ask(self) -> None:
        # It begins without a server that takes long to start, unless that is required.
        server = ("-c", "mcp_servers.art.required=true", "-c", "mcp_servers.art.startup_timeout_sec=120")
        self.run("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", *server, PROMPT)


class GeminiCli(Host):
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

    def add_stdio(self, env_file: Path) -> None:
        python, *arguments = _command(env_file)
        self.run("mcp", "add", "--scope", "user", "art", python, "--", *arguments)

    def add_http(self, url: str) -> None:
        self.run("mcp", "add", "--scope", "user", "--transport", "http", "art", url)

    def ask(self) -> None:
        variables = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": self.model}
        self.run("--yolo", "--model", "gemini-2.5-flash", "--prompt", PROMPT, **variables)


class OpenCode(Host):
    connected = "✓ art connected"

    def find(self) -> Path:
        return installed(f"opencode-linux-{ARCHITECTURE}/bin/opencode", "opencode")

    def run(self, *arguments: str, **variables: str) -> str:
        offline = ("MODELS_FETCH", "DEFAULT_PLUGINS", "LSP_DOWNLOAD")
        return super().run(*arguments, **{f"OPENCODE_DISABLE_{name}": "1" for name in offline}, **variables)

    def add_stdio(self, env_file: Path) -> None:
        self._add({"type": "local", "command": _command(env_file)})

    def add_http(self, url: str) -> None:
        self._add({"type": "remote", "url": url})

    def _add(self, server: dict[str, str | list[str]]) -> None:
        """Its own command asks at the keyboard."""
        model = {"attachment": True, "tool_call": True, "modalities": {"input": ["text", "image"], "output": ["text"]}}
        options = {"baseURL": f"{self.model}/v1", "apiKey": "none"}
        provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {"none": model}}
        config = {
            "autoupdate": False,
            "share": "disabled",
            "model": "none/none",
            "provider": {"none": provider},
            "mcp": {"art": {**server, "timeout": 120_000}},
        }
        folder = self.home / ".config" / "opencode"
        os.makedirs(folder)
        (folder / "opencode.json").write_text(json.dumps(config))

    def ask(self) -> None:
        self.run("run", "--auto", PROMPT)


HOSTS: dict[str, type[Host]] = {
    "Claude Code": ClaudeCode,
    "Codex": Codex,
    "Gemini CLI": GeminiCli,
    "opencode": OpenCode,
}
