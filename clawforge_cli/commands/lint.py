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

    from clawforge.lint.outcome import LintOutcome
    from clawforge_cli.look_ahead import Outlook

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
Select = Annotated[
    str | None,
    typer.Option(
        "--select",
        metavar="RULE,..",
        help="Show findings of these rules only, and what cannot be read, which is always shown.",
    ),
]
Ignore = Annotated[str | None, typer.Option("--ignore", metavar="RULE,..", help="Leave out findings of these rules.")]
Statistics = Annotated[bool, typer.Option("--statistics", help="Count the findings instead of showing them.")]
Explain = Annotated[str | None, typer.Option("--explain", metavar="RULE", help="Print what a rule is about, and end.")]
Fix = Annotated[bool, typer.Option("--fix", help="Apply the safe fixes to the files first.")]
Watch = Annotated[bool, typer.Option("--watch", help="Check again whenever a file changes, until interrupted.")]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="WHEN",
        help="List also what changes by itself until then, such as what expires: 30d, a day, or a moment.",
    ),
]
Prove = Annotated[
    bool,
    typer.Option(
        "--prove", help="Prove of every entry of every list whether it changes anything for anybody. Takes its time."
    ),
]
NoCache = Annotated[
    bool,
    typer.Option("--no-cache", envvar="CLAWFORGE_NO_CACHE", help="Neither use nor keep what was found before."),
]

_TWO_FORMATS = "Use --format text or json."


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
    until: Until = None,
    prove: Prove = False,
    no_cache: NoCache = False,
) -> None:
    """Check all files of a project in one run. Rules look at what could be read: what they say of a resource with an
    error of its own is seen once that is mended. Exit 3 when there are errors."""
    from clawforge.diagnostic import has_errors
    from clawforge.lint.selection import Selection
    from clawforge_cli.lint_run import fixed
    from clawforge_cli.settings import cache_directory

    if explain is not None:
        _explain(explain, format)
        return
    selection = Selection.of(select, ignore)
    if prove and until is not None:
        from clawforge.errors import InputError

        raise InputError("--prove and --until are two different questions.", hint="Ask them one after the other.")
    _refuse_combinations(format, statistics=statistics, watch=watch, until=until)

    def run() -> bool:
        if fix:
            fixed(path, selection, _now)
        outcome, ahead = _checked(path, until, None if no_cache else cache_directory(), prove=prove)
        outcome = outcome.selected(selection)
        _show(path, outcome, format, statistics=statistics, ahead=ahead)
        return has_errors(outcome.report.diagnostics)

    if watch:
        _watch(path, run)
    elif run():
        raise typer.Exit(ExitCode.FINDINGS)


def _checked(path: Path, until: str | None, cache: Path | None, *, prove: bool) -> tuple[LintOutcome, Outlook | None]:
    """What lint finds, and what changes by itself until then, if that was asked for."""
    from clawforge_cli.lint_run import checked, checked_ahead

    now = _now()
    if until is None:
        return checked(path, now, cache, prove=prove), None
    from clawforge_cli.look_ahead import parse_horizon

    return checked_ahead(path, parse_horizon(until, now), now)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _refuse_combinations(format: LintFormat, *, statistics: bool, watch: bool, until: str | None) -> None:
    from clawforge.errors import InputError

    if until is not None:
        from clawforge_cli.look_ahead import parse_horizon

        if statistics:
            raise InputError("--statistics counts findings, and what --until lists is none.", hint="Leave out one.")
        if format not in {LintFormat.TEXT, LintFormat.JSON}:
            raise InputError(f"The format {format} holds findings, and what --until lists is none.", hint=_TWO_FORMATS)
        parse_horizon(until, _now())  # Before anything is fixed.
    if statistics and format not in {LintFormat.TEXT, LintFormat.JSON}:
        raise InputError(f"There are no statistics in the format {format}.", hint=_TWO_FORMATS)
    if watch and format is not LintFormat.TEXT:
        raise InputError(f"The format {format} is one document; --watch prints many.", hint="Use --format text.")


def _explain(name: str, format: LintFormat) -> None:
    from clawforge_cli.views.lint_explain import show_json, show_text

    if format is LintFormat.JSON:
        show_json(name)
    else:
        show_text(name)


def _show(
    root: Path, outcome: LintOutcome, format: LintFormat, *, statistics: bool, ahead: Outlook | None = None
) -> None:
    from clawforge import __version__
    from clawforge_cli.lint_run import prefix_of
    from clawforge_cli.source_lines import SourceLines
    from clawforge_cli.views import json_documents
    from clawforge_cli.views.terminal import Printer

    report = outcome.report
    counts = {"files": outcome.files, "resources": outcome.resources}
    if statistics:
        from clawforge_cli.views.lint_statistics import show_statistics

        show_statistics(report.reported, as_json=format is LintFormat.JSON)
    elif format is LintFormat.JSON:
        json_documents.show_diagnostics(report.diagnostics, ahead.items if ahead else None)
    elif format is LintFormat.SARIF:
        from clawforge_cli.views.lint_sarif import show_sarif

        show_sarif(report.items, outcome.fingerprints, prefix_of(root), __version__, SourceLines(root))
    elif format is LintFormat.JUNIT:
        from clawforge_cli.views.lint_junit import show_junit

        show_junit(report.items)
    elif format is LintFormat.GITHUB:
        from clawforge_cli.views.lint_github import show_annotations

        show_annotations(report.reported, prefix_of(root), Printer(colour=False))
    elif format is LintFormat.MARKDOWN:
        from clawforge_cli.views.lint_markdown import show_markdown

        show_markdown(report, Printer(colour=False), **counts)
    else:
        from clawforge_cli.views.lint_text import show_report

        show_report(report, SourceLines(root), Printer(), **counts)
        if ahead is not None:
            from clawforge_cli.views.human_forecast import show_outlook

            show_outlook(ahead, Printer(), word="Until")


def _watch(path: Path, run: Callable[[], bool]) -> None:
    import sys
    import time

    from clawforge.errors import ClawforgeError, InputError
    from clawforge_cli.project_watch import changes
    from clawforge_cli.views.human_problems import show_error
    from clawforge_cli.views.lint_watch import show_end, show_start, show_waiting

    try:
        for count, _ in enumerate(changes(path, time.sleep)):
            show_start(dt.datetime.now().astimezone())
            try:
                run()
            except (ClawforgeError, OSError) as error:
                if count == 0:
                    raise
                # What was there once may come back, as when a branch is switched.
                show_error(error if isinstance(error, ClawforgeError) else InputError(str(error)))
            sys.stdout.flush()
            show_waiting(path)
    except KeyboardInterrupt:
        show_end()  # Ctrl-C is how a watch is meant to end.
