"""Fetching small JSON documents from issuers, without becoming anybody's way into our own network.

The name is resolved once, every address of it is checked, and the connection goes to a checked address: a second look
at the name could find another one. The certificate is checked for the name. There are no redirects, no proxies, no
cookies and no compression.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpcore

from clawforge.errors import ClawforgeError
from clawforge.public_address import is_public
from clawforge_server.auth.oidc.strict_text import json_object
from clawforge_server.startup_error import StartupError

_LARGEST = 512 * 1024
_SECONDS = 8.0
Resolve = Callable[[str, int], list[str]]


class EgressError(ClawforgeError):
    """The document could not be had. The message is for the log of the server: it says which step failed, and never
    what the other side answered."""

    code = "issuer-unavailable"


def addresses_of(host: str, port: int) -> list[str]:
    """What the system's resolver says, in its order. Raises EgressError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise EgressError("its name does not resolve") from error
    return list(dict.fromkeys(str(item[4][0]) for item in found))


class Egress:
    """Fetches over TLS. `allow_private`: addresses that are not public are allowed too, for an issuer in the intranet;
    `ca`: a PEM file with further authorities to believe."""

    def __init__(self, *, allow_private: bool = False, ca: Path | None = None, resolve: Resolve = addresses_of) -> None:
        self._allow_private = allow_private
        self._ca = ca
        self._resolve = resolve

    @cached_property
    def context(self) -> ssl.SSLContext:
        """Whose certificates are believed."""
        return _tls(self._ca)

    def get_json(self, url: str) -> dict[str, Any]:
        """The object at an https URL. Raises EgressError."""
        return self._json(url, None)

    def post_form(self, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        """The object that answers a form. Raises EgressError."""
        return self._json(url, urlencode(form).encode())

    def _json(self, url: str, form: bytes | None) -> dict[str, Any]:
        parts = urlsplit(url)
        try:
            usable = parts.scheme == "https" and parts.hostname and parts.port != 0 and parts.username is None
        except ValueError:
            usable = False
        if not usable or not url.isascii() or not url.isprintable() or " " in url:
            raise EgressError("its address is not a plain https URL")
        try:
            return json_object(self._fetch(url, form))
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise EgressError("it did not answer in time") from error
        except ssl.SSLError as error:
            raise EgressError("its certificate is not valid for its name") from error
        except (httpcore.ConnectError, OSError) as error:
            failed_tls = isinstance(error.__context__, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)
            why = "its certificate is not valid for its name" if failed_tls else "it cannot be connected to"
            raise EgressError(why) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, ValueError) as error:
            raise EgressError("its answer cannot be used") from error

    def _fetch(self, url: str, form: bytes | None) -> bytes:
        backend = _CheckedBackend(self._resolve, self._allow_private, time.monotonic() + _SECONDS)
        timeout = {"connect": _SECONDS, "read": _SECONDS, "write": _SECONDS, "pool": _SECONDS}
        headers = [("Accept", "application/json"), ("Accept-Encoding", "identity"), ("User-Agent", "clawforge")]
        if form is not None:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
            headers.append(("Content-Length", str(len(form))))
        method = "GET" if form is None else "POST"
        with (
            httpcore.ConnectionPool(ssl_context=self.context, network_backend=backend) as pool,
            pool.stream(method, url, headers=headers, content=form, extensions={"timeout": timeout}) as answer,
        ):
            if answer.status != 200:
                raise EgressError("it did not answer with the document")
            body = bytearray()
            for chunk in answer.iter_stream():
                body += chunk
                if len(body) > _LARGEST:
                    raise EgressError("its answer is too large")
            return bytes(body)


def check_authorities(ca: Path | None) -> None:
    """Raise StartupError unless the file holds certificates."""
    if ca is not None:
        _tls(ca)


def _tls(ca: Path | None) -> ssl.SSLContext:
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is not None:
        try:
            context.load_verify_locations(cafile=ca)
        except (OSError, ssl.SSLError) as error:
            raise StartupError(
                f"{ca} holds no certificate of an authority.", hint="Give --issuer-ca a PEM file that can be read."
            ) from error
    return context


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses only. Everything ends at the deadline, however slowly the other side drips."""

    def __init__(self, resolve: Resolve, allow_private: bool, deadline: float) -> None:
        self._plain = httpcore.SyncBackend()
        self._resolve = resolve
        self._allow_private = allow_private
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers."""
        addresses = self._resolve(host, port)
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise EgressError("its address is not public (see --allow-private-issuers)")
        failure: Exception = EgressError("its name does not resolve")
        for address in addresses[:4]:
            try:
                stream = self._plain.connect_tcp(
                    address, port, timeout=_left(self._deadline), local_address=None, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Hurried(stream, self._deadline)
        raise failure


class _Hurried(httpcore.NetworkStream):
    """A stream whose every step has only the time that is left in all."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """At most so many bytes."""
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All of it."""
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """From here on encrypted, to the holder of a certificate for this name."""
        return _Hurried(self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the plain stream says."""
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
