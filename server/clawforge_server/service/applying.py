"""Applying plans: one transaction makes the revision, its audit record and the new state, or nothing of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets
from typing import Any

import orjson

from clawforge.access.escalation import Side
from clawforge.canonical import canonical_bytes, digest_of_bytes
from clawforge.errors import ConflictError, InputError, StalePlanError, UnavailableError
from clawforge.plan import Plan, plan_json
from clawforge.planning import digest_of_changes
from clawforge.resource.meta import format_instant
from clawforge.state import EMPTY_STATE, UNOWNED, State, StateEntry
from clawforge.wire import ApplyResult, ApplyTerms, Revision
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.admission import Admission, Apply, admit
from clawforge_server.service.audit_trail import Origin, changed_fields, done
from clawforge_server.service.change_control import refuse_unapproved
from clawforge_server.service.credentials import end_credentials, put_out, require_standing
from clawforge_server.service.fencing import fenced_apply, note_applied
from clawforge_server.service.invariant_watch import Occasion, hold
from clawforge_server.service.plan_authority import (
    refuse_escalation,
    refuse_last_owner,
    require_over_changes,
)
from clawforge_server.service.plan_reading import unknown_plan
from clawforge_server.service.renamed_users import follow_renames
from clawforge_server.service.skill_revocations import end_codified
from clawforge_server.state.bundle_cache import subject_of
from clawforge_server.state.org_keys import new_keys
from clawforge_server.state.org_state import OrgState, empty_org, read_org
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import OrgRecord, PlanPayload, PlanRecord

_FIRST_EPOCH = 1
_MOST_NAMED = 5
_NO_TERMS = ApplyTerms()


def apply_plan(
    plane: ControlPlane,
    who: Principal,
    org: str,
    plan_id: str,
    base: int,
    reviewed: Any,
    terms: ApplyTerms = _NO_TERMS,
    *,
    origin: Origin | None = None,
) -> ApplyResult:
    """Carry out a plan exactly as it was answered and reviewed.

    A plan that was applied before is not applied again; the answer is that of the first time. Raises NotFoundError,
    and ConflictError with the code `plan-edited`, `plan-expired`, `stale-plan` or `plan-mismatch`, or with what a
    ChangePolicy asks for: `approval-missing`, `frozen` and so on. What the applier may not do is a ForbiddenError; for
    a right that is given beyond their own it is `rbac-escalation`. Under a fence it raises as `fenced_apply`.
    """
    request = Apply(who, org, plan_id, base, reviewed, terms, plane.clock.now(), origin)
    with plane.states.changing(org), plane.reconcilers.settling(org):
        previous = plane.states.find(org)
        with plane.store.transaction() as transaction:
            require_standing(transaction, previous or empty_org(org), who, request.at)
            plan = _reviewed_plan(transaction, request)
            if plan.result is not None:
                return ApplyResult.model_validate_json(plan.result)
            holder = fenced_apply(plane, transaction, request, plan)
            if previous is not None and previous.state.revision != plan.document.base.revision:
                raise _stale(transaction, request, plan.document, previous.state.revision)
            admission = admit(transaction, request, plan, previous or empty_org(org))
            result = _carry_out(transaction, request, plan, admission)
            holder = None if holder is None else note_applied(transaction, holder, plan, result)
            occasion = Occasion(request.actor, request.at, request.origin)
            moved = follow_renames(transaction, org, plan.document, result.revision, occasion) if result.applied else ()
            transaction.plans.mark_applied(org, plan_id, result.model_dump_json(by_alias=True))
            state = read_org(transaction, org, request.at, previous)
            if state is None:
                raise UnavailableError("The org that was written cannot be read back.", code="unreadable-state")
            if result.applied:
                state = end_codified(transaction, state, occasion)
            # Before the commit: a state that no model can be made of must not become the present one.
            _warm(state)
            ended = _authorise(transaction, request, plan, admission, previous or empty_org(org), state)
            state = _watched(transaction, request, result, state)
            plane.instances.forget(moved)
        plane.credentials.forget(ended)
        plane.states.publish(state)
        if holder is not None:
            plane.reconcilers.note(holder)
    return result


def _watched(transaction: Transaction, request: Apply, result: ApplyResult, state: OrgState) -> OrgState:
    """Hold the invariants against every machine that is in, under what was applied. The state after that."""
    if not result.applied or not state.invariants:
        return state
    instances = transaction.instances.list(request.org)
    subjects = (subject_of(instance) for instance in instances if instance.state_at(request.at) == "active")
    return hold(transaction, state, subjects, Occasion(request.actor, request.at, request.origin))


def _authorise(
    transaction: Transaction,
    request: Apply,
    plan: PlanRecord,
    admission: Admission,
    previous: OrgState,
    state: OrgState,
) -> tuple[str, ...]:
    """Refuse what the applier may not do, with everything that was written; the hashes of credentials that end."""
    before, after = Side(previous.resources, previous.access), Side(state.resources, state.access)
    require_over_changes(request.who, "plans:apply", plan.document, before, after)
    refuse_last_owner(before, after)
    refuse_escalation(request.who, plan.document, admission.given, before, after, request.at)
    refuse_unapproved(plan, request.terms, admission.given, previous, before, after)
    gone = put_out(before.access, after.access, request.at)
    return end_credentials(transaction, request.org, gone, request.at, request.actor) if gone else ()


def _reviewed_plan(transaction: Transaction, request: Apply) -> PlanRecord:
    plan = transaction.plans.get(request.org, request.plan_id)
    if plan is None:
        raise unknown_plan(request.plan_id)
    if not _is_same(plan.document, request.reviewed):
        raise ConflictError(
            "The plan that was sent back differs from the plan that the server made.",
            hint="Plan again, and apply the plan unchanged.",
            code="plan-edited",
        )
    if plan.result is None and request.at >= plan.expires_at:
        raise ConflictError(
            f"The plan expired at {format_instant(plan.expires_at)}.", hint="Plan again.", code="plan-expired"
        )
    return plan


def _is_same(stored: Plan, reviewed: Any) -> bool:
    """Whether every value is the same; optional fields that are null may be left out. What reviewers said was added
    after the plan was made, and is looked up."""
    wanted = canonical_bytes(plan_json(stored))
    if isinstance(reviewed, dict) and isinstance(reviewed.get("approvals"), dict):
        reviewed = {**reviewed, "approvals": {**reviewed["approvals"], "given": [], "missing": []}}
    try:
        if canonical_bytes(reviewed) == wanted:
            return True
        text = orjson.dumps(reviewed)
        plan = Plan.model_validate_json(text, strict=True, by_alias=True, by_name=False)
        return canonical_bytes(plan_json(plan)) == wanted
    except (TypeError, ValueError, InputError):
        return False


def _carry_out(transaction: Transaction, request: Apply, plan: PlanRecord, admission: Admission) -> ApplyResult:
    record = transaction.orgs.get(request.org)
    head = record.revision if record is not None else 0
    document, payload = plan.document, plan.payload
    if head != document.base.revision or request.base != head or payload is None:
        raise _stale(transaction, request, document, head)
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


def _stale(transaction: Transaction, request: Apply, plan: Plan, head: int) -> StalePlanError:
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


def _warm(state: OrgState) -> None:
    """Build the model here, on this thread, so that no agent's poll has to wait for it."""
    _ = state.model
    _ = state.access
