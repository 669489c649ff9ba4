"""A selector that nobody can match makes its resource a dead letter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.group import Group
from clawforge.resource.role_binding import RoleBinding
from clawforge.resource.targeting import Match, Selector, Targeted
from clawforge.resource.user import User, UserState

_KEYS = ("users", "groups", "roles", "instances", "contexts", "agents")


def _check(context: LintContext) -> Iterable[Finding]:
    targeted = [
        (resource.address, resource.spec.applies_to)
        for resource in context.resources
        if isinstance(resource.spec, Targeted) and not isinstance(resource.spec.applies_to, str)
    ]
    if not targeted:
        return
    people = _People(context)
    for address, selector in targeted:
        found = next(people.reasons(selector), None)
        if found is not None:
            key, why, hint, severity = found
            message = f"{why}, so this is for nobody."
            yield Finding("selector-matches-nobody", address, f"/spec/appliesTo/{key}", message, hint, severity)


class _People:
    """What the files say about users, groups and the holders of roles."""

    def __init__(self, context: LintContext) -> None:
        self._user_name = context.membership.user_name
        self._suspended = {user.metadata.name for user in context.each(User) if user.spec.state is UserState.SUSPENDED}
        self._empty = {
            group.metadata.name for group in context.each(Group) if group.spec.members == type(group.spec.members)()
        }
        self._held = {
            binding.spec.role
            for binding in context.each(RoleBinding)
            if binding.spec.subjects.users or binding.spec.subjects.groups
        }

    def reasons(self, selector: Selector) -> Iterator[tuple[str, str, str, Severity]]:
        """Key, reason, hint and severity: a group that the files leave empty may be filled by an enrolment."""
        exception = selector.except_
        if exception is not None and self._swallows(exception, selector):
            hint = "Narrow the exception, or remove the resource."
            yield "except", "The exception takes out everybody whom the selector names", hint, Severity.WARNING
        if selector.users and self._suspended.issuperset(map(self._user_name, selector.users)):
            hint = "Remove it; suspended users get nothing in any case."
            yield "users", f"{_named('user', selector.users)} suspended", hint, Severity.WARNING
        if selector.roles and self._held.isdisjoint(selector.roles):
            roles = " or ".join(f"`{role}`" for role in selector.roles[:3])
            hint = "Give the role to somebody by a RoleBinding, or name groups instead."
            yield "roles", f"No binding gives the role {roles} to any person", hint, Severity.WARNING
        if selector.groups and self._empty.issuperset(selector.groups):
            hint = "Add members; only an enrolment token that names the group could put machines into it."
            yield "groups", f"{_named('group', selector.groups)} without members in the files", hint, Severity.NOTE

    def _swallows(self, wide: Match, narrow: Match) -> bool:
        """Whether whoever matches `narrow` matches `wide`, as far as the written values tell."""
        for key in _KEYS:
            theirs, ours = getattr(wide, key), getattr(narrow, key)
            if key == "users":
                theirs, ours = map(self._user_name, theirs), tuple(map(self._user_name, ours))
            wanted = set(theirs)
            if wanted and (not ours or not wanted.issuperset(ours)):
                return False
        return all(tag in narrow.tags and set(values).issuperset(narrow.tags[tag]) for tag, values in wide.tags.items())


def _named(noun: str, names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return f"The {noun} `{names[0]}` is"
    return f"All {len(names)} {noun}s are"


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
