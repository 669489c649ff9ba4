"""Rights: `resource:verb`, where either side may be `*`."""

from __future__ import annotations

from collections.abc import Iterable

EVERYTHING = "*:*"

PERMISSIONS: tuple[str, ...] = (
    "audit:read",
    "decisions:read",
    "enrollments:create",
    "enrollments:read",
    "enrollments:revoke",
    "instances:read",
    "instances:revoke",
    "keys:read",
    "plans:apply",
    "plans:create",
    "plans:read",
    "revisions:read",
    "state:read",
    "tokens:create",
    "tokens:read",
    "tokens:revoke",
)
"""Every right that a route asks for."""


def covers(held: Iterable[str], wanted: str) -> bool:
    """Whether one of the held rights includes the wanted one, wildcards of both sides considered."""
    resource, _, verb = wanted.partition(":")
    for right in held:
        held_resource, _, held_verb = right.partition(":")
        if held_resource in ("*", resource) and held_verb in ("*", verb):
            return True
    return False


def beyond(held: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """The wanted rights that are not covered: nobody grants what they do not hold."""
    rights = tuple(held)
    return tuple(sorted(item for item in wanted if not covers(rights, item)))
