"""Approving and denying elevations of others."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Literal

from clawforge.errors import ConflictError, ForbiddenError
from clawforge.overlay.bounds import GrantBounds
from clawforge.wire_elevations import ElevationApproval, ElevationView
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin
from clawforge_server.service.credentials import require_standing
from clawforge_server.service.elevation_account import elevation_entry, elevation_view
from clawforge_server.service.elevation_rights import require_accepted, require_reviewer
from clawforge_server.service.elevations import begun, open_elevation
from clawforge_server.service.overlays import with_present_overlays
from clawforge_server.state.bundle_cache import subject_of
from clawforge_server.state.lifted import bounds_for
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.elevation_body import body_of
from clawforge_server.store.overlay_port import OverlayRecord
from clawforge_server.store.port import Transaction

Verdict = Literal["approved", "denied"]


def judge_elevation(
    plane: ControlPlane,
    who: Principal,
    org: str,
    elevation: str,
    reason: str | None,
    verdict: Verdict,
    *,
    origin: Origin | None = None,
) -> ElevationView:
    """Approve or deny. With the last approval that is needed it is in force, and its time begins.

    Raises NotFoundError, ForbiddenError as `require_reviewer` and `require_accepted` and for who approved already,
    ConflictError for what is in force already, and for what the elevation policies would not give any more.
    """
    now = plane.clock.now()
    with plane.states.changing(org):
        state = plane.states.get(org)
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, now)
            before = open_elevation(transaction, org, elevation)
            bounds = _reviewable(transaction, state, who, before, now)
            if verdict == "denied":
                record = dataclasses.replace(before, ended_at=now, ended_by=who.actor, end_reason=reason)
            elif bounds is None:
                raise ConflictError(
                    "The elevation policies would not give this any more.", hint="Ask again.", code="elevation-void"
                )
            else:
                record = _approved(before, bounds, ElevationApproval(by=who.answerable, at=now, reason=reason))
            transaction.overlays.put(record)
            action = "elevations:approve" if verdict == "approved" else "elevations:deny"
            transaction.audit.append(
                org, elevation_entry(action, before, record, who.actor, state, now, origin, reason)
            )
            changed = with_present_overlays(transaction, state, now)
        plane.states.publish(changed)
    return elevation_view(record)


def _reviewable(
    transaction: Transaction, state: OrgState, who: Principal, waiting: OverlayRecord, now: dt.datetime
) -> GrantBounds | None:
    """The terms that back it, None if none do any more, after looking at whether the caller may review it."""
    body = body_of(waiting)
    instance = transaction.instances.get(state.name, body.instance)
    if instance is None:
        raise LookupError("an instance is never deleted")
    require_reviewer(state, who, instance)
    if waiting.starts_at is not None:
        raise ConflictError(
            "It is in force already.", hint="`clawforge elevate revoke` ends it.", code="elevation-in-force"
        )
    if waiting.expires_at is not None and waiting.expires_at <= now:
        raise ConflictError("It waited too long.", hint="Ask for it anew.", code="elevation-expired")
    bounds = bounds_for(state, subject_of(instance), waiting, body)
    if bounds is not None:
        require_accepted(state, who, bounds)
    return bounds if instance.state_at(now) == "active" else None


def _approved(before: OverlayRecord, bounds: GrantBounds, approval: ElevationApproval) -> OverlayRecord:
    body = body_of(before)
    if any(item.by == approval.by for item in body.approvals):
        raise ForbiddenError(
            f"{approval.by} approved it already.", hint="Somebody else has to look at it.", code="approved-already"
        )
    needed = max(body.needed, bounds.approvals)
    after = body.model_copy(
        update={
            "approvals": (*body.approvals, approval),
            "needed": needed,
            "met": {**body.met, approval.by: bounds.approvers},
        }
    )
    return begun(before, after, bounds, approval.at)
