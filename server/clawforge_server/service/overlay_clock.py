"""What time does to overlays: they end, and the log is reminded of those that stay on."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from clawforge.resource.meta import format_duration
from clawforge_server.control_plane import ControlPlane
from clawforge_server.log import logger
from clawforge_server.service.audit_trail import done
from clawforge_server.service.elevation_account import elevation_entry
from clawforge_server.service.kill_switch import kill_document
from clawforge_server.service.overlays import with_present_overlays
from clawforge_server.service.releasing import RELEASE
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.elevation_body import LIFTING
from clawforge_server.store.overlay_port import OverlayRecord
from clawforge_server.store.records import AuditEntry

SERVER = "server"
"""The actor of what nobody asked for."""
_WORDS = {"kill": "kill switch", "quarantine": "quarantine", "elevation": "elevation", "grant": "temporary grant"}


def orgs_with_due_overlays(plane: ControlPlane) -> tuple[str, ...]:
    """The orgs for which `tend_overlays` has something to do now."""
    with plane.store.transaction() as transaction:
        return transaction.overlays.due(plane.steady.now())


def tend_overlays(plane: ControlPlane, org: str) -> None:
    """End what is over, under a new serial, and remind of what stays on; both are in the log.

    What ended while the server was down ends when it is up again: until then agents go on stopping, for only a newer
    lease clears a kill. A clock that is set forward ends nothing.
    """
    now = plane.steady.now()
    told: list[tuple[str, OverlayRecord]] = []
    with plane.states.changing(org):
        state = plane.states.get(org)
        with plane.store.transaction() as transaction:
            for before in transaction.overlays.open(org):
                if before.due_at is None or before.due_at > now:
                    continue
                over = before.expires_at is not None and before.expires_at <= now
                after = _ended(before, now) if over else dataclasses.replace(before, reminded_at=now)
                transaction.overlays.put(after)
                transaction.audit.append(org, _recorded(state, before, after, now))
                told.append((f"{_WORDS[before.kind]} {'ended' if over else 'is on'}", after))
            changed = with_present_overlays(transaction, state, now)
        plane.states.publish(changed)
    for event, record in told:
        logger().warning(event, org=org, overlay=record.id, scope=record.scope, by=record.created_by)


def _ended(record: OverlayRecord, now: dt.datetime) -> OverlayRecord:
    return dataclasses.replace(record, ended_at=now, ended_by=SERVER, end_reason="its time was over")


def _recorded(state: OrgState, before: OverlayRecord, after: OverlayRecord, now: dt.datetime) -> AuditEntry:
    if before.kind in LIFTING:
        return elevation_entry("elevations:expire", before, after, SERVER, state, now)
    return _entry(before, after.ended_at is not None, now, state.state.revision)


def _entry(record: OverlayRecord, over: bool, now: dt.datetime, revision: int) -> AuditEntry:
    since = record.starts_at or record.created_at
    detail: dict[str, Any] = {
        "scope": record.scope,
        "reason": record.reason,
        "by": record.created_by,
        "onFor": format_duration(max(0, int((now - since).total_seconds()))),
    }
    on = kill_document(record)
    after = {"state": "off"} if over else on
    action = "kill:remind" if not over else "kill:expire" if record.kind == "kill" else RELEASE
    return done(now, SERVER, action, revision=revision, target=f"overlay/{record.id}", before=on, after=after, **detail)
