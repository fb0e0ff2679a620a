"""How a client authenticates its calls."""

from __future__ import annotations

import re
from typing import Protocol

from pydantic import SecretStr

from art_mcp.vision.provider import VisionError


class Login(Protocol):
    """Supplies the key or token for each call."""

    name: str
    """Follows "signed in" in a sentence."""
    header: str
    """The HTTP header that carries the secret; in `Authorization`, it is sent as a bearer token."""

    async def secret(self, refused: str | None = None) -> str:
        """Return the key or token to send, or an empty string to send none.

        Args:
            refused: the secret that the service has just refused, which is renewed if possible.

        Raises:
            VisionError: no token can be obtained.
        """
        ...

    async def aclose(self) -> None: ...


class ApiKey:
    """A key issued by the service.

    Args:
        key: None for a service that requires none.
        variable: the environment variable of the key, for errors.
        issuer: where the user got it.

    Raises:
        VisionError: the key is malformed. The HTTP library would quote it in its own error.
    """

    name = "with a key"

    def __init__(self, key: SecretStr | None, header: str, variable: str, issuer: str) -> None:
        secret = "" if key is None else key.get_secret_value().strip()  # a key read from a file may end in a newline
        if key is not None and not is_sendable(secret):
            raise VisionError(f"The value of {variable} is not a key.", f"Copy it again from {issuer}.")
        self.header = header
        self._key = SecretStr(secret)

    async def secret(self, refused: str | None = None) -> str:
        return self._key.get_secret_value()

    async def aclose(self) -> None:
        """Nothing to close."""


def is_sendable(secret: str) -> bool:
    """Whether an HTTP header can carry the secret."""
    return re.fullmatch("[!-~]+", secret) is not None
