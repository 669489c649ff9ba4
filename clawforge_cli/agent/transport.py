"""The agent's side of HTTP: enrol, and poll for policy. Whether an answer is to be trusted is judged elsewhere."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from pydantic import ValidationError

from clawforge import __version__
from clawforge.errors import InputError, UnavailableError
from clawforge.lease import read_lease_header
from clawforge.secret import Secret
from clawforge.trust import Answer
from clawforge.wire import (
    HEADER_ACKNOWLEDGED,
    HEADER_LEASE,
    HEADER_MESSAGE,
    HEADER_SERIAL,
    HeartbeatAnswer,
    PolicyAnswer,
)
from clawforge.wire_audit import UploadAnswer
from clawforge.wire_enrollment import CredentialAnswer, EnrollAnswer, EnrollRequest
from clawforge_cli.client import problem_error

if TYPE_CHECKING:
    import httpx

_ANSWER_LIMIT = 48 * 1024 * 1024
_REFUSAL_LIMIT = 64 * 1024
_NUMBER = re.compile("[0-9]{1,15}", re.ASCII)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class _Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


def checked_server(url: str, *, insecure: bool) -> str:
    """The URL without a trailing slash. Raises InputError for one that would send the credential in the clear."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise InputError(
            f"{url!r} is not the address of a control plane.", hint="Write it as https://clawforge.example.com."
        )
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not insecure:
        raise InputError(
            f"{url} would send this machine's credential over plain HTTP to another machine.",
            hint="Use https, or pass --insecure-http if the way is protected by something else.",
            code="insecure-http",
        )
    return url.rstrip("/")


