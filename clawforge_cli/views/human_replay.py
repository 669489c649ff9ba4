"""What a replay of recorded calls found, for people."""

from __future__ import annotations

from clawforge.analysis.replay.report import (
    ReplayReason,
    ReplayRemark,
    ReplayReport,
    ReplaySample,
    Turn,
    TurnedCalls,
)
from clawforge.resource.meta import format_instant
from clawforge_cli.views.terminal import Printer, safe

_MOST_NAMED = 5
_STYLE = {Turn.BLOCKED: "red", Turn.ASKED: "yellow", Turn.LOOSENED: "green"}
_CHANGES = {Turn.BLOCKED: "would block", Turn.ASKED: "would ask about", Turn.LOOSENED: "would let through more of"}
_PRESENT = {Turn.BLOCKED: "are denied", Turn.ASKED: "are asked about"}


def show_replay(report: ReplayReport, printer: Printer) -> None:
    """How many calls turn out differently and why, a few of them, and what could not be replayed."""
    span = ""
    if report.since is not None and report.until is not None:
        span = f", {format_instant(report.since)} to {format_instant(report.until)}"
    printer.line(("bold", "Replay"), f" of {safe(report.source)}: {_counted(report.calls, 'call')}{span}.")
    for turn in Turn:
        _show_turn(report, turn, printer)
    if report.unrecorded:
        printer.line(f"  {_counted(report.unrecorded, 'call')} cannot be replayed (arguments not recorded)")
    if report.unaffected:
        many = _counted(report.unaffected, "call")
        printer.line(f"  {many} cannot be replayed, but the policies of their callers stay as they are")
    _show_recorded(report, printer)
    for reason in report.reasons:
        _show_reason(reason, printer)
    if report.further_reasons:
        printer.line(f"    and {_counted(report.further_reasons, 'further reason')}")
    if report.samples:
        printer.line("  For example:")
    for sample in report.samples:
        _show_sample(sample, printer)
    for remark in report.doubts:
        _show_remark(remark, "replayed, though it", printer)
    for remark in report.skipped:
        _show_remark(remark, "not replayed, as it", printer)
    for sentence in report.gate.exceeded if report.gate is not None else ():
        printer.line("  ", ("bold red", "Too much:"), f" {safe(sentence)}")


def _show_turn(report: ReplayReport, turn: Turn, printer: Printer) -> None:
    found: TurnedCalls = getattr(report, turn.value)
    if not report.compared and turn not in _PRESENT:
        return
    if not found.calls and turn is not Turn.BLOCKED:
        return
    style = _STYLE[turn] if found.calls else "green"
    count = f"{found.calls:,} of {_counted(report.calls, 'call')}"
    whose = f", of {_people(found.people)}: {_named(found)}" if found.calls else ""
    if report.compared:
        printer.line("  ", (style, f"{_CHANGES[turn]} {count}"), whose)
    else:
        printer.line("  ", (style, f"{count} {_PRESENT[turn]}"), whose)


def _show_recorded(report: ReplayReport, printer: Printer) -> None:
    """Where what was decided then differs from what would be decided."""
    for item in report.recorded:
        if item.recorded is not item.after:
            printer.line(f"  {_counted(item.calls, 'call')} recorded as {item.recorded}, now {item.after}")


def _show_reason(reason: ReplayReason, printer: Printer) -> None:
    source = f" [{safe(reason.resource)}]" if reason.resource else ""
    where = f" {safe(reason.position.file)}:{reason.position.line}" if reason.position else ""
    style = _STYLE[reason.turn]
    printer.line(
        f"  {reason.calls:>8,} ", (style, reason.turn.value), f" by {safe(reason.code)}", ("dim", f"{source}{where}")
    )


def _show_sample(sample: ReplaySample, printer: Printer) -> None:
    said = f"{safe(sample.tool)} {safe(sample.call)}".rstrip()
    printer.line(f"    line {sample.line}, {format_instant(sample.at)}, {safe(sample.user)}: {said}")
    printer.line("      ", (_STYLE[sample.turn], sample.code), f": {safe(sample.because)}" if sample.because else "")


def _show_remark(remark: ReplayRemark, fate: str, printer: Printer) -> None:
    lines = ("lines " if remark.count > 1 else "line ") + ", ".join(map(str, remark.lines))
    more = ", ..." if remark.count > len(remark.lines) else ""
    many = f"{_counted(remark.count, 'line')} {fate}"
    printer.line(f"  {many} {safe(remark.meaning)} ({safe(remark.code)}): {lines}{more}")


def _named(found: TurnedCalls) -> str:
    names = [safe(name) for name in found.names[:_MOST_NAMED]]
    more = found.people - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more > 0 else "")


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
