"""How the server is asked to run, and the refusal to open an unprotected door."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from clawforge_server.auth.request_limits import REQUESTS_PER_MINUTE
from clawforge_server.startup_error import StartupError


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of the certificate chain and its private key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that `serve` takes. `behind_proxy`: a proxy in front ends TLS and sets `X-Forwarded-For`.
    `requests_per_minute`: of one person, pipeline or agent; the other rates follow from it."""

    data: Path
    host: str
    port: int
    tls: TlsFiles | None = None
    behind_proxy: bool = False
    master_key_file: Path | None = None
    master_key_command: str | None = None
    issuer_ca: Path | None = None
    allow_private_issuers: bool = False
    requests_per_minute: int = REQUESTS_PER_MINUTE


def parse_listen(text: str) -> tuple[str, int]:
    """`127.0.0.1:8733`, `[::1]:8733` or `localhost:0` (any free port). Raises StartupError."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise StartupError(
            f"{text!r} is not an address to listen on.",
            hint="Write HOST:PORT, such as 127.0.0.1:8733 or [::1]:8733.",
        )
    if ":" in host and not bracketed:
        raise StartupError(f"The IPv6 address in {text!r} needs brackets.", hint=f"Write [{host}]:{port}.")
    return host, int(port)


def refuse_open_door(settings: Settings) -> None:
    """Raise StartupError for a listener that others can reach without encryption."""
    if settings.tls is not None:
        _check_tls(settings.tls)
    if settings.tls is None and not settings.behind_proxy and not _is_loopback(settings.host):
        raise StartupError(
            f"{settings.host} can be reached from other machines, and the connection would not be encrypted.",
            hint="Give --tls-cert and --tls-key, or --behind-proxy if a proxy in front of the server ends "
            "TLS; for this machine alone listen on 127.0.0.1.",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_tls(files: TlsFiles) -> None:
    """Raise StartupError unless the files hold a certificate and its key."""
    import ssl

    for file in (files.certificate, files.key):
        if not file.is_file():
            raise StartupError(f"The TLS file {file} does not exist.", hint="Check --tls-cert and --tls-key.")
    try:
        # The empty password keeps an encrypted key from asking the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key, password="")
    except (OSError, ValueError) as error:
        raise StartupError(
            f"{files.certificate} and {files.key} are no certificate and its private key.",
            hint="Both must be PEM files that the server's user may read, and the key must not be encrypted.",
        ) from error
