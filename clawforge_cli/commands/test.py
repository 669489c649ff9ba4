"""`clawforge test`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import ProjectPath
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from clawforge_cli.case_report import CaseReport

_MOST_REMARKS = 20

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class TestFormat(StrEnum):
    """Forms of the output."""

    __test__ = False

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"


@app.command()
def test(
    path: ProjectPath = Path(),
    format: Annotated[TestFormat, typer.Option("--format", help="Form of the output.")] = TestFormat.TEXT,
    select: Annotated[
        str | None, typer.Option("--select", metavar="GLOB", help="Run the cases whose name fits, as '*keys*'.")
    ] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Say which policies and rules no case tries, in text or json.")
    ] = False,
) -> None:
    """Run every PolicyTest of a project. Exit 3 when a case fails."""
    from clawforge.errors import InputError
    from clawforge_cli.case_report import run_cases
    from clawforge_cli.project_files import open_project

    if coverage and format not in {TestFormat.TEXT, TestFormat.JSON}:
        raise InputError(f"There is no coverage in the format {format}.", hint="Use --format text or json.")
    report = run_cases(open_project(path), select, cover=coverage)
    _show(report, format)
    _show_remarks(report)
    if report.failed:
        raise typer.Exit(ExitCode.FINDINGS)


def _show(report: CaseReport, format: TestFormat) -> None:
    from clawforge_cli.views import case_github, case_json, case_junit, case_text
    from clawforge_cli.views.terminal import Printer

    if format is TestFormat.JSON:
        case_json.show_cases(report)
    elif format is TestFormat.JUNIT:
        case_junit.show_junit(report)
    elif format is TestFormat.GITHUB:
        from clawforge_cli.lint_run import prefix_of

        case_github.show_annotations(report, prefix_of(report.project.root), Printer(colour=False))
    else:
        case_text.show_cases(report, Printer())


def _show_remarks(report: CaseReport) -> None:
    from clawforge_cli.views.terminal import note, safe

    if not report.cases:
        note("There is no PolicyTest here, so nothing was tried.")
    for location, message in report.remarks[:_MOST_REMARKS]:
        note(f"{safe(location)}: note: {safe(message)}")
    if len(report.remarks) > _MOST_REMARKS:
        note(f"{len(report.remarks) - _MOST_REMARKS} more notes are not shown.")
