"""Who has to agree to a change of which files, as far as the owners of files can say what ChangePolicies ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from clawforge.access.model import AccessModel
from clawforge.change_control.approvers import candidates
from clawforge.errors import InputError
from clawforge.resource.change_policy import ApprovalRule, ChangeEffect, ChangeMatch, ChangePolicy
from clawforge.resource.group import Group
from clawforge.resource.meta import Resource
from clawforge.resource.user import User

_OWNER = re.compile(r"@[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*|[^@\s#]+@[A-Za-z0-9.-]+")


class Forge(StrEnum):
    """Whose CODEOWNERS it is."""

    GITHUB = "github"
    GITLAB = "gitlab"

    @property
    def team(self) -> str:
        """The annotation of a Group, or of a ChangePolicy, that names its teams there."""
        return "clawforge.io/github-team" if self is Forge.GITHUB else "clawforge.io/gitlab-group"

    @property
    def person(self) -> str:
        """The annotation of a User that names the account there."""
        return "clawforge.io/github-user" if self is Forge.GITHUB else "clawforge.io/gitlab-user"


@dataclass(frozen=True, slots=True)
class OwnedPaths:
    """What one rule says of files: its globs, who may agree, and how many must. `place` names the rule."""

    place: str
    paths: tuple[str, ...]
    owners: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class CodeOwners:
    """`remarks` are what owners of files cannot say, each about a rule that it names."""

    owned: tuple[OwnedPaths, ...]
    remarks: tuple[str, ...]


def code_owners(resources: Iterable[Resource], forge: Forge) -> CodeOwners:
    """Owners by the ChangePolicies among the resources, in the order of their names and rules.

    Raises InputError for an annotation that names no owner.
    """
    everything = sorted(resources, key=lambda item: item.address)
    people = _People(everything, forge)
    owned: list[OwnedPaths] = []
    remarks: list[str] = []
    for policy in everything:
        if not isinstance(policy, ChangePolicy):
            continue
        for number, rule in enumerate(policy.spec.approvals, start=1):
            place = f"{policy.address} rule {number}"
            remarks += [f"{place}: {text}" for text in _unsaid(rule.match)]
            paths = ("**",) if rule.match == ChangeMatch() else rule.match.paths
            if not paths:
                continue
            owners = people.owners(policy, rule)
            if owners:
                owned.append(OwnedPaths(place, paths, owners, rule.count))
            else:
                remarks.append(f"{place}: the files name nobody who could agree, so nobody is an owner.")
    return CodeOwners(tuple(owned), tuple(remarks))


def _unsaid(match: ChangeMatch) -> list[str]:
    keys = [key for key in ("kinds", "addresses", "labels") if getattr(match, key)]
    if match.effect is not ChangeEffect.ANY:
        keys.append(f"effect {match.effect.value}")
    if not keys:
        return []
    named = " and ".join(keys)
    if not match.paths:
        return [f"it goes by {named}, which owners of files cannot say; the control plane asks all the same."]
    return [f"it goes by {named} as well; its owners are asked about every change of these files."]


class _People:
    """Names of people and groups on a forge."""

    def __init__(self, resources: Sequence[Resource], forge: Forge) -> None:
        self._forge = forge
        self._access = AccessModel.of(resources)
        self._users = {item.metadata.name: item for item in resources if isinstance(item, User)}
        self._teams = {
            item.metadata.name: teams
            for item in resources
            if isinstance(item, Group) and (teams := _named(item, forge.team))
        }

    def owners(self, policy: ChangePolicy, rule: ApprovalRule) -> tuple[str, ...]:
        """Teams for the groups that have one, and for the others whoever could agree now."""
        own = _named(policy, self._forge.team)
        if own:
            return own
        wanted = rule.from_
        groups = () if wanted.roles else wanted.groups
        found = {team for group in groups for team in self._teams.get(group, ())}
        alone = {group for group in wanted.groups if group not in self._teams or wanted.roles}
        if not groups or alone:
            for name in candidates(self._access, wanted):
                if not alone or not alone.isdisjoint(self._access.groups_of_user(name)):
                    found.update(self._person(name))
        return tuple(sorted(found))

    def _person(self, name: str) -> tuple[str, ...]:
        user = self._users[name]
        return _named(user, self._forge.person) or _checked(user, (user.spec.email,))


def _named(resource: Resource, annotation: str) -> tuple[str, ...]:
    text = resource.metadata.annotations.get(annotation, "")
    return _checked(resource, tuple(text.replace(",", " ").split()))


def _checked(resource: Resource, owners: tuple[str, ...]) -> tuple[str, ...]:
    bad = next((owner for owner in owners if not _OWNER.fullmatch(owner)), None)
    if bad is not None:
        raise InputError(
            f"{resource.address}: {bad!r} is no owner of files.",
            hint="Write @org/team, @name or an address, and a blank between several.",
            code="no-owner",
        )
    return tuple(sorted(set(owners)))
