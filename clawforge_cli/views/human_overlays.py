"""Kill switches, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clawforge_cli.views.overlay_words import overlay_count, overlay_sentence, second
from clawforge_cli.views.terminal import Printer, note, safe

if TYPE_CHECKING:
    from clawforge.overlay.standing import StandingOverlay
    from clawforge.wire_overlays import OverlayAnswer, OverlayList, OverlayView


def show_overlays(overlays: Sequence[StandingOverlay], printer: Printer) -> None:
    """What an apply does not end; nothing where there is nothing."""
    if not overlays:
        return
    printer.line(("yellow", overlay_count(overlays)), ", which an apply does not end:")
    for item in overlays:
        printer.paragraph(safe(overlay_sentence(item)), first=("  ",), hang=4)


def show_status(found: OverlayList, printer: Printer) -> None:
    """Every kill switch that is on, and what it stops."""
    on = [item for item in found.overlays if item.state == "on"]
    if not on:
        printer.line(("bold", "No kill switch is on."))
    else:
        printer.line(("bold red", "1 kill switch is on:" if len(on) == 1 else f"{len(on)} kill switches are on:"))
    show_list(found, printer, nothing="")


def show_list(found: OverlayList, printer: Printer, *, nothing: str = "Nothing is on.") -> None:
    """One paragraph each."""
    if not found.overlays and nothing:
        printer.line(nothing)
    for item in found.overlays:
        colour = "red" if item.state == "on" else "dim"
        printer.line(("bold", safe(item.id)), f"  {item.kind}  {safe(item.scope)}  ", (colour, item.state))
        printer.paragraph(_history(item), first=("  ",), hang=2)
        printer.paragraph(f"reason: {safe(item.reason)}", first=("  ",), hang=4)
        if item.message:
            printer.paragraph(f"people are told: {safe(item.message)}", first=("  ",), hang=4)
        if item.ticket is not None:
            printer.line(f"  ticket {safe(item.ticket)}")


def _history(item: OverlayView) -> str:
    began = f"since {second(item.created_at)} by {safe(item.created_by)}"
    if item.ended_at is not None:
        why = f": {safe(item.end_reason)}" if item.end_reason else ""
        return f"{began}, ended {second(item.ended_at)} by {safe(item.ended_by)}{why}"
    return f"{began}, {'until somebody ends it' if item.expires_at is None else f'until {second(item.expires_at)}'}"


def note_on(answer: OverlayAnswer) -> None:
    """What was stopped, and for how long."""
    kill = answer.overlay
    for warning in answer.warnings:
        note(f"Warning: {safe(warning)}")
    again = " It was on already, and has this reason now." if answer.was_on else ""
    end = "until it is turned off" if kill.expires_at is None else f"until {second(kill.expires_at)}"
    note(f"The kill switch over {safe(kill.scope)} is on, {end}.{again} Agents that listen obey within a second.")


def note_off(kill: OverlayView) -> None:
    """What goes on again."""
    note(f"The kill switch over {safe(kill.scope)} is off. An agent goes on once it holds a newer lease that says so.")
