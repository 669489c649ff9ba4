"""What the store holds about signing in: whom a foreign subject is, tokens that were used, passwords."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class IdentityRecord:
    """An email address of an org, bound to the subject of an issuer that first signed in with it."""

    issuer: str
    email: str
    subject: str
    bound_at: dt.datetime


@dataclass(frozen=True, slots=True)
class PasswordRecord:
    """The argon2id hash of the password that goes with an email address."""

    email: str
    hash: str
    set_at: dt.datetime


@dataclass(frozen=True, slots=True)
class PasswordResetRecord:
    """The right to set the password of an email address once; only the SHA-256 of the code is kept."""

    org: str
    email: str
    sha256: str
    created_at: dt.datetime
    created_by: str
    expires_at: dt.datetime


class Identities(Protocol):
    """Foreign subjects, and which of their tokens were used."""

    def of_email(self, org: str, issuer: str, email: str) -> IdentityRecord | None:
        """Whom an address is bound to."""

    def of_subject(self, org: str, issuer: str, subject: str) -> IdentityRecord | None:
        """Which address a subject is bound to."""

    def bind(self, org: str, identity: IdentityRecord) -> None:
        """Bind an address and a subject that are both free."""

    def release(self, org: str, email: str) -> bool:
        """Let the next subject with the address have it; False when nobody has it."""

    def use(self, org: str, mark: str, now: dt.datetime, until: dt.datetime) -> bool:
        """Keep until a moment that a token was used; False when it was used before, in whatever org of the server."""


class Passwords(Protocol):
    """Passwords, and codes to set them; by address, for a user's name may become somebody else's."""

    def get(self, org: str, email: str) -> PasswordRecord | None:
        """The password of an address."""

    def set(self, org: str, password: PasswordRecord) -> None:
        """Write a password over the present one."""

    def offer(self, reset: PasswordResetRecord) -> None:
        """Keep a code; an earlier one of the same address is void from now on."""

    def withdraw(self, org: str, person: str) -> None:
        """Codes that a `user:x` made are void from now on."""

    def forget(self, org: str, email: str) -> None:
        """An address has neither password nor code from now on."""

    def find_offer(self, sha256: str) -> PasswordResetRecord | None:
        """The code with this hash, whatever its org."""

    def take(self, sha256: str) -> PasswordResetRecord | None:
        """Use a code up; None when there is none with this hash."""
