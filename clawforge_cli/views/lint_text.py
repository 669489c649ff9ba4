"""What lint found, for people: the sentence, the line with carets under the value, and what to do."""

from __future__ import annotations

from clawforge.lint.discretion import without_secrets
from clawforge.lint.report import LintReport, Reported
from clawforge_cli.source_lines import SourceLines
from clawforge_cli.views.human_problems import SEVERITY_STYLE, count_line
from clawforge_cli.views.source_excerpt import ABOUT_KEYS, excerpt
from clawforge_cli.views.terminal import Printer, safe


def show_report(report: LintReport, sources: SourceLines, printer: Printer, *, files: int, resources: int) -> None:
    """One problem a paragraph, then what was looked at and found."""
    reported = report.reported
    hidden = _hidden(report) if reported else set()
    for item in reported:
        _show(item, sources, printer, hidden=item.diagnostic.location[:2] in hidden)
    line = count_line([item.diagnostic for item in reported], files, resources)
    accepted = len(report.items) - len(reported)
    printer.line(f"{line.removesuffix('.')}, {accepted} accepted." if accepted else line)
    if reported and printer.folds:
        printer.line(("dim", f"`clawforge lint --explain {safe(reported[0].diagnostic.code)}` says more."))


def _hidden(report: LintReport) -> set[tuple[str, int]]:
    """Files and lines with something that is never printed."""
    from clawforge.lint.registry import RULES

    confidential = {rule.id for rule in RULES if rule.confidential}
    return {item.diagnostic.location[:2] for item in report.items if item.rule in confidential}


def _show(item: Reported, sources: SourceLines, printer: Printer, *, hidden: bool) -> None:
    problem = item.diagnostic
    place = problem.location
    style = SEVERITY_STYLE[problem.severity]
    head = (style, f"{problem.severity}[{safe(problem.code)}]")
    printer.paragraph(f": {safe(problem.message)}", first=(head,), hang=0, style="bold")
    gutter = " " * max(2, len(str(place.line)))
    printer.line(gutter, ("cyan", "-->"), f" {safe(place)}")
    line = sources.line(place.file, place.line) if place.line and not hidden else None
    if line is not None and line.strip() and without_secrets(line) == line:
        room = printer.columns - len(gutter) - len(" | ")
        shown = excerpt(line, place.col, room, key_only=problem.code in ABOUT_KEYS)
        number = str(place.line)
        printer.line(f"{gutter} ", ("cyan", "|"))
        printer.line(("cyan", f"{number:>{len(gutter)}} |"), f" {shown.line}")
        printer.line(f"{gutter} ", ("cyan", "|"), " ", (style, shown.carets))
    if problem.hint:
        printer.paragraph(safe(problem.hint), first=(f"{gutter} ", ("cyan", "= help:"), " "))
    printer.line()
