"""An OpenID Connect issuer that signs whatever a test asks for, and counts how often its keys are read."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

ALGORITHMS = get_default_algorithms()


class Issuer:
    """Serves its document and its keys over real HTTP."""

    def __init__(self, url: str, kid: str) -> None:
        self.url = url
        self.name = url
        self.reads = 0
        self.broken = False
        self.keys: dict[str, tuple[str, Any]] = {}
        self.rotate(kid)

    def rotate(self, kid: str, algorithm: str = "RS256") -> None:
        """Sign by a new key from now on; the older ones stay valid."""
        self.keys[kid] = algorithm, _key(kid, algorithm)
        self.kid = kid

    def jwk(self, kid: str) -> dict[str, Any]:
        algorithm, key = self.keys[kid]
        found: dict[str, Any] = json.loads(ALGORITHMS[algorithm].to_jwk(key.public_key()))
        return {**found, "kid": kid, "use": "sig", "alg": algorithm}

    def public_pem(self) -> bytes:
        pem: bytes = (
            self.keys[self.kid][1]
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        return pem

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of an ordinary token, with these changes; None leaves one out."""
        now = int(time.time())
        ordinary = {
            "iss": self.name,
            "sub": "ada",
            "client_id": "app",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "scope": "art:read",
        }
        return {name: value for name, value in {**ordinary, **changes}.items() if value is not None}

    def token(self, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """A token with these claims, signed by the current key."""
        algorithm, key = self.keys[self.kid]
        return jwt.encode(self.claims(**changes), key, algorithm, {"kid": self.kid, **(header or {})})

    def _answer(self, path: str) -> dict[str, Any] | None:
        if self.broken:
            return None
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.name, "jwks_uri": f"{self.url}/keys"}
        if path == "/keys":
            self.reads += 1
            return {"keys": [self.jwk(kid) for kid in self.keys]}
        return None


@cache
def _key(kid: str, algorithm: str) -> Any:
    """The private key of this id, which takes a fifth of a second to make."""
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


@contextmanager
def issuing(kid: str = "first") -> Iterator[Issuer]:
    """A running issuer; those that begin with the same key id have the same key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = issuer._answer(self.path)
            body = json.dumps(found).encode()
            self.send_response(200 if found else 500)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}", kid)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
