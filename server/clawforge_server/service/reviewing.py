"""Approving and rejecting plans: bound to the change, and never by its author."""

from __future__ import annotations

from typing import Literal

from clawforge.errors import ConflictError, ForbiddenError, StalePlanError
from clawforge.plan import Plan
from clawforge.resource.meta import format_instant
from clawforge.wire_identity import JudgementRequest
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.change_control import reviewed, said_about
from clawforge_server.service.credentials import require_standing
from clawforge_server.service.plan_authority import APPROVE, APPROVED, require_over_changes
from clawforge_server.service.plan_reading import planned_sides, unknown_plan
from clawforge_server.state.org_state import empty_org
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
        _refuse_author(who, plan, verdict)
        sides = planned_sides(state, plan)
        require_over_changes(who, APPROVE, plan.document, *sides)
        record = JudgementRecord(
            plan=plan_id,
            reviewer=who.answerable,
            author=plan.author,
            at=now,
            verdict=verdict,
            digest=plan.document.digest,
            reason=request.reason or "",
            credential=who.credential,
            meaning=plan.document.meaning_digest or "",
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
            meaning=record.meaning,
            author=plan.author,
            reason=record.reason or None,
        )
        transaction.audit.append(org, entry)
        judgements = said_about(transaction, org, plan, now)
    return reviewed(plan, judgements, *sides)


def _refuse_author(who: Principal, plan: PlanRecord, verdict: Verdict) -> None:
    """Nobody judges a plan that they submitted, and nobody approves what is theirs in any other way."""
    if plan.author == who.answerable:
        raise ForbiddenError(
            f"Nobody judges their own plan, and this one is {plan.author}'s.",
            hint="Ask somebody else who holds plans:approve.",
            code="own-plan",
        )
    if verdict == APPROVED and who.answerable in plan.document.authors:
        raise ForbiddenError(
            f"Nobody approves their own change, and {who.answerable} wrote or signed the commit of this plan.",
            hint="Ask somebody else who holds plans:approve.",
            code="own-plan",
        )


def _open_plan(transaction: Transaction, org: str, plan_id: str) -> PlanRecord:
    plan = transaction.plans.get(org, plan_id)
    if plan is None:
        raise unknown_plan(plan_id)
    if plan.result is not None:
        raise ConflictError(
            "The plan was applied already.", hint="Propose a change that undoes it.", code="plan-applied"
        )
    return plan
