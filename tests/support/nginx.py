"""Debian's nginx with the configuration that docs/access.md shows, before two processes of a server."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from support.servers import START_WITHIN_S, Served, serving

DOCUMENTED = Path(__file__).parents[2] / "docs" / "access.md"
PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_AROUND = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{documented}
}}
"""


class Processes:
    """The processes of one server, by number, and the origin at which nginx passes requests on to them."""

    def __init__(self, stack: ExitStack, ports: Sequence[int], origin: str, environment: dict[str, str]) -> None:
        self.origin = origin
        self._stack = stack
        self._ports = ports
        self._environment = environment
        self.served = [self._start(port) for port in ports]

    def stop(self, number: int) -> None:
        """End a process by SIGTERM, without waiting for its end."""
        self.served[number].process.send_signal(signal.SIGTERM)

    def start_again(self, number: int) -> None:
        """Start a process at the same port, once the one before has ended of itself."""
        assert self.served[number].process.wait(START_WITHIN_S) == 0, self.served[number].stderr()
        self.served[number] = self._start(self._ports[number])

    def _start(self, port: int) -> Served:
        arguments = ("-m", "art_mcp", "serve", "--transport", "streamable-http", "--port", str(port))
        return self._stack.enter_context(serving(*arguments, **self._environment))


@contextmanager
def balanced(folder: Path, **environment: str) -> Iterator[Processes]:
    """Two processes with these variables, behind nginx."""
    port, *ports = _free_ports(3)
    origin = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        processes = Processes(stack, ports, origin, {**environment, "ART_MCP_PUBLIC_URL": origin})
        configuration = folder / "nginx.conf"
        configuration.write_text(_AROUND.format(folder=folder, documented=_documented(port, ports)))
        assert PROGRAM
        nginx = subprocess.Popen([PROGRAM, "-p", folder, "-e", folder / "error.log", "-c", configuration])
        try:
            until = time.monotonic() + START_WITHIN_S
            while not _is_open(port):
                assert nginx.poll() is None and time.monotonic() < until, (folder / "error.log").read_text()
                time.sleep(0.02)
            yield processes
        finally:
            nginx.terminate()
            nginx.wait()


def _documented(port: int, ports: Sequence[int]) -> str:
    """The documented configuration, with other ports and without TLS."""
    (text,) = re.findall(r"^```nginx\n(.*?)^```", DOCUMENTED.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    changes = [(f":{8001 + number} ", f":{each} ") for number, each in enumerate(ports)]
    for old, new in [("listen 443 ssl;", f"listen 127.0.0.1:{port};"), *changes]:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return re.sub(r"^ *ssl_certificate.*\n", "", text, flags=re.MULTILINE)


def _free_ports(count: int) -> list[int]:
    """Ports below those that a system gives to servers that ask for any, which could take them before ours start."""
    ports: list[int] = []
    while len(ports) < count:
        port = random.randrange(20_000, 32_000)
        if port not in ports and not _is_open(port):
            ports.append(port)
    return ports


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionRefusedError:
        return False
    return True
