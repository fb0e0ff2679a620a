"""The key or token that a call is made with."""

from __future__ import annotations

import re
from typing import Protocol

from pydantic import SecretStr

from art_mcp.vision.provider import VisionError


class Login(Protocol):
    """Supplies the secret that calls are made with."""

    name: str
    """Goes on after "signed in"."""
    header: str
    """The header that carries the secret; `Authorization` makes it a bearer's."""

    async def secret(self, refused: str | None = None) -> str:
        """The key or token to send; empty for none.

        Args:
            refused: one that the service has just refused; the same is returned again if there is no other.

        Raises:
            VisionError: there is none.
        """
        ...

    async def aclose(self) -> None: ...


class ApiKey:
    """A key that the service issued.

    Args:
        key: None for a service that asks for none.
        variable: the setting that holds it, for errors.
        next_step: what to do if it cannot be one.

    Raises:
        VisionError: it cannot. One that cannot be sent is quoted whole in the HTTP library's error.
    """

    name = "with a key"

    def __init__(self, key: SecretStr | None, *, header: str, variable: str, next_step: str) -> None:
        secret = "" if key is None else key.get_secret_value().strip()  # a file that holds one often ends in a newline
        if key is not None and not is_sendable(secret):
            raise VisionError(f"The value of {variable} is not a key.", next_step)
        self.header = header
        self._key = SecretStr(secret)

    async def secret(self, refused: str | None = None) -> str:
        return self._key.get_secret_value()

    async def aclose(self) -> None:
        """Nothing to close."""


def is_sendable(secret: str) -> bool:
    """Whether it can stand in a header."""
    return re.fullmatch("[!-~]+", secret) is not None
