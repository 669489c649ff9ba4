"""A plan for people: Terraform's marks and sentences, with where each resource is written."""

from __future__ import annotations

from clawforge.plan import Plan
from clawforge.wire import ApplyResult
from clawforge_cli.views.human_approvals import show_approvals
from clawforge_cli.views.human_meaning import show_meaning
from clawforge_cli.views.human_overlays import show_overlays
from clawforge_cli.views.plan_changes import show_changes, summary_text
from clawforge_cli.views.terminal import Printer, safe

_ON_A_SCREEN = 20
"""Changes after which the summary is printed again, for it has left the screen."""


def show_plan(plan: Plan, printer: Printer, *, detail: bool, compared_with: str | None = None) -> None:
    """The summary, the changes, and what they mean; `detail` also lists the fields of what is created and destroyed.
    `compared_with` says what the files were held against where that is no control plane."""
    if plan.is_empty:
        _show_no_changes(plan, printer, compared_with)
        show_overlays(plan.overlays, printer)
        _show_warnings(plan, printer)
        _show_replay(plan, printer)
        return
    org, source = safe(plan.org), safe(plan.source)
    if compared_with is None:
        printer.line(f"clawforge will change org {org} (source {source}), now at revision {plan.base.revision}:")
    else:
        printer.line(f"Org {org} (source {source}), compared with {safe(compared_with)}:")
    _show_summary(plan, printer)
    hidden = show_changes(plan.changes, printer, detail=detail)
    printer.line()
    show_overlays(plan.overlays, printer)
    _show_warnings(plan, printer)
    show_meaning(plan.meaning, printer, detail=detail)
    _show_replay(plan, printer)
    show_approvals(plan, printer)
    if hidden:
        noun = "field" if hidden == 1 else "fields"
        printer.line(f"(Hidden: {hidden:,} {noun} of created and destroyed resources; --detail shows them.)")
    if len(plan.changes) > _ON_A_SCREEN:
        _show_summary(plan, printer)


def _show_summary(plan: Plan, printer: Printer) -> None:
    printer.line(("bold", "Plan:"), f" {summary_text(plan.summary)}.")


def _show_warnings(plan: Plan, printer: Printer) -> None:
    for warning in plan.warnings:
        where = f"{safe(warning.file)}:{warning.line}: " if warning.file else ""
        printer.paragraph(f"{where}{safe(warning.message)}", first=(("yellow", "Warning"), ": "))


def _show_replay(plan: Plan, printer: Printer) -> None:
    """What the author of the plan found with recorded calls."""
    if plan.replay is not None:
        from clawforge_cli.views.human_replay import show_replay

        show_replay(plan.replay, printer)


def _show_no_changes(plan: Plan, printer: Printer, compared_with: str | None) -> None:
    printer.line(("bold", "No changes."))
    if compared_with is not None:
        printer.line(f"The files say the same as {safe(compared_with)}.")
        return
    printer.line(f"Org {safe(plan.org)} at revision {plan.base.revision} already says what the files say.")
    if plan.positions_changed:
        printer.line("Resources moved within the files; apply will refresh where they are written.")


def show_applied(result: ApplyResult, plan: Plan, printer: Printer) -> None:
    """What an apply did."""
    if not result.applied:
        printer.line(("bold", "No changes."))
        if result.positions_refreshed:
            printer.line("Where resources are written was refreshed; no revision was made.")
        return
    done = result.summary
    printer.line(
        ("bold green", "Apply complete!"),
        f" Resources: {done.add} added, {done.change} changed, {done.destroy} destroyed"
        + (f", {done.move} renamed" if done.move else "")
        + (f", {done.forget} forgotten" if done.forget else "")
        + ".",
    )
    printer.line(f"Org {safe(plan.org)} is at revision {result.revision}.")
