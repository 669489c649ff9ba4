"""All that one run of lint over a project has to say, without the project itself; and its form for keeping."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.finding import Finding
from clawforge.lint.discretion import without_secrets
from clawforge.lint.moment import Span
from clawforge.lint.report import Acceptance, LintReport, Reported
from clawforge.load.tree import PROJECT_FILE

if TYPE_CHECKING:
    from clawforge.lint.selection import Selection
    from clawforge.load.project import Project

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class LintOutcome:
    """`files` hold resources, or would if they had no problems; `resources` are those without problems. `fingerprints`
    are those of the report's items, in their order (`clawforge.lint.fingerprint`).
    """

    files: int
    resources: int
    report: LintReport
    fingerprints: tuple[str, ...]

    @classmethod
    def of(cls, project: Project, report: LintReport) -> LintOutcome:
        """The outcome of `examine`, without credentials in anything that it says."""
        from clawforge.lint.fingerprint import fingerprints

        read = {item.document.file for item in project.resources}
        broken = {item.location.file for item in project.diagnostics if item.location.line}
        files = len((read | broken) - {PROJECT_FILE})
        marks = tuple(fingerprints(report.items, project))
        items = tuple(map(_discreet, report.items))
        return cls(files, len(project.resources), replace(report, items=items), marks)

    def selected(self, selection: Selection) -> LintOutcome:
        """What is wanted of it."""
        if selection.select is None and not selection.ignore:
            return self
        wanted = selection.of_report(self.report)
        kept = {id(item) for item in wanted.items}
        marks = (mark for item, mark in zip(self.report.items, self.fingerprints, strict=True) if id(item) in kept)
        return replace(self, report=wanted, fingerprints=tuple(marks))


def _discreet(item: Reported) -> Reported:
    """The diagnostic of a report is discreet already: what its finding says is what the diagnostic says."""
    said, found, accepted = item.diagnostic, item.finding, item.acceptance
    if found is not None:
        pointer = without_secrets(found.pointer)
        found = replace(found, pointer=pointer, message=said.message, hint=said.hint)
    if accepted is not None:
        accepted = replace(accepted, reason=without_secrets(accepted.reason))
    return replace(item, finding=found, acceptance=accepted)


def encode_outcome(outcome: LintOutcome) -> bytes:
    """The outcome as JSON, for `decode_outcome`. Raises ValueError for text that is not valid Unicode."""
    import orjson

    try:
        # Dataclasses are written whole, with every field that they have; the default is for named tuples.
        return orjson.dumps(outcome, default=list)
    except TypeError as error:
        raise ValueError(f"not JSON: {error}") from error


def decode_outcome(data: bytes) -> LintOutcome:
    """What was encoded. Raises ValueError for everything that `encode_outcome` does not write."""
    import orjson

    try:
        found = _built(
            LintOutcome, orjson.loads(data), files=_number, resources=_number, report=_report, fingerprints=_texts
        )
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not an outcome: {error}") from error
    if len(found.fingerprints) != len(found.report.items):
        raise ValueError("not an outcome: fingerprints of other findings")
    return found


def _report(value: Any) -> LintReport:
    return _built(LintReport, value, items=lambda items: tuple(map(_reported, items)), holds=_span)


def _reported(value: Any) -> Reported:
    return _built(Reported, value, diagnostic=_diagnostic, finding=_finding, acceptance=_acceptance)


def _diagnostic(value: Any) -> Diagnostic:
    return _built(Diagnostic, value, location=_location, severity=Severity)


def _finding(value: Any) -> Finding | None:
    return None if value is None else _built(Finding, value, severity=Severity, related=_texts)


def _acceptance(value: Any) -> Acceptance | None:
    return None if value is None else _built(Acceptance, value)


def _built(kind: Callable[..., _Kind], value: Any, **others: Callable[[Any], Any]) -> _Kind:
    """A dataclass from all of its members, which are texts but for `others`."""
    members = {name: (others.get(name) or _text)(member) for name, member in value.items()}
    made: Any = kind
    if members.keys() != {field.name for field in fields(made)}:
        raise ValueError("not an outcome: other members")
    return kind(**members)


def _location(value: Any) -> Location:
    file, line, col = value
    return Location(_text(file), _number(line), _number(col))


def _span(value: Any) -> Span:
    since, until = map(dt.datetime.fromisoformat, value)
    if since.utcoffset() is None or until.utcoffset() is None:
        raise ValueError("a time without a zone")
    return Span(since, until)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _number(value: Any) -> int:
    if type(value) is not int:
        raise TypeError("not a number")
    return value
