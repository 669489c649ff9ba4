"""Policy tests for people: each failure with what was expected, what came, who decided and what came near."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.diagnostic import Location
from clawforge.testing.coverage import Coverage
from clawforge_cli.case_report import CaseReport, Placed
from clawforge_cli.views.terminal import Printer, safe

_LONGEST_PARAMS = 400


def show_cases(report: CaseReport, printer: Printer) -> None:
    """Failures, the count, and the coverage if it was asked for."""
    for item in report.cases:
        if not item.result.passed:
            _show_failure(item, printer)
    printer.line(f"{len(report.cases) - report.failed} passed, {report.failed} failed.")
    if report.coverage is not None:
        _show_coverage(report, printer)


def explanation(item: Placed) -> list[tuple[str, str]]:
    """What there is to say about a failure: label and text, made harmless."""
    mismatch = item.result.mismatch
    if mismatch is None:
        return []
    noun = "" if mismatch.aspect == "effect" else f"{mismatch.aspect} "
    lines = [("expected", f"{noun}{_cut(mismatch.expected)}"), ("got", f"{noun}{_cut(mismatch.got)}")]
    for reason in item.result.decision.reasons[:1]:
        lines.append(("decided", f"{safe(f'{reason.code}: {reason.message}')}{_by(reason.resource, reason.location)}"))
    if item.near is not None:
        # The sentence names the resource, unless it speaks of the case itself.
        address = None if item.near.address and item.near.address in item.near.message else item.near.address
        lines.append(("nearest", f"{safe(item.near.message)}{_by(address, item.near_location)}"))
    return lines


def _show_failure(item: Placed, printer: Printer) -> None:
    first = (("bold", f"{safe(item.location)}: "), ("bold red", "failed"), ": ")
    printer.paragraph(f"{safe(item.result.address)} '{safe(item.result.case.name)}'", first=first, hang=2)
    for label, text in explanation(item):
        printer.paragraph(text, first=("  ", ("cyan", f"{label}:"), " " * (9 - len(label))))


def _by(address: str | None, location: Location | None) -> str:
    source = f" [{safe(address)}]" if address else ""
    return f"{source} {safe(location)}" if location else source


def _cut(text: str) -> str:
    return safe(text if len(text) <= _LONGEST_PARAMS else f"{text[:_LONGEST_PARAMS]}... ({len(text)} characters)")


def _show_coverage(report: CaseReport, printer: Printer) -> None:
    measured = report.coverage
    if measured is None:
        return
    heard = sum(measured.policies.values())
    counts = [(heard, len(measured.policies), "policies")]
    counts += [
        (sum(rule.tried for rule in rules), len(rules), noun)
        for rules, noun in ((measured.rules, "rules"), (measured.dlp_rules, "DLP rules"))
    ]
    listed = ", ".join(f"{some} of {every} {noun}" for some, every, noun in counts if every)
    printer.line(("bold", f"Coverage: {measured.percent:.1f} %"), f" ({listed})." if listed else ".")
    untried = sorted(_untried(report, measured), key=lambda item: (item[0] or Location(""), item[1]))
    if untried:
        printer.line("No case tries:")
    for where, text in untried:
        printer.line(f"  {safe(where)}: {safe(text)}")


def _untried(report: CaseReport, measured: Coverage) -> Iterator[tuple[Location | None, str]]:
    """Of a policy that has no say anywhere the rules are not listed one by one."""
    for address, heard in measured.policies.items():
        if not heard:
            yield report.place(address), f"{address}, which counts for the subject of no case"
    for rule in (*measured.rules, *measured.dlp_rules):
        if not rule.tried and measured.policies.get(rule.address, True):
            where = report.place(rule.address, rule.pointer)
            yield where, f"{rule.field} `{rule.text}` [{rule.address}]"
