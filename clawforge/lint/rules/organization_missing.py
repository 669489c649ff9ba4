"""Contexts that nothing declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.invariant import InvariantSpec
from clawforge.resource.organization import Organization
from clawforge.resource.skill_approval import SkillApproval
from clawforge.resource.targeting import Targeted


def _check(context: LintContext) -> Iterable[Finding]:
    if next(context.each(Organization), None) is not None:
        return
    for address, pointer, message in _needs(context):
        hint = "Declare an Organization with the name of the project's `org`, its `contexts` and its `timezone`."
        yield Finding("organization-missing", address, pointer, message, hint, Severity.NOTE)
        return


def _needs(context: LintContext) -> Iterator[tuple[str, str, str]]:
    """Address, pointer and message of everything that only an Organization gives a certain meaning."""
    for resource in context.resources:
        spec = resource.spec
        if isinstance(spec, Targeted | InvariantSpec) and not isinstance(spec.applies_to, str):
            exception = spec.applies_to.except_
            for match, place in ((spec.applies_to, "/spec/appliesTo"), (exception, "/spec/appliesTo/except")):
                if match is not None and match.contexts:
                    message = "No Organization declares contexts, so a misspelt one would not be noticed."
                    yield resource.address, f"{place}/contexts", message
        if isinstance(resource, SkillApproval) and resource.spec.review_by is not None:
            message = "No Organization declares a time zone, so this day ends when it ends in UTC."
            yield resource.address, "/spec/reviewBy", message


RULE = Rule(
    id="organization-missing",
    name="The organization should be declared",
    severity=Severity.NOTE,
    what="A project without an Organization in which a selector names contexts or an approval a date of review. One "
    "note for the whole project.",
    why="Contexts are checked against those that the Organization declares, and days begin and end in its time zone.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: at-work}
spec: {appliesTo: {contexts: [work]}}
""",
    good="""\
apiVersion: clawforge/v1
kind: Organization
metadata: {name: acme}
spec: {contexts: [work]}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: at-work}
spec: {appliesTo: {contexts: [work]}}
""",
    check=_check,
)
