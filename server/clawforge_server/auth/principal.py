"""Who is authenticated, and what they may do where."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from clawforge.access.model import SERVICE_ACCOUNT, USER
from clawforge.access.permission import EVERYTHING
from clawforge.access.rights import ALL_RIGHTS, NO_RIGHTS, ORG_WIDE, Rights, Target
from clawforge.errors import ForbiddenError
from clawforge_server.auth.credential import Network

OWNER_HOLDER = "owner"

Kind = Literal["owner", "user", "service-account", "token", "instance"]

PEOPLE = frozenset[Kind]({"owner", "user"})
"""Who can look at something and answer for it. A key of the org works for whoever can reach it, as a program does."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller, as its credential says; made anew for every request.

    `org` None is the server's owner. `name` is that of the user, service account or instance, `owner`, or the id of a
    token that the owner minted. `credential` is the id of the token or session that was shown, `scopes` what it is good
    for at most, `claims` the values of the sign-on's groups claim. What the caller makes may not outlive `expires_at`.
    `rights` are those that the holder has now, as far as the credential is good for them. `maker` is who made it, and
    `networks` is where it may be used from, in CIDR form: within every list that is not empty.
    """

    kind: Kind
    org: str | None
    name: str
    credential: str
    scopes: tuple[str, ...]
    claims: tuple[str, ...] = ()
    expires_at: dt.datetime | None = None
    rights: Rights = NO_RIGHTS
    maker: str = ""
    networks: tuple[tuple[Network, ...], ...] = ()

    @property
    def actor(self) -> str:
        """The name in the audit log: `owner`, `user:alice`, `service-account:ci`, `token:<id>`, `instance:x`."""
        return self.name if self.kind == "owner" else f"{self.kind}:{self.name}"

    @property
    def holder(self) -> str:
        """Whom the credential belongs to, whichever of their credentials it is."""
        return OWNER_HOLDER if self.kind in ("owner", "token") else self.actor

    @property
    def answerable(self) -> str:
        """Who has the credential in hand: the holder, or the person who made this key of a service account, however
        many keys lie between. Two names of one person are one person."""
        made_by_person = self.kind == "service-account" and self.maker.startswith(USER)
        return self.maker if made_by_person else self.holder

    def owns(self, holder: str, credential: str) -> bool:
        """Whether a credential is the caller's own: the one that is shown, and for a person who signed in all of
        theirs. A credential that is good for a few permissions does not speak for the rest of its holder."""
        everything = self.kind == "user" and EVERYTHING in self.scopes
        return credential == self.credential or (everything and holder == self.holder)

    def may(self, permission: str, target: Target = ORG_WIDE) -> bool:
        """Whether an action is allowed. Unless a target is named, it is about the whole org."""
        return self.rights.allows(permission, target)

    def require_org(self, org: str) -> None:
        """Raise ForbiddenError for another org; the answer does not tell whether that org exists."""
        if self.org is not None and self.org != org:
            raise ForbiddenError(
                f"This credential belongs to the org {self.org!r} and cannot be used for {org!r}.",
                hint="Check `org` in clawforge.yaml, or use a credential of that org.",
                code="wrong-org",
            )

    def require(self, permission: str, *targets: Target) -> None:
        """Raise ForbiddenError unless the right is held over every target; over the whole org if none is named."""
        if self.rights.allows_all(permission, targets or (ORG_WIDE,)):
            return
        scopes = self.rights.over(permission)
        if scopes:
            over = " or ".join(dict.fromkeys(str(scope) for scope in scopes))
            raise ForbiddenError(
                f"The permission {permission} is held over {over} only, and this concerns more.",
                hint="Ask somebody whose right reaches further.",
                code="outside-scope",
            )
        raise ForbiddenError(
            f"This credential lacks the permission {permission}.",
            hint="`clawforge whoami` lists what it may do; an admin can bind a role that holds the permission.",
            code="missing-permission",
        )


def owner_principal(credential: str) -> Principal:
    """The server's owner, who may do everything."""
    return Principal("owner", None, "owner", credential, (EVERYTHING,), rights=ALL_RIGHTS)


def held_principal(
    org: str,
    holder: str,
    credential: str,
    scopes: tuple[str, ...],
    rights: Rights,
    *,
    claims: tuple[str, ...] = (),
    expires_at: dt.datetime | None = None,
    maker: str = "",
    networks: tuple[tuple[Network, ...], ...] = (),
) -> Principal:
    """The principal of an org's token or session; `rights` are what the credential is good for now."""
    kind: Kind
    if holder.startswith(USER):
        kind, name = "user", holder.removeprefix(USER)
    elif holder.startswith(SERVICE_ACCOUNT):
        kind, name = "service-account", holder.removeprefix(SERVICE_ACCOUNT)
    else:
        kind, name = "token", credential
    return Principal(kind, org, name, credential, scopes, claims, expires_at, rights, maker, networks)


def instance_principal(org: str, name: str) -> Principal:
    """An enrolled instance, which may do nothing that needs a permission."""
    return Principal("instance", org, name, f"instance:{name}", ())
