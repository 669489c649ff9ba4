"""Who holds which rights by the resources of an org."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

from clawforge.access.rights import NO_RIGHTS, Right, Rights, Scope
from clawforge.resource.group import Group
from clawforge.resource.meta import Resource
from clawforge.resource.role import BUILT_IN_ROLES, EVERYBODY_ROLE, Role
from clawforge.resource.role_binding import BindingScope, RoleBinding
from clawforge.resource.service_account import ServiceAccount
from clawforge.resource.user import User, UserState

USER = "user:"
FORGE_ACCOUNTS = {"github": "clawforge.io/github-id", "gitlab": "clawforge.io/gitlab-id"}
"""The annotations by which a `User` says which account of a git forge is theirs: the number, which no forge gives to
anybody else; a name there can change hands."""
SERVICE_ACCOUNT = "service-account:"

_EVERYBODY = tuple(Right(permission) for permission in BUILT_IN_ROLES[EVERYBODY_ROLE])
_MOST_REMEMBERED = 20_000


def accounts_of(user: User) -> frozenset[str]:
    """The accounts in git forges that are a user's, as `github:583231`."""
    written = user.metadata.annotations
    return frozenset(f"{forge}:{written[name]}" for forge, name in FORGE_ACCOUNTS.items() if name in written)


def admits_somebody_else(before: User, after: User) -> bool:
    """Whether a change of a user lets another person act as them: by an address to sign in with, or by an account whose
    reviews in a git forge count as theirs."""
    return before.spec.email != after.spec.email or not accounts_of(after) <= accounts_of(before)


