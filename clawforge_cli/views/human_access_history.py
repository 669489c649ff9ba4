"""The history of an answer for people: the answer, then each version that changed it, newest first."""

from __future__ import annotations

from typing import Any

import orjson

from clawforge.analysis.access_history import AccessHistory, Flip, Touch
from clawforge.decide.request import Reason
from clawforge.plan import Action
from clawforge_cli.views.human_decision import show_decision
from clawforge_cli.views.human_mark import version
from clawforge_cli.views.terminal import Printer, safe

_VERBS = {Action.CREATE: "was created", Action.DELETE: "was deleted"}
_LONGEST_VALUE = 60


def show_history(found: AccessHistory, printer: Printer) -> None:
    """The latest change first. Without any, how far back was looked."""
    printer.line(("bold", safe(found.subject.user)), f" {safe(found.tool)}")
    show_decision(found.decision, printer)
    if found.stopped:
        printer.line(("bold red", safe(found.stopped)))
    for number, flip in enumerate(found.flips):
        _show(flip, printer, latest=number == 0)
    if not found.flips and found.oldest is not None and not found.cut:
        printer.line(f"since the beginning, {version(found.oldest)}")
    if found.cut:
        printer.line(("yellow", "before that: unknown"), f", {safe(found.cut)}")


def _show(flip: Flip, printer: Printer, *, latest: bool) -> None:
    word = "since" if latest else "before:"
    printer.line(f"{word} ", ("bold yellow", version(flip.mark)), f", {flip.before} became {flip.after}")
    _show_reason(flip.why_before, printer)
    for touch in flip.touches:
        _show_touch(touch, printer)
    if not any(touch.decisive for touch in flip.touches):
        printer.line("  taking back any one of these would change nothing")
    if flip.others:
        other = "one other resource" if flip.others == 1 else f"{flip.others} other resources"
        printer.line(("dim", f"  {other} changed in it"))
    for commit in flip.skipped:
        printer.line(("yellow", f"  or in {safe(commit[:12])}, whose files have errors and were not judged"))


def _show_reason(reason: Reason, printer: Printer) -> None:
    source = f" [{safe(reason.resource)}]" if reason.resource else ""
    printer.line(f"  before: {reason.code}: {safe(reason.message)}", ("dim", source))


def _show_touch(touch: Touch, printer: Printer) -> None:
    if touch.action in _VERBS or not touch.fields:
        printer.line(f"  {safe(touch.address)} {_VERBS.get(touch.action, 'was changed')}")
    for field in touch.fields:
        printer.line(f"  {safe(touch.address)} {safe(field.path)}: {_value(field.before)} -> {_value(field.after)}")


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    text = orjson.dumps(value).decode()
    return safe(text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}...")
