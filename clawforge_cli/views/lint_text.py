"""What lint found, for people: the sentence, the line with carets under the value, and what to do."""

from __future__ import annotations

from clawforge.diagnostic import Severity
from clawforge.lint.discretion import without_secrets
from clawforge.lint.registry import RULES
from clawforge.lint.report import LintReport, Reported
from clawforge_cli.source_lines import SourceLines
from clawforge_cli.views.human_problems import count_line
from clawforge_cli.views.source_excerpt import excerpt
from clawforge_cli.views.terminal import Printer, safe

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}


def show_report(report: LintReport, sources: SourceLines, printer: Printer, *, files: int, resources: int) -> None:
    """One problem a paragraph, then what was looked at and found."""
    reported = report.reported
    confidential = {rule.id for rule in RULES if rule.confidential}
    hidden = {item.diagnostic.location[:2] for item in report.items if item.rule in confidential}
    for item in reported:
        _show(item, sources, printer, hidden=item.diagnostic.location[:2] in hidden)
    line = count_line([item.diagnostic for item in reported], files, resources)
    accepted = len(report.items) - len(reported)
    printer.line(f"{line.removesuffix('.')}, {accepted} accepted." if accepted else line)


def _show(item: Reported, sources: SourceLines, printer: Printer, *, hidden: bool) -> None:
    problem = item.diagnostic
    place = problem.location
    printer.line(
        (_STYLE[problem.severity], f"{problem.severity}[{safe(problem.code)}]"),
        ("bold", f": {safe(problem.message)}"),
    )
    gutter = " " * max(2, len(str(place.line)))
    printer.line(gutter, ("cyan", "-->"), f" {safe(place)}")
    line = sources.line(place.file, place.line) if place.line and not hidden else None
    if line is not None and line.strip() and without_secrets(line) == line:
        shown = excerpt(line, place.col)
        number = str(place.line)
        printer.line(f"{gutter} ", ("cyan", "|"))
        printer.line(("cyan", f"{number:>{len(gutter)}} |"), f" {shown.line}")
        printer.line(f"{gutter} ", ("cyan", "|"), " ", (_STYLE[problem.severity], shown.carets))
    if problem.hint:
        printer.line(f"{gutter} ", ("cyan", "= help:"), f" {safe(problem.hint)}")
    printer.line()
