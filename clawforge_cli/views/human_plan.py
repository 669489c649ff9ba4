"""A plan for people: Terraform's marks and sentences, with where each resource is written."""

from __future__ import annotations

from typing import Any

import orjson

from clawforge.plan import Action, Change, FieldChange, Plan
from clawforge.wire import ApplyResult
from clawforge_cli.views.human_approvals import show_approvals
from clawforge_cli.views.human_meaning import show_meaning
from clawforge_cli.views.terminal import Printer, safe

_MARK = {
    Action.CREATE: ("green", "+"),
    Action.UPDATE: ("yellow", "~"),
    Action.DELETE: ("red", "-"),
    Action.MOVE: ("cyan", ">"),
    Action.FORGET: ("cyan", "."),
}
_SENTENCE = {
    Action.CREATE: "will be created",
    Action.UPDATE: "will be updated in-place",
    Action.DELETE: "will be destroyed",
    Action.MOVE: "will be renamed",
    Action.FORGET: "will be left to itself",
}
_LONGEST_VALUE = 200


def show_plan(plan: Plan, printer: Printer, *, detail: bool, compared_with: str | None = None) -> None:
    """Changes, then the summary; `detail` also lists the fields of what is created and destroyed. `compared_with` says
    what the files were held against where that is no control plane."""
    if plan.is_empty:
        _show_no_changes(plan, printer, compared_with)
        _show_replay(plan, printer)
        return
    org, source = safe(plan.org), safe(plan.source)
    if compared_with is None:
        printer.line(f"clawforge will change org {org} (source {source}), now at revision {plan.base.revision}:")
    else:
        printer.line(f"Org {org} (source {source}), compared with {safe(compared_with)}:")
    printer.line()
    hidden = 0
    for change in plan.changes:
        hidden += _show_change(change, printer, detail=detail)
    printer.line()
    for warning in plan.warnings:
        where = f"{safe(warning.file)}:{warning.line}: " if warning.file else ""
        printer.line(("yellow", "Warning"), f": {where}{safe(warning.message)}")
    show_meaning(plan.meaning, printer, detail=detail)
    _show_replay(plan, printer)
    show_approvals(plan, printer)
    if hidden:
        noun = "field" if hidden == 1 else "fields"
        printer.line(f"(Hidden: {hidden} {noun} of created and destroyed resources; --detail shows them.)")
    summary = plan.summary
    printer.line(("bold", "Plan:"), f" {summary.add} to add, {summary.change} to change, {summary.destroy} to destroy.")


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
        f" Resources: {done.add} added, {done.change} changed, {done.destroy} destroyed.",
    )
    printer.line(f"Org {safe(plan.org)} is at revision {result.revision}.")


def _show_change(change: Change, printer: Printer, *, detail: bool) -> int:
    """Prints one change; returns how many fields it hid."""
    style, mark = _MARK[change.action]
    where = f" ({safe(change.location.file)}:{change.location.line})" if change.location else ""
    printer.line("  ", (style, mark), ("bold", f" {safe(change.address)}"), f" {_SENTENCE[change.action]}{where}")
    if change.action is not Action.UPDATE and not detail:
        return len(change.fields)
    for field in change.fields:
        _show_field(field, printer)
    return 0


def _show_field(field: FieldChange, printer: Printer) -> None:
    path = safe(field.path)
    if field.before is None:
        printer.line("      ", ("green", "+"), f" {path}: {_value(field.after)}")
    elif field.after is None:
        printer.line("      ", ("red", "-"), f" {path}: {_value(field.before)}")
    elif _is_text_list(field.before) and _is_text_list(field.after):
        printer.line("      ", ("yellow", "~"), f" {path}:")
        for item in field.before:
            if item not in field.after:
                printer.line("          ", ("red", "-"), f" {_value(item)}")
        for item in field.after:
            if item not in field.before:
                printer.line("          ", ("green", "+"), f" {_value(item)}")
        kept = sum(item in field.after for item in field.before)
        if kept:
            printer.line(f"            ({kept} unchanged)")
    else:
        printer.line("      ", ("yellow", "~"), f" {path}: {_value(field.before)} -> {_value(field.after)}")


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _value(value: Any) -> str:
    text = safe(orjson.dumps(value).decode())
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}... ({len(text)} characters)"
