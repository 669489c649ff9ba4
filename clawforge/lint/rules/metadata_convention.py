"""Labels and annotations are what the project says that they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.load.lint_settings import KeyConvention
from clawforge.load.pointer import escape
from clawforge.load.problem_list import shown
from clawforge.resource.meta import Resource
from clawforge.spelling import nearest

_MOST_LISTED = 10


def _check(context: LintContext) -> Iterable[Finding]:
    said = context.conventions
    if not (said.labels or said.annotations or said.closed):
        return
    for resource in context.resources:
        metadata = resource.metadata
        yield from _kept(resource, "label", metadata.labels, said.labels)
        yield from _kept(resource, "annotation", metadata.annotations, said.annotations)
        if said.closed:
            yield from _strangers(resource, said.labels)


def _kept(
    resource: Resource, noun: str, written: Mapping[str, str], conventions: Mapping[str, KeyConvention]
) -> Iterator[Finding]:
    for key, convention in conventions.items():
        if not convention.concerns(resource.kind):
            continue
        if key in written:
            problem = _value_problem(written[key], convention)
            if problem is not None:
                message = f"The {noun} {shown(key)} is {shown(written[key])}, which this project does not use."
                yield _finding(resource, f"/metadata/{noun}s/{escape(key)}", message, problem)
        elif convention.required:
            guess = nearest(key, [other for other in written if other not in conventions])
            message = f"{resource.address} has no {noun} {shown(key)}."
            hint = f"Rename {shown(guess)} if that is meant. " if guess else ""
            hint += f"Add it to `metadata.{noun}s`{_choices(convention)}."
            yield _finding(resource, "/metadata", message, hint)


def _value_problem(value: str, convention: KeyConvention) -> str | None:
    """What to write instead; None for a value that keeps the convention."""
    if convention.values is not None and value not in convention.values:
        guess = nearest(value, convention.values)
        suggestion = f"Did you mean {shown(guess)}? " if guess else ""
        return f"{suggestion}It is {_listed(convention.values)}."
    if convention.pattern is not None and not _matches(convention.pattern, value):
        return f"The whole value matches the pattern {shown(convention.pattern)}."
    return None


def _matches(pattern: str, value: str) -> bool:
    from clawforge.decide.dlp.pattern import compile_pattern

    return compile_pattern(pattern).fullmatch(value.encode()) is not None


def _strangers(resource: Resource, conventions: Mapping[str, KeyConvention]) -> Iterator[Finding]:
    known = [key for key, convention in conventions.items() if convention.concerns(resource.kind)]
    for key in resource.metadata.labels:
        if key in known:
            continue
        guess = nearest(key, known)
        message = f"The label {shown(key)} is none of this project's"
        message += f" for a {resource.kind}." if key in conventions else "."
        if guess is not None:
            hint = f"Did you mean {shown(guess)}?"
        elif known:
            hint = f"A {resource.kind} has only the labels {_listed(known)}."
        else:
            hint = "Remove it, or add it to `lint.conventions.labels` in clawforge.yaml."
        yield _finding(resource, f"/metadata/labels/{escape(key)}", message, hint)


def _choices(convention: KeyConvention) -> str:
    if convention.values is not None:
        return f": {_listed(convention.values)}"
    return f", with a value that matches {shown(convention.pattern)}" if convention.pattern is not None else ""


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(names)
    listed = [shown(name) for name in ordered[:_MOST_LISTED]]
    if len(ordered) > _MOST_LISTED:
        return ", ".join(listed) + f" or one of {len(ordered) - _MOST_LISTED} more"
    return " or ".join(filter(None, (", ".join(listed[:-1]), listed[-1])))


def _finding(resource: Resource, pointer: str, message: str, hint: str) -> Finding:
    return Finding("metadata-convention", resource.address, pointer, message, hint, Severity.WARNING)


RULE = Rule(
    id="metadata-convention",
    name="Labels and annotations keep the project's conventions",
    severity=Severity.WARNING,
    what="Labels and annotations that `lint.conventions` in clawforge.yaml requires and a resource does not have, "
    "values that it does not list or whose whole text its RE2 pattern does not match, and, where it is `closed`, "
    "labels that it does not name. A convention may be for some kinds only. Without conventions nothing is reported.",
    why="Owners are asked, reports are grouped and exceptions are found by labels and annotations: one spelt "
    "differently is not found.",
    settings="""\
lint:
  conventions:
    labels:
      team: {required: true, values: [eng, sec], kinds: [Policy]}
    annotations:
      owner: {pattern: '[a-z.]+@acme\\.example'}
    closed: true
""",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata:
  name: everybody
  labels: {team: engineering}
  annotations: {owner: dana}
spec: {appliesTo: everyone}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata:
  name: everybody
  labels: {team: eng}
  annotations: {owner: dana.okafor@acme.example}
spec: {appliesTo: everyone}
""",
    check=_check,
)
