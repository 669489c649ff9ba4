"""Everything that commands take from the environment; no other module of the command line reads it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlsplit

from clawforge.errors import InputError
from clawforge.secret import Secret

if TYPE_CHECKING:
    import ssl

SERVER_VARIABLE = "CLAWFORGE_SERVER"
TOKEN_VARIABLE = "CLAWFORGE_TOKEN"  # noqa: S105 - the name of a variable, not a token
TOKEN_FILE_VARIABLE = "CLAWFORGE_TOKEN_FILE"  # noqa: S105 - the name of a variable, not a token
INSECURE_VARIABLE = "CLAWFORGE_INSECURE_HTTP"
SESSION_STORE_VARIABLE = "CLAWFORGE_SESSION_STORE"
FORGE_TOKEN_VARIABLE = "CLAWFORGE_FORGE_TOKEN"  # noqa: S105 - the name of a variable, not a token
IDENTITY_TOKEN_VARIABLE = "CLAWFORGE_ID_TOKEN"  # noqa: S105 - the name of a variable, not a token
CACHE_VARIABLE = "CLAWFORGE_CACHE_DIR"
IMPORT_TOKEN_VARIABLE = "CLAWFORGE_IMPORT_TOKEN"  # noqa: S105 - the name of a variable, not a token
IMPORT_TOKEN_FILE_VARIABLE = "CLAWFORGE_IMPORT_TOKEN_FILE"  # noqa: S105 - the name of a variable, not a token

_MOST_COLUMNS = 10_000
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Connection:
    """A control plane and the credential for it; an empty token where nobody is signed in yet."""

    server: str
    token: Secret


def connection(server: str | None, *, project_server: str | None = None, org: str | None = None) -> Connection:
    """Where to send requests, and with what; the flag wins over the environment, and a token over a session.

    The address in the project file is only a suggestion: whoever can change that file must not be able to decide where
    a token is sent. A session knows where it was made, so there the file may choose; and if neither flag nor file names
    a server, the latest session does. `org` chooses among the sessions of one server. Raises InputError with what to
    set when address or token is missing, and the errors of prolonging a session.
    """
    token = _token(TOKEN_VARIABLE, TOKEN_FILE_VARIABLE)
    chosen = server or os.environ.get(SERVER_VARIABLE)
    if token is not None:
        return Connection(named_server(chosen, project_server), token)
    from clawforge_cli.session.present import present_session

    wanted = chosen or project_server
    found = present_session(checked_server(wanted) if wanted else None, org)
    if found is not None:
        # Once more: what was allowed when the session was made need not be allowed now.
        return Connection(checked_server(found.server), found.token)
    named_server(chosen, project_server)
    raise InputError(
        "No token is given.",
        hint=f"Sign in with `clawforge login --server {chosen}`, or set {TOKEN_VARIABLE} or {TOKEN_FILE_VARIABLE}; "
        "the owner's first token is in DATA/bootstrap-token on the server.",
    )


def named_server(server: str | None, project_server: str | None = None) -> str:
    """The server that the flag or the environment names. Raises InputError; the project's is only suggested."""
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
    return checked_server(chosen)


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


def import_token() -> Secret:
    """The token for the server that an org is imported from. Raises InputError if there is none."""
    token = _token(IMPORT_TOKEN_VARIABLE, IMPORT_TOKEN_FILE_VARIABLE)
    if token is None:
        raise InputError(
            "No token for that server is given.",
            hint=f"Set {IMPORT_TOKEN_VARIABLE}, or {IMPORT_TOKEN_FILE_VARIABLE} to a file that holds it.",
        )
    return token


def _token(variable: str, file_variable: str) -> Secret | None:
    """The token of the environment; None if there is none."""
    value = os.environ.get(variable, "").strip()
    path = os.environ.get(file_variable, "")
    if not value and path:
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"The token file {path} cannot be read: {error}.") from error
        if not value:
            raise InputError(f"The token file {path} is empty.")
    if not value:
        return None
    if not value.isascii() or not value.isprintable():
        raise InputError("The token holds characters that no token has.")
    return Secret(value)


def variable_of_a_secret(name: str) -> str:
    """What the variable holds that a file names as the place of a secret; nothing if it is not set."""
    return os.environ.get(name, "")


def token_is_set() -> bool:
    """Whether the environment names a token, which wins over every session."""
    return bool(os.environ.get(TOKEN_VARIABLE, "").strip() or os.environ.get(TOKEN_FILE_VARIABLE))


def state_directory() -> Path:
    """Where the program keeps what it must remember. Raises InputError where the environment names no place."""
    shared = os.environ.get("XDG_STATE_HOME", "")
    # The XDG specification has relative paths ignored.
    base = shared if os.path.isabs(shared) else os.path.expanduser("~/.local/state")
    if not os.path.isabs(base):
        raise InputError("There is no home directory to keep a session in.", hint="Set XDG_STATE_HOME.")
    return Path(base) / "clawforge"


def keyring_wanted() -> bool:
    """Whether a session may go into the keyring of the desktop; a pipeline has none."""
    return not os.environ.get("CI") and os.environ.get(SESSION_STORE_VARIABLE, "") != "file"


def trusted_authorities() -> ssl.SSLContext:
    """Whose certificates are believed: the well-known authorities, the system's, and those of SSL_CERT_FILE."""
    import ssl

    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context


def forge_token() -> Secret | None:
    """The token for the git forge that stands in our own variable; None if there is none."""
    value = os.environ.get(FORGE_TOKEN_VARIABLE, "").strip()
    return Secret(value) if value else None


def service_variables() -> Mapping[str, str]:
    """Every variable, for telling which service runs a pipeline, and for what."""
    return dict(os.environ)


@dataclass(frozen=True, slots=True)
class PipelineIdentity:
    """How the pipeline that runs this proves which one it is: by a token that is there (GitLab), or one to be asked for
    at an address with another token (GitHub)."""

    token: Secret | None = None
    request_url: str | None = None
    request_token: Secret | None = None


def pipeline_identity() -> PipelineIdentity | None:
    """What the environment of a pipeline offers; None outside of one."""
    ready = os.environ.get(IDENTITY_TOKEN_VARIABLE, "").strip()
    if ready:
        return PipelineIdentity(token=Secret(ready))
    url = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    token = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    return PipelineIdentity(request_url=url, request_token=Secret(token)) if url and token else None


def colour_wanted(stream: TextIO | None = None) -> bool:
    """Colour only on a terminal, and never under NO_COLOR or in a dumb terminal. The stream is standard output unless
    another is given.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("CLAWFORGE_NO_COLOR"):
        return False
    return (stream or sys.stdout).isatty() and os.environ.get("TERM", "") != "dumb"


def terminal_columns(stream: TextIO) -> int | None:
    """How many columns the terminal behind a stream has; None where there is no terminal, as in a pipe or a log.

    COLUMNS wins over what the terminal says of itself.
    """
    if not stream.isatty():
        return None
    said = os.environ.get("COLUMNS", "")
    if said.isascii() and said.isdecimal() and 0 < int(said) < _MOST_COLUMNS:
        return int(said)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except OSError:
        return None


def cache_directory() -> Path | None:
    """Where answers are kept that were worked out before; None if the environment names no place for them."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    shared = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification has relative paths ignored.
    base = shared if os.path.isabs(shared) else os.path.expanduser("~/.cache")
    return Path(base) / "clawforge" if os.path.isabs(base) else None


def may_ask() -> bool:
    """Whether a person sits at the terminal and can answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")
