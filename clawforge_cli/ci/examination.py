"""Lint and policy tests of the files, in one look."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from clawforge.diagnostic import Severity, has_errors
from clawforge.lint.engine import examine
from clawforge.lint.outcome import LintOutcome
from clawforge.load.project import Project, load_project
from clawforge_cli.case_report import CaseReport, run_cases


@dataclass(frozen=True, slots=True)
class Examination:
    """What lint found, and how the tests went; None where errors of lint left nothing to test."""

    project: Project
    lint: LintOutcome
    cases: CaseReport | None

    @property
    def passed(self) -> bool:
        """Whether there is neither an error nor a failed test."""
        return self.cases is not None and not self.cases.failed

    @property
    def warnings(self) -> int:
        """Warnings that nobody accepted."""
        return sum(item.severity is Severity.WARNING for item in self.lint.report.diagnostics)


def examined(path: Path, now: dt.datetime) -> Examination:
    """Look at a project. Raises InputError if there is none."""
    project = load_project(path)
    lint = LintOutcome.of(project, examine(project, now=now))
    return Examination(project, lint, None if has_errors(lint.report.diagnostics) else run_cases(project))
