"""Rollouts by rings, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clawforge.resource.meta import format_duration
from clawforge_cli.views.overlay_words import second
from clawforge_cli.views.terminal import Printer, note, safe

if TYPE_CHECKING:
    from clawforge.wire_rollouts import OpenRollout, RingView, RolloutAnswer, RolloutView

_STYLES = {"baking": "yellow", "halted": "bold red", "done": "green", "replaced": "dim"}


def rollout_words(found: OpenRollout) -> str:
    """`revision 2 is in ring canaries, and comes to the next one at ...; the other machines are on revision 1`."""
    others = f"the other machines are on revision {found.held}"
    if found.next_at is None:
        return f"revision {found.revision} is halted in ring {safe(found.ring)}: {safe(found.reason)} ({others})"
    return f"revision {found.revision} is in ring {safe(found.ring)} until {second(found.next_at)}; {others}"


def show_rollout(answer: RolloutAnswer, printer: Printer) -> None:
    """How far it has come, ring by ring, and what the machines of the present ring report."""
    found = answer.rollout
    if found is None:
        printer.line("No change was ever rolled out in rings here.")
        return
    printer.line(("bold", f"Revision {found.revision}"), "  ", (_STYLES[found.state], found.state))
    printer.paragraph(_history(found), first=("  ",), hang=2)
    if found.reason:
        printer.paragraph(f"reason: {safe(found.reason)}", first=("  ",), hang=4)
    width = max(len(_name(ring)) for ring in found.rings)
    for ring in found.rings:
        printer.line(f"  {_name(ring):<{width}}  {_machines(ring.machines)}, {_stage(ring, found)}")
    if found.calls_before is not None and found.state != "done":
        printer.line(
            f"  refused: {found.denied:,} of {found.calls:,} calls since this ring got it, "
            f"{found.denied_before:,} of {found.calls_before:,} before"
        )


def note_ordered(answer: RolloutAnswer) -> None:
    """What became of it."""
    found = answer.rollout
    if found is None:
        return
    if found.state == "done":
        note(f"Every machine is served from revision {found.revision}.")
    elif found.state == "halted":
        note(f"The rollout of revision {found.revision} is halted in ring {safe(found.ring)}.")
    else:
        until = "" if found.next_at is None else f" until {second(found.next_at)}"
        note(f"The rollout of revision {found.revision} is in ring {safe(found.ring)}{until}.")


def _history(found: RolloutView) -> str:
    began = f"since {second(found.started_at)} by {safe(found.started_by)}, held back is revision {found.held}"
    if found.ended_at is None:
        return began
    return f"{began}, ended {second(found.ended_at)} by {safe(found.ended_by)}"


def _name(ring: RingView) -> str:
    return "everybody else" if ring.name is None else safe(ring.name)


def _machines(count: int) -> str:
    return "1 machine" if count == 1 else f"{count:,} machines"


def _stage(ring: RingView, found: RolloutView) -> str:
    if ring.reached and ring.name is not None and ring.name == found.ring and found.state in ("baking", "halted"):
        return "halted" if found.next_at is None else f"bakes until {second(found.next_at)}"
    if ring.reached:
        return f"has revision {found.revision}"
    return f"waits, then bakes for {format_duration(ring.bake)}" if ring.bake is not None else "waits"
