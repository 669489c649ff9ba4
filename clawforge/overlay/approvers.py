"""Who could approve an elevation, as far as the files say."""

from __future__ import annotations

from clawforge.access.model import AccessModel
from clawforge.resource.elevation_policy import APPROVE_ELEVATIONS, ElevationApprovers


def possible_approvers(access: AccessModel, approvers: ElevationApprovers) -> frozenset[str]:
    """The active users whose approval could count. Whoever asks is not among the approvers of what they ask for, and
    people whom a group only has by a claim of the sign-on are not known here."""
    found = set()
    for name in access.users:
        if not access.rights_of_user(name).somewhere(APPROVE_ELEVATIONS):
            continue
        in_group = not approvers.groups or not access.groups_of_user(name).isdisjoint(approvers.groups)
        in_role = not approvers.roles or not frozenset(access.roles_of_user(name)).isdisjoint(approvers.roles)
        if in_group and in_role:
            found.add(name)
    return frozenset(found)
