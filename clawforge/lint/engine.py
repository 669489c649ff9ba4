"""Runs the rules, and places what they find in the files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.discretion import discreet
from clawforge.lint.report import LintReport, Reported

if TYPE_CHECKING:
    from clawforge.lint.rule import Rule
    from clawforge.load.project import Project
    from clawforge.load.project_file import LintLevel


def lint(context: LintContext, *, levels: Mapping[str, LintLevel] | None = None) -> list[Finding]:
    """What the rules find, sorted. `levels` change the severity of a rule's findings or turn the rule off; a finding
    that is an error by itself stays one.
    """
    findings = [_levelled(found, level) for _, found, level in _found(context, levels or {})]
    return sorted(findings, key=lambda finding: finding.sort_key)


def diagnose(
    project: Project, *, instances: Collection[str] | None = None, now: dt.datetime | None = None
) -> list[Diagnostic]:
    """The diagnostics of `examine` that nobody accepted."""
    return examine(project, instances=instances, now=now).diagnostics


def obstacles(project: Project, *, now: dt.datetime) -> list[Diagnostic]:
    """The errors alone, as `diagnose` gives them: what keeps a project from being used.

    Where no level is configured only rules that can give errors are run; their errors cannot be accepted.
    """
    from clawforge.lint.registry import RULES

    declared = project.declared
    if declared is not None and declared.lint.levels:
        found = diagnose(project, now=now)
    else:
        org = declared.org if declared else None
        context = LintContext.of(project.values, org=org, unusable=project.unusable, now=now)
        grave = [rule for rule in RULES if rule.severity is Severity.ERROR]
        found = [*project.diagnostics, *(_placed(item, project) for rule in grave for item in rule.check(context))]
    errors = [discreet(item) for item in found if item.severity is Severity.ERROR]
    return sorted(errors, key=lambda item: item.sort_key)


def examine(
    project: Project, *, instances: Collection[str] | None = None, now: dt.datetime | None = None
) -> LintReport:
    """Everything that is wrong with a project: problems of loading, of references, and what the rules find, sorted by
    place. `instances` are those that the server knows, if it was asked. Without `now` nothing counts as accepted.
    """
    from clawforge.lint.acceptance import accept
    from clawforge.lint.registry import RULES

    declared = project.declared
    context = LintContext.of(
        project.values,
        org=declared.org if declared else None,
        instances=instances,
        unusable=project.unusable,
        now=now,
    )
    levels = declared.lint.levels if declared else {}
    items = [Reported(item, item.code) for item in (*project.diagnostics, *_level_problems(project))]
    items += [
        Reported(_placed(_levelled(found, level), project), rule.id, found)
        for rule, found, level in _found(context, levels)
    ]
    if now is not None:
        kept = (_with_level(item, levels) for item in accept(items, project, [rule.id for rule in RULES], now))
        items = [item for item in kept if item is not None]
    items = [replace(item, diagnostic=discreet(item.diagnostic)) for item in items]
    return LintReport(tuple(sorted(items, key=lambda item: (item.diagnostic.sort_key, item.rule))))


def _found(context: LintContext, levels: Mapping[str, LintLevel]) -> Iterator[tuple[Rule, Finding, LintLevel | None]]:
    from clawforge.lint.registry import RULES

    for rule in RULES:
        level = levels.get(rule.id)
        for found in rule.check(context):
            if level != "off" or found.severity is Severity.ERROR:
                yield rule, found, level


def _levelled(found: Finding, level: LintLevel | None) -> Finding:
    if level is None or level == "off" or found.severity is Severity.ERROR:
        return found
    return replace(found, severity=Severity(level.value))


def _with_level(item: Reported, levels: Mapping[str, LintLevel]) -> Reported | None:
    """What was found about acceptances has levels too, by its code."""
    from clawforge.lint.acceptance import CODES

    level = levels.get(item.rule)
    if level is None or item.finding is not None or item.rule not in {about.code for about in CODES}:
        return item
    if level == "off":
        return None
    return replace(item, diagnostic=replace(item.diagnostic, severity=Severity(level.value)))


def _level_problems(project: Project) -> Iterable[Diagnostic]:
    from clawforge.lint.acceptance import CODES
    from clawforge.lint.registry import RULES
    from clawforge.spelling import nearest

    severities = {about.code: Severity.WARNING for about in CODES} | {rule.id: rule.severity for rule in RULES}
    for name, level in project.declared.lint.levels.items() if project.declared else ():
        place = project.file_location(f"/lint/levels/{name}")
        if name not in severities:
            guess = nearest(name, severities)
            hint = f"Did you mean `{guess}`?" if guess else "`clawforge rules` lists them."
            yield Diagnostic("unknown-lint-rule", f"There is no lint rule `{name}`.", place, hint)
        elif severities[name] is Severity.ERROR and level != "error":
            message = f"The lint rule `{name}` refuses the project and cannot be lowered."
            yield Diagnostic("lint-level", message, place, "Remove the level and mend what the rule finds.")


def _placed(finding: Finding, project: Project) -> Diagnostic:
    loaded = project.by_address.get(finding.address)
    location = loaded.location(finding.pointer) if loaded else project.file_location()
    others = [project.by_address[address] for address in finding.related if address in project.by_address]
    places = ", ".join(f"{other.address} is at {other.location()}" for other in others[:3])
    hint = f"{finding.hint} ({places}.)" if places else finding.hint
    return Diagnostic(finding.code, finding.message, location, hint.strip(), finding.severity)
