"""The audit log as commands see it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from clawforge import __version__
from clawforge.errors import ClawforgeError, UnavailableError
from clawforge.event_text import EventText
from clawforge.ledger.record import AuditEvent
from clawforge.wire_audit import AuditPage, CheckpointList, ProofAnswer, PurgeAnswer, PurgeRequest
from clawforge_cli.client import ControlPlane, problem_error

_SILENCE = 40.0
"""Seconds after which a stream that says nothing, not even a ping, counts as broken."""
_LONGEST = 8 * 1024 * 1024
"""Most bytes of a record as a line of the stream."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records; the names are those of the query parameters, moments are RFC 3339."""

    since: str | None = None
    until: str | None = None
    actor: str | None = None
    action: str | None = None
    outcome: str | None = None
    event_class: str | None = None
    target: str | None = None
    instance: str | None = None
    tool: str | None = None

    def query(self) -> dict[str, str]:
        """As query parameters."""
        given = dataclasses.asdict(self)
        given["class"] = given.pop("event_class")
        return {name: value for name, value in given.items() if value is not None}


class AuditLog(ControlPlane):
    """Reads and purges the audit log of a control plane."""

    def page(
        self,
        org: str,
        wanted: AuditFilter,
        *,
        cursor: int | None = None,
        limit: int = 1_000,
        newest_first: bool = False,
        nodes: bool = False,
    ) -> AuditPage:
        """One page; it may be short or empty, and only a missing `next` is the end."""
        query = {**wanted.query(), "limit": str(limit), "order": "newest" if newest_first else "oldest"}
        if cursor is not None:
            query["before" if newest_first else "after"] = str(cursor)
        if nodes:
            query["nodes"] = "true"
        return self._call(AuditPage, "GET", f"/v1/orgs/{org}/audit", query=query)

    def records(
        self, org: str, wanted: AuditFilter, *, after: int | None = None, newest_first: bool = False, limit: int
    ) -> Iterator[AuditEvent]:
        """Records that fit, page after page, up to a number of them."""
        cursor, left = after, limit
        while left > 0:
            page = self.page(org, wanted, cursor=cursor, limit=min(left, 1_000), newest_first=newest_first)
            yield from page.events
            left -= len(page.events)
            cursor = page.next
            if cursor is None:
                return

    def checkpoints(self, org: str) -> CheckpointList:
        """What was signed about the log."""
        return self._call(CheckpointList, "GET", f"/v1/orgs/{org}/audit/checkpoints")

    def inclusion(self, org: str, seq: int) -> ProofAnswer:
        """That a record is in the log."""
        return self._call(ProofAnswer, "GET", f"/v1/orgs/{org}/audit/proofs", query={"seq": str(seq)})

    def purge(self, org: str, request: PurgeRequest) -> PurgeAnswer:
        """Take old payloads away."""
        return self._call(PurgeAnswer, "POST", f"/v1/orgs/{org}/audit/purge", request)

    def follow(self, org: str, wanted: AuditFilter, after: int | None) -> Iterator[AuditEvent]:
        """Records as they are written, from one connection, until it ends.

        Raises UnavailableError when it breaks: go on after the last record; the errors of a refusal otherwise.
        """
        import httpx
        from pydantic import ValidationError

        query = wanted.query() | ({"after": str(after)} if after is not None else {})
        headers = {
            "Authorization": f"Bearer {self.connection.token.reveal()}",
            "User-Agent": f"clawforge/{__version__}",
            "Accept": "text/event-stream",
        }
        try:
            with (
                httpx.Client(
                    base_url=self.connection.server, transport=self._transport, timeout=_SILENCE, trust_env=False
                ) as client,
                client.stream("GET", f"/v1/orgs/{org}/audit/stream", params=query, headers=headers) as response,
            ):
                if not response.is_success:
                    raise problem_error(response.status_code, response.read(), response.headers.get("Retry-After"))
                text = EventText(longest=_LONGEST)
                for event in itertools.chain.from_iterable(map(text.feed, response.iter_bytes())):
                    if event.name == "record":
                        yield AuditEvent.model_validate_json(event.data)
                    elif event.name == "end":
                        raise _ended(event.data)
        except (httpx.HTTPError, httpx.InvalidURL, ValidationError) as error:
            raise UnavailableError(
                f"The stream from {self.connection.server} broke.", code="stream-broken", retry_after=1.0
            ) from error


def _ended(code: str) -> ClawforgeError:
    """The server ended the stream because of who we are now."""
    from clawforge.errors import UnauthenticatedError

    return UnauthenticatedError(
        f"The server ended the stream: {code}.", hint="The credential was revoked, or lost a right.", code=code
    )
