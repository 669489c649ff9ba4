"""The approvals of a plan for people: what it needs, what was said, and what is still missing."""

from __future__ import annotations

from clawforge.plan import ApprovalLack, ApprovalNeed, Plan
from clawforge_cli.views.terminal import Printer, safe

_MOST_DETAILS = 10


def show_approvals(plan: Plan, printer: Printer) -> None:
    """Who has to agree and why, who said what, and who could still say it."""
    for need in plan.approvals.needed:
        who = "somebody else" if need.count == 1 else f"{need.count} others"
        printer.line(("yellow", "Needs approval"), f" by {who} with {_whose(need)} ({safe(need.code)}):")
        for item in need.details[:_MOST_DETAILS]:
            printer.line(f"  {safe(item)}")
        if len(need.details) > _MOST_DETAILS:
            printer.line(f"  and {len(need.details) - _MOST_DETAILS} more")
    for given in plan.approvals.given:
        why = f": {safe(given.reason)}" if given.reason else ""
        style = "green" if given.verdict == "approved" else "red"
        vouched = f" in the git forge, says {safe(given.vouched_by)}" if given.vouched_by is not None else ""
        printer.line((style, given.verdict.capitalize()), f" by {safe(given.by)}{vouched}{why}")
    for lack in plan.approvals.missing:
        printer.line(
            ("yellow", "Missing"), f": {lack.count} more with {_whose(lack)} ({safe(lack.code)}). {_could(lack)}"
        )
    if plan.approvals.needed and not plan.approvals.missing:
        printer.line(("green", "Every approval is given"), ".")


def _whose(item: ApprovalNeed | ApprovalLack) -> str:
    parts = [safe(item.permission)]
    parts += [f"the role {safe(' or '.join(item.roles))}"] if item.roles else []
    parts += [f"a place in {safe(' or '.join(item.groups))}"] if item.groups else []
    return " and ".join(parts)


def _could(lack: ApprovalLack) -> str:
    if not lack.who:
        return "Nobody who is active could give them."
    names = safe(", ".join(lack.who)) + (f" and {lack.others} more" if lack.others else "")
    return f"Could be: {names}."
