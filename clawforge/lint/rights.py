"""What permissions let their holder do to permissions, read off their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clawforge.lint.context import LintContext
from clawforge.resource.role import BUILT_IN_ROLES, Role

ADMINISTRATORS = frozenset({"owner", "admin"})
"""The built-in roles whose holders run the organization."""

_RIGHTS = frozenset({"roles", "rolebindings", "role-bindings", "rbac", "state"})
_HARMLESS = frozenset({"read", "list", "get"})


def covers(held: str, wanted: str) -> bool:
    """Whether one permission includes another; either side of the held one may be `*`."""
    (held_resource, _, held_verb), (resource, _, verb) = held.partition(":"), wanted.partition(":")
    return held_resource in ("*", resource) and held_verb in ("*", verb)


def widening(permissions: Sequence[str]) -> int | None:
    """The index of the permission through which the holder can change who may do what; None if there is none.

    That is a right to write roles, bindings or the state at large, or to plan changes together with applying them.
    """
    for index, permission in enumerate(permissions):
        resource, _, verb = permission.partition(":")
        if resource in _RIGHTS and verb not in _HARMLESS:
            return index
    if not _index_of(permissions, "plans:create"):
        return None
    applying = _index_of(permissions, "plans:apply")
    return applying[0] if applying else None


def administrating_roles(context: LintContext) -> frozenset[str]:
    """Roles whose holders can put right whatever is wrong, the declared ones included."""
    declared = {
        role.metadata.name
        for role in context.each(Role)
        if role.metadata.name not in BUILT_IN_ROLES and widening(role.spec.permissions) is not None
    }
    return ADMINISTRATORS | declared


def _index_of(permissions: Iterable[str], wanted: str) -> list[int]:
    return [index for index, held in enumerate(permissions) if covers(held, wanted)][:1]
