"""How the verdicts on skills stand on a day, and which content of approved skills nobody has judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clawforge.position import Positions
from clawforge.resource.skill_approval import SkillApproval, SkillApprovalSpec, SkillStatus
from clawforge.resource.targeting import AppliesTo
from clawforge.wire_skills import ApprovalState, ChangedContentView, OtherContent, SkillVerdictView

SOON = dt.timedelta(days=14)
"""How long before its last day an approval is due for review."""

_EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Content of a skill that somebody handed in or an agent loaded. `where` names the submission or the instance."""

    key: str
    version: str | None
    digest: str
    at: dt.datetime
    where: str


def state_of(spec: SkillApprovalSpec, today: dt.date) -> ApprovalState:
    """How a verdict stands on a day of the org's time zone. Only approvals end by themselves."""
    if spec.status is not SkillStatus.APPROVED:
        return "rejected" if spec.status is SkillStatus.REJECTED else "revoked"
    if spec.review_by is None:
        return "approved"
    if spec.review_by < today:
        return "expired"
    return "due" if spec.review_by - today <= SOON else "approved"


def verdict_view(approval: SkillApproval, positions: Positions, today: dt.date) -> SkillVerdictView:
    """The verdict as people see it."""
    spec, position = approval.spec, positions.get(approval.address)
    return SkillVerdictView(
        resource=approval.address,
        key=spec.key,
        version=spec.version,
        digest=spec.digest,
        status=spec.status,
        state=state_of(spec, today),
        review_by=spec.review_by,
        reviewed_by=spec.reviewed_by,
        file=position.file if position else None,
        line=position.line_of("/spec/status") if position else None,
    )


def content_of(view: SkillVerdictView) -> OtherContent:
    """Only what the verdict is about."""
    return OtherContent(
        resource=view.resource,
        version=view.version,
        digest=view.digest,
        state=view.state,
        file=view.file,
        line=view.line,
    )


def is_about(view: SkillVerdictView, version: str | None, digest: str | None) -> bool:
    """Whether a verdict on the key covers this version and content."""
    return view.version in (None, version) and view.digest in (None, digest)


def changed_content(
    verdicts: Sequence[SkillVerdictView], sightings: Iterable[Sighting]
) -> tuple[ChangedContentView, ...]:
    """Sightings of content that no verdict is about, of skills that are approved with other content: the newest of each
    content, by key and digest."""
    by_key: dict[str, list[SkillVerdictView]] = {}
    for view in verdicts:
        by_key.setdefault(view.key, []).append(view)
    newest: dict[tuple[str, str], Sighting] = {}
    for seen in sightings:
        known = by_key.get(seen.key, ())
        pinned = any(view.status is SkillStatus.APPROVED and view.digest is not None for view in known)
        if not pinned or any(is_about(view, seen.version, seen.digest) for view in known):
            continue
        before = newest.get((seen.key, seen.digest))
        if before is None or before.at < seen.at:
            newest[seen.key, seen.digest] = seen
    return tuple(_changed(seen, by_key[seen.key]) for _, seen in sorted(newest.items()))


def _changed(seen: Sighting, known: Sequence[SkillVerdictView]) -> ChangedContentView:
    return ChangedContentView(
        key=seen.key,
        version=seen.version,
        digest=seen.digest,
        seen_at=seen.at,
        seen_in=seen.where,
        approved=tuple(content_of(view) for view in known if view.status is SkillStatus.APPROVED),
    )


def says_revoked(approval: SkillApproval, key: str, version: str | None, digest: str | None) -> bool:
    """Whether a verdict of the files stops all of this, for everybody and at all times."""
    spec = approval.spec
    return (
        spec.status is SkillStatus.REVOKED
        and spec.key == key
        and spec.version in (None, version)
        and spec.digest in (None, digest)
        and spec.schedule is None
        and _is_everybody(spec.applies_to)
    )


def _is_everybody(applies_to: AppliesTo) -> bool:
    return applies_to == _EVERYONE
