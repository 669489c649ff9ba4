"""What is said about skills: by the files, by hand, and what nobody has said anything about yet."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from clawforge.errors import ConflictError
from clawforge.ledger.record import AuditEvent
from clawforge.resource.organization import Organization
from clawforge.resource.skill_approval import SkillApproval, SkillStatus
from clawforge.skill.standing import Sighting, changed_content, says_revoked, verdict_view
from clawforge.wire_skills import RevocationView, SkillList, SkillVerdictView
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.audit_records import AuditQuery
from clawforge_server.store.skill_records import SkillRevocationRecord, SubmissionRecord

_LOOKED_BACK = dt.timedelta(days=30)
_MOST_EVENTS = 2_000
_PATIENCE = 0.5
_INSTANCE = "instance:"
_LONGEST_VERSION = 128
_DIGEST = re.compile("sha256:[0-9a-f]{64}")


def list_skills(plane: ControlPlane, who: Principal, org: str) -> SkillList:
    """Every verdict of the files by key, what was stopped by hand, and what agents and submissions of the last thirty
    days brought of approved skills that nobody has judged. Raises NotFoundError."""
    who.require("skills:read")
    state, now = plane.states.get(org), plane.clock.now()
    query = AuditQuery(
        limit=_MOST_EVENTS,
        newest_first=True,
        since=now - _LOOKED_BACK,
        event_class="skill",
        patience=_PATIENCE,
    )
    with plane.store.transaction() as transaction:
        submitted = transaction.skill_submissions.list(org)
        waiting = transaction.skill_submissions.waiting(org)
        page = transaction.audit.page(org, query)
    views = _views(state, now, tuple(_approvals(state)))
    seen = (*_handed_in(submitted, now - _LOOKED_BACK), *_loaded(page.events))
    return SkillList(
        verdicts=views,
        revocations=tuple(revocation_view(record) for record in state.skill_revocations),
        changed=changed_content(views, seen),
        pending=waiting,
        complete=page.next is None,
    )


def verdicts_on(state: OrgState, key: str, now: dt.datetime) -> tuple[SkillVerdictView, ...]:
    """What the files say about one skill, by address."""
    return _views(state, now, state.skill_verdicts.get(key, ()))


def revocation_view(record: SkillRevocationRecord) -> RevocationView:
    """The revocation as people see it."""
    return RevocationView(
        id=record.id,
        key=record.key,
        version=record.version,
        digest=record.digest,
        reason=record.reason,
        at=record.at,
        by=record.by,
    )


def refuse_revoked(state: OrgState, key: str, version: str | None, digest: str | None) -> None:
    """Raise ConflictError (`skill-revoked`) for what is stopped for everybody, by hand or by the files."""
    for item in state.with_stops(_approvals(state)):
        if not isinstance(item, SkillApproval):
            continue
        spec = item.spec
        same_content = spec.status is SkillStatus.REVOKED and digest is not None and spec.digest == digest
        if same_content or says_revoked(item, key, version, digest):
            raise ConflictError(
                f"This skill is revoked: {spec.reason or item.address}.",
                hint="Lift the revocation first, if it was a mistake: `clawforge skill list` shows it.",
                code="skill-revoked",
            )


def _approvals(state: OrgState) -> Iterator[SkillApproval]:
    for items in state.skill_verdicts.values():
        yield from items


def _views(state: OrgState, now: dt.datetime, approvals: tuple[SkillApproval, ...]) -> tuple[SkillVerdictView, ...]:
    organization = state.resources.get(f"Organization/{state.name}")
    zone = organization.spec.timezone if isinstance(organization, Organization) else "UTC"
    today = now.astimezone(ZoneInfo(zone)).date()
    return tuple(verdict_view(item, state.positions, today) for item in approvals)


def _handed_in(records: tuple[SubmissionRecord, ...], since: dt.datetime) -> Iterator[Sighting]:
    for record in records:
        if record.digest is not None and record.state in ("pending", "approved") and record.submitted_at >= since:
            yield Sighting(record.key, record.version, record.digest, record.submitted_at, record.id)


def _loaded(events: tuple[AuditEvent, ...]) -> Iterator[Sighting]:
    """What agents say that they loaded or refused: `{"key": ..., "digest": ..., "version": ...}`."""
    for event in events:
        said = event.detail.get("data")
        if not event.actor.startswith(_INSTANCE) or not isinstance(said, dict):
            continue
        key, digest, version = said.get("key"), said.get("digest"), said.get("version")
        if isinstance(key, str) and isinstance(digest, str) and _DIGEST.fullmatch(digest):
            known = version[:_LONGEST_VERSION] if isinstance(version, str) else None
            yield Sighting(key, known, digest, event.at, event.actor.removeprefix(_INSTANCE))
