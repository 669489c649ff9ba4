"""Whose approvals count: people who may approve now, and who are no author of the change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clawforge.access.change_targets import may_change
from clawforge.access.model import USER, AccessModel
from clawforge.access.rights import ALL_RIGHTS, Target
from clawforge.plan import ApprovalLack, ApprovalNeed
from clawforge.resource.change_policy import APPROVE, Approvers
from clawforge.resource.role import EVERYBODY_ROLE

SERVER_OWNER = "owner"
"""Who holds the server's own credential: may approve, holds no role and belongs to no group."""

_MOST_NAMED = 10


class Reach:
    """What a plan concerns, source by source, so that rights can be asked whether they reach over all of it."""

    def __init__(self, access: AccessModel, concerned: tuple[tuple[str, tuple[Target, ...]], ...]) -> None:
        self._access, self._concerned = access, concerned
        self._known: dict[tuple[str, str], bool] = {}

    def holds(self, holder: str, permission: str) -> bool:
        """Whether an active `user:x`, or the server's owner, holds a permission over everything that changes, now."""
        key = (holder, permission)
        if key not in self._known:
            rights = ALL_RIGHTS if holder == SERVER_OWNER else self._access.rights_of(holder)
            self._known[key] = all(may_change(rights, permission, *part) for part in self._concerned)
        return self._known[key]

    def counts(self, holder: str, need: ApprovalNeed) -> bool:
        """Whether the approval of somebody counts for a need, whoever the authors are."""
        if holder != SERVER_OWNER and not holder.startswith(USER):
            return False
        if not _belongs(self._access, holder, need.roles, need.groups):
            return False
        return self.holds(holder, APPROVE) and self.holds(holder, need.permission)

    def candidates(self, need: ApprovalNeed) -> tuple[str, ...]:
        """Every declared user whose approval would count, by name."""
        return tuple(name for name in sorted(self._access.users) if self.counts(f"{USER}{name}", need))


def lacking(
    needs: Iterable[ApprovalNeed], approvers: Iterable[str], authors: Sequence[str], reach: Reach
) -> tuple[ApprovalLack, ...]:
    """What is missing: for each need that is not met how many, and who could still approve.

    `approvers` are holders who approved and did not take it back. One person counts once for a need, whatever they said
    how often, and may count for several needs.
    """
    others = frozenset(approvers).difference(authors)
    found = []
    for need in needs:
        counted = sum(reach.counts(holder, need) for holder in others)
        if counted < need.count:
            left = [name for name in reach.candidates(need) if f"{USER}{name}" not in others.union(authors)]
            found.append(
                ApprovalLack(
                    code=need.code,
                    count=need.count - counted,
                    permission=need.permission,
                    roles=need.roles,
                    groups=need.groups,
                    who=tuple(left[:_MOST_NAMED]),
                    others=max(len(left) - _MOST_NAMED, 0),
                )
            )
    return tuple(found)


def candidates(access: AccessModel, approvers: Approvers) -> frozenset[str]:
    """The active users who could approve something at all by a rule."""
    found = set()
    for name in access.users:
        rights = access.rights_of_user(name)
        if not (rights.somewhere(APPROVE) and rights.somewhere(approvers.permission)):
            continue
        if _belongs(access, f"{USER}{name}", approvers.roles, approvers.groups):
            found.add(name)
    return frozenset(found)


def _belongs(access: AccessModel, holder: str, roles: tuple[str, ...], groups: tuple[str, ...]) -> bool:
    if not roles and not groups:
        return True
    if not holder.startswith(USER):
        return False
    name = holder.removeprefix(USER)
    if groups and access.groups_of_user(name).isdisjoint(groups):
        return False
    return not roles or not {*access.roles_of_user(name), EVERYBODY_ROLE}.isdisjoint(roles)
