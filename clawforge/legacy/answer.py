"""Documents that old plugins are answered, with the names and the order of fields that they know."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from clawforge.resource.meta import Strict


class Tools(Strict):
    """Names without groups, aliases and profiles; a field that is left out says nothing."""

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] | None = None


class ApprovedSkill(Strict):
    """A skill that may be used."""

    name: str
    key: str
    scope: str = "org"


class Skills(Strict):
    """Which skills may be used, if they need an approval."""

    approved: tuple[ApprovedSkill, ...] = ()
    require_approval: bool = False


class KillSwitch(Strict):
    """Whether every call is refused, and what people are told; the message is absent rather than null."""

    active: bool
    message: str | None = None


class EffectivePolicy(Strict):
    """What one plugin enforces. `version` is the serial of the org."""

    version: int
    tools: Tools = Tools()
    skills: Skills = Skills()
    kill_switch: KillSwitch = KillSwitch(active=False)
    audit_level: str = "metadata"


class Heartbeat(Strict):
    """What a plugin should know by now. The message is absent rather than null."""

    policy_version: int
    kill_switch: bool
    kill_switch_message: str | None = None
    refresh_policy_now: bool


class SessionTokens(Strict):
    """A sign-in. `expires_at` is that of the access token, in milliseconds since 1970."""

    access_token: Annotated[str, Field(repr=False)]
    refresh_token: Annotated[str, Field(repr=False)]
    expires_at: int
    user_id: str
    org_id: str
    email: str
    roles: tuple[str, ...]


class Event(Strict):
    """One audit record as the old console reads it: what does not apply is null."""

    id: str
    org_id: str
    user_id: str
    event_type: str
    tool_name: str | None = None
    outcome: str
    agent_id: str | None = None
    session_key: str | None = None
    metadata: dict[str, Any] | None = None
    timestamp: str


class EventPage(Strict):
    """Newest first. `total` counts the whole log, `next_cursor` is the id to go on from."""

    events: tuple[Event, ...]
    total: int
    next_cursor: str | None = None


class EventAnswer(Strict):
    """One record."""

    event: Event


class EventStats(Strict):
    """The extent of the log; null where it is empty, or kept without end."""

    event_count: int
    oldest_event: str | None = None
    newest_event: str | None = None
    retention_days: int | None = None
