"""Which rights a change of resources gives, and to whom: nobody may give what they do not hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from clawforge.access.model import SERVICE_ACCOUNT, USER, AccessModel, admits_somebody_else
from clawforge.access.permission import EVERYTHING
from clawforge.access.rights import BUILT_IN, NO_RIGHTS, Right, Rights
from clawforge.resource.meta import Resource
from clawforge.resource.organization import Organization, SingleSignOn
from clawforge.resource.service_account import ServiceAccount

KINDS_WITH_RIGHTS = frozenset({"Organization", "User", "ServiceAccount", "Group", "Role", "RoleBinding"})
"""The kinds of resources of which a change may give or take rights."""


@dataclass(frozen=True, slots=True)
class Side:
    """The resources before or after a change, and the rights that they give."""

    resources: Mapping[str, Resource]
    access: AccessModel

    @property
    def sign_on(self) -> SingleSignOn | None:
        """Whose word it is who somebody is."""
        found = (item.spec.sso for item in self.resources.values() if isinstance(item, Organization))
        return next((sso for sso in found if sso is not None), None)


@dataclass(frozen=True, slots=True)
class Gain:
    """A right that a holder has after a change and did not have before. `holder` is `user:x`, `service-account:y`, or
    `claim:z` for whoever brings a value of the sign-on's groups claim."""

    holder: str
    right: Right

    def __str__(self) -> str:
        return f"{self.right} for {self.holder} through {self.right.via}"


def gains(before: Side, after: Side, changed: Iterable[str], now: dt.datetime) -> tuple[Gain, ...]:
    """Every right that somebody gains.

    Who becomes reachable as another identity gains all of its rights: a user whose email or account in a git forge
    changes, everybody when the sign-on's issuer does, a service account that trusts another issuer or subject, or may
    be used from further networks or for longer. And a right over a group reaches further when the group takes in more
    people.

    What a claim gives was given to whoever brings it. Who does is the identity provider's word, so declaring a person
    or ending a suspension gives nothing through claims.
    """
    if not any(address.partition("/")[0] in KINDS_WITH_RIGHTS for address in changed):
        return ()
    found: dict[Gain, None] = {}
    widened = widened_groups(before, after)
    for holder, had, has in _holders(before, after, now):
        had = had.outside(widened)
        if had == has:
            continue
        for right in had.beyond(has):
            # What every user may do about themselves is nobody's to give.
            if right.via != BUILT_IN:
                found[Gain(holder, right)] = None
    return tuple(found)


def exceeding(applier: Rights, gained: Iterable[Gain], widened: frozenset[str] = frozenset()) -> tuple[Gain, ...]:
    """The gains that the applier does not hold; over `widened` groups they hold less than they would afterwards."""
    held = applier.outside(widened)
    return tuple(gain for gain in gained if held.beyond(Rights((gain.right,))))


def widened_groups(before: Side, after: Side) -> frozenset[str]:
    """The groups that people join who were there before: whoever has a right over such a group gets it over them."""
    found: set[str] = set()
    for name in before.access.users.keys() & after.access.users.keys():
        found |= after.access.groups_of_user(name) - before.access.groups_of_user(name)
    return frozenset(found)


def owners(access: AccessModel) -> frozenset[str]:
    """The active users who may do everything everywhere, without what a sign-on may say about them."""
    return frozenset(name for name in access.users if access.rights_of_user(name).allows(EVERYTHING))


def _holders(before: Side, after: Side, now: dt.datetime) -> Iterator[tuple[str, Rights, Rights]]:
    renamed = after.sign_on is not None and after.sign_on != before.sign_on
    for name, user in after.access.users.items():
        was = before.access.users.get(name)
        same = was is not None and not admits_somebody_else(was, user) and not renamed
        had = before.access.rights_of_user(name) if same else NO_RIGHTS
        yield f"{USER}{name}", had, after.access.rights_of_user(name)
    for name, account in after.access.service_accounts.items():
        same = _same_account(before.access.service_accounts.get(name), account, now)
        had = before.access.rights_of_service_account(name) if same else NO_RIGHTS
        has = after.access.rights_of_service_account(name) if not _expired(account, now) else NO_RIGHTS
        yield f"{SERVICE_ACCOUNT}{name}", had, has
    for claim in after.access.claims:
        had = NO_RIGHTS if renamed else before.access.rights_of_claim(claim)
        yield f"claim:{claim}", had, after.access.rights_of_claim(claim)


def _same_account(before: ServiceAccount | None, after: ServiceAccount, now: dt.datetime) -> bool:
    if before is None or before.spec.federated != after.spec.federated:
        return False
    if _expired(before, now) or _prolonged(before, after):
        return False
    if not before.spec.networks:
        return True
    allowed = [ip_network(text) for text in before.spec.networks]
    wanted = [ip_network(text) for text in after.spec.networks]
    return bool(wanted) and all(any(_within(item, wider) for wider in allowed) for item in wanted)


def _expired(account: ServiceAccount, now: dt.datetime) -> bool:
    return account.spec.expires is not None and account.spec.expires <= now


def _prolonged(before: ServiceAccount, after: ServiceAccount) -> bool:
    if before.spec.expires is None:
        return False
    return after.spec.expires is None or after.spec.expires > before.spec.expires


def _within(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)
