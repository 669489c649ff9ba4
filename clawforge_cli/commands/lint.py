"""`clawforge lint`."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import ProjectPath
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from clawforge.lint.report import LintReport
    from clawforge.load.project import Project

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class LintFormat(StrEnum):
    """Forms of the output."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"


Format = Annotated[LintFormat, typer.Option("--format", help="Form of the output.")]
Select = Annotated[str | None, typer.Option("--select", metavar="RULE,..", help="Show findings of these rules only.")]
Ignore = Annotated[str | None, typer.Option("--ignore", metavar="RULE,..", help="Leave out findings of these rules.")]
Statistics = Annotated[bool, typer.Option("--statistics", help="Count the findings instead of showing them.")]
Explain = Annotated[str | None, typer.Option("--explain", metavar="RULE", help="Print what a rule is about, and end.")]
Fix = Annotated[bool, typer.Option("--fix", help="Apply the safe fixes to the files first.")]
Watch = Annotated[bool, typer.Option("--watch", help="Check again whenever a file changes, until interrupted.")]


@app.command()
def lint(
    path: ProjectPath = Path(),
    format: Format = LintFormat.TEXT,
    select: Select = None,
    ignore: Ignore = None,
    statistics: Statistics = False,
    explain: Explain = None,
    fix: Fix = False,
    watch: Watch = False,
) -> None:
    """Check the files of a project: every problem of every file in one run. Exit 3 when there are errors."""
    from clawforge.diagnostic import has_errors
    from clawforge.lint.selection import Selection
    from clawforge_cli.lint_run import checked, fixed

    if explain is not None:
        _explain(explain, format)
        return
    selection = Selection.of(select, ignore)
    _refuse_combinations(format, statistics=statistics, watch=watch)

    def run() -> bool:
        if fix:
            fixed(path, selection, _now)
        project, report = checked(path, selection, _now())
        _show(project, report, format, statistics=statistics)
        return has_errors(report.diagnostics)

    if watch:
        _watch(path, run)
    elif run():
        raise typer.Exit(ExitCode.FINDINGS)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _refuse_combinations(format: LintFormat, *, statistics: bool, watch: bool) -> None:
    from clawforge.errors import InputError

    if statistics and format not in {LintFormat.TEXT, LintFormat.JSON}:
        raise InputError(f"There are no statistics in the format {format}.", hint="Use --format text or json.")
    if watch and format is not LintFormat.TEXT:
        raise InputError(f"The format {format} is one document; --watch prints many.", hint="Use --format text.")


def _explain(name: str, format: LintFormat) -> None:
    from clawforge_cli.views.lint_explain import show_json, show_text

    if format is LintFormat.JSON:
        show_json(name)
    else:
        show_text(name)


def _show(project: Project, report: LintReport, format: LintFormat, *, statistics: bool) -> None:
    from clawforge import __version__
    from clawforge_cli.lint_run import prefix_of
    from clawforge_cli.source_lines import SourceLines
    from clawforge_cli.views import json_documents
    from clawforge_cli.views.terminal import Printer

    counts = {
        "files": len({item.document.file for item in project.resources}),
        "resources": len(project.resources),
    }
    if statistics:
        from clawforge_cli.views.lint_statistics import show_statistics

        show_statistics(report.reported, as_json=format is LintFormat.JSON)
    elif format is LintFormat.JSON:
        json_documents.show_diagnostics(report.diagnostics)
    elif format is LintFormat.SARIF:
        from clawforge_cli.views.lint_sarif import show_sarif

        show_sarif(report.items, project, prefix_of(project.root), __version__)
    elif format is LintFormat.JUNIT:
        from clawforge_cli.views.lint_junit import show_junit

        show_junit(report.items)
    elif format is LintFormat.GITHUB:
        from clawforge_cli.views.lint_github import show_annotations

        show_annotations(report.reported, prefix_of(project.root), Printer(colour=False))
    elif format is LintFormat.MARKDOWN:
        from clawforge_cli.views.lint_markdown import show_markdown

        show_markdown(report, Printer(colour=False), **counts)
    else:
        from clawforge_cli.views.lint_text import show_report

        show_report(report, SourceLines(project.root), Printer(), **counts)


def _watch(path: Path, run: Callable[[], bool]) -> None:
    import sys
    import time

    from clawforge_cli.lint_run import changes
    from clawforge_cli.views.terminal import note

    for _ in changes(path, time.sleep):
        run()
        sys.stdout.flush()
        note(f"{_now():%H:%M:%S} watching {path}; Ctrl-C ends.")
