"""Runs the rules, and places what they find in the files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.discretion import discreet
from clawforge.lint.levels import Levels, setting_problems
from clawforge.lint.moment import ALWAYS
from clawforge.lint.repetition import once
from clawforge.lint.report import LintReport, Reported
from clawforge.load.lint_settings import LintLevel

if TYPE_CHECKING:
    from clawforge.lint.moment import Span
    from clawforge.lint.rule import Rule
    from clawforge.load.lint_settings import Conventions
    from clawforge.load.project import Project
    from clawforge.resource.meta import Resource

_INVARIANTS = "invariant-violated"


def lint(context: LintContext) -> list[Finding]:
    """What the rules find, sorted, with the severity that it has by itself."""
    from clawforge.lint.registry import RULES

    return sorted((found for rule in RULES for found in rule.check(context)), key=lambda finding: finding.sort_key)


def diagnose(
    project: Project,
    *,
    instances: Collection[str] | None = None,
    now: dt.datetime | None = None,
    prove: bool = False,
) -> list[Diagnostic]:
    """The diagnostics of `examine` that nobody accepted."""
    return examine(project, instances=instances, now=now, prove=prove).diagnostics


def obstacles(project: Project, *, now: dt.datetime) -> list[Diagnostic]:
    """The errors alone, as `diagnose` gives them: what keeps a project from being used. Violated invariants do not:
    whoever asks what the files mean wants to know of just these, and whoever plans is told beside the plan.

    Where no level is configured only rules that can give errors are run; their errors cannot be accepted.
    """
    declared = project.declared
    if declared is not None and declared.lint.levels:
        found = diagnose(project, now=now)
    else:
        found = [
            *project.diagnostics,
            *(item.diagnostic for item in _found(project, _context(project, None, now), _grave())),
        ]
    errors = [discreet(item) for item in found if item.severity is Severity.ERROR and item.code != _INVARIANTS]
    return sorted(errors, key=lambda item: item.sort_key)


def sound(
    resources: Sequence[Resource], *, org: str, now: dt.datetime, conventions: Conventions | None = None
) -> Span | None:
    """While resources have none of the `obstacles` that rules find in them, wherever they are written; None if they
    have one."""
    context = LintContext.of(resources, org=org, now=now, conventions=conventions)
    for rule in _grave():
        if any(found.severity is Severity.ERROR for found in rule.check(context)):
            return None
    return ALWAYS if context.now is None else context.now.span


def _grave() -> list[Rule]:
    from clawforge.lint.registry import RULES

    return [rule for rule in RULES if rule.severity is Severity.ERROR and rule.id != _INVARIANTS]


def examine(
    project: Project,
    *,
    instances: Collection[str] | None = None,
    now: dt.datetime | None = None,
    prove: bool = False,
) -> LintReport:
    """Everything that is wrong with a project: problems of loading, of references, and what the rules find, sorted by
    place. `instances` are those that the server knows, if it was asked. Without `now` nothing counts as accepted. With
    `prove` rules may take their time.
    """
    from clawforge.lint.acceptance import accept
    from clawforge.lint.registry import RULES

    context = _context(project, instances, now, prove=prove)
    items = [Reported(item, item.code) for item in (*project.diagnostics, *setting_problems(project))]
    items += _found(project, context, RULES)
    items = once(items, project)
    if context.now is not None:
        items = accept(items, project, context.now)
    levels = Levels(project.declared.lint.levels if project.declared else {})
    kept = [leveled for item in items if (leveled := _with_level(item, levels)) is not None]
    kept = [replace(item, diagnostic=discreet(item.diagnostic)) for item in kept]
    ordered = sorted(kept, key=lambda item: (item.diagnostic.sort_key, item.rule))
    return LintReport(tuple(ordered), ALWAYS if context.now is None else context.now.span)


def _context(
    project: Project, instances: Collection[str] | None, now: dt.datetime | None, *, prove: bool = False
) -> LintContext:
    declared = project.declared
    return LintContext.of(
        project.values,
        org=declared.org if declared else None,
        instances=instances,
        unusable=project.unusable,
        now=now,
        conventions=declared.lint.conventions if declared else None,
        prove=prove,
    )


def _found(project: Project, context: LintContext, rules: Iterable[Rule]) -> Iterator[Reported]:
    """What the rules find in the resources, and in what else the files hold."""
    for rule in rules:
        for found in rule.check(context):
            yield Reported(_placed(found, project), rule.id, found)
        for problem in rule.check_files(project) if rule.check_files is not None else ():
            if isinstance(problem, Finding):
                yield Reported(_placed(problem, project), rule.id, problem)
            else:
                yield Reported(problem, rule.id)


def _with_level(item: Reported, levels: Levels) -> Reported | None:
    """The item as the project counts it, None if it does not count. An error by itself stays one."""
    problem = item.diagnostic
    level = None if problem.severity is Severity.ERROR else levels.level(item.rule, problem.location.file)
    if level is None:
        return item
    if level is LintLevel.OFF:
        return None
    return replace(item, diagnostic=replace(problem, severity=Severity(level.value)))


def _placed(finding: Finding, project: Project) -> Diagnostic:
    loaded = project.by_address.get(finding.address)
    location = loaded.location(finding.pointer) if loaded else project.file_location()
    others = [project.by_address[address] for address in finding.related if address in project.by_address]
    places = ", ".join(f"{other.address} is at {other.location()}" for other in others[:3])
    hint = f"{finding.hint} ({places}.)" if places else finding.hint
    return Diagnostic(finding.code, finding.message, location, hint.strip(), finding.severity)
