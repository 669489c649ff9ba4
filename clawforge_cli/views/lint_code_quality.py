"""What lint and the policy tests found, as the report that GitLab shows beside the lines of a merge request.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from clawforge.diagnostic import Severity
from clawforge_cli.views.terminal import safe

if TYPE_CHECKING:
    from clawforge.lint.outcome import LintOutcome
    from clawforge_cli.case_report import CaseReport

_SEVERITY = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def code_quality(lint: LintOutcome, cases: CaseReport | None, prefix: str) -> list[dict[str, Any]]:
    """The report as a document. `prefix` leads from the directory of the repository to the project."""
    return [*_findings(lint, prefix), *([] if cases is None else _failures(cases, prefix))]


def _findings(lint: LintOutcome, prefix: str) -> Iterator[dict[str, Any]]:
    for item, mark in zip(lint.report.items, lint.fingerprints, strict=True):
        problem = item.diagnostic
        if item.acceptance is None:
            text = f"{problem.message} {problem.hint}".strip()
            place = (prefix + problem.location.file, problem.location.line)
            yield _issue(text, item.rule, _SEVERITY[problem.severity], mark, place)


def _failures(cases: CaseReport, prefix: str) -> Iterator[dict[str, Any]]:
    for item in cases.cases:
        if not item.result.passed:
            name = f"{item.result.address}: {item.result.case.name}"
            place = (prefix + item.location.file, item.location.line)
            yield _issue(f"{name}: {item.result.failure}", "policy-test", "critical", name, place)


def _issue(text: str, check: str, severity: str, mark: str, place: tuple[str, int]) -> dict[str, Any]:
    return {
        "description": safe(text),
        "check_name": check,
        "fingerprint": hashlib.sha256(mark.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": severity,
        "location": {"path": safe(place[0]), "lines": {"begin": place[1] or 1}},
    }
