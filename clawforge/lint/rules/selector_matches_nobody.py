"""A selector that nobody can match makes its resource a dead letter."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.emptiness import Emptiness
from clawforge.lint.rule import Rule
from clawforge.resource.invariant import InvariantSpec
from clawforge.resource.targeting import Targeted


def _check(context: LintContext) -> Iterable[Finding]:
    targeted = [
        (resource.address, resource.spec.applies_to)
        for resource in context.resources
        if isinstance(resource.spec, Targeted | InvariantSpec) and not isinstance(resource.spec.applies_to, str)
    ]
    if not targeted:
        return
    emptiness = Emptiness(context)
    for address, selector in targeted:
        found = emptiness.of(selector)
        if found is not None:
            message = f"{found.why}, so this is for nobody."
            place = f"/spec/appliesTo/{found.key}"
            yield Finding("selector-matches-nobody", address, place, message, found.hint, found.severity)


RULE = Rule(
    id="selector-matches-nobody",
    name="Selectors should match somebody",
    severity=Severity.WARNING,
    what="Selectors whose exception takes out all that they name, that name only suspended users, only roles that "
    "nobody holds, or (a note) only groups without members. Nothing is said about tags and instances, which the files "
    "cannot know.",
    why="A guardrail for nobody guards nothing, and nothing else shows it.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: auditors}
spec: {appliesTo: {roles: [auditor]}}
""",
    good="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: auditors}
spec: {role: auditor, subjects: {users: [alice]}}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: auditors}
spec: {appliesTo: {roles: [auditor]}}
""",
    check=_check,
)
