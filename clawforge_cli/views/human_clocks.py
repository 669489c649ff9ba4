"""The answers of three clocks for people: one paragraph each."""

from __future__ import annotations

from clawforge.analysis.clocks import Clocks, Reading
from clawforge.resource.meta import format_instant
from clawforge_cli.views.human_decision import show_decision
from clawforge_cli.views.terminal import Printer, safe

_TITLES = {"git": "git said", "server": "the control plane served", "instance": "the instance had acknowledged"}


def show_clocks(found: Clocks, printer: Printer) -> None:
    """What was asked, then git, control plane and instance."""
    printer.line(("bold", safe(found.subject.user)), f" {safe(found.tool)}, {format_instant(found.at)}")
    for reading in found.readings:
        printer.line()
        _show(reading, printer)


def _show(reading: Reading, printer: Printer) -> None:
    source = f": {safe(reading.source)}" if reading.source else ""
    since = f", since {format_instant(reading.since.replace(microsecond=0))}" if reading.since is not None else ""
    printer.line(("bold", _TITLES[reading.clock]), f"{source}{since}")
    if reading.decision is not None:
        show_decision(reading.decision, printer)
    elif reading.effect is not None:
        printer.line(str(reading.effect))
    else:
        printer.line(("yellow", "unknown"))
    if reading.reason:
        printer.line(f"  {safe(reading.reason)}")
    for note in reading.notes:
        printer.line(("dim", f"  {safe(note)}"))
