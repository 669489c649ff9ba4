"""Audit events of old plugins, as records here and back.

The plugin's own words are kept whole under `data`; action, class and outcome are what lets them be found beside those
of other agents. What the console reads is made from them again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clawforge.ledger.record import AuditEvent
from clawforge.legacy.answer import Event
from clawforge.legacy.identifier import event_id, holder_id, org_id, user_id
from clawforge.legacy.shape import Field, Shape

DIGEST_BYTES = 16
_SLUG = re.compile(r"[^a-z]+")
_OUTCOMES = {"allowed": "allow", "blocked": "deny"}
_LATEST = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)

EVENTS: Shape = {
    "events": Field(
        "array",
        items={
            "userId": Field(),
            "orgId": Field(),
            "eventType": Field(),
            "toolName": Field(required=False),
            "outcome": Field(),
            "agentId": Field(required=False),
            "sessionKey": Field(required=False),
            "metadata": Field("object", required=False),
            "timestamp": Field("number"),
        },
    )
}
"""The body of a post."""


@dataclass(frozen=True, slots=True)
class PluginEvent:
    """One event as it came. `digest` tells it from every other one of its plugin: of events that are the same in
    everything the second, third and so on of one post have digests of their own."""

    digest: bytes
    class_: str
    action: str
    outcome: str
    tool: str | None
    agent: str | None
    claimed: dt.datetime | None
    data: Mapping[str, Any]


def read_events(events: Iterable[Mapping[str, Any]]) -> tuple[PluginEvent, ...]:
    """The events of a post that has the shape of one."""
    seen: dict[bytes, int] = {}
    found: list[PluginEvent] = []
    for item in events:
        digest = _digest(item)
        number = seen[digest] = seen.get(digest, 0) + 1
        found.append(_event(item, digest if number == 1 else _digest([digest.hex(), number])))
    return tuple(found)


def event_view(org: str, record: AuditEvent) -> Event:
    """A record of the log as the old console reads it."""
    data = record.detail.get("data")
    told: dict[str, Any] = data if isinstance(data, dict) and "eventType" in data else {}
    user = record.detail.get("user")
    who = user_id(org, user) if told and isinstance(user, str) else holder_id(org, record.actor)
    moment = record.claimed if told and record.claimed is not None else record.at
    metadata = told.get("metadata") if told else {"target": record.target, **record.detail}
    return Event(
        id=event_id(org, record.seq),
        org_id=org_id(org),
        user_id=who,
        event_type=str(told.get("eventType", "admin_action")),
        tool_name=_text(told.get("toolName")),
        outcome=str(told.get("outcome", record.action if record.outcome == "done" else record.outcome)),
        agent_id=_text(told.get("agentId")),
        session_key=_text(told.get("sessionKey")),
        metadata=metadata if isinstance(metadata, dict) else None,
        timestamp=milliseconds_text(moment),
    )


def milliseconds_text(moment: dt.datetime) -> str:
    """A moment as JavaScript writes it: UTC, with three digits of a second."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _event(item: Mapping[str, Any], digest: bytes) -> PluginEvent:
    kind = item["eventType"]
    decided = kind == "tool_call_attempt"
    slug = _SLUG.sub("-", kind.lower()).strip("-")[:31].strip("-") or "event"
    outcome = item["outcome"]
    named = _SLUG.sub("-", outcome.lower()).strip("-")[:16].strip("-") or "unknown"
    tool = item.get("toolName")
    agent = item.get("agentId")
    return PluginEvent(
        digest=digest,
        class_="call" if decided else "agent",
        action="call:decide" if decided else f"plugin:{slug}",
        outcome=_OUTCOMES.get(outcome, named),
        tool=tool[:256] if tool else None,
        agent=agent[:256] if agent else None,
        claimed=_moment(item["timestamp"]),
        data={key: value for key, value in item.items() if key not in ("userId", "orgId")},
    )


def _digest(value: Any) -> bytes:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()[:DIGEST_BYTES]


def _moment(milliseconds: float) -> dt.datetime | None:
    """What the plugin says about the time; None for what is no time. The log's own time is the server's."""
    try:
        moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return moment if moment < _LATEST else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
