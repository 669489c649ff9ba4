"""Policy tests for programs."""

from __future__ import annotations

from typing import Any

from clawforge.diagnostic import Location
from clawforge.testing.coverage import Coverage, RuleUse
from clawforge_cli.case_report import CaseReport, Placed
from clawforge_cli.views.json_documents import show
from clawforge_cli.views.terminal import harmless


def show_cases(report: CaseReport) -> None:
    """`{cases[], summary{passed, failed}, coverage?}`. Texts arrive escaped as in every other form."""
    document: dict[str, Any] = {
        "cases": [_case(item) for item in report.cases],
        "summary": {"passed": len(report.cases) - report.failed, "failed": report.failed},
    }
    if report.coverage is not None:
        document["coverage"] = _coverage(report, report.coverage)
    show(harmless(document))


def _case(item: Placed) -> dict[str, Any]:
    result = item.result
    mismatch = result.mismatch
    document: dict[str, Any] = {
        "resource": result.address,
        "name": result.case.name,
        "passed": result.passed,
        "failure": result.failure,
        "decision": result.decision.model_dump(mode="json", by_alias=True),
        "location": _location(item.location),
    }
    if mismatch is not None:
        document["mismatch"] = {"aspect": mismatch.aspect, "expected": mismatch.expected, "got": mismatch.got}
    if item.near is not None:
        document["nearest"] = {
            "message": item.near.message,
            "resource": item.near.address,
            "pointer": item.near.pointer,
            "location": _location(item.near_location),
        }
    return document


def _coverage(report: CaseReport, measured: Coverage) -> dict[str, Any]:
    return {
        "percent": measured.percent,
        "policies": [
            {"resource": address, "tried": heard, "location": _location(report.place(address))}
            for address, heard in measured.policies.items()
        ],
        "rules": [_rule(report, rule) for rule in measured.rules],
        "dlpRules": [_rule(report, rule) for rule in measured.dlp_rules],
    }


def _rule(report: CaseReport, rule: RuleUse) -> dict[str, Any]:
    return {
        "resource": rule.address,
        "pointer": rule.pointer,
        "field": rule.field,
        "text": rule.text,
        "tried": rule.tried,
        "location": _location(report.place(rule.address, rule.pointer)),
    }


def _location(location: Location | None) -> dict[str, Any] | None:
    return None if location is None else {"file": location.file, "line": location.line, "col": location.col}
