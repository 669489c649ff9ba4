"""Foreign subjects and passwords in SQL."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from clawforge_server.store import tables
from clawforge_server.store.sign_in import IdentityRecord, PasswordRecord, PasswordResetRecord


class SqlIdentities:
    """Implements `store.sign_in.Identities`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def of_email(self, org: str, issuer: str, email: str) -> IdentityRecord | None:
        """Whom an address is bound to."""
        return self._one(org, issuer, tables.identities.c.email == email)

    def of_subject(self, org: str, issuer: str, subject: str) -> IdentityRecord | None:
        """Which address a subject is bound to."""
        return self._one(org, issuer, tables.identities.c.subject == subject)

    def bind(self, org: str, identity: IdentityRecord) -> None:
        """Bind an address and a subject that are both free."""
        self._connection.execute(
            sa.insert(tables.identities).values(
                org=org,
                issuer=identity.issuer,
                email=identity.email,
                subject=identity.subject,
                bound_at=identity.bound_at,
            )
        )

    def release(self, org: str, email: str) -> bool:
        """Let the next subject with the address have it; False when nobody has it."""
        table = tables.identities
        done = self._connection.execute(sa.delete(table).where(table.c.org == org, table.c.email == email))
        return done.rowcount > 0

    def use(self, org: str, mark: str, now: dt.datetime, until: dt.datetime) -> bool:
        """Keep until a moment that a token was used; False when it was used before, in whatever org of the server."""
        table = tables.used_identity_tokens
        # By the names of all orgs: the key of the table begins with one.
        elsewhere = sa.select(table.c.mark).where(table.c.org.in_(sa.select(tables.orgs.c.name)), table.c.mark == mark)
        if self._connection.execute(elsewhere.limit(1)).first() is not None:
            return False
        self._connection.execute(sa.delete(table).where(table.c.org == org, table.c.until < now))
        done = self._connection.execute(insert(table).values(org=org, mark=mark, until=until).on_conflict_do_nothing())
        return done.rowcount == 1

    def _one(self, org: str, issuer: str, condition: sa.ColumnElement[bool]) -> IdentityRecord | None:
        table = tables.identities
        chosen = sa.select(table).where(table.c.org == org, table.c.issuer == issuer, condition)
        row = self._connection.execute(chosen).one_or_none()
        return None if row is None else IdentityRecord(row.issuer, row.email, row.subject, row.bound_at)


class SqlPasswords:
    """Implements `store.sign_in.Passwords`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, org: str, email: str) -> PasswordRecord | None:
        """The password of an address."""
        table = tables.passwords
        row = self._connection.execute(sa.select(table).where(table.c.org == org, table.c.email == email)).one_or_none()
        return None if row is None else PasswordRecord(row.email, row.hash, row.set_at)

    def set(self, org: str, password: PasswordRecord) -> None:
        """Write a password over the present one."""
        table = tables.passwords
        changed = {"hash": password.hash, "set_at": password.set_at}
        self._connection.execute(
            insert(table)
            .values(org=org, email=password.email, **changed)
            .on_conflict_do_update(index_elements=[table.c.org, table.c.email], set_=changed)
        )

    def offer(self, reset: PasswordResetRecord) -> None:
        """Keep a code; an earlier one of the same address is void from now on."""
        table = tables.password_resets
        self._connection.execute(sa.delete(table).where(table.c.org == reset.org, table.c.email == reset.email))
        self._connection.execute(
            sa.insert(table).values(
                org=reset.org,
                email=reset.email,
                sha256=reset.sha256,
                created_at=reset.created_at,
                created_by=reset.created_by,
                expires_at=reset.expires_at,
            )
        )

    def withdraw(self, org: str, person: str) -> None:
        """Codes that a `user:x` made are void from now on."""
        table = tables.password_resets
        self._connection.execute(sa.delete(table).where(table.c.org == org, table.c.created_by == person))

    def forget(self, org: str, email: str) -> None:
        """An address has neither password nor code from now on."""
        for table in (tables.passwords, tables.password_resets):
            self._connection.execute(sa.delete(table).where(table.c.org == org, table.c.email == email))

    def find_offer(self, sha256: str) -> PasswordResetRecord | None:
        """The code with this hash, whatever its org."""
        table = tables.password_resets
        row = self._connection.execute(sa.select(table).where(table.c.sha256 == sha256)).one_or_none()
        return None if row is None else PasswordResetRecord(**row._mapping)

    def take(self, sha256: str) -> PasswordResetRecord | None:
        """Use a code up; None when there is none with this hash."""
        found = self.find_offer(sha256)
        if found is None:
            return None
        table = tables.password_resets
        self._connection.execute(sa.delete(table).where(table.c.org == found.org, table.c.sha256 == sha256))
        return found
