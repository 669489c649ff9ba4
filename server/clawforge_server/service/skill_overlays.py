"""Skills that were revoked by hand, among everything else that was done by hand."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.overlay.standing import StandingOverlay
from clawforge.resource.meta import Resource
from clawforge.resource.skill_approval import SkillApproval
from clawforge.skill.named import skill_words
from clawforge.skill.standing import says_revoked
from clawforge.wire_overlays import OverlayView
from clawforge_server.state.org_state import OrgState


def revoked_skills(state: OrgState) -> tuple[OverlayView, ...]:
    """Those that stand, oldest first."""
    return tuple(
        OverlayView(
            id=item.id,
            kind="skill",
            scope=skill_words(item.key, item.version, item.digest),
            state="on",
            reason=item.reason,
            created_at=item.at,
            created_by=item.by,
        )
        for item in state.skill_revocations
    )


def standing_revocations(state: OrgState, proposed: Iterable[Resource] = ()) -> tuple[StandingOverlay, ...]:
    """Those that would stand beside the proposed resources, oldest first."""
    approvals: dict[str, list[SkillApproval]] = {}
    for resource in proposed if state.skill_revocations else ():
        if isinstance(resource, SkillApproval):
            approvals.setdefault(resource.spec.key, []).append(resource)
    return tuple(
        StandingOverlay(
            id=item.id,
            kind="skill",
            scope=skill_words(item.key, item.version, item.digest),
            reason=item.reason,
            since=item.at,
            by=item.by,
        )
        for item in state.skill_revocations
        if not any(says_revoked(one, item.key, item.version, item.digest) for one in approvals.get(item.key, ()))
    )
