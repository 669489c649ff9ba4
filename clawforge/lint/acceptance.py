"""Which findings are accepted, by a comment beside them or by a Waiver; and acceptances that are no good any more.

An error by itself refuses the project and stays. A finding that the project's levels raise to an error can be accepted.
Without the present moment nothing is accepted, as nobody can say what has expired.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.lint.moment import Moment
from clawforge.lint.report import Acceptance, Reported
from clawforge.lint.rule import Rule
from clawforge.lint.suppression import FORM, Incomplete, Suppression, read_suppressions
from clawforge.load.project import LoadedResource, Project
from clawforge.problem_code import ProblemCode
from clawforge.resource.waiver import Waiver
from clawforge.spelling import KnownNames

_EXPIRED_WAIVER = "waiver-expired"
CODES = (
    ProblemCode(
        "suppression-expired",
        "A suppression in a comment whose day has passed.",
        "What it accepted is reported again; a date in the past would only pretend that somebody still stands by it.",
        "Mend what it hides, or think about it again and set a new date.",
        Severity.WARNING,
    ),
    ProblemCode(
        "suppression-incomplete",
        "A suppression without a rule that exists, a reason, or an end.",
        "It accepts nothing: nobody could say later why it is there and when it may go.",
        f"Write `{FORM}`.",
        Severity.WARNING,
    ),
    ProblemCode(
        "suppression-unused",
        "A suppression or a Waiver that accepts nothing.",
        "It would silently accept the next finding of that rule at its place.",
        "Remove it.",
        Severity.WARNING,
    ),
)
"""What is found beside the rules, sorted by code; `waiver-expired` is a rule."""


def accept(found: Sequence[Reported], project: Project, now: Moment) -> list[Reported]:
    """The same items, those that are accepted marked so, and what is wrong with the acceptances."""
    from clawforge.lint.codes import codes

    judge = _Judge(project, now, KnownNames(codes()))
    marked = [judge.marked(item) for item in found]
    return [*marked, *judge.problems()]


def _refuses(item: Reported) -> bool:
    own = item.finding or item.diagnostic
    return own.severity is Severity.ERROR


class _Judge:
    def __init__(self, project: Project, now: Moment, names: KnownNames) -> None:
        self._project = project
        self._now = now
        self._names = names
        self._comments = read_suppressions(project.remarks, names)
        self._at_line: dict[tuple[str, int], list[Suppression]] = {}
        for item in self._comments:
            if isinstance(item, Suppression):
                self._at_line.setdefault((item.comment.file, item.line), []).append(item)
        self._waivers: dict[str, list[LoadedResource]] = {}
        for loaded in project.resources:
            if isinstance(loaded.resource, Waiver):
                self._waivers.setdefault(loaded.resource.spec.resource, []).append(loaded)
        # What accepted something, by place and rule for comments, by address for waivers.
        self._used: set[tuple[Location, str] | str] = set()
        self._refused: set[tuple[Location, str] | str] = set()

    def marked(self, item: Reported) -> Reported:
        """The item, with who accepts it if anybody does. That a waiver has expired can be mended, but not waived."""
        if item.rule == _EXPIRED_WAIVER:
            return item
        acceptance = self._by_comment(item) or self._by_waiver(item)
        return item if acceptance is None else replace(item, acceptance=acceptance)

    def _by_comment(self, item: Reported) -> Acceptance | None:
        location = item.diagnostic.location
        accepted = None
        for suppression in self._at_line.get((location.file, location.line), ()):
            for name in item.names.intersection(suppression.rules):
                key = (_place(suppression), name)
                if _refuses(item):
                    self._refused.add(key)
                elif self._now < suppression.ends:
                    self._used.add(key)
                    accepted = accepted or Acceptance(suppression.reason)
        return accepted

    def _by_waiver(self, item: Reported) -> Acceptance | None:
        finding = item.finding
        if finding is None:
            return None
        accepted = None
        for loaded in self._waivers.get(finding.address, ()):
            waiver = loaded.resource
            assert isinstance(waiver, Waiver)  # noqa: S101 - for the type checker; the index holds nothing else
            if waiver.spec.rule not in item.names or not _covers(waiver.spec.pointer, finding.pointer):
                continue
            if _refuses(item):
                self._refused.add(waiver.address)
            elif self._now < waiver.spec.ends:
                self._used.add(waiver.address)
                accepted = accepted or Acceptance(waiver.spec.reason.strip(), waiver.address)
        return accepted

    def problems(self) -> Iterable[Reported]:
        """What is wrong with the acceptances, after every item was marked."""
        # What could not be read hides findings, so nothing can be called unused.
        judged = not any(item.severity is Severity.ERROR for item in self._project.diagnostics)
        for item in self._comments:
            if isinstance(item, Incomplete):
                message = f"This suppression accepts nothing: {item.problem}."
                yield _problem("suppression-incomplete", message, _place(item), f"Write `{FORM}`.")
            elif self._now >= item.ends:
                message = "This suppression has expired and accepts nothing any more."
                yield _problem("suppression-expired", message, _place(item), CODES[0].fix)
            elif judged:
                yield from self._unused(item)
        for loaded in (loaded for group in self._waivers.values() for loaded in group):
            yield from self._waiver_problems(loaded, judged=judged)

    def _unused(self, item: Suppression) -> Iterable[Reported]:
        from clawforge.lint.codes import severity_of

        place = _place(item)
        unused = [name for name in item.rules if (place, name) not in self._used]
        if not unused:
            return
        listed = ", ".join(f"`{name}`" for name in unused)
        if any((place, name) in self._refused for name in unused):
            message = f"This suppression of {listed} has no effect: an error that refuses the project stays one."
            yield _problem("suppression-unused", message, place, "Mend the error, and remove the suppression.")
        elif all(severity_of(name) is Severity.ERROR for name in unused):
            message = f"This suppression has no effect: {listed} refuses the project, which nobody can accept."
            yield _problem("suppression-unused", message, place, "Remove it, and mend what the rule finds.")
        else:
            message = f"This suppression accepts nothing: there is no finding of {listed} on line {item.line}."
            yield _problem("suppression-unused", message, place, "Remove it.")

    def _waiver_problems(self, loaded: LoadedResource, *, judged: bool) -> Iterable[Reported]:
        waiver = loaded.resource
        assert isinstance(waiver, Waiver)  # noqa: S101 - for the type checker; the index holds nothing else
        rule = waiver.spec.rule
        place = loaded.value_location("/spec/rule")
        if rule not in self._names:
            guess = self._names.nearest(rule)
            hint = f"Did you mean `{guess}`?" if guess else "`clawforge rules` lists them."
            message = f"This waiver accepts nothing: there is no rule `{rule}`."
            yield _problem("suppression-incomplete", message, place, hint)
        elif not _is_rule(rule):
            message = f"This waiver accepts nothing: `{rule}` is about files, not about resources."
            hint = f"Accept it with a comment where it is found: `{FORM}`."
            yield _problem("suppression-incomplete", message, place, hint)
        elif waiver.address in self._used or self._now >= waiver.spec.ends or not judged:
            return
        elif waiver.address in self._refused:
            message = f"This waiver of `{rule}` has no effect: an error that refuses the project stays one."
            yield _problem("suppression-unused", message, place, "Mend the error, and remove the waiver.")
        else:
            message = f"This waiver accepts nothing: {waiver.spec.resource} has no such finding of `{rule}`."
            yield _problem("suppression-unused", message, place, "Remove it.")


def _is_rule(code: str) -> bool:
    from clawforge.lint.codes import codes

    return isinstance(codes()[code], Rule)


def _covers(wanted: str | None, pointer: str) -> bool:
    return wanted is None or pointer == wanted or pointer.startswith(f"{wanted}/")


def _place(item: Suppression | Incomplete) -> Location:
    return Location(item.comment.file, item.comment.line, item.comment.col)


def _problem(code: str, message: str, location: Location, hint: str) -> Reported:
    return Reported(Diagnostic(code, message, location, hint, Severity.WARNING), code)
