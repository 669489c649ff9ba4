"""Posting to an address that a file chose, without becoming anybody's way into our own network.

The name is resolved once, every address of it is checked, and the connection goes to a checked address: a second look
at the name could find another one. The certificate is checked for the name. There are no redirects, no proxies and no
cookies, and of the answer only the beginning is read.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import h11

from clawforge.errors import ClawforgeError, InputError
from clawforge.public_address import is_loopback, is_own_network, is_public
from clawforge.reconcile.notify_settings import Reach
from clawforge.secret import Secret

_SECONDS = 10.0
_MOST_ANSWER = 16 * 1024
_MOST_ADDRESSES = 4
Resolve = Callable[[str, int], list[str]]


class EgressError(ClawforgeError):
    """Nothing was answered. The message is a few words that name neither the address nor what came back; `again` says
    whether trying again may help."""

    code = "not-sent"

    def __init__(self, message: str, *, again: bool) -> None:
        super().__init__(message)
        self.again = again


class Outgoing(NamedTuple):
    """A POST. The address is a secret, as for a chat it is all that protects it; so is what headers hold."""

    url: Secret
    headers: tuple[tuple[str, Secret], ...]
    body: bytes


class Answered(NamedTuple):
    """What came back: the status, how many seconds to wait if it says so, and the beginning of the body."""

    status: int
    retry_after: float | None
    body: bytes


class Way(NamedTuple):
    """How a route may reach what it posts to."""

    reach: Reach
    context: ssl.SSLContext


def addresses_of(host: str, port: int) -> list[str]:
    """What the system's resolver says, in its order. Raises EgressError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise EgressError("its name does not resolve", again=True) from error
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def make_way(reach: Reach, authorities: Path | None) -> Way:
    """With the well-known authorities and those of a PEM file. Raises InputError if that file is none."""
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if authorities is not None:
        try:
            context.load_verify_locations(cafile=authorities)
        except (OSError, ssl.SSLError) as error:
            raise InputError(
                f"{authorities} holds no certificate of an authority.", hint="Name a PEM file that can be read."
            ) from error
    return Way(reach, context)


def check_url(url: Secret, reach: Reach, name: str) -> None:
    """Raises InputError, which does not show the address, unless it may be posted to by what it says."""
    try:
        parts = urlsplit(url.reveal())
        plain = parts.hostname and parts.port != 0 and parts.username is None and not parts.fragment
    except ValueError:
        plain, parts = None, urlsplit("")
    text = url.reveal()
    if not plain or not text.isascii() or not text.isprintable() or " " in text:
        raise InputError(f"The address of the route {name} is not a plain https URL.", code="bad-url")
    if parts.scheme != "https" and not (parts.scheme == "http" and reach is Reach.LOOPBACK):
        raise InputError(
            f"The address of the route {name} is not https.",
            hint="Only `reach: loopback` allows http, to this machine.",
            code="bad-url",
        )


class Egress:
    """Posts. `seconds` bound a whole exchange, however slowly the other side drips."""

    def __init__(self, resolve: Resolve = addresses_of, *, seconds: float = _SECONDS) -> None:
        self._resolve = resolve
        self._seconds = seconds

    def post(self, request: Outgoing, way: Way) -> Answered:
        """What comes back. Raises EgressError."""
        deadline = time.monotonic() + self._seconds
        parts = urlsplit(request.url.reveal())
        host = parts.hostname or ""
        secure = parts.scheme == "https"
        try:
            with self._connected(host, parts.port or (443 if secure else 80), way.reach, deadline) as plain:
                if not secure:
                    return _exchange(plain, request, deadline)
                plain.settimeout(_left(deadline))
                with way.context.wrap_socket(plain, server_hostname=host) as encrypted:
                    return _exchange(encrypted, request, deadline)
        except TimeoutError as error:
            raise EgressError("no answer in time", again=True) from error
        except ssl.SSLCertVerificationError as error:
            raise EgressError("its certificate is not valid for its name", again=False) from error
        except (OSError, h11.ProtocolError) as error:
            raise EgressError("the connection failed", again=True) from error

    def _connected(self, host: str, port: int, reach: Reach, deadline: float) -> socket.socket:
        addresses = self._resolve(host, port)
        if not addresses or not all(_allowed(address, reach) for address in addresses):
            raise EgressError(f"an address of it is not allowed by `reach: {reach}`", again=False)
        failure: OSError = OSError()
        for address in addresses[:_MOST_ADDRESSES]:
            try:
                return socket.create_connection((address, port), timeout=_left(deadline))
            except OSError as error:
                failure = error
        raise failure


def _allowed(address: str, reach: Reach) -> bool:
    match reach:
        case Reach.PUBLIC:
            return is_public(address)
        case Reach.PRIVATE:
            return is_public(address) or is_own_network(address)
        case Reach.LOOPBACK:
            return is_loopback(address)


def _exchange(connected: socket.socket, request: Outgoing, deadline: float) -> Answered:
    parts = urlsplit(request.url.reveal())
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_ANSWER)
    headers = [
        ("Host", parts.netloc),
        ("User-Agent", "clawforge"),
        ("Content-Length", str(len(request.body))),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        *((name, value.reveal()) for name, value in request.headers),
    ]
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connected.settimeout(_left(deadline))
    for event in (h11.Request(method="POST", target=target, headers=headers), h11.Data(data=request.body)):
        connected.sendall(connection.send(event) or b"")
    connection.send(h11.EndOfMessage())
    return _answer(connected, connection, deadline)


def _answer(connected: socket.socket, connection: h11.Connection, deadline: float) -> Answered:
    status, retry_after, body = 0, None, bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connected.settimeout(_left(deadline))
            connection.receive_data(connected.recv(_MOST_ANSWER))
        elif isinstance(event, h11.Response):
            status = event.status_code
            named = dict(event.headers).get(b"retry-after", b"")
            retry_after = float(named) if named.isdigit() and len(named) < 10 else None
        elif isinstance(event, h11.Data):
            body += event.data
        if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed) or len(body) > _MOST_ANSWER:
            return Answered(status, retry_after, bytes(body[:_MOST_ANSWER]))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
