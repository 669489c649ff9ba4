"""Why a selector can match nobody, as far as the files tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from clawforge.diagnostic import Severity
from clawforge.lint.context import LintContext
from clawforge.resource.group import Group
from clawforge.resource.role_binding import RoleBinding
from clawforge.resource.targeting import AppliesTo, Match, Selector
from clawforge.resource.user import User, UserState

_KEYS = ("users", "groups", "roles", "instances", "contexts", "agents")


class Nobody(NamedTuple):
    """A key of a selector that leaves nobody, and why. Only a note where an enrolment may still bring somebody."""

    key: str
    why: str
    hint: str
    severity: Severity


class Emptiness:
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

    def of(self, selector: Selector) -> Nobody | None:
        """The first reason why the selector matches nobody; None if the files give none."""
        return next(self._reasons(selector), None)

    def is_certain(self, applies_to: AppliesTo) -> bool:
        """Whether the files alone say that nobody matches."""
        found = None if isinstance(applies_to, str) else self.of(applies_to)
        return found is not None and found.severity is not Severity.NOTE

    def _reasons(self, selector: Selector) -> Iterator[Nobody]:
        exception = selector.except_
        if exception is not None and self._swallows(exception, selector):
            hint = "Narrow the exception, or remove the resource."
            yield Nobody("except", "The exception takes out everybody whom the selector names", hint, Severity.WARNING)
        if selector.users and self._suspended.issuperset(map(self._user_name, selector.users)):
            hint = "Remove it; suspended users get nothing in any case."
            yield Nobody("users", f"{_named('user', selector.users)} suspended", hint, Severity.WARNING)
        if selector.roles and self._held.isdisjoint(selector.roles):
            roles = " or ".join(f"`{role}`" for role in selector.roles[:3])
            hint = "Give the role to somebody by a RoleBinding, or name groups instead."
            yield Nobody("roles", f"No binding gives the role {roles} to any person", hint, Severity.WARNING)
        if selector.groups and self._empty.issuperset(selector.groups):
            hint = "Add members; only an enrolment token that names the group could put machines into it."
            why = f"{_named('group', selector.groups)} without members in the files"
            yield Nobody("groups", why, hint, Severity.NOTE)

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
