"""An issuer of identity tokens on this machine, over TLS: what GitHub, GitLab or a company's provider is to us.

It signs whatever a test asks for, also what no real issuer would.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from certificates import Certificates
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def b64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int, length: int | None = None) -> str:
    return b64(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


@dataclass
class SigningKey:
    """A key with the algorithm it is used for."""

    kid: str
    alg: str
    private: Private

    def sign(self, data: bytes) -> bytes:
        """A signature as JWS has it."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            if self.alg.startswith("PS"):
                pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
                return self.private.sign(data, pss, hashes.SHA256())
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(data)
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def jwk(self) -> dict[str, Any]:
        """The public half."""
        head = {"kid": self.kid, "alg": self.alg, "use": "sig"}
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            numbers = public.public_numbers()
            return {**head, "kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        if isinstance(public, ec.EllipticCurvePublicKey):
            point = public.public_numbers()
            return {**head, "kty": "EC", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32)}
        return {**head, "kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}


@cache
def usual_key() -> SigningKey:
    """The key that issuers begin with; making one takes longer than most tests."""
    return new_key("first")


def new_key(kid: str, alg: str = "RS256", bits: int = 2048) -> SigningKey:
    """A key of the type that the algorithm needs."""
    makers: dict[str, Callable[[], Private]] = {
        "RS256": lambda: rsa.generate_private_key(65537, bits),
        "PS256": lambda: rsa.generate_private_key(65537, bits),
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
    }
    return SigningKey(kid, alg, makers[alg]())


@dataclass
class Issuer:
    """`documents` are served by path, with another status than 200 if `statuses` has one; `answers` to a POST one after
    the other; `asked` counts requests by path, `posted` keeps what they brought."""

    url: str
    keys: list[SigningKey]
    now: Callable[[], dt.datetime]
    documents: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    posted: list[dict[str, list[str]]] = field(default_factory=list)
    serial: int = 0

    def publish(self) -> None:
        """Serve the present keys."""
        discovery = {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
        self.documents["/.well-known/openid-configuration"] = json.dumps(discovery).encode()
        self.documents["/jwks"] = json.dumps({"keys": [key.jwk() for key in self.keys]}).encode()

    def claims(self, **claims: Any) -> dict[str, Any]:
        """What every token says, with changes; None leaves a claim out."""
        now = int(self.now().timestamp())
        self.serial += 1
        usual = {"iss": self.url, "iat": now, "exp": now + 300, "jti": f"token-{self.serial}"}
        return {name: value for name, value in {**usual, **claims}.items() if value is not None}

    def token(self, *, header: dict[str, Any] | None = None, key: SigningKey | None = None, **claims: Any) -> str:
        """A signed token."""
        return self.sign(json.dumps(self.claims(**claims)).encode(), header=header, key=key)

    def sign(self, payload: bytes, *, header: dict[str, Any] | None = None, key: SigningKey | None = None) -> str:
        """A token with this payload."""
        signer = key or self.keys[0]
        head = {"alg": signer.alg, "kid": signer.kid, "typ": "JWT", **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        signed = f"{b64(json.dumps(head).encode())}.{b64(payload)}"
        return f"{signed}.{b64(signer.sign(signed.encode()))}"


@contextmanager
def running_issuer(certificates: Certificates, now: Callable[[], dt.datetime]) -> Iterator[Issuer]:
    """An issuer at a port of its own."""
    server = _Server(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    issuer = Issuer(f"https://localhost:{server.server_port}", [usual_key()], now)
    issuer.publish()
    server.issuer = issuer  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 5

    def do_GET(self) -> None:
        issuer: Issuer = self.server.issuer  # type: ignore[attr-defined]
        issuer.asked[self.path] = issuer.asked.get(self.path, 0) + 1
        body = issuer.documents.get(self.path)
        self.send_response(404 if body is None else issuer.statuses.get(self.path, 200))
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def do_POST(self) -> None:
        issuer: Issuer = self.server.issuer  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        issuer.posted.append(parse_qs(body.decode()))
        answer = issuer.answers[self.path].pop(0)
        text = json.dumps(answer).encode()
        self.send_response(400 if "error" in answer else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        pass
