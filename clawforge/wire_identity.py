"""The HTTP documents about identity: sessions, API keys, users, and who one is (SPEC.md 8)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from clawforge.resource.meta import Cidr, Instant, Name, Permission, Reason, Strict, SubjectName, Text

Credential = Annotated[str, StringConstraints(min_length=1, max_length=512)]
MOST_KEY_SECONDS = 366 * 86_400


class SessionAnswer(Strict):
    """A session: the tokens are shown once. `principal` is the holder, such as `user:alice`."""

    session: str
    access_token: Annotated[str, Field(repr=False)]
    expires_at: Instant
    refresh_token: Annotated[str | None, Field(repr=False)] = None
    refresh_expires_at: Instant | None = None
    org: str
    principal: str


class RefreshRequest(Strict):
    """A refresh token, good for one use."""

    refresh_token: Annotated[Credential, Field(repr=False)]


class SessionView(Strict):
    """A session, without its tokens. `expiresAt` is when it ends for good; `address` where it was opened from."""

    id: str
    holder: str
    method: str
    created_at: Instant
    refreshed_at: Instant | None = None
    expires_at: Instant
    address: str = ""
    current: bool = False
    ended_at: Instant | None = None
    ended_by: str | None = None


class SessionList(Strict):
    """Sessions of an org, oldest first."""

    sessions: tuple[SessionView, ...]


class KeyRequest(Strict):
    """An API key with no more rights than its maker has.

    For oneself, unless a service account is named. `networks` are those that calls may come from; empty means any.
    """

    name: Name
    permissions: Annotated[tuple[Permission, ...], Field(min_length=1, max_length=64)]
    service_account: Name | None = None
    networks: Annotated[tuple[Cidr, ...], Field(max_length=64)] = ()
    ttl: Annotated[int, Field(ge=60, le=MOST_KEY_SECONDS)] = 90 * 86_400


class KeyAnswer(Strict):
    """The key is shown once."""

    id: str
    token: Annotated[str, Field(repr=False)]
    holder: str
    expires_at: Instant


class RotateRequest(Strict):
    """For how many seconds the old key goes on working beside the new one."""

    overlap: Annotated[int, Field(ge=0, le=30 * 86_400)] = 86_400


class KeyView(Strict):
    """An API key, without its text. `parent` is the token or session with which it was made."""

    id: str
    name: str
    holder: str
    parent: str | None = None
    permissions: tuple[str, ...]
    networks: tuple[str, ...] = ()
    created_at: Instant
    created_by: str
    expires_at: Instant | None = None
    revoked_at: Instant | None = None


class KeyList(Strict):
    """API keys of an org, oldest first."""

    tokens: tuple[KeyView, ...]


class ScopeView(Strict):
    """Over what a right counts; a key left out means everything."""

    groups: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    environments: tuple[str, ...] | None = None


class RightView(Strict):
    """A permission, over what it counts, and the resource that gives it."""

    permission: str
    scope: ScopeView = ScopeView()
    via: str


class WhoAmI(Strict):
    """The caller, and what the credential that was shown is good for."""

    org: str
    principal: str
    kind: Literal["owner", "user", "service-account", "token"]
    credential: str
    scopes: tuple[str, ...]
    expires_at: Instant | None = None
    groups: tuple[str, ...] = ()
    rights: tuple[RightView, ...]


class SuspensionRequest(Strict):
    """Why a user is stopped."""

    reason: Reason


class SuspensionView(Strict):
    """A user stopped by hand, whatever the files say."""

    at: Instant
    by: str
    reason: str


class UserView(Strict):
    """A declared user. `declared` is what the files say, `state` what counts."""

    user: str
    email: str
    display_name: str = ""
    declared: Literal["active", "suspended"]
    state: Literal["active", "suspended"]
    suspension: SuspensionView | None = None
    roles: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None


class UserList(Strict):
    """Declared users of an org, by name."""

    users: tuple[UserView, ...]


class JudgementRequest(Strict):
    """What the reviewer says about a plan. `digest`, if given, is that of the change that they looked at."""

    digest: str | None = None
    reason: Text | None = None


IdentityTokenText = Annotated[str, StringConstraints(min_length=1, max_length=15_000)]
PasswordText = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class SignInRequest(Strict):
    """How somebody shows who they are.

    `oidc`: the `token` is an identity token of the org's provider. `federated`: it is one of the issuer that the
    service account trusts. `password`: an email address and a password.
    """

    grant: Literal["oidc", "federated", "password"]
    token: Annotated[Annotated[str, Field(min_length=1, max_length=15_000)] | None, Field(repr=False)] = None
    service_account: Name | None = None
    email: Annotated[str, Field(min_length=3, max_length=320)] | None = None
    password: Annotated[Annotated[str, Field(min_length=1, max_length=1024)] | None, Field(repr=False)] = None

    @model_validator(mode="after")
    def _fits(self) -> SignInRequest:
        wanted = _GRANT_FIELDS[self.grant]
        given = {name for name in ("token", "service_account", "email", "password") if getattr(self, name) is not None}
        if given != wanted:
            names = " and ".join(to_camel(name) for name in sorted(wanted))
            raise ValueError(f"the grant {self.grant} takes {names}, and nothing else")
        return self


_GRANT_FIELDS = {
    "oidc": {"token"},
    "federated": {"token", "service_account"},
    "password": {"email", "password"},
}


class OidcSignIn(Strict):
    """The provider that a program sends people to, as a public client: there is no secret."""

    issuer: str
    client_id: str


class SignInMethods(Strict):
    """How people sign in to an org. An org that does not exist looks like one where nobody signs in."""

    oidc: OidcSignIn | None = None
    passwords: bool = False


class PasswordResetRequest(Strict):
    """Whose password is to be set anew: a declared user, by name or email address."""

    user: SubjectName


class PasswordResetAnswer(Strict):
    """The code is shown once, and good for one use."""

    user: str
    code: Annotated[str, Field(repr=False)]
    expires_at: Instant


class PasswordRequest(Strict):
    """A new password, by the right of a code."""

    code: Annotated[str, Field(min_length=1, max_length=512, repr=False)]
    password: Annotated[PasswordText, Field(repr=False)]


class PasswordAnswer(Strict):
    """Whose password was set. Every session of theirs has ended."""

    org: str
    user: str
