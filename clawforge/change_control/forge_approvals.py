"""Which approvals in a git forge count for a plan, and what a reviewer is told of those that do not."""

from __future__ import annotations

from clawforge.plan import Plan, PlanWarning

_MOST_SHOWN = 5


def counted_approvers(plan: Plan) -> tuple[str, ...]:
    """Of those for whom the plan's commit is vouched, who count as having approved the plan: nobody where somebody
    unknown wrote the change, who could be an approver, and nobody where they approved another change."""
    vouched = plan.vouched
    if vouched is None or vouched.unknown_authors or vouched.approved_change not in (None, plan.digest):
        return ()
    return vouched.approvers


def doubts(plan: Plan) -> tuple[PlanWarning, ...]:
    """Why approvals in the git forge do not count for a plan."""
    vouched = plan.vouched
    if vouched is None or not (vouched.approvers or vouched.unknown):
        return ()
    found: list[PlanWarning] = []
    if vouched.unknown_authors:
        names = ", ".join(vouched.unknown_authors[:_MOST_SHOWN])
        more = len(vouched.unknown_authors) - _MOST_SHOWN
        message = (
            f"{names}{f' and {more} more' if more > 0 else ''} wrote this change, by the word of the git forge, and is "
            "no user of this org, so approvals there do not count. A `User` says by an annotation which account is "
            "theirs."
        )
        found.append(PlanWarning(code="unknown-author", message=message))
    if vouched.approved_change not in (None, plan.digest):
        message = (
            "This plan makes another change than the one that was approved in the git forge, so approvals there do not "
            "count. Most often an earlier change is not applied yet, and is part of this plan."
        )
        found.append(PlanWarning(code="approved-otherwise", message=message))
    return tuple(found)
