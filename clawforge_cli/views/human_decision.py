"""A decision for people: the effect, then every reason with where it was written."""

from __future__ import annotations

from clawforge.decide.request import Decision
from clawforge.resource.policy_test import Effect
from clawforge_cli.views.terminal import Printer, safe

_STYLE = {Effect.ALLOW: "bold green", Effect.ASK: "bold yellow", Effect.DENY: "bold red"}


def show_decision(decision: Decision, printer: Printer) -> None:
    """The decisive reason stands first, as in the document."""
    printer.line((_STYLE[decision.effect], str(decision.effect)))
    for reason in decision.reasons:
        source = f" [{safe(reason.resource)}]" if reason.resource else ""
        where = f" {safe(reason.location)}" if reason.location else ""
        printer.line(f"  {reason.code}: {safe(reason.message)}", ("dim", f"{source}{where}"))
    if decision.message:
        printer.line(f"  {safe(decision.message)}")
    for item in decision.obligations.redactions:
        printer.line(f"  redacted: {safe(item.detector)} at {safe(item.pointer)} {item.start}-{item.end}")
    for record in decision.obligations.record:
        printer.line(("dim", f"  recorded: {record.code}: {safe(record.message)}"))