def _by_account(users: Mapping[str, User]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, user in users.items():
        for account in accounts_of(user):
            found[account] = (*found.get(account, ()), name)
    return found


class AccessModel:
    """Indexed once; a question costs a few look-ups.

    Users are known by their declared names. People whom nobody declared hold nothing, whatever groups their single
    sign-on names: who may act on the control plane stands in the files.
    """

    def __init__(self, resources: Iterable[Resource], suspended: Collection[str] = ()) -> None:
        ordered = sorted(resources, key=lambda item: item.address)
        self.users: Mapping[str, User] = {item.metadata.name: item for item in ordered if isinstance(item, User)}
        self.service_accounts: Mapping[str, ServiceAccount] = {
            item.metadata.name: item for item in ordered if isinstance(item, ServiceAccount)
        }
        stopped = {name for name, user in self.users.items() if user.spec.state is UserState.SUSPENDED}
        self.suspended: frozenset[str] = frozenset(stopped | set(suspended))
        declared = {item.metadata.name: item.spec.permissions for item in ordered if isinstance(item, Role)}
        # A declared role cannot take the name of a built-in one; were there one, the built-in counts.
        self._roles: Mapping[str, tuple[str, ...]] = {**declared, **BUILT_IN_ROLES}
        # Of two users with one email, which is an error elsewhere, the first by name has it.
        self._by_email = {user.spec.email: name for name, user in reversed(self.users.items())}
        self._by_account = _by_account(self.users)
        self._user_rights: dict[str, list[Right]] = {}
        self._group_rights: dict[str, list[Right]] = {}
        self._account_rights: dict[str, list[Right]] = {}
        self._user_roles: dict[str, set[str]] = {}
        self._group_roles: dict[str, set[str]] = {}
        self._groups_by_user: dict[str, set[str]] = {}
        self._groups_by_claim: dict[str, set[str]] = {}
        for item in ordered:
            if isinstance(item, RoleBinding):
                self._add_binding(item)
            elif isinstance(item, Group):
                self._add_group(item)
        self._known: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Rights] = {}

    @classmethod
    def of(cls, resources: Iterable[Resource], suspended: Collection[str] = ()) -> AccessModel:
        """The model of resources in any order; `suspended` names users who are, whatever their resource says."""
        return cls(resources, suspended)

    def user_name(self, name: str) -> str | None:
        """The declared name of a user given by name or email; None for nobody declared."""
        return name if name in self.users else self._by_email.get(name.lower())

    def users_of_account(self, account: str) -> tuple[str, ...]:
        """The declared names of all who say that an account of a forge, as `github:583231`, is theirs. Where two do,
        nobody may act by it, and each of them may be whom it means."""
        return self._by_account.get(account, ())

    def is_active(self, holder: str, now: dt.datetime) -> bool:
        """Whether a `user:x` or `service-account:y` is declared and may act now."""
        if holder.startswith(USER):
            name = holder.removeprefix(USER)
            return name in self.users and name not in self.suspended
        account = self.service_accounts.get(holder.removeprefix(SERVICE_ACCOUNT))
        if account is None or not holder.startswith(SERVICE_ACCOUNT):
            return False
        return account.spec.expires is None or now < account.spec.expires

    def rights_through(self, holder: str, claims: tuple[str, ...], scopes: tuple[str, ...]) -> Rights:
        """The rights of a holder through a credential that is good for some permissions only; remembered."""
        key = (holder, claims, scopes)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            found = self._known[key] = self.rights_of(holder, claims).limited_to(scopes)
        return found

    def rights_of(self, holder: str, claims: Iterable[str] = ()) -> Rights:
        """The rights of a `user:x` or `service-account:y`."""
        if holder.startswith(USER):
            return self.rights_of_user(holder.removeprefix(USER), claims)
        if holder.startswith(SERVICE_ACCOUNT):
            return self.rights_of_service_account(holder.removeprefix(SERVICE_ACCOUNT))
        return NO_RIGHTS

    def rights_of_user(self, name: str, claims: Iterable[str] = ()) -> Rights:
        """What a person may do; `claims` are the values of the groups claim of their sign-on. Nothing if suspended."""
        if name not in self.users or name in self.suspended:
            return NO_RIGHTS
        own = self._user_rights.get(name, ())
        brought = self.rights_of_groups(self.groups_of_user(name, claims))
        return Rights(tuple(dict.fromkeys((*_EVERYBODY, *own, *brought.rights))))

    def rights_of_service_account(self, name: str) -> Rights:
        """What a program may do: its own permissions, and the roles that are bound to it."""
        account = self.service_accounts.get(name)
        if account is None:
            return NO_RIGHTS
        own = tuple(Right(permission, via=account.address) for permission in account.spec.permissions)
        return Rights(tuple(dict.fromkeys((*own, *self._account_rights.get(name, ())))))

    def rights_of_groups(self, groups: Iterable[str]) -> Rights:
        """What members hold through bindings of these groups."""
        found = (right for group in sorted(set(groups)) for right in self._group_rights.get(group, ()))
        return Rights(tuple(dict.fromkeys(found)))

    def rights_of_claim(self, claim: str) -> Rights:
        """What a value of the groups claim adds to whoever brings it."""
        return self.rights_of_groups(self._groups_by_claim.get(claim, ()))

    def groups_of_user(self, name: str, claims: Iterable[str] = ()) -> frozenset[str]:
        """The groups that list a person, or a value of the claim."""
        found = set(self._groups_by_user.get(name, ()))
        for claim in claims:
            found.update(self._groups_by_claim.get(claim, ()))
        return frozenset(found)

    def roles_of_user(self, name: str) -> tuple[str, ...]:
        """The roles that are bound to a person, or to a group that lists them, sorted."""
        groups = self.groups_of_user(name)
        found = set(self._user_roles.get(name, ())).union(*(self._group_roles.get(group, ()) for group in groups))
        return tuple(sorted(found))

    @property
    def claims(self) -> tuple[str, ...]:
        """Every value of the groups claim that a group names, sorted."""
        return tuple(sorted(self._groups_by_claim))

    def _add_binding(self, binding: RoleBinding) -> None:
        scope, subjects = scope_of(binding.spec.scope), binding.spec.subjects
        rights = [Right(item, scope, binding.address) for item in self._roles.get(binding.spec.role, ())]
        for written in subjects.users:
            user = self.user_name(written) or written
            self._user_rights.setdefault(user, []).extend(rights)
            self._user_roles.setdefault(user, set()).add(binding.spec.role)
        for group in subjects.groups:
            self._group_rights.setdefault(group, []).extend(rights)
            self._group_roles.setdefault(group, set()).add(binding.spec.role)
        for account in subjects.service_accounts:
            self._account_rights.setdefault(account, []).extend(rights)

    def _add_group(self, group: Group) -> None:
        for user in group.spec.members.users:
            self._groups_by_user.setdefault(self.user_name(user) or user, set()).add(group.metadata.name)
        for claim in group.spec.members.claims:
            self._groups_by_claim.setdefault(claim, set()).add(group.metadata.name)


def scope_of(written: BindingScope) -> Scope:
    """The scope that a binding writes down; a key that is left out bounds nothing."""
    parts = (written.groups, written.kinds, written.sources, written.environments)
    return Scope(*(frozenset(part) if part else None for part in parts))
