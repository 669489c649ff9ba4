"""What is lifted on a machine now: elevations and grants that the elevation policies still back."""

from __future__ import annotations

from clawforge.decide.catalogue import DEFAULT_HOST, catalogue
from clawforge.overlay.bounds import GrantBounds, is_covered
from clawforge.overlay.runtime_overlay import MOST_OVERLAYS, Elevation, RuntimeOverlay, TemporaryGrant, in_order
from clawforge.resolve.subject import Subject
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.elevation_body import ElevationBody
from clawforge_server.store.overlay_port import OverlayRecord

_NO_REASON = "none was asked for"


def lifted_for(state: OrgState, subject: Subject) -> tuple[RuntimeOverlay, ...]:
    """The runtime overlays of an instance's bundle. A function of the state alone: under one serial it never changes,
    whatever the clock says.

    What the elevation policies of today would not have granted when it was asked for is not among them: a change of
    policy ends what it does not allow any more.
    """
    held = () if subject.instance is None else state.lifting.get(subject.instance, ())
    if not held or state.elevation_book.is_suspended(subject):
        return ()
    found: list[RuntimeOverlay] = []
    for record, body in held:
        overlay = _overlay(state, subject, record, body) if body.user == subject.user else None
        if overlay is not None:
            found.append(overlay)
    # Each of them only opens, and a bundle that carried more would be none.
    return in_order(found)[:MOST_OVERLAYS]


def bounds_for(state: OrgState, subject: Subject, record: OverlayRecord, body: ElevationBody) -> GrantBounds | None:
    """The terms that back it by the policies of now, at the moment when it was asked for; None if none do."""
    asked = subject.model_copy(update={"agent": body.agent, "context": body.context})
    offered = state.elevation_book.bounds(asked, record.created_at)
    bounds = next((item for item in offered if item.name == body.grant), None)
    if bounds is None or body.ttl > bounds.max_ttl:
        return None
    if (bounds.require_ticket and not record.ticket) or (bounds.require_reason and not record.reason):
        return None
    if bounds.agents is not None and not (body.agents and bounds.agents.issuperset(body.agents)):
        return None
    names = catalogue(DEFAULT_HOST)
    return bounds if all(is_covered(tool, bounds.tools, names) for tool in body.tools) else None


def _overlay(state: OrgState, subject: Subject, record: OverlayRecord, body: ElevationBody) -> RuntimeOverlay | None:
    bounds = bounds_for(state, subject, record, body)
    if bounds is None or record.starts_at is None or record.expires_at is None:
        return None
    approvals = body.counted(bounds.approvers)
    if len(approvals) < bounds.approvals:
        return None
    kind = Elevation if record.kind == "elevation" else TemporaryGrant
    return kind(
        id=record.id,
        grant=body.grant,
        user=body.user,
        tools=body.tools,
        never=tuple(sorted({*body.never, *bounds.never})),
        agents=body.agents,
        context=body.context,
        from_=record.starts_at,
        until=record.expires_at,
        reason=record.reason or _NO_REASON,
        ticket=record.ticket,
        approved_by=tuple(item.by for item in approvals),
    )
