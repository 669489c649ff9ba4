"""Where resources stand in a project that nobody arranged by hand: by theme, each policy in a file of its own."""

from __future__ import annotations

import re

from clawforge.errors import InputError
from clawforge.resource.meta import NAME_PATTERN, Ref

_SHARED = {
    "Organization": "organization",
    "User": "people/users",
    "Group": "people/groups",
    "ServiceAccount": "access/service-accounts",
    "Role": "access/roles",
    "RoleBinding": "access/bindings",
    "Enrollment": "access/enrollments",
    "ChangePolicy": "access/change-policies",
    "SkillApproval": "skills/approvals",
    "VersionTarget": "versions/targets",
    "ElevationPolicy": "access/elevation-policies",
    "Waiver": "waivers",
}
"""Kinds of which people read many at a time, and the file that all of them share."""

_ALONE = {"Policy": "policies", "DlpRuleSet": "dlp", "PolicyTest": "tests", "Invariant": "invariants"}
"""Kinds that are long, or reviewed one by one, and the folder of their files."""


def place_of(ref: Ref, part: int = 1) -> str:
    """The project-relative path; `part` counts the files that a shared one had to be split into.

    A path holds nothing but what is written here and the name of the resource, which is looked at once more: names may
    come from a server that is not trusted. Raises InputError for a kind that has no place, and for what is no name.
    """
    if not re.fullmatch(NAME_PATTERN, ref.name) or ref.name != ref.name.strip():
        raise InputError(f"{ref.name!r} is no name of a resource, so no file is called so.")
    folder = _ALONE.get(ref.kind)
    if folder is not None:
        return f"{folder}/{ref.name}.yaml"
    shared = _SHARED.get(ref.kind)
    if shared is None:
        raise InputError(f"{ref.kind} has no place in a project.")
    return f"{shared}.yaml" if part == 1 else f"{shared}-{part}.yaml"
