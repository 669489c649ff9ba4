"""A session as it is kept."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from clawforge.resource.meta import Instant, Strict
from clawforge.wire_identity import SessionAnswer


class Tokens(Strict):
    """What is secret about a session. Its text is nowhere shown."""

    access: Annotated[str, Field(repr=False)]
    access_expires_at: Instant
    refresh: Annotated[str | None, Field(repr=False)] = None
    refresh_expires_at: Instant | None = None

    def is_fresh(self, now: dt.datetime, margin: dt.timedelta) -> bool:
        """Whether the access token is good for a while yet."""
        return now + margin < self.access_expires_at

    def can_refresh(self, now: dt.datetime) -> bool:
        """Whether it can be exchanged for another."""
        return self.refresh is not None and (self.refresh_expires_at is None or now < self.refresh_expires_at)


class StoredSession(Strict):
    """Where the session was made, and for whom. `tokens` None: they are in the keyring."""

    server: str
    org: str
    principal: str
    session: str
    tokens: Tokens | None

    @property
    def place(self) -> tuple[str, str]:
        """There is one session for each server and org."""
        return self.server, self.org


class SessionFile(Strict):
    """Every session, the latest sign-in last."""

    schema_: Annotated[Literal["clawforge.sessions/v1"], Field(alias="schema")] = "clawforge.sessions/v1"
    sessions: tuple[StoredSession, ...] = ()


def stored(server: str, answer: SessionAnswer) -> StoredSession:
    """What a sign-in or a refresh answered, as it is kept."""
    tokens = Tokens(
        access=answer.access_token,
        access_expires_at=answer.expires_at,
        refresh=answer.refresh_token,
        refresh_expires_at=answer.refresh_expires_at,
    )
    return StoredSession(
        server=server, org=answer.org, principal=answer.principal, session=answer.session, tokens=tokens
    )
