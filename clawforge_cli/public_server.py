"""Reading an org of the public ClawForge: from its server, or from a file with its answers."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.adoption.public_documents import PATHS, REQUIRED, PublicExport, parse_export
from clawforge.errors import ForbiddenError, InputError, UnauthenticatedError, UnavailableError

if TYPE_CHECKING:
    import httpx

    from clawforge.secret import Secret

_LARGEST_ANSWER = 32 * 1024 * 1024
_LARGEST_FILE = 256 * 1024 * 1024
_SECONDS = 120.0
"""For all answers together: a server that sends a byte a minute is given up."""
_ORG = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


def read_export(path: Path) -> PublicExport:
    """The export in a file. Raises InputError for what cannot be read, is too large, or is none."""
    try:
        if not path.is_file():
            raise InputError(
                f"{path} is no file.", hint="--from-clawforge takes a file, or an address that begins with https://."
            )
        with path.open("rb") as stream:
            data = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > _LARGEST_FILE:
        raise InputError(f"{path} is larger than {_LARGEST_FILE:,} bytes.")
    return parse_export(data, str(path))


def fetch_export(
    server: str, org: str | None, *, transport: httpx.BaseTransport | None = None, seconds: float = _SECONDS
) -> PublicExport:
    """Ask a server for everything about an org. The token goes to this address alone, and nowhere by redirection.

    Raises InputError, UnauthenticatedError, ForbiddenError, UnavailableError.
    """
    from clawforge_cli.settings import checked_server, import_token

    address = checked_server(server)
    if org is None or not _ORG.fullmatch(org):
        raise InputError(
            "Say which org of that server: --from-org ID.",
            hint="Its id is the `orgId` that signing in there answers, such as 3fcab899-87f3-44b5-8d5d-182e18517700.",
        )
    asking = _Asking(address, import_token(), time.monotonic() + seconds, transport)
    parts = []
    for part, path in PATHS.items():
        answer = asking.get(f"/api/v1/{path.format(org=org)}", required=part in REQUIRED)
        if answer is not None:
            parts.append(b'"%s":%s' % (part.encode(), answer))
    return parse_export(b"{" + b",".join(parts) + b"}", f"What {address} answers")


class _Asking:
    """Calls one server until a moment."""

    def __init__(
        self, address: str, token: Secret, deadline: float, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._address = address
        self._token = token
        self._deadline = deadline
        self._transport = transport

    def get(self, path: str, *, required: bool) -> bytes | None:
        """The JSON text of an answer. None for what this server does not have, or does not show, unless required."""
        import httpx

        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Accept-Encoding": "identity"}
        try:
            with (
                httpx.Client(base_url=self._address, transport=self._transport, timeout=15, trust_env=False) as client,
                client.stream("GET", path, headers=headers) as response,
            ):
                if response.status_code in {403, 404} and not required:
                    return None
                self._refuse(response, path)
                return self._body(response, path)
        except httpx.TimeoutException as error:
            raise UnavailableError(f"{self._address} did not answer {path} in time.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(f"{self._address} cannot be reached: {error}.") from error

    def _refuse(self, response: httpx.Response, path: str) -> None:
        match response.status_code:
            case 200:
                return
            case 401:
                raise UnauthenticatedError(
                    f"{self._address} does not accept the token.",
                    hint="Access tokens live for an hour: sign in there again, or use an API key of an admin.",
                )
            case 403:
                raise ForbiddenError(f"The token may not read {path}.", hint="It must be an admin's of that org.")
            case 404:
                raise InputError(f"{self._address} has no {path}.", hint="Is the id of the org right?")
            case status:
                raise UnavailableError(
                    f"{self._address} answered {status} to {path}.",
                    hint="Is that a ClawForge server? After a 429, wait a minute.",
                )

    def _body(self, response: httpx.Response, path: str) -> bytes:
        import orjson

        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise UnavailableError(f"{self._address} packed its answer to {path}, although it was asked not to.")
        parts, size = [], 0
        for part in response.iter_raw():
            size += len(part)
            parts.append(part)
            if size > _LARGEST_ANSWER:
                raise UnavailableError(f"The answer to {path} is larger than {_LARGEST_ANSWER:,} bytes.")
            if time.monotonic() > self._deadline:
                raise UnavailableError(f"{self._address} did not answer {path} in time.")
        body = b"".join(parts)
        try:
            orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise UnavailableError(
                f"{self._address} answered {path} with something that is no JSON.", hint="Is that a ClawForge server?"
            ) from error
        return body
