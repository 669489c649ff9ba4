"""An elevation as people see it, and as the log keeps it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from clawforge.resource.meta import format_instant
from clawforge.wire_elevations import ElevationView
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.elevation_body import body_of
from clawforge_server.store.overlay_port import OverlayRecord
from clawforge_server.store.records import AuditEntry


def elevation_entry(
    action: str,
    before: OverlayRecord | None,
    after: OverlayRecord,
    actor: str,
    state: OrgState,
    now: dt.datetime,
    origin: Origin | None = None,
    reason: str | None = None,
) -> AuditEntry:
    """The record of a change of an elevation, with what it lifts, for how long and why."""
    body = body_of(after)
    return done(
        now,
        actor,
        action,
        origin=origin,
        revision=state.state.revision,
        target=f"overlay/{after.id}",
        before=None if before is None else _document(before),
        after=_document(after),
        user=body.user,
        instance=body.instance,
        grant=body.grant,
        tools=list(body.tools),
        ttl=body.ttl,
        asked=after.reason or None,
        ticket=after.ticket,
        reason=reason,
    )


def elevation_view(record: OverlayRecord) -> ElevationView:
    """The elevation as people see it."""
    body = body_of(record)
    return ElevationView(
        id=record.id,
        kind="elevation" if record.kind == "elevation" else "grant",
        state="ended" if record.ended_at is not None else "waiting" if record.starts_at is None else "in-force",
        user=body.user,
        instance=body.instance,
        grant=body.grant,
        tools=body.tools,
        never=body.never,
        agents=body.agents,
        context=body.context,
        ttl=body.ttl,
        reason=record.reason,
        ticket=record.ticket,
        needed=body.needed,
        approvals=body.approvals,
        created_at=record.created_at,
        created_by=record.created_by,
        starts_at=record.starts_at,
        until=record.expires_at,
        ended_at=record.ended_at,
        ended_by=record.ended_by,
        end_reason=record.end_reason,
    )


def _document(record: OverlayRecord) -> dict[str, Any]:
    view = elevation_view(record)
    until = None if view.until is None else format_instant(view.until)
    return {"state": view.state, "approvals": [item.by for item in view.approvals], "until": until}
