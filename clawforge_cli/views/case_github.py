"""Failed policy tests as workflow commands: GitHub shows each beside the case in the pull request."""

from __future__ import annotations

from clawforge_cli.case_report import CaseReport
from clawforge_cli.views.case_text import explanation
from clawforge_cli.views.lint_github import data_text, property_text
from clawforge_cli.views.terminal import Printer, safe


def show_annotations(report: CaseReport, prefix: str, printer: Printer) -> None:
    """One command a failure, then the count. `prefix` leads from the directory of the repository to the project."""
    for item in report.cases:
        if item.result.passed:
            continue
        place = {"file": prefix + item.location.file, "title": f"{item.result.address}: {item.result.case.name}"}
        if item.location.line:
            place["line"] = str(item.location.line)
        listed = ",".join(f"{name}={property_text(value)}" for name, value in place.items())
        text = "\n".join([safe(item.result.failure), *(f"{label}: {text}" for label, text in explanation(item)[2:])])
        printer.command(f"::error {listed}::{data_text(text)}")
    printer.line(f"{len(report.cases) - report.failed} passed, {report.failed} failed.")
