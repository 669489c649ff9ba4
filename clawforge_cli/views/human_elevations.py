"""Elevations and temporary grants, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clawforge.resource.meta import format_duration
from clawforge_cli.views.overlay_words import second
from clawforge_cli.views.terminal import Printer, note, safe

if TYPE_CHECKING:
    from clawforge.wire_elevations import ElevationList, ElevationView

_STYLES = {"waiting": "yellow", "in-force": "red", "ended": "dim"}


def show_elevations(found: ElevationList, printer: Printer) -> None:
    """One paragraph each."""
    if not found.elevations:
        printer.line("Nothing is lifted, and nobody waits for an approval.")
    for item in found.elevations:
        what = "" if item.kind == "elevation" else "  temporary grant"
        printer.line(("bold", safe(item.id)), "  ", (_STYLES[item.state], item.state), what)
        printer.line(f"  {safe(item.grant)} for {safe(item.user)} on {safe(item.instance)}: {_lifts(item)}")
        printer.paragraph(_history(item), first=("  ",), hang=4)
        if item.reason:
            printer.paragraph(f"reason: {safe(item.reason)}", first=("  ",), hang=4)
        if item.ticket is not None:
            printer.line(f"  ticket {safe(item.ticket)}")


def _lifts(item: ElevationView) -> str:
    but = f" but {', '.join(map(safe, item.never))}" if item.never else ""
    agents = f" through {', '.join(map(safe, item.agents))}" if item.agents else ""
    context = f" in {safe(item.context)}" if item.context is not None else ""
    return f"{', '.join(map(safe, item.tools))}{but}{agents}{context}"


def _history(item: ElevationView) -> str:
    asked = f"asked for {second(item.created_at)} by {safe(item.created_by)}"
    agreed = ", ".join(safe(one.by) for one in item.approvals)
    approvals = f"{len(item.approvals)} of {item.needed} approvals{f' ({agreed})' if agreed else ''}"
    if item.ended_at is not None:
        why = f": {safe(item.end_reason)}" if item.end_reason else ""
        return f"{asked}, {approvals}, ended {second(item.ended_at)} by {safe(item.ended_by)}{why}"
    if item.state == "waiting":
        until = "" if item.until is None else f", waits until {second(item.until)}"
        return f"{asked} for {format_duration(item.ttl)}, {approvals}{until}"
    return f"{asked}, {approvals}, until {'it ends' if item.until is None else second(item.until)}"


def note_asked(item: ElevationView) -> None:
    """Whether it is in force, and what it waits for."""
    if item.state == "in-force":
        note_in_force(item)
        return
    lacks = item.needed - len(item.approvals)
    who = "an approval" if lacks == 1 else f"{lacks} approvals"
    note(f"{safe(item.id)} waits for {who} by somebody else: clawforge elevate approve {safe(item.id)}")


def note_in_force(item: ElevationView) -> None:
    """Until when, and for whom."""
    until = "it ends" if item.until is None else second(item.until)
    note(f"{safe(item.grant)} is in force for {safe(item.user)} on {safe(item.instance)} until {until}.")
    note("Guardrails hold all the same, and every use is recorded.")


def note_judged(item: ElevationView) -> None:
    """What became of it."""
    if item.state == "ended":
        note(f"{safe(item.id)} is denied.")
    else:
        note_asked(item)
