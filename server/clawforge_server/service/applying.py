"""Applying plans: one transaction makes the revision, its audit record and the new state, or nothing of it."""

from __future__ import annotations

from typing import Any

import orjson

from clawforge.access.escalation import Side
from clawforge.canonical import canonical_bytes
from clawforge.errors import ConflictError, InputError, UnavailableError
from clawforge.plan import Plan, plan_json
from clawforge.resource.meta import format_instant
from clawforge.wire import ApplyResult, ApplyTerms
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.admission import Admission, Apply, admit
from clawforge_server.service.audit_trail import Origin
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
from clawforge_server.service.revision_writing import stale_plan, write_revision
from clawforge_server.service.rollout_start import start_rollout
from clawforge_server.service.skill_revocations import end_codified
from clawforge_server.service.stopped_groups import follow_stopped_groups, refuse_unsaid
from clawforge_server.state.bundle_cache import subject_of
from clawforge_server.state.org_state import OrgState, empty_org, read_org
from clawforge_server.state.warming import warm
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import PlanRecord

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
                raise stale_plan(transaction, request, plan.document, previous.state.revision)
            admission = admit(transaction, request, plan, previous or empty_org(org))
            result = write_revision(transaction, request, plan, admission)
            if result.applied and previous is not None:
                start_rollout(transaction, request, plan.document, result, previous, plane.steady.now())
            holder = None if holder is None else note_applied(transaction, holder, plan, result)
            moved = _renamed(transaction, request, plan.document, result)
            transaction.plans.mark_applied(org, plan_id, result.model_dump_json(by_alias=True))
            state = _state_after(transaction, request, result, previous)
            if result.applied and previous is not None:
                refuse_unsaid(transaction, org, plan.document, previous, state.model, request.at)
            ended = _authorise(transaction, request, plan, admission, previous or empty_org(org), state)
            state = _watched(transaction, request, result, state)
            plane.instances.forget(moved)
        plane.credentials.forget(ended)
        plane.states.publish(state)
        if holder is not None:
            plane.reconcilers.note(holder)
    return result


def _renamed(transaction: Transaction, request: Apply, plan: Plan, result: ApplyResult) -> tuple[str, ...]:
    """Have everything follow what got another name; the hashes of the credentials that are another user's now."""
    if not result.applied:
        return ()
    follow_stopped_groups(transaction, request.org, plan, result.revision, _occasion(request))
    return follow_renames(transaction, request.org, plan, result.revision, _occasion(request))


def _state_after(transaction: Transaction, request: Apply, result: ApplyResult, previous: OrgState | None) -> OrgState:
    state = read_org(transaction, request.org, request.at, previous)
    if state is None:
        raise UnavailableError("The org that was written cannot be read back.", code="unreadable-state")
    if result.applied:
        state = end_codified(transaction, state, _occasion(request))
    # Before the commit: a state that no model can be made of must not become the present one.
    warm(state, previous)
    return state


def _occasion(request: Apply) -> Occasion:
    return Occasion(request.actor, request.at, request.origin)


def _watched(transaction: Transaction, request: Apply, result: ApplyResult, state: OrgState) -> OrgState:
    """Hold the invariants against every machine that is in, under what was applied. The state after that."""
    if not result.applied or not state.invariants:
        return state
    instances = transaction.instances.list(request.org)
    subjects = (subject_of(instance) for instance in instances if instance.state_at(request.at) == "active")
    return hold(transaction, state, subjects, _occasion(request))


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
