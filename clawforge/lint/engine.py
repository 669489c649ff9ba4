"""Runs the rules, and places what they find in the files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext

if TYPE_CHECKING:
    from clawforge.lint.rule import Rule
    from clawforge.load.project import Project
    from clawforge.load.project_file import LintLevel


def lint(context: LintContext, *, levels: Mapping[str, LintLevel] | None = None) -> list[Finding]:
    """What the rules find, sorted. `levels` change the severity of a rule's findings or turn the rule off; a finding
    that is an error by itself stays one.
    """
    from clawforge.lint.registry import RULES

    findings = [found for rule in RULES for found in _run(rule, context, (levels or {}).get(rule.id))]
    return sorted(findings, key=lambda finding: finding.sort_key)


def diagnose(project: Project, *, instances: Collection[str] | None = None) -> list[Diagnostic]:
    """Everything that is wrong with a project: problems of loading, of references, and what the rules find, sorted by
    place. `instances` are those that the server knows, if it was asked.
    """
    declared = project.declared
    context = LintContext.of(
        project.values,
        org=declared.org if declared else None,
        instances=instances,
        unusable=project.unusable,
    )
    levels = declared.lint.levels if declared else {}
    found = lint(context, levels=levels)
    diagnostics = [*project.diagnostics, *_level_problems(project), *(_placed(item, project) for item in found)]
    return sorted(diagnostics, key=lambda item: item.sort_key)


def _run(rule: Rule, context: LintContext, level: LintLevel | None) -> Iterable[Finding]:
    if level is None:
        return rule.check(context)
    if level == "off":
        return (item for item in rule.check(context) if item.severity is Severity.ERROR)
    severity = Severity(level.value)
    return (
        item if item.severity is Severity.ERROR else replace(item, severity=severity) for item in rule.check(context)
    )


def _level_problems(project: Project) -> Iterable[Diagnostic]:
    from clawforge.lint.registry import RULES
    from clawforge.spelling import nearest

    rules = {rule.id: rule for rule in RULES}
    for name, level in project.declared.lint.levels.items() if project.declared else ():
        place = project.file_location(f"/lint/levels/{name}")
        if name not in rules:
            guess = nearest(name, rules)
            hint = f"Did you mean `{guess}`?" if guess else f"Rules: {', '.join(sorted(rules))}."
            yield Diagnostic("unknown-lint-rule", f"There is no lint rule `{name}`.", place, hint)
        elif rules[name].severity is Severity.ERROR and level != "error":
            message = f"The lint rule `{name}` refuses the project and cannot be lowered."
            yield Diagnostic("lint-level", message, place, "Remove the level and mend what the rule finds.")


def _placed(finding: Finding, project: Project) -> Diagnostic:
    loaded = project.by_address.get(finding.address)
    location = loaded.location(finding.pointer) if loaded else project.file_location()
    others = [project.by_address[address] for address in finding.related if address in project.by_address]
    places = ", ".join(f"{other.address} is at {other.location()}" for other in others[:3])
    hint = f"{finding.hint} ({places}.)" if places else finding.hint
    return Diagnostic(finding.code, finding.message, location, hint.strip(), finding.severity)