class AgentTransport:
    """Talks to one control plane. `timeout` bounds each step, `deadline` a whole exchange, both in seconds."""

    def __init__(
        self,
        server: str,
        *,
        insecure: bool = False,
        timeout: float = 10.0,
        deadline: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.server = checked_server(server, insecure=insecure)
        self._timeout = timeout
        self._deadline = deadline
        self._transport = transport
        self._client: httpx.Client | None = None

    def enroll(self, request: EnrollRequest) -> EnrollAnswer:
        """Trade an enrolment token for an identity. Raises the library's errors for refusals and for silence."""
        body = request.model_dump_json(by_alias=True).encode()
        reply = self._exchange("POST", "/v1/enroll", {"Content-Type": "application/json"}, body)
        if not 200 <= reply.status < 300:
            raise problem_error(reply.status, reply.body, reply.headers.get("Retry-After"))
        try:
            return EnrollAnswer.model_validate_json(reply.body, strict=True)
        except ValidationError as error:
            raise self._not_understood() from error

    def poll(
        self,
        credential: Secret,
        *,
        held: str | None,
        enforcing: str | None,
        seen: int | None = None,
        wait: int = 0,
    ) -> Answer:
        """Ask for the policy; `held` is the digest that need not be sent again, `enforcing` the one in force, `seen`
        the newest serial.

        The server may wait for up to `wait` seconds (30 at the most) for something to change before it answers.
        Raises the library's errors for refusals and for silence, UntrustedError for an answer without a lease.
        """
        headers = {"Authorization": f"Bearer {credential.reveal()}"}
        if held is not None:
            headers["If-None-Match"] = f'"{held}"'
        if enforcing is not None:
            headers[HEADER_ACKNOWLEDGED] = enforcing
        if seen is not None:
            headers[HEADER_SERIAL] = str(seen)
        path = f"/v1/agent/policy?wait={wait}" if wait else "/v1/agent/policy"
        reply = self._exchange("GET", path, headers, patience=wait)
        if reply.status not in {200, 304}:
            raise problem_error(reply.status, reply.body, reply.headers.get("Retry-After"))
        lease = read_lease_header(reply.headers.get(HEADER_LEASE, ""))
        said = reply.headers.get(HEADER_MESSAGE, "")
        message = int(said) if _NUMBER.fullmatch(said) else 0
        if reply.status == 304:
            return Answer(lease=lease, message=message)
        try:
            answer = PolicyAnswer.model_validate_json(reply.body, strict=True)
        except ValidationError as error:
            raise self._not_understood() from error
        return Answer(lease=lease, keys=answer.keys, bundle=answer.bundle, message=message)

    def rotate(self, credential: Secret) -> CredentialAnswer:
        """Ask for the credential that follows the present one. Raises the library's errors."""
        headers = {"Authorization": f"Bearer {credential.reveal()}"}
        reply = self._exchange("POST", "/v1/agent/credential", headers, b"")
        if not 200 <= reply.status < 300:
            raise problem_error(reply.status, reply.body, reply.headers.get("Retry-After"))
        try:
            return CredentialAnswer.model_validate_json(reply.body, strict=True)
        except ValidationError as error:
            raise self._not_understood() from error

    def report_versions(self, credential: Secret, versions: Mapping[str, str]) -> None:
        """Say what this machine runs. What the answer says is left to the polls. Raises the library's errors."""
        headers = {"Authorization": f"Bearer {credential.reveal()}", "Content-Type": "application/json"}
        body = json.dumps({"versions": dict(versions)}).encode()
        reply = self._exchange("POST", "/v1/agent/heartbeat", headers, body)
        if not 200 <= reply.status < 300:
            raise problem_error(reply.status, reply.body, reply.headers.get("Retry-After"))

    def fetch_messages(self, credential: Secret, *, noted: int) -> tuple[object, ...]:
        """The envelopes of messages that wait, once it is said that those up to `noted` arrived. Raises the library's
        errors."""
        headers = {"Authorization": f"Bearer {credential.reveal()}", "Content-Type": "application/json"}
        reply = self._exchange("POST", "/v1/agent/heartbeat", headers, json.dumps({"noted": noted}).encode())
        if not 200 <= reply.status < 300:
            raise problem_error(reply.status, reply.body, reply.headers.get("Retry-After"))
        try:
            return HeartbeatAnswer.model_validate_json(reply.body, strict=True).messages
        except ValidationError as error:
            raise self._not_understood() from error

    def upload_events(self, credential: Secret, events: Sequence[bytes]) -> UploadAnswer:
        """Send events, each as JSON; what the answer acknowledges is durable. Raises the library's errors."""
        headers = {"Authorization": f"Bearer {credential.reveal()}", "Content-Type": "application/json"}
        reply = self._exchange("POST", "/v1/agent/audit", headers, b'{"events":[' + b",".join(events) + b"]}")
        if not 200 <= reply.status < 300:
            raise problem_error(reply.status, reply.body, reply.headers.get("Retry-After"))
        try:
            return UploadAnswer.model_validate_json(reply.body, strict=True)
        except ValidationError as error:
            raise self._not_understood() from error

    def close(self) -> None:
        """Give the connection back."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None, *, patience: int = 0
    ) -> _Reply:
        import httpx

        give_up = time.monotonic() + self._deadline + patience
        timeout = httpx.Timeout(self._timeout, read=self._timeout + patience)
        client = self._open_client()
        try:
            with client.stream(method, path, headers=dict(headers), content=body, timeout=timeout) as response:
                limit = _ANSWER_LIMIT if response.is_success else _REFUSAL_LIMIT
                return _Reply(response.status_code, response.headers, self._capped(response, limit, give_up))
        except httpx.TimeoutException as error:
            raise UnavailableError(f"The control plane at {self.server} did not answer in time.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(
                f"The control plane at {self.server} cannot be reached: {error}.",
                hint="Is the server running, and is the address right?",
            ) from error

    def _open_client(self) -> httpx.Client:
        if self._client is None:
            import ssl

            import httpx

            self._client = httpx.Client(
                base_url=self.server,
                timeout=self._timeout,
                transport=self._transport,
                trust_env=False,
                follow_redirects=False,
                verify=ssl.create_default_context() if self.server.startswith("https:") else False,
                headers={"User-Agent": f"clawforge-agent/{__version__}", "Accept-Encoding": "identity"},
            )
        return self._client

    def _capped(self, response: httpx.Response, limit: int, give_up: float) -> bytes:
        """The body as it was sent; compressed ones are refused, so a small answer cannot become a large one."""
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise self._not_understood()
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > limit:
                raise UnavailableError(f"The answer of {self.server} is too large.", code="unexpected-answer")
            if time.monotonic() > give_up:
                raise UnavailableError(f"The control plane at {self.server} did not answer in time.")
        return bytes(body)

    def _not_understood(self) -> UnavailableError:
        return UnavailableError(
            f"The control plane at {self.server} gave an answer that this version does not understand.",
            hint="Are clawforge and the server of the same version?",
            code="unexpected-answer",
        )
