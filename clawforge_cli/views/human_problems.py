"""Diagnostics and errors for people."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.errors import ClawforgeError
from clawforge_cli.views.terminal import Printer, note, safe

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def show_diagnostics(diagnostics: Sequence[Diagnostic], printer: Printer) -> None:
    """One problem a paragraph: place, severity and code, sentence, and what to do."""
    for item in diagnostics:
        printer.line(
            ("bold", f"{safe(item.location)}: "),
            (_STYLE[item.severity], f"{item.severity}[{item.code}]"),
            f": {safe(item.message)}",
        )
        if item.hint:
            printer.line("  ", ("cyan", "help"), f": {safe(item.hint)}")


def count_line(diagnostics: Sequence[Diagnostic], files: int, resources: int) -> str:
    """What was looked at and what was found, in one sentence."""
    looked = f"{_plural(resources, 'resource')} in {_plural(files, 'file')}"
    if not diagnostics:
        return f"{looked}: no problems."
    counts = {severity: sum(item.severity is severity for item in diagnostics) for severity in Severity}
    found = ", ".join(_plural(count, str(severity)) for severity, count in counts.items() if count)
    return f"{looked}: {found}."


def show_error(error: ClawforgeError) -> None:
    """An error on standard error, with the problems that a server listed."""
    printer = Printer(sys.stderr, colour=None if sys.stderr.isatty() else False)
    printer.line(("bold red", "Error"), f": {safe(error.message)}")
    for problem in getattr(error, "problems", ()):
        where = ""
        if problem.position is not None:
            where = f"{Location(problem.position.file, problem.position.line, problem.position.col)}: "
        elif problem.address:
            where = f"{problem.address}: "
        printer.line(f"  {safe(where)}{safe(problem.message)}")
        if problem.hint:
            printer.line(f"    help: {safe(problem.hint)}")
    if error.hint:
        note(f"  {safe(error.hint)}")


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
