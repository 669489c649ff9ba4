"""Enrolments in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from clawforge_server.store import tables
from clawforge_server.store.records import EnrollmentRecord


class SqlEnrollments:
    """Implements `store.port.Enrollments`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def rename_users(self, org: str, renamed: Mapping[str, str]) -> None:
        """Former to later names of users; all at once, so that two may exchange theirs."""
        table = tables.enrollments
        later = sa.case(dict(renamed), value=table.c.user)
        own = (table.c.org == org, table.c.user.in_(list(renamed)))
        self._connection.execute(sa.update(table).where(*own).values(user=later))

    def get(self, org: str, enrollment_id: str) -> EnrollmentRecord | None:
        """One enrolment, good or not."""
        table = tables.enrollments
        named = (table.c.org == org, table.c.id == enrollment_id)
        row = self._connection.execute(sa.select(table).where(*named)).one_or_none()
        return None if row is None else _enrollment(row)

    def find(self, sha256: str) -> EnrollmentRecord | None:
        """The enrolment with this hash, whatever its org: this is how an enrolling agent is recognised."""
        table = tables.enrollments
        row = self._connection.execute(sa.select(table).where(table.c.sha256 == sha256)).one_or_none()
        return None if row is None else _enrollment(row)

    def add(self, enrollment: EnrollmentRecord) -> None:
        """Keep an enrolment."""
        self._connection.execute(
            sa.insert(tables.enrollments).values(
                org=enrollment.org,
                id=enrollment.id,
                sha256=enrollment.sha256,
                user=enrollment.user,
                instance=enrollment.instance,
                groups=orjson.dumps(enrollment.groups).decode(),
                tags=orjson.dumps(dict(enrollment.tags)).decode(),
                uses=enrollment.uses,
                uses_left=enrollment.uses_left,
                created_at=enrollment.created_at,
                created_by=enrollment.created_by,
                expires_at=enrollment.expires_at,
                revoked_at=enrollment.revoked_at,
                template=enrollment.template,
                require_approval=enrollment.require_approval,
            )
        )

    def use(self, org: str, enrollment_id: str) -> bool:
        """Take one use; False when none is left."""
        table = tables.enrollments
        done = self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.id == enrollment_id, table.c.uses_left > 0)
            .values(uses_left=table.c.uses_left - 1)
        )
        return done.rowcount == 1

    def list(self, org: str) -> tuple[EnrollmentRecord, ...]:
        """Oldest first."""
        table = tables.enrollments
        rows = self._connection.execute(
            sa.select(table).where(table.c.org == org).order_by(table.c.created_at, table.c.id)
        )
        return tuple(_enrollment(row) for row in rows)

    def revoke(self, org: str, enrollment_id: str, at: dt.datetime) -> bool:
        """False when the org has no such enrolment, or it is revoked already."""
        table = tables.enrollments
        done = self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.id == enrollment_id, table.c.revoked_at.is_(None))
            .values(revoked_at=at)
        )
        return done.rowcount == 1


def _enrollment(row: Any) -> EnrollmentRecord:
    lists = {"groups": tuple(orjson.loads(row.groups)), "tags": orjson.loads(row.tags)}
    return EnrollmentRecord(**{**row._mapping, **lists})
