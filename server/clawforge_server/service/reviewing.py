"""Approving and rejecting plans: bound to the change, and never by its author."""

from __future__ import annotations

from typing import Literal

from clawforge.access.escalation import Side
from clawforge.access.model import AccessModel
from clawforge.errors import ConflictError, ForbiddenError, StalePlanError, UnavailableError
from clawforge.load.resource import parse_resource
from clawforge.plan import Plan
from clawforge.resource.meta import Resource, format_instant
from clawforge.wire_identity import JudgementRequest
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.credentials import require_standing
from clawforge_server.service.plan_authority import APPROVE, APPROVED, given, require_over_changes
from clawforge_server.service.planning import unknown_plan
from clawforge_server.state.org_state import OrgState, empty_org
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import JudgementRecord, PlanRecord

Verdict = Literal["approved", "rejected"]


def judge_plan(
    plane: ControlPlane,
    who: Principal,
    org: str,
    plan_id: str,
    request: JudgementRequest,
    verdict: Verdict,
    *,
    origin: Origin,
) -> Plan:
    """Approve or reject a plan; a later judgement of the same person replaces an earlier one.

    Raises NotFoundError, ForbiddenError for the plan's author, a program that approves and whoever's right does not
    reach over all of it, ConflictError for a plan that was applied, has expired, or is not the one that was looked at.
    """
    if verdict == APPROVED and who.kind == "service-account":
        raise ForbiddenError(
            "Only people approve: whoever can run a program could approve their own plan through it.",
            hint="Sign in with `clawforge login`; a program may reject.",
            code="not-a-person",
        )
    now = plane.clock.now()
    state = plane.states.find(org) or empty_org(org)
    with plane.store.transaction() as transaction:
        require_standing(transaction, state, who, now)
        plan = _open_plan(transaction, org, plan_id)
        if now >= plan.expires_at:
            raise ConflictError(
                f"The plan expired at {format_instant(plan.expires_at)}.", hint="Plan again.", code="plan-expired"
            )
        if request.digest is not None and request.digest != plan.document.digest:
            raise ConflictError(
                "The plan's changes are not those that were looked at.", hint="Look at it again.", code="plan-edited"
            )
        if plan.document.base.revision != state.state.revision:
            raise StalePlanError("The plan was made for an older revision.", hint="Plan again, and review that.")
        if plan.author == who.answerable:
            raise ForbiddenError(
                f"Nobody judges their own plan, and this one is {plan.author}'s.",
                hint="Ask somebody else who holds plans:approve.",
                code="own-plan",
            )
        require_over_changes(who, APPROVE, plan.document, *_sides(state, plan))
        record = JudgementRecord(
            plan=plan_id,
            reviewer=who.answerable,
            author=plan.author,
            at=now,
            verdict=verdict,
            digest=plan.document.digest,
            reason=request.reason or "",
            credential=who.credential,
        )
        transaction.plans.judge(org, record)
        action = "plans:approve" if verdict == APPROVED else "plans:reject"
        entry = done(
            now,
            who.actor,
            action,
            origin=origin,
            revision=state.state.revision,
            target=f"plan/{plan_id}",
            plan=plan_id,
            digest=record.digest,
            author=plan.author,
            reason=record.reason or None,
        )
        transaction.audit.append(org, entry)
        judgements = transaction.plans.judgements(org, plan_id)
    approvals = plan.document.approvals.model_copy(update={"given": given(judgements)})
    return plan.document.model_copy(update={"approvals": approvals})


def _open_plan(transaction: Transaction, org: str, plan_id: str) -> PlanRecord:
    plan = transaction.plans.get(org, plan_id)
    if plan is None:
        raise unknown_plan(plan_id)
    if plan.result is not None:
        raise ConflictError(
            "The plan was applied already.", hint="Propose a change that undoes it.", code="plan-applied"
        )
    return plan


def _sides(state: OrgState, plan: PlanRecord) -> tuple[Side, Side]:
    """The state now, and as the plan would leave it. The rights of the latter are nobody's yet, and not asked for."""
    after = dict(state.resources)
    payload = plan.payload
    for address, text in payload.upserts.items() if payload is not None else ():
        after[address] = _parsed(address, text)
    for address in payload.deletes if payload is not None else ():
        after.pop(address, None)
    return Side(state.resources, state.access), Side(after, AccessModel.of(()))


def _parsed(address: str, text: str) -> Resource:
    import orjson

    resource = parse_resource(orjson.loads(text))
    if isinstance(resource, list):
        raise UnavailableError(f"The planned resource {address} cannot be read.", code="unreadable-state")
    return resource
