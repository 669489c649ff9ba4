"""Reconcilers, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clawforge.reconcile.standing import Standing, decisive_condition, standing_of
from clawforge_cli.views.overlay_words import second
from clawforge_cli.views.terminal import Printer, note, safe

if TYPE_CHECKING:
    from clawforge.reconcile.condition import Condition
    from clawforge.wire_reconcile import ReconcilerList, ReconcilerView

_SHORT = 12
_STYLE = {
    Standing.READY: "green",
    Standing.STALLED: "bold red",
    Standing.GONE: "bold red",
    Standing.SUSPENDED: "yellow",
}


def show_list(found: ReconcilerList, printer: Printer) -> None:
    """One paragraph each: how it stands, what it watches, what it applied, and every condition that does not hold."""
    if not found.reconcilers:
        printer.line("No reconciler ever ran here. `clawforge reconcile` is one.")
    for item in found.reconcilers:
        standing = standing_of(item)
        printer.line(
            ("bold", safe(item.name)), "  ", (_STYLE.get(standing, ""), standing), f"  source {safe(item.source)}"
        )
        printer.paragraph(_place(item), first=("  ",), hang=4)
        printer.paragraph(_progress(item), first=("  ",), hang=4)
        printer.paragraph(_holder(item), first=("  ",), hang=4)
        if item.suspension is not None:
            stop = item.suspension
            words = f"suspended {second(stop.at)} by {safe(stop.by)}: {safe(stop.reason)}"
            printer.paragraph(words, first=("  ",), hang=4, style="yellow")
        if item.acknowledged is not None:
            printer.line(f"  accepted by a person for {safe(item.acknowledged[:_SHORT])}")
        for condition in item.conditions:
            printer.paragraph(_condition(condition), first=("  ",), hang=4)
        if item.message:
            printer.paragraph(safe(item.message), first=("  ",), hang=4)


def standing_sentence(item: ReconcilerView) -> str:
    """`main is ready, commit 3f2a91c0aa12 at revision 7`, or why it is not."""
    why = decisive_condition(item)
    reason = ""
    if item.suspension is not None:
        reason = f" by {safe(item.suspension.by)}: {safe(item.suspension.reason)}"
    elif why is not None:
        reason = f", {why.reason}: {safe(why.message)}" if why.message else f", {why.reason}"
    return f"{safe(item.name)} is {standing_of(item)}{reason}, {_applied(item)}"


def note_suspended(item: ReconcilerView) -> None:
    """What holds from now on."""
    name = safe(item.name)
    if item.suspension is None:
        note(f"{name} goes on, and looks at git within its next interval.")
    else:
        note(f"{name} applies nothing from now on, until `clawforge reconcilers resume {name} --reason ...`.")


def note_acknowledged(item: ReconcilerView) -> None:
    """What is accepted, and for how long."""
    head = safe((item.acknowledged or "")[:_SHORT])
    note(
        f"{safe(item.name)} may go on from {head}. Every signature up to it is still checked; another head is refused."
    )


def note_wanted(item: ReconcilerView) -> None:
    """When it happens."""
    if item.held:
        note(f"{safe(item.name)} looks at git within seconds; `clawforge reconcilers list` tells how it went.")
    else:
        note(f"No process runs {safe(item.name)} now. It looks at git as soon as one does.")


def _place(item: ReconcilerView) -> str:
    branch = f", branch {safe(item.branch)}" if item.branch else ""
    path = f", directory {safe(item.path)}" if item.path not in ("", ".") else ""
    return f"{safe(item.repository)}{branch}{path}"


def _applied(item: ReconcilerView) -> str:
    if item.last is None:
        return "nothing applied yet"
    return f"applied {safe(item.last.commit[:_SHORT])} at revision {item.last.revision}"


def _progress(item: ReconcilerView) -> str:
    seen = "" if item.seen is None else f", saw {safe(item.seen[:_SHORT])}"
    when = "no report yet" if item.reported_at is None else f"report of {second(item.reported_at)}"
    return f"{_applied(item)}{seen}, {when}; changes by others: {item.out_of_band}"


def _holder(item: ReconcilerView) -> str:
    if item.holder is None:
        return f"lease {item.fence} was given back by {safe(item.principal)}"
    ended = "" if item.held else "; it is over, and nobody took it since"
    return f"lease {item.fence} held by {safe(item.holder)} of {safe(item.principal)}{ended}"


def _condition(item: Condition) -> str:
    message = f": {safe(item.message)}" if item.message else ""
    return f"{item.type} {item.status}, {item.reason} since {second(item.since)}{message}"
