"""What lint found, as SARIF 2.1.0 (OASIS, 2020), which code scanning services read.

Only properties of the standard are used; what GitHub asks for besides (`problem.severity`, `tags`) is in property bags.
No `security-severity`: it is a score like that of a vulnerability, which nobody gave these rules. No `helpUri`: the
page of each rule travels with it, in `help`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.lint.codes import codes
from clawforge.lint.fingerprint import VERSION
from clawforge.lint.pages import code_page, page
from clawforge.lint.report import Acceptance, Reported
from clawforge.lint.rule import Rule
from clawforge.problem_code import ProblemCode
from clawforge_cli.source_lines import SourceLines
from clawforge_cli.views.json_documents import show
from clawforge_cli.views.source_excerpt import ABOUT_KEYS, value_span
from clawforge_cli.views.terminal import safe

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_PROBLEM = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}
_ROOT = "%SRCROOT%"


def show_sarif(
    items: Sequence[Reported], marks: Sequence[str], prefix: str, version: str, sources: SourceLines
) -> None:
    """One log with one run. `marks` are the fingerprints of the items, in order; `prefix` leads from the directory
    of the repository to the project.
    """
    show(sarif(items, marks, prefix, version, sources))


def sarif(
    items: Sequence[Reported], marks: Sequence[str], prefix: str, version: str, sources: SourceLines
) -> dict[str, Any]:
    """The log as a document."""
    descriptors = _descriptors({item.rule: item.diagnostic for item in items})
    index = {descriptor["id"]: at for at, descriptor in enumerate(descriptors)}
    results = [_result(item, prefix, mark, index[item.rule], sources) for item, mark in zip(items, marks, strict=True)]
    run = {
        "tool": {"driver": {"name": "clawforge", "semanticVersion": version, "rules": descriptors}},
        # A service keeps one set of results for each id: two projects of one repository must not share it.
        "automationDetails": {"id": f"clawforge/lint/{_uri(prefix)}"},
        "invocations": [{"executionSuccessful": True}],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The directory in which lint was started."}}},
        "columnKind": "utf16CodeUnits",
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _descriptors(found: dict[str, Diagnostic]) -> list[dict[str, Any]]:
    """Every code that lint can print, sorted, and those found that nobody wrote anything about."""
    known = {code: _rule(about) if isinstance(about, Rule) else _beside(about) for code, about in codes().items()}
    for code, problem in found.items():
        words = code.replace("-", " ").capitalize()
        known.setdefault(code, _descriptor(code, problem.severity, words, words, words))
    return [known[code] for code in sorted(known)]


def _rule(rule: Rule) -> dict[str, Any]:
    return _descriptor(rule.id, rule.severity, rule.name, rule.what, f"{rule.what}\n\n{rule.why}", page(rule))


def _beside(about: ProblemCode) -> dict[str, Any]:
    text = f"{about.what}\n\n{about.why}\n\n{about.fix}"
    return _descriptor(about.code, about.severity, about.what, about.what, text, code_page(about))


def _descriptor(
    code: str, severity: Severity, short: str, full: str, help_text: str, markdown: str = ""
) -> dict[str, Any]:
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in code.split("-")),
        "shortDescription": {"text": short if short.endswith(".") else f"{short}."},
        "fullDescription": {"text": full},
        "help": {"text": help_text, **({"markdown": markdown} if markdown else {})},
        "defaultConfiguration": {"level": _LEVEL[severity]},
        "properties": {"problem.severity": _PROBLEM[severity], "tags": ["policy"]},
    }


def _result(item: Reported, prefix: str, mark: str, index: int, sources: SourceLines) -> dict[str, Any]:
    problem = item.diagnostic
    place: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(prefix + problem.location.file), "uriBaseId": _ROOT},
            "region": _region(problem.location, sources, key_only=problem.code in ABOUT_KEYS),
        }
    }
    if item.finding is not None:
        name = safe(f"{item.finding.address}{item.finding.pointer}")
        place["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "resource"}]
    result: dict[str, Any] = {
        "ruleId": item.rule,
        "ruleIndex": index,
        "level": _LEVEL[problem.severity],
        "message": {"text": message_text(f"{problem.message} {problem.hint}".strip())},
        "locations": [place],
        "partialFingerprints": {VERSION: mark},
        "suppressions": [] if item.acceptance is None else [_suppression(item.acceptance)],
    }
    if problem.code != item.rule:
        result["properties"] = {"code": problem.code}
    return result


def _region(place: Location, sources: SourceLines, *, key_only: bool) -> dict[str, int]:
    """Columns count UTF-16 code units, as services and editors do; a place without a line is the file's first."""
    region = {"startLine": place.line or 1}
    if not place.line or not place.col:
        return region
    line = sources.line(place.file, place.line)
    if line is None:
        return {**region, "startColumn": place.col}
    start, end = value_span(line, place.col, key_only=key_only)
    begin = _utf16_length(line[:start])
    width = max(_utf16_length(line[start:end]), 1)
    return {**region, "startColumn": begin + 1, "endColumn": begin + width + 1}


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _suppression(acceptance: Acceptance) -> dict[str, str]:
    said = f"{acceptance.by}: {acceptance.reason}" if acceptance.by else acceptance.reason
    kind = "external" if acceptance.by else "inSource"
    return {"kind": kind, "status": "accepted", "justification": safe(said)}


def _uri(path: str) -> str:
    return quote(path, safe="/~", errors="surrogateescape")


def message_text(text: str) -> str:
    """A plain-text message: braces are doubled (SARIF 3.11.5), and nothing in it is a link (3.11.6) or acts."""
    return safe(text).replace("](", "] (").replace("{", "{{").replace("}", "}}")
