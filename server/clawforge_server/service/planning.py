"""Making plans: the server computes them itself, whatever the client computed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from clawforge.access.escalation import Side
from clawforge.change_control.forge_approvals import doubts
from clawforge.errors import StalePlanError
from clawforge.meaning import meaning_digest
from clawforge.plan import Plan
from clawforge.plan_signature import sign_plan
from clawforge.resource.meta import Resource
from clawforge.wire import PlanRequest
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.change_control import cautions, needs_of, reviewed, said_about, with_needs
from clawforge_server.service.drafting import Rollback, draft_plan
from clawforge_server.service.overlays import standing_overlays
from clawforge_server.service.plan_authority import needed_approvals, refuse_last_owner, require_over_changes
from clawforge_server.service.skill_overlays import standing_revocations
from clawforge_server.service.vouching import authors_of, vouching
from clawforge_server.state.org_state import OrgState, empty_org
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import AuditEntry, PlanPayload, PlanRecord

PLAN_LIFETIME = dt.timedelta(hours=24)
_EXPIRED_KEPT = dt.timedelta(days=7)
"""How long somebody who applies an expired plan is told so, and not that there never was one."""


def create_plan(
    plane: ControlPlane,
    who: Principal,
    org: str,
    request: PlanRequest,
    *,
    origin: Origin | None = None,
    rollback: Rollback | None = None,
) -> Plan:
    """Check a proposal, and keep the plan that it makes for 24 hours. Changes nothing.

    Raises StalePlanError if the client looked at another revision, OwnedElsewhereError, and ListedError for what
    the checks refuse, ForbiddenError for changes that the author's right does not reach and for whoever vouches for a
    commit without being trusted to, ConflictError for a fence that is over. What reviewers said about the same change
    counts for the new plan as well.
    """
    state = plane.states.find(org) or empty_org(org)
    if request.base is not None and request.base != state.state.revision:
        raise StalePlanError(f"The present revision is {state.state.revision}, not {request.base}.", hint="Plan again.")
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        vouched = vouching(plane, transaction, who, state, request)
    draft = draft_plan(plane, state, request, now, rollback)
    expires_at = now.replace(microsecond=0) + PLAN_LIFETIME
    found: dict[str, Any] = {
        "expires_at": expires_at,
        "meaning": draft.meaning,
        "meaning_digest": meaning_digest(draft.meaning),
        "replay": request.replay,
        "reason": request.reason,
        "vouched": vouched,
        "authors": authors_of(who, state.access, request, vouched),
        "overlays": (*standing_overlays(state), *standing_revocations(state, draft.resources)),
        "warnings": draft.warnings,
    }
    plan = draft.planned.plan.model_copy(update=found)
    payload = draft.payload()
    sides = _sides(state, plan, draft.resources)
    plan = _authorised(who, plan, state, sides, payload, now)
    if state.keys is not None:
        plan = sign_plan(plan, state.keys.online)
    record = PlanRecord(draft.id, now, expires_at, who.actor, who.answerable, plan, payload)
    with plane.store.transaction() as transaction:
        _keep(transaction, who, record, now, origin)
        judgements = said_about(transaction, org, record, now)
    return reviewed(record, judgements, *sides)


def _keep(
    transaction: Transaction, who: Principal, record: PlanRecord, now: dt.datetime, origin: Origin | None
) -> None:
    """Keep a plan, and let go of old ones that nobody will ask for; the log says so."""
    plan, org = record.document, record.document.org
    transaction.plans.forget_expired(org, now - _EXPIRED_KEPT)
    transaction.plans.add(org, record)
    entry = done(
        now,
        who.actor,
        "plans:create",
        origin=origin,
        revision=plan.base.revision,
        target=f"plan/{plan.id}",
        plan=plan.id,
        source=plan.source,
        digest=plan.digest,
        commit=plan.commit,
        rollback=None if record.payload is None else record.payload.rollback_to,
    )
    transaction.audit.append(org, entry)
    if plan.vouched is not None:
        transaction.audit.append(org, _vouched_entry(now, who, plan, origin))


def _sides(state: OrgState, plan: Plan, resources: Sequence[Resource]) -> tuple[Side, Side]:
    before = Side(state.resources, state.access)
    if plan.is_empty:
        return before, before
    return before, Side({item.address: item for item in resources}, state.access_of(resources))


def _authorised(
    who: Principal, plan: Plan, state: OrgState, sides: tuple[Side, Side], payload: PlanPayload, now: dt.datetime
) -> Plan:
    """The plan with the approvals that it needs. Raises ForbiddenError, and InputError for the end of all owners."""
    before, after = sides
    require_over_changes(who, "plans:create", plan, before, after)
    refuse_last_owner(before, after)
    needs = (
        *needed_approvals(who, plan, before, after, now),
        *needs_of(plan, state, before, after, payload.positions),
    )
    return with_needs(plan, needs, (*doubts(plan), *cautions(plan, state, now)))


def _vouched_entry(now: dt.datetime, who: Principal, plan: Plan, origin: Origin | None) -> AuditEntry:
    vouched = plan.vouched
    return done(
        now,
        who.actor,
        "plans:vouch",
        origin=origin,
        revision=plan.base.revision,
        target=f"plan/{plan.id}",
        plan=plan.id,
        commit=plan.commit,
        vouched=None if vouched is None else vouched.model_dump(mode="json", by_alias=True),
    )
