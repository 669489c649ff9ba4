"""Reading the audit log and the public keys."""

from __future__ import annotations

from typing import Literal

from clawforge.errors import NotFoundError
from clawforge.wire import AuditEvent, AuditPage, KeysAnswer
from clawforge_server.control_plane import ControlPlane
from clawforge_server.store.records import AuditRecord


def read_audit(plane: ControlPlane, org: str, after: int, limit: int) -> AuditPage:
    """Records above `after`, oldest first. Raises NotFoundError for an unknown org."""
    plane.states.get(org)
    with plane.store.transaction() as transaction:
        found = transaction.audit.page(org, after, limit + 1)
    events = tuple(_event(record) for record in found[:limit])
    return AuditPage(events=events, next=events[-1].seq if len(found) > limit else None)


def read_keys(plane: ControlPlane, org: str) -> KeysAnswer:
    """The root key, and the key set that it vouches for. Raises NotFoundError."""
    state = plane.states.get(org)
    if state.keys is None:
        raise NotFoundError(f"The org {org!r} has no keys yet.", code="unknown-org")
    return KeysAnswer(org=org, epoch=state.keys.epoch, root_key=state.keys.root_key, keys=state.keys.key_set)


def _event(record: AuditRecord) -> AuditEvent:
    entry = record.entry
    outcome: Literal["done", "refused"] = "done" if entry.outcome == "done" else "refused"
    return AuditEvent(
        seq=record.seq,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        outcome=outcome,
        detail=dict(entry.detail),
    )
