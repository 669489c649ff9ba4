"""One revision, or what differs between two, for people: the changes look as they do in a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clawforge.history import ComparedState, RevisionDetail, StateDiff
from clawforge.plan import Action, Change
from clawforge_cli.views.human_log import show_entry
from clawforge_cli.views.plan_changes import show_changes
from clawforge_cli.views.terminal import Printer, safe

_DONE = {
    Action.CREATE: "was created",
    Action.UPDATE: "was updated in-place",
    Action.DELETE: "was destroyed",
    Action.MOVE: "was renamed",
    Action.FORGET: "stayed and belongs to nobody",
}
_DIFFERS = {
    Action.CREATE: "is new",
    Action.UPDATE: "differs",
    Action.DELETE: "is gone",
    Action.MOVE: "is renamed",
    Action.FORGET: "belongs to nobody",
}


def show_revision(found: RevisionDetail, printer: Printer, *, detail: bool) -> None:
    """Who applied it, from which commit, who approved it, and what changed; `detail` also lists the fields of what was
    created and destroyed."""
    show_entry(found.revision, printer)
    if found.changes is None:
        printer.line()
        printer.line("What changed is for those who hold state:read.")
        return
    _show_changes(found.changes, printer, detail=detail, sentences=_DONE)


def show_diff(found: StateDiff, printer: Printer, *, detail: bool) -> None:
    """What the second state says that the first did not, then the counts."""
    before, after = _named(found.before), _named(found.after)
    if not found.changes:
        printer.line(("bold", "No differences."))
        printer.line(f"In org {safe(found.org)}, {before} and {after} say the same.")
        return
    printer.line(f"Org {safe(found.org)}, from {before} to {after}:")
    _show_changes(found.changes, printer, detail=detail, sentences=_DIFFERS)
    printer.line()
    summary = found.summary
    moved = f", {summary.move} renamed" if summary.move else ""
    counts = f" {summary.add} new, {summary.change} changed, {summary.destroy} gone{moved}."
    printer.line(("bold", "Differences:"), counts)


def _show_changes(
    changes: Sequence[Change], printer: Printer, *, detail: bool, sentences: Mapping[Action, str]
) -> None:
    hidden = show_changes(changes, printer, detail=detail, sentences=sentences)
    if hidden:
        noun = "field" if hidden == 1 else "fields"
        new, gone = sentences[Action.CREATE], sentences[Action.DELETE]
        printer.line(f"(Hidden: {hidden} {noun} of what {new} or {gone}; --detail shows them.)")


def _named(state: ComparedState) -> str:
    return "the files" if state.revision is None else f"revision {state.revision}"
