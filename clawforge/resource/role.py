"""Role: a named set of permissions on the control plane."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from clawforge.resource.meta import Permission, Resource, Strict, Text

BUILT_IN_ROLES: dict[str, tuple[str, ...]] = {
    "owner": ("*:*",),
    "admin": (
        "state:read", "plans:*", "revisions:read", "users:*", "instances:*", "enrollments:*", "tokens:*", "sessions:*",
        "keys:read", "kill:*", "elevations:*", "audit:read", "decisions:*", "skills:*",
        "reconcilers:read", "reconcilers:manage", "agent:poll",
    ),
    "policy-author": (
        "state:read", "plans:create", "plans:read", "revisions:read", "decisions:read", "instances:read",
        "skills:read", "skills:submit", "reconcilers:read",
    ),
    "approver": (
        "state:read", "plans:read", "plans:approve", "revisions:read", "decisions:read", "skills:read", "skills:review",
        "reconcilers:read",
    ),
    "security-responder": (
        "state:read", "instances:read", "instances:revoke", "users:read", "users:suspend", "sessions:*", "tokens:read",
        "tokens:revoke", "enrollments:read", "enrollments:revoke", "audit:read", "decisions:read", "revisions:read",
        "kill:*", "elevations:*", "skills:read", "skills:revoke", "reconcilers:read", "reconcilers:manage",
    ),
    "auditor": (
        "state:read", "plans:read", "revisions:read", "audit:read", "decisions:read", "instances:read", "users:read",
        "tokens:read", "sessions:read", "enrollments:read", "keys:read", "kill:read", "elevations:read",
        "skills:read", "reconcilers:read",
    ),
    "agent": ("agent:poll",),
    "user": ("decisions:read-own", "skills:submit"),
}  # fmt: skip
"""Roles that exist without being declared; a declared Role may not take one of these names."""

EVERYBODY_ROLE = "user"
"""The built-in role that every declared, active user holds without a binding."""


class RoleSpec(Strict):
    """Permissions are `resource:verb`."""

    description: Text = ""
    """What the role is for."""
    permissions: Annotated[tuple[Permission, ...], Field(min_length=1, max_length=256)]
    """What its holders may do: `resource:verb`; either side may be `*`."""


class Role(Resource):
    """A named set of permissions."""

    kind: Literal["Role"] = "Role"
    spec: RoleSpec
