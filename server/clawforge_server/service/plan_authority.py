"""What a plan asks of whoever proposes, approves and applies it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from clawforge.access.change_targets import change_targets, may_change
from clawforge.access.escalation import Gain, Side, exceeding, gains, owners, widened_groups
from clawforge.access.model import USER
from clawforge.access.permission import ESCALATE
from clawforge.access.rights import ORG_WIDE, Target
from clawforge.errors import ConflictError, ForbiddenError, InputError
from clawforge.plan import Approval, ApprovalNeed, Plan
from clawforge_server.auth.principal import OWNER_HOLDER, Principal

ESCALATION = "rbac-escalation"
APPROVE = "plans:approve"
APPROVED, REJECTED = "approved", "rejected"
_MOST_NAMED = 10


def require_over_changes(who: Principal, permission: str, plan: Plan, before: Side, after: Side) -> None:
    """Raise ForbiddenError unless the right reaches over every change of the plan, also in the eyes of the source that
    owned a resource until now."""
    for source, targets in targets_of(plan, before, after):
        if not may_change(who.rights, permission, source, targets):
            who.require(permission, *(targets or (ORG_WIDE,)))


def targets_of(plan: Plan, before: Side, after: Side) -> tuple[tuple[str, tuple[Target, ...]], ...]:
    """What the plan concerns, source by source."""
    return tuple(
        (source, change_targets(source, addresses, before.resources, after.resources))
        for source, addresses in _by_source(plan).items()
    )


def _by_source(plan: Plan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {plan.source: []}
    for change in plan.changes:
        addresses = [change.address] if change.previous is None else [change.previous, change.address]
        found[plan.source] += addresses
        if change.owner:
            found.setdefault(change.owner, []).append(change.address)
    return found


def needed_approvals(
    who: Principal, plan: Plan, before: Side, after: Side, now: dt.datetime
) -> tuple[ApprovalNeed, ...]:
    """What the plan would need if its author applied it."""
    found = _exceeding(who, plan, before, after, now)
    if not found:
        return ()
    return (ApprovalNeed(code=ESCALATION, permission=APPROVE, details=tuple(str(gain) for gain in found)),)


def refuse_last_owner(before: Side, after: Side) -> None:
    """Raise InputError for a change after which nobody active may do everything, while somebody may now."""
    there = owners(before.access)
    if there and not owners(after.access):
        raise InputError(
            f"After this change no active user would hold every right; {', '.join(sorted(there)[:_MOST_NAMED])} "
            f"{'does' if len(there) == 1 else 'do'} now.",
            hint="Bind the role `owner` to another active user first. Groups by claim do not count.",
            code="last-owner",
        )


def refuse_escalation(
    who: Principal,
    plan: Plan,
    given: Iterable[Approval],
    before: Side,
    after: Side,
    now: dt.datetime,
) -> None:
    """Raise unless the plan gives only what the applier holds, or escalation was approved by somebody else.

    ForbiddenError when the applier may not escalate at all, ConflictError when an approval is missing. Only approvals
    of people count who hold `plans:approve` over the whole plan now, before it is applied.
    """
    found = _exceeding(who, plan, before, after, now)
    if not found:
        return
    listed = "; ".join(str(gain) for gain in found[:_MOST_NAMED])
    more = f"; and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    message = f"This plan gives rights that {who.actor} does not hold: {listed}{more}."
    if not who.may(ESCALATE):
        raise ForbiddenError(
            message,
            hint=f"Have it applied by somebody who holds them, or who holds {ESCALATE} once it is approved.",
            code=ESCALATION,
        )
    if not any(_counts(item, who, plan, before, after) for item in given):
        raise ConflictError(
            message,
            hint=f"With {ESCALATE} it can be applied once somebody else who holds {APPROVE} has approved it.",
            code=ESCALATION,
        )


def refuse_rejected(given: Iterable[Approval]) -> None:
    """Raise ConflictError for a plan that somebody rejected."""
    for item in given:
        if item.verdict == REJECTED:
            why = f": {item.reason}" if item.reason else "."
            raise ConflictError(f"{item.by} rejected this plan{why}", hint="Change what it does.", code="plan-rejected")


def _exceeding(who: Principal, plan: Plan, before: Side, after: Side, now: dt.datetime) -> tuple[Gain, ...]:
    gained = gains(before, after, [change.address for change in plan.changes], now)
    return exceeding(who.rights, gained, widened_groups(before, after))


def _counts(item: Approval, applier: Principal, plan: Plan, before: Side, after: Side) -> bool:
    if item.verdict != APPROVED or item.by in (applier.answerable, *plan.authors):
        return False
    if item.by == OWNER_HOLDER:
        return True
    if not item.by.startswith(USER):
        return False
    rights = before.access.rights_of(item.by)
    return all(may_change(rights, APPROVE, source, targets) for source, targets in targets_of(plan, before, after))
