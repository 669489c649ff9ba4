"""Everything that commands take from the environment; no other module of the command line reads it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from clawforge.errors import InputError
from clawforge.secret import Secret

SERVER_VARIABLE = "CLAWFORGE_SERVER"
TOKEN_VARIABLE = "CLAWFORGE_TOKEN"  # noqa: S105 - the name of a variable, not a token
TOKEN_FILE_VARIABLE = "CLAWFORGE_TOKEN_FILE"  # noqa: S105 - the name of a variable, not a token
INSECURE_VARIABLE = "CLAWFORGE_INSECURE_HTTP"

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Connection:
    """A control plane and the credential for it."""

    server: str
    token: Secret


def connection(server: str | None, *, project_server: str | None = None) -> Connection:
    """Where to send requests, and with what; the flag wins over the environment.

    The address in the project file is only a suggestion: whoever can change that file must not be able to decide where
    a token is sent. Raises InputError with what to set when address or token is missing.
    """
    chosen = server or os.environ.get(SERVER_VARIABLE)
    if not chosen and project_server:
        raise InputError(
            f"clawforge.yaml suggests the control plane {project_server}, but a file does not decide where tokens go.",
            hint=f"If that is yours, pass --server {project_server} or set {SERVER_VARIABLE}.",
        )
    if not chosen:
        raise InputError(
            "No control plane is named.",
            hint=f"Pass --server URL, or set {SERVER_VARIABLE}.",
        )
    return Connection(checked_server(chosen), _token())


def checked_server(url: str) -> str:
    """The URL without a trailing slash. Raises InputError for anything that would send a credential in the clear."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise InputError(
            f"{url!r} is not the address of a control plane.",
            hint="Write it as https://clawforge.example.com.",
        )
    insecure = parts.scheme == "http" and parts.hostname not in _LOOPBACK
    if insecure and os.environ.get(INSECURE_VARIABLE) != "1":
        raise InputError(
            f"{url} would send the token over plain HTTP to another machine.",
            hint=f"Use https, or set {INSECURE_VARIABLE}=1 if the way is protected by something else.",
        )
    return url.rstrip("/")


def _token() -> Secret:
    value = os.environ.get(TOKEN_VARIABLE, "").strip()
    path = os.environ.get(TOKEN_FILE_VARIABLE, "")
    if not value and path:
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"The token file {path} cannot be read: {error}.") from error
    if not value:
        raise InputError(
            "No token is given.",
            hint=f"Set {TOKEN_VARIABLE}, or {TOKEN_FILE_VARIABLE} to a file that holds it; "
            "the owner's first token is in DATA/bootstrap-token on the server.",
        )
    if not value.isascii() or not value.isprintable():
        raise InputError("The token holds characters that no token has.")
    return Secret(value)


def colour_wanted() -> bool:
    """Colour only on a terminal, and never under NO_COLOR or in a dumb terminal."""
    if os.environ.get("NO_COLOR") or os.environ.get("CLAWFORGE_NO_COLOR"):
        return False
    return sys.stdout.isatty() and os.environ.get("TERM", "") != "dumb"


def may_ask() -> bool:
    """Whether a person sits at the terminal and can answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")
