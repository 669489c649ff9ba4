"""What lint found, as workflow commands: GitHub shows each beside the line of the pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions; the runner takes back `%25`, `%0D` and
`%0A` everywhere, `%3A` and `%2C` in properties only.
"""

from __future__ import annotations

from collections.abc import Sequence

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.lint.report import Reported
from clawforge_cli.views.terminal import Printer, safe

_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def show_annotations(items: Sequence[Reported], prefix: str, printer: Printer) -> None:
    """One command a finding. `prefix` leads from the directory of the repository to the project."""
    for item in items:
        show_annotation(item.diagnostic, prefix, printer)


def show_annotation(problem: Diagnostic, prefix: str, printer: Printer) -> None:
    """The command for one problem."""
    properties = {"file": prefix + problem.location.file, "title": problem.code}
    if problem.location.line:
        properties["line"] = str(problem.location.line)
    if problem.location.col:
        properties["col"] = str(problem.location.col)
    listed = ",".join(f"{name}={property_text(value)}" for name, value in properties.items())
    text = f"{safe(problem.message)}\n{safe(problem.hint)}" if problem.hint else safe(problem.message)
    printer.command(f"::{_COMMAND[problem.severity]} {listed}::{data_text(text)}")


def data_text(text: str) -> str:
    """Text after the second `::`."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_text(text: str) -> str:
    """Text of a property."""
    return data_text(safe(text)).replace(":", "%3A").replace(",", "%2C")
