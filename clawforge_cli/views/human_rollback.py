"""Going back to a revision, for people."""

from __future__ import annotations

from pathlib import Path

from clawforge.history import ROLLBACK
from clawforge.plan import Plan
from clawforge_cli.views.terminal import Printer, safe


def show_nothing_to_do(plan: Plan, revision: str, printer: Printer) -> None:
    """The source already says what it said then."""
    named = f"revision {revision}" if revision.isdecimal() else safe(revision)
    printer.line(("bold", "No changes."))
    printer.line(f"Source {safe(plan.source)} of org {safe(plan.org)} already says what it said at {named}.")


def show_saved(plan: Plan, file: Path, printer: Printer) -> None:
    """How the saved plan is carried out, and by whom it is approved where it has to be."""
    if plan.is_empty:
        return
    needed = f" once somebody else ran `clawforge approve {plan.id}`" if plan.approvals.needed else ""
    printer.line(f"Nothing was changed. `clawforge apply {safe(file)}` carries it out{needed}.")


def show_next_step(plan: Plan, printer: Printer) -> None:
    """What is left to do in git, if something is."""
    if any(warning.code == ROLLBACK for warning in plan.warnings):
        printer.line(
            ("bold", "Next:"),
            " revert the newer files in git as well, as the warning says; their next apply would undo this rollback.",
        )
