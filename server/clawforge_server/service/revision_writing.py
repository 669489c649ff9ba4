"""What an apply writes: the new state of an org, its revision and the audit record, within one transaction."""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets

from clawforge.canonical import digest_of_bytes
from clawforge.errors import ConflictError, StalePlanError
from clawforge.plan import Plan
from clawforge.planning import digest_of_changes
from clawforge.resource.meta import format_instant
from clawforge.state import EMPTY_STATE, UNOWNED, State, StateEntry
from clawforge.wire import ApplyResult, Revision
from clawforge_server.service.admission import Admission, Apply
from clawforge_server.service.audit_trail import changed_fields, done
from clawforge_server.state.org_keys import new_keys
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import OrgRecord, PlanPayload, PlanRecord

_FIRST_EPOCH = 1
_MOST_NAMED = 5


def write_revision(transaction: Transaction, request: Apply, plan: PlanRecord, admission: Admission) -> ApplyResult:
    """Write what a plan says. Raises StalePlanError if the org has moved on, and ConflictError `plan-mismatch` if what
    would be written is not what was reviewed."""
    record = transaction.orgs.get(request.org)
    head = record.revision if record is not None else 0
    document, payload = plan.document, plan.payload
    if head != document.base.revision or request.base != head or payload is None:
        raise stale_plan(transaction, request, document, head)
    base = State(head, transaction.resources.entries(request.org)) if record is not None else EMPTY_STATE
    upserts = _entries(payload, document.source)
    _refuse_mismatch(request.org, document, base, upserts, payload)
    if record is None:
        record = _create_org(transaction, request, base)
    positions = payload.positions
    transaction.resources.place(request.org, document.source, positions, payload.commit)
    if document.is_empty:
        return _only_positions(transaction, request, document, record)
    state = base.with_changes(upserts, payload.deletes)
    transaction.resources.write(request.org, state.revision, upserts, payload.deletes)
    transaction.orgs.update(_advanced(record, state, request.at))
    revision = _revision(request, plan, payload, state, admission)
    transaction.revisions.add(request.org, revision)
    entry = done(
        request.at,
        request.actor,
        "plans:apply",
        origin=request.origin,
        revision=state.revision,
        target=f"plan/{document.id}",
        before={"revision": base.revision, "state": base.digest},
        after={"revision": state.revision, "state": state.digest},
        plan=document.id,
        source=document.source,
        change=document.digest,
        commit=payload.commit,
        **request.lease,
        reason=admission.reason,
        approvals=[item.by for item in admission.given if item.verdict == "approved"] or None,
        changes=changed_fields(document),
    )
    transaction.audit.append(request.org, entry)
    return ApplyResult(
        revision=state.revision,
        applied=True,
        positions_refreshed=document.positions_changed,
        summary=document.summary,
        state_digest=state.digest,
    )


def _refuse_mismatch(org: str, plan: Plan, base: State, upserts: dict[str, StateEntry], payload: PlanPayload) -> None:
    """The digest of what is about to be written must be the one that was reviewed."""
    free = {plan.source, UNOWNED}
    owned = all(
        base.entries[address].source in free
        for address in {*upserts, *payload.deletes} - {*payload.taken}
        if address in base.entries
    )
    present = all(address in base.entries for address in payload.deletes)
    if (
        not owned
        or not present
        or digest_of_changes(org, plan.source, base, upserts, payload.deletes) != plan.digest
        or base.digest != plan.base.digest
    ):
        raise ConflictError(
            "The stored plan does not fit the present state any more.", hint="Plan again.", code="plan-mismatch"
        )


def _create_org(transaction: Transaction, request: Apply, base: State) -> OrgRecord:
    """The org and its keys come into being in the transaction of its first apply."""
    record = OrgRecord(
        name=request.org,
        created_at=request.at,
        revision=0,
        serial=1,
        epoch=_FIRST_EPOCH,
        horizon_day=request.at.date(),
        state_digest=base.digest,
    )
    transaction.orgs.create(record)
    for key in new_keys(_FIRST_EPOCH, secrets.token_bytes(64), request.at):
        transaction.orgs.add_key(request.org, key)
    transaction.audit.append(
        request.org, done(request.at, request.actor, "orgs:create", origin=request.origin, target=f"org/{request.org}")
    )
    return record


def _only_positions(transaction: Transaction, request: Apply, plan: Plan, record: OrgRecord) -> ApplyResult:
    """Nothing is decided differently, so there is no revision, and no agent hears of it."""
    entry = done(
        request.at,
        request.actor,
        "positions:refresh",
        origin=request.origin,
        revision=record.revision,
        target=f"plan/{plan.id}",
        plan=plan.id,
        source=plan.source,
        commit=plan.commit,
        **request.lease,
    )
    transaction.audit.append(request.org, entry)
    return ApplyResult(
        revision=record.revision,
        applied=False,
        positions_refreshed=plan.positions_changed,
        summary=plan.summary,
        state_digest=record.state_digest,
    )


def _advanced(record: OrgRecord, state: State, at: dt.datetime) -> OrgRecord:
    return dataclasses.replace(
        record,
        revision=state.revision,
        serial=record.serial + 1,
        horizon_day=max(record.horizon_day, at.date()),
        state_digest=state.digest,
    )


def _revision(request: Apply, record: PlanRecord, payload: PlanPayload, state: State, admission: Admission) -> Revision:
    plan = record.document
    return Revision(
        number=state.revision,
        created_at=request.at,
        actor=request.actor,
        source=plan.source,
        commit=payload.commit,
        commit_author=payload.commit_author,
        dirty=payload.dirty,
        summary=plan.summary,
        plan_id=request.plan_id,
        state_digest=state.digest,
        change_digest=plan.digest,
        verdict=plan.meaning.verdict,
        approvals=admission.given,
        signers=plan.vouched.signers if plan.vouched is not None else (),
        rollback_to=payload.rollback_to,
        reason=admission.reason,
        freeze_override=request.terms.reason if admission.overridden else None,
    )


def _entries(payload: PlanPayload, source: str) -> dict[str, StateEntry]:
    bodies = {address: text.encode() for address, text in payload.upserts.items()}
    owner = {**dict.fromkeys(bodies, source), **dict.fromkeys(payload.forgotten, UNOWNED)}
    return {address: StateEntry(owner[address], body, digest_of_bytes(body)) for address, body in bodies.items()}


def stale_plan(transaction: Transaction, request: Apply, plan: Plan, head: int) -> StalePlanError:
    """Why a plan is not applied to this revision: who moved the org on, and what changed."""
    if head == plan.base.revision:
        return StalePlanError(
            f"If-Match names revision {request.base}, but the plan was made for revision {head}.",
            hint="Send the plan's base revision in If-Match.",
        )
    moved = transaction.resources.changed_since(request.org, plan.base.revision)
    latest = transaction.revisions.get(request.org, head)
    by = "" if latest is None else f" by {latest.actor} at {format_instant(latest.created_at)}"
    shown = ", ".join(moved[:_MOST_NAMED]) + (f" and {len(moved) - _MOST_NAMED} more" if len(moved) > 5 else "")
    return StalePlanError(
        f"The plan was made for revision {plan.base.revision}; since then revision {head} was applied{by}. "
        f"Changed meanwhile: {shown or 'nothing that is known'}.",
        hint="Plan again, and review what has changed.",
    )
