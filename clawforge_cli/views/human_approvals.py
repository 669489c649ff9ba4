"""The approvals of a plan for people: what it needs, what was said, and what is still missing."""

from __future__ import annotations

from clawforge.plan import Plan
from clawforge_cli.views.approval_words import what_lacks, who_agrees
from clawforge_cli.views.terminal import Printer, safe

_MOST_DETAILS = 10


def show_approvals(plan: Plan, printer: Printer) -> None:
    """Who has to agree and why, who said what, and who could still say it."""
    for need in plan.approvals.needed:
        printer.line(("yellow", "Needs approval"), f" by {safe(who_agrees(need))}:")
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
        printer.line(("yellow", "Missing"), f": {safe(what_lacks(lack))}")
    # A plan without an id was made offline, where nobody can have approved it.
    if plan.id is not None and plan.approvals.needed and not plan.approvals.missing:
        printer.line(("green", "Every approval is given"), ".")
