"""Submissions and revocations of skills in SQL."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import sqlalchemy as sa

from clawforge.wire_skills import SubmissionState
from clawforge_server.store.skill_port import MOST_LISTED
from clawforge_server.store.skill_records import SkillRevocationRecord, SubmissionRecord
from clawforge_server.store.skill_tables import skill_revocations, skill_submissions

_TEXTS = ("manifest", "metadata")


class SqlSkillSubmissions:
    """Implements `store.port.SkillSubmissions`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, org: str, submission_id: str) -> SubmissionRecord | None:
        """One submission, with its texts."""
        table = skill_submissions
        columns = [column for column in table.c if column.name != "org"]
        statement = sa.select(*columns).where(table.c.org == org, table.c.id == submission_id)
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else SubmissionRecord(**row._mapping)

    def add(self, org: str, record: SubmissionRecord) -> None:
        """Keep a submission."""
        values: dict[str, Any] = dataclasses.asdict(record)
        self._connection.execute(sa.insert(skill_submissions).values(org=org, **values))

    def list(
        self, org: str, state: SubmissionState | None = None, submitted_by: str | None = None
    ) -> tuple[SubmissionRecord, ...]:
        """Those in one state, or of one submitter, or all: the newest `MOST_LISTED`, oldest first, without texts."""
        table = skill_submissions
        columns = [column for column in table.c if column.name not in ("org", *_TEXTS)]
        statement = sa.select(*columns).where(table.c.org == org)
        if state is not None:
            statement = statement.where(table.c.state == state)
        if submitted_by is not None:
            statement = statement.where(table.c.submitted_by == submitted_by)
        newest = statement.order_by(table.c.submitted_at.desc(), table.c.id).limit(MOST_LISTED)
        rows = self._connection.execute(newest).all()
        return tuple(SubmissionRecord(manifest="", metadata="", **row._mapping) for row in reversed(rows))

    def waiting(self, org: str, submitted_by: str | None = None) -> int:
        """How many are pending, of one submitter or in all."""
        table = skill_submissions
        statement = sa.select(sa.func.count()).where(table.c.org == org, table.c.state == "pending")
        if submitted_by is not None:
            statement = statement.where(table.c.submitted_by == submitted_by)
        return int(self._connection.execute(statement).scalar_one())

    def has_from(self, org: str, key: str, submitted_by: str) -> bool:
        """Whether somebody ever handed this skill in."""
        table = skill_submissions
        own = (table.c.org == org, table.c.key == key, table.c.submitted_by == submitted_by)
        return self._connection.execute(sa.select(table.c.id).where(*own).limit(1)).first() is not None

    def same(self, org: str, record: SubmissionRecord) -> SubmissionRecord | None:
        """One that waits and says the same skill, content and submitter."""
        table = skill_submissions
        found = self._connection.execute(
            sa.select(table.c.id).where(
                table.c.org == org,
                table.c.state == "pending",
                table.c.submitted_by == record.submitted_by,
                table.c.key == record.key,
                table.c.version.is_not_distinct_from(record.version),
                table.c.digest.is_not_distinct_from(record.digest),
                table.c.source.is_not_distinct_from(record.source),
                table.c.manifest == record.manifest,
            )
        ).first()
        return None if found is None else self.get(org, found.id)

    def review(
        self, org: str, submission_id: str, state: SubmissionState, at: dt.datetime, by: str, reason: str
    ) -> bool:
        """Say what became of a submission; False when it does not wait any more."""
        table = skill_submissions
        values: dict[str, Any] = {"state": state, "reviewed_at": at, "reviewed_by": by, "reason": reason}
        if state == "withdrawn":
            values.update(dict.fromkeys(_TEXTS, ""))
        done = self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.id == submission_id, table.c.state == "pending")
            .values(values)
        )
        return done.rowcount == 1


class SqlSkillRevocations:
    """Implements `store.port.SkillRevocations`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def standing(self, org: str) -> tuple[SkillRevocationRecord, ...]:
        """Those that hold now, oldest first."""
        table = skill_revocations
        columns = [column for column in table.c if column.name != "org"]
        statement = sa.select(*columns).where(table.c.org == org, table.c.ended_at.is_(None))
        rows = self._connection.execute(statement.order_by(table.c.at, table.c.id))
        return tuple(SkillRevocationRecord(**row._mapping) for row in rows)

    def add(self, org: str, record: SkillRevocationRecord) -> None:
        """Stop a skill."""
        values: dict[str, Any] = dataclasses.asdict(record)
        self._connection.execute(sa.insert(skill_revocations).values(org=org, **values))

    def end(self, org: str, revocation_id: str, at: dt.datetime, by: str, reason: str) -> bool:
        """False when there is none of this id that holds."""
        table = skill_revocations
        done = self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.id == revocation_id, table.c.ended_at.is_(None))
            .values(ended_at=at, ended_by=by, end_reason=reason)
        )
        return done.rowcount == 1
