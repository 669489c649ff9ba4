"""Diagnostics and errors for people."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.errors import ClawforgeError
from clawforge_cli.views.terminal import Printer, safe

SEVERITY_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
"""Of the sixteen colours that every terminal has, and not the bright ones, which vanish on white."""


def show_diagnostics(diagnostics: Sequence[Diagnostic], printer: Printer) -> None:
    """One problem a paragraph: place, severity and code, sentence, and what to do."""
    for item in diagnostics:
        severity = (SEVERITY_STYLE[item.severity], f"{item.severity}[{item.code}]")
        printer.paragraph(safe(item.message), first=(("bold", f"{safe(item.location)}: "), severity, ": "), hang=2)
        if item.hint:
            printer.paragraph(safe(item.hint), first=("  ", ("cyan", "help"), ": "))


def count_line(diagnostics: Sequence[Diagnostic], files: int, resources: int) -> str:
    """What was looked at and what was found, in one sentence."""
    looked = f"{plural(resources, 'resource')} in {plural(files, 'file')}"
    if not diagnostics:
        return f"{looked}: no problems."
    counts = {severity: sum(item.severity is severity for item in diagnostics) for severity in Severity}
    found = ", ".join(plural(count, str(severity)) for severity, count in counts.items() if count)
    return f"{looked}: {found}."


def show_error(error: ClawforgeError) -> None:
    """An error on standard error, with the problems that a server listed, or that a file of ours has."""
    printer = Printer(sys.stderr)
    printer.paragraph(safe(error.message), first=(("bold red", "Error"), ": "))
    for problem in getattr(error, "problems", ()):
        if isinstance(problem, Diagnostic):
            show_diagnostics([problem], printer)
            continue
        where = ""
        if problem.position is not None:
            where = f"{Location(problem.position.file, problem.position.line, problem.position.col)}: "
        elif problem.address:
            where = f"{problem.address}: "
        printer.paragraph(f"{safe(where)}{safe(problem.message)}", first=("  ",))
        if problem.hint:
            printer.paragraph(safe(problem.hint), first=("    help: ",))
    if error.hint:
        printer.paragraph(safe(error.hint), first=("  ",))


def plural(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
