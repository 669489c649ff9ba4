"""What lint found, as SARIF 2.1.0 (OASIS, 2020), which code scanning services read.

Only properties of the standard are used; what GitHub asks for besides (`problem.severity`, `tags`) is in property bags.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.lint.acceptance import CODES
from clawforge.lint.fingerprint import VERSION, fingerprints
from clawforge.lint.pages import page
from clawforge.lint.registry import RULES
from clawforge.lint.report import Reported
from clawforge.lint.rule import Rule
from clawforge.load.project import Project
from clawforge_cli.views.json_documents import show

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_PROBLEM = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}


def show_sarif(items: Sequence[Reported], project: Project, prefix: str, version: str) -> None:
    """One log with one run. `prefix` leads from the directory of the repository to the project."""
    show(sarif(items, project, prefix, version))


def sarif(items: Sequence[Reported], project: Project, prefix: str, version: str) -> dict[str, Any]:
    """The log as a document."""
    codes = {item.rule: item.diagnostic for item in items}
    descriptors = _descriptors(codes)
    index = {descriptor["id"]: at for at, descriptor in enumerate(descriptors)}
    marks = fingerprints(items, project)
    driver = {"name": "clawforge", "semanticVersion": version, "rules": descriptors}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, prefix, mark, index[item.rule]) for item, mark in zip(items, marks, strict=True)],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _descriptors(codes: dict[str, Diagnostic]) -> list[dict[str, Any]]:
    """The rules, what is found about acceptances, and the codes of loading that occur: a stranger to the first two."""
    known = [_rule(rule) for rule in RULES]
    known += [
        {
            "id": about.code,
            "shortDescription": {"text": about.what},
            "fullDescription": {"text": about.why},
            "help": {"text": about.fix},
            "defaultConfiguration": {"level": "warning"},
        }
        for about in CODES
    ]
    ids = {descriptor["id"] for descriptor in known}
    strangers = sorted((code, item.severity) for code, item in codes.items() if code not in ids)
    return [*known, *({"id": code, "defaultConfiguration": {"level": _LEVEL[level]}} for code, level in strangers)]


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": rule.name},
        "fullDescription": {"text": rule.what},
        "help": {"text": f"{rule.what}\n\n{rule.why}", "markdown": page(rule)},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": {"problem.severity": _PROBLEM[rule.severity], "tags": ["policy"]},
    }


def _result(item: Reported, prefix: str, mark: str, index: int) -> dict[str, Any]:
    problem = item.diagnostic
    text = f"{problem.message} {problem.hint}".strip()
    physical: dict[str, Any] = {
        "artifactLocation": {"uri": quote(prefix + problem.location.file, safe="/~", errors="surrogateescape")}
    }
    if problem.location.line:
        physical["region"] = {"startLine": problem.location.line}
        if problem.location.col:
            physical["region"]["startColumn"] = problem.location.col
    place: dict[str, Any] = {"physicalLocation": physical}
    if item.finding is not None:
        name = f"{item.finding.address}{item.finding.pointer}"
        place["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "resource"}]
    result: dict[str, Any] = {
        "ruleId": item.rule,
        "ruleIndex": index,
        "level": _LEVEL[problem.severity],
        "message": {"text": message_text(text)},
        "locations": [place],
        "partialFingerprints": {VERSION: mark},
        "suppressions": [],
    }
    if problem.code != item.rule:
        result["properties"] = {"code": problem.code}
    if item.acceptance is not None:
        kind = "external" if item.acceptance.by else "inSource"
        said = f"{item.acceptance.by}: {item.acceptance.reason}" if item.acceptance.by else item.acceptance.reason
        result["suppressions"] = [{"kind": kind, "status": "accepted", "justification": said}]
    return result


def message_text(text: str) -> str:
    """A plain-text message: braces are doubled (SARIF 3.11.5), and nothing in it is a link (3.11.6)."""
    return text.replace("](", "] (").replace("{", "{{").replace("}", "}}")
