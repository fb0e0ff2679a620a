"""A real browser: Chromium without a window, driven by ChromeDriver in the W3C WebDriver protocol."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

WITHIN_S = 60
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of a reference to an element, set by the standard
_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
)


class Browser:
    """A window; elements are named by CSS selectors."""

    def __init__(self, session: str) -> None:
        self._session = session
        self._http = httpx2.Client(timeout=WITHIN_S, trust_env=False)

    def open(self, address: str) -> None:
        self._command("POST", "url", url=address)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function's body returns, which is awaited if it is a promise."""
        return self._command("POST", "execute/sync", script=script, args=list(arguments))

    def give(self, selector: str, text: str) -> None:
        """Type into an element; for the input of a file, its path."""
        self._command("POST", f"element/{self._find(selector)}/value", text=text)

    def press(self, keys: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._command("POST", "actions", actions=[{"type": "key", "id": "keys", "actions": actions}])

    def click(self, selector: str) -> None:
        self._command("POST", f"element/{self._find(selector)}/click")

    def role(self, selector: str) -> tuple[str, str]:
        """The role and the name that a screen reader says."""
        element = self._find(selector)
        role, name = (self._command("GET", f"element/{element}/computed{each}") for each in ("role", "label"))
        return role, name

    def text(self) -> str:
        """What is seen of the page."""
        return str(self.run("return document.body.innerText"))

    def wait_for(self, text: str) -> None:
        """Wait until the page shows a text."""
        until = time.monotonic() + WITHIN_S
        while text not in (seen := self.text()):
            assert time.monotonic() < until, seen
            time.sleep(0.05)

    def screenshot(self) -> bytes:
        return base64.b64decode(self._command("GET", "screenshot"))

    def prefer(self, **media: str) -> None:
        """Set media features, e.g. `prefers_color_scheme="dark"`."""
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        self._command("POST", "goog/cdp/execute", cmd="Emulation.setEmulatedMedia", params={"features": features})

    def log(self) -> list[str]:
        """What the console says since it was last read."""
        return [entry["message"] for entry in self._command("POST", "se/log", type="browser")]

    def close(self) -> None:
        self._command("DELETE", "")
        self._http.close()

    def _find(self, selector: str) -> str:
        return str(self._command("POST", "element", using="css selector", value=selector)[_ELEMENT])

    def _command(self, method: str, path: str, **content: Any) -> Any:
        url = f"{self._session}/{path}".rstrip("/")
        answer = self._http.request(method, url, json=content if method == "POST" else None).json()["value"]
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer


@contextmanager
def browsing(*options: str) -> Iterator[Browser]:
    """A new browser with an empty profile, and options of Chromium; skips the test where it is not installed."""
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if not driver or not chromium:
        pytest.skip("Chromium and ChromeDriver are not installed (Debian's chromium-driver has both)")
    with tempfile.TemporaryDirectory() as home:
        said = Path(home, "said")
        with said.open("wb") as output:
            process = subprocess.Popen(
                [driver, "--port=0"], stdout=output, stderr=output, env={**os.environ, "HOME": home, "TMPDIR": home}
            )
        try:
            until = time.monotonic() + WITHIN_S
            while not (port := re.search(r"on port (\d+)\.", said.read_text())):
                assert process.poll() is None and time.monotonic() < until, said.read_text()
                time.sleep(0.05)
            driven = f"http://127.0.0.1:{port[1]}/session"
            chrome = {"binary": chromium, "args": [*_OPTIONS, *options, f"--user-data-dir={home}/profile"]}
            always = {"goog:chromeOptions": chrome, "goog:loggingPrefs": {"browser": "ALL"}}
            asked = {"capabilities": {"alwaysMatch": always}}
            started = httpx2.post(driven, json=asked, timeout=WITHIN_S, trust_env=False).json()["value"]
            assert "sessionId" in started, started
            browser = Browser(f"{driven}/{started['sessionId']}")
            try:
                yield browser
            finally:
                browser.close()
        finally:
            process.terminate()
            process.wait()
