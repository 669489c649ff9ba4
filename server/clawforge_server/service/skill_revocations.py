"""Stopping a skill at once: the files are the place for good, but a merge takes time.

A revocation by hand is resolved as if the files held it, so every agent obeys it from its next poll on. It does not end
by itself: a skill that runs again because a clock says so was not stopped. It ends when the files say the same, or
when somebody lifts it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets

from clawforge.errors import ConflictError, ForbiddenError, NotFoundError
from clawforge.resolve.org import OrgModel
from clawforge.resource.skill_approval import SkillApproval
from clawforge.skill.standing import says_revoked
from clawforge.wire_skills import RevocationRequest, RevocationView
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.credentials import require_present, require_standing
from clawforge_server.service.instances import require_person
from clawforge_server.service.invariant_watch import Occasion
from clawforge_server.service.skill_verdicts import revocation_view
from clawforge_server.state.org_state import OrgState, read_org
from clawforge_server.state.warming import warm
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import AuditEntry
from clawforge_server.store.skill_records import SkillRevocationRecord

REVOKE, LIFT, CODIFIED = "skills:revoke", "skills:lift", "skills:codify"
_MOST = 1_000


def revoke_skill(
    plane: ControlPlane, who: Principal, org: str, request: RevocationRequest, *, origin: Origin | None = None
) -> RevocationView:
    """Stop a skill for everybody, from the next poll of each agent on. What is stopped so already is answered as it is.

    Raises NotFoundError, and ConflictError when the files say so already (`skill-revoked`), or for too many.
    """
    now = plane.clock.now()
    with plane.states.changing(org):
        state = plane.states.get(org)
        who.require(REVOKE)
        same = _standing(state, request)
        if same is not None:
            return revocation_view(same)
        _refuse_written(state, request)
        record = SkillRevocationRecord(
            id=f"revocation-{secrets.token_hex(8)}", at=now, by=who.answerable, **request.model_dump()
        )
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, now)
            require_present(transaction, state)
            transaction.skill_revocations.add(org, record)
            entry = _entry(state, Occasion(who.actor, now, origin), record, REVOKE, "revoked", record.reason)
            transaction.audit.append(org, entry)
            changed = _changed(transaction, state, now)
        plane.states.publish(changed)
    return revocation_view(record)


def lift_revocation(
    plane: ControlPlane, who: Principal, org: str, revocation_id: str, reason: str, *, origin: Origin | None = None
) -> None:
    """What the files say about the skill counts again.

    Raises NotFoundError for a revocation that does not stand, ForbiddenError (`own-submission`) for whoever handed the
    skill in: somebody else has to look at it.
    """
    now = plane.clock.now()
    with plane.states.changing(org):
        state = plane.states.get(org)
        who.require("skills:review")
        require_person(who)
        record = next((item for item in state.skill_revocations if item.id == revocation_id), None)
        if record is None:
            raise NotFoundError(
                f"There is no revocation {revocation_id!r} that stands.",
                hint="`clawforge skill list` shows those that do; one in the files is taken back there.",
                code="unknown-revocation",
            )
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, now)
            require_present(transaction, state)
            if transaction.skill_submissions.has_from(org, record.key, who.answerable):
                raise ForbiddenError(
                    f"Nobody lets a skill run again that they handed in, as you did {record.key!r}.",
                    hint="Ask somebody else who holds skills:review.",
                    code="own-submission",
                )
            transaction.skill_revocations.end(org, record.id, now, who.answerable, reason)
            transaction.audit.append(
                org, _entry(state, Occasion(who.actor, now, origin), record, LIFT, "lifted", reason)
            )
            changed = _changed(transaction, state, now)
        plane.states.publish(changed)


def end_codified(transaction: Transaction, state: OrgState, occasion: Occasion) -> OrgState:
    """End what the applied files say themselves now. The state after that; its serial must be a new one already."""
    left = []
    for record in state.skill_revocations:
        written = _written(state, record.key, record.version, record.digest)
        if written is None:
            left.append(record)
            continue
        why = f"{written.address} says so now"
        transaction.skill_revocations.end(state.name, record.id, occasion.at, occasion.actor, why)
        transaction.audit.append(state.name, _entry(state, occasion, record, CODIFIED, "codified", why))
    if len(left) == len(state.skill_revocations):
        return state
    return dataclasses.replace(state, skill_revocations=tuple(left))


def _standing(state: OrgState, request: RevocationRequest) -> SkillRevocationRecord | None:
    wanted = (request.key, request.version, request.digest)
    return next((item for item in state.skill_revocations if (item.key, item.version, item.digest) == wanted), None)


def _written(state: OrgState, key: str, version: str | None, digest: str | None) -> SkillApproval | None:
    """The verdict of the files that stops all of this."""
    verdicts = state.skill_verdicts.get(key, ())
    return next((item for item in verdicts if says_revoked(item, key, version, digest)), None)


def _refuse_written(state: OrgState, request: RevocationRequest) -> None:
    written = _written(state, request.key, request.version, request.digest)
    if written is not None:
        position = state.positions.get(written.address)
        place = f" ({position.file}:{position.line_of('/spec/status')})" if position else ""
        raise ConflictError(f"{written.address}{place} revokes it already.", code="skill-revoked")
    if len(state.skill_revocations) >= _MOST:
        raise ConflictError(
            f"{_MOST:,} skills are stopped by hand already.",
            hint="Put some of them into the files: `clawforge skill revoke` writes them.",
            code="too-many-revocations",
        )


def _changed(transaction: Transaction, state: OrgState, now: dt.datetime) -> OrgState:
    """The org after it, under a new serial: every agent's bundle may differ."""
    record = transaction.orgs.get(state.name)
    if record is None:
        raise LookupError("an org whose skills are judged exists")
    transaction.orgs.update(dataclasses.replace(record, serial=record.serial + 1))
    changed = read_org(transaction, state.name, now, state)
    if changed is None:
        raise LookupError("an org whose skills are judged exists")
    # Who is in which class has not changed.
    changed.__dict__["model"] = OrgModel(changed.in_force, previous=state.model)
    warm(changed)
    return changed


def _entry(
    state: OrgState, occasion: Occasion, record: SkillRevocationRecord, action: str, after: str, reason: str
) -> AuditEntry:
    return done(
        occasion.at,
        occasion.actor,
        action,
        origin=occasion.origin,
        revision=state.state.revision,
        target=f"skill-revocation/{record.id}",
        before={"state": "standing"} if action != REVOKE else None,
        after={"state": after},
        key=record.key,
        version=record.version,
        digest=record.digest,
        reason=reason,
    )
