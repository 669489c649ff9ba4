"""What the log says about a rollout."""

from __future__ import annotations

import datetime as dt
from typing import Any

from clawforge.wire_rollouts import OpenRollout
from clawforge_server.origin import Origin
from clawforge_server.service.audit_trail import done
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import AuditEntry
from clawforge_server.store.rollout_port import RolloutRecord


def rollout_entry(
    action: str,
    before: RolloutRecord | None,
    after: RolloutRecord,
    actor: str,
    now: dt.datetime,
    origin: Origin | None = None,
) -> AuditEntry:
    """A step of a rollout, with its rings before and after."""
    return done(
        now,
        actor,
        action,
        origin=origin,
        revision=after.revision,
        target=f"rollout/{after.revision}",
        before=None if before is None else _document(before),
        after=_document(after),
        held=after.held,
        reason=after.reason or None,
    )


def ring_name(record: RolloutRecord) -> str:
    """What people call the ring that it has come to."""
    rings = record.rule.rings
    return rings[record.ring].name if record.ring < len(rings) else "everybody"


def open_rollout(state: OrgState) -> OpenRollout | None:
    """The open rollout in short; None if there is none."""
    record = state.rollout
    if record is None:
        return None
    return OpenRollout(
        revision=record.revision,
        held=record.held,
        state="halted" if record.state == "halted" else "baking",
        ring=ring_name(record),
        next_at=record.due_at,
        reason=record.reason,
    )


def _document(record: RolloutRecord) -> dict[str, Any]:
    return {"state": record.state, "ring": ring_name(record), "calls": record.calls, "denied": record.denied}
