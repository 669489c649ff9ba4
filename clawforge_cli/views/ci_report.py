"""What a pipeline says in its log: findings where the service shows them beside lines, and the plan."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clawforge_cli.lint_run import prefix_of
from clawforge_cli.source_lines import SourceLines
from clawforge_cli.views.terminal import Printer, safe

if TYPE_CHECKING:
    from clawforge.errors import ClawforgeError
    from clawforge.load.project import Project
    from clawforge.plan import Plan
    from clawforge_cli.ci.examination import Examination


def show_examination(found: Examination, printer: Printer, *, annotate: bool) -> None:
    """Findings and failed tests; as commands to GitHub's runner where `annotate` says so."""
    root, report = found.project.root, found.lint.report
    counts = {"files": found.lint.files, "resources": found.lint.resources}
    with quoted(printer, wanted=annotate):
        from clawforge_cli.views.lint_text import show_report

        show_report(report, SourceLines(root), printer, **counts)
        if found.cases is not None:
            from clawforge_cli.views.case_text import show_cases

            show_cases(found.cases, printer)
    if annotate:
        from clawforge_cli.views import case_github, lint_github

        lint_github.show_annotations(report.reported, prefix_of(root), printer)
        if found.cases is not None:
            case_github.show_annotations(found.cases, prefix_of(root), printer)


def show_plan(plan: Plan, printer: Printer, *, compared_with: str | None, annotate: bool) -> None:
    """The plan for people, in which nothing is a command to anybody."""
    from clawforge_cli.views import human_plan

    with quoted(printer, wanted=annotate):
        human_plan.show_plan(plan, printer, detail=False, compared_with=compared_with)


def show_refusal(error: ClawforgeError, project: Project, printer: Printer) -> None:
    """What the control plane has against lines of the project's files, as commands to GitHub's runner. Files of another
    source are elsewhere."""
    from clawforge.diagnostic import Diagnostic, Location
    from clawforge_cli.views.lint_github import show_annotation

    prefix = prefix_of(project.root)
    for problem in getattr(error, "problems", ()):
        if problem.position is not None and problem.position.file in project.files:
            place = Location(problem.position.file, problem.position.line, problem.position.col)
            show_annotation(Diagnostic(problem.code, problem.message, place, problem.hint), prefix, printer)


def show_sentences(sentences: tuple[str, ...], printer: Printer) -> None:
    """One line a sentence."""
    for sentence in sentences:
        printer.line(safe(sentence))


@contextmanager
def quoted(printer: Printer, *, wanted: bool) -> Iterator[None]:
    """Until the end of the block GitHub's runner takes no line for a command, but for the one that nobody can guess."""
    if not wanted:
        yield
        return
    word = secrets.token_hex(16)
    printer.command(f"::stop-commands::{word}")
    try:
        yield
    finally:
        printer.command(f"::{word}::")
