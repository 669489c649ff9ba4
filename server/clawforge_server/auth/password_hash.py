"""Passwords at rest: argon2id with 19 MiB and two passes, as OWASP's cheat sheet on storing passwords has it."""

from __future__ import annotations

import secrets
from functools import cached_property

import argon2

_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16)


class PasswordHashes:
    """Makes and checks hashes; each costs some fifty milliseconds and 19 MiB."""

    def make(self, password: str) -> str:
        """A salted hash, in argon2's own format."""
        return _HASHER.hash(password)

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether it is the password. Without a stored hash it is not, and finding that out takes as long."""
        try:
            _HASHER.verify(stored if stored is not None else self._nobody, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        return stored is not None

    @cached_property
    def _nobody(self) -> str:
        return _HASHER.hash(secrets.token_urlsafe(32))
