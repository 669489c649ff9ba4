"""Instances in SQL."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from clawforge.fleet_drift import Standing
from clawforge_server.store import tables
from clawforge_server.store.records import InstanceRecord, InstanceReport, RetiredCredential


class SqlInstances:
    """Implements `store.port.Instances`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, org: str, name: str) -> InstanceRecord | None:
        """One instance, revoked or not."""
        table = tables.instances
        row = self._connection.execute(sa.select(table).where(table.c.org == org, table.c.name == name)).one_or_none()
        return None if row is None else _instance(row)

    def find(self, sha256: str) -> InstanceRecord | None:
        """The instance whose present or next credential has this hash, whatever its org."""
        table = tables.instances
        known = sa.or_(table.c.sha256 == sha256, table.c.next_sha256 == sha256)
        row = self._connection.execute(sa.select(table).where(known)).one_or_none()
        return None if row is None else _instance(row)

    def with_credentials(self, org: str, hashes: Collection[str]) -> tuple[InstanceRecord, ...]:
        """The instances whose present credentials have these hashes, of which there are at most 500."""
        table = tables.instances
        rows = self._connection.execute(sa.select(table).where(table.c.org == org, table.c.sha256.in_(hashes)))
        return tuple(_instance(row) for row in rows)

    def add(self, instance: InstanceRecord) -> None:
        """Add an instance under an unused name."""
        self._connection.execute(
            sa.insert(tables.instances).values(
                {column.name: getattr(instance, column.name) for column in tables.instances.c}
                | {
                    "groups": orjson.dumps(instance.groups).decode(),
                    "tags": orjson.dumps(dict(instance.tags)).decode(),
                    "versions": orjson.dumps(dict(instance.versions)).decode(),
                    "channels": orjson.dumps(dict(instance.channels)).decode(),
                }
            )
        )

    def list(self, org: str) -> tuple[InstanceRecord, ...]:
        """By name, revoked ones included."""
        table = tables.instances
        rows = self._connection.execute(sa.select(table).where(table.c.org == org).order_by(table.c.name))
        return tuple(_instance(row) for row in rows)

    def standings(self, org: str) -> tuple[Standing, ...]:
        """What those that are active said last, by name; much cheaper than `list`."""
        table = tables.instances
        active = (table.c.org == org, table.c.revoked_at.is_(None), table.c.pending_until.is_(None))
        wanted = (
            table.c.name,
            table.c.user,
            table.c.groups,
            table.c.tags,
            table.c.acknowledged,
            table.c.last_seen,
            table.c.versions,
            table.c.host,
            table.c.crashes,
            table.c.protocol,
        )
        rows = self._connection.execute(sa.select(*wanted).where(*active).order_by(table.c.name))
        # Thousands have the same groups, tags and versions: each text is read once, and what is equal is one object.
        groups: dict[str, tuple[str, ...]] = {}
        pairs: dict[str, tuple[tuple[str, str], ...]] = {}
        found = []
        for name, user, group_text, tag_text, acknowledged, last_seen, version_text, host, crashes, protocol in rows:
            if group_text not in groups:
                groups[group_text] = tuple(orjson.loads(group_text))
            for text in (tag_text, version_text):
                if text not in pairs:
                    pairs[text] = tuple(sorted(orjson.loads(text).items()))
            given = (groups[group_text], pairs[tag_text])
            seen = Standing(name, user, *given, acknowledged, last_seen, pairs[version_text], host, crashes or 0)
            found.append(seen if protocol == "agent" else seen._replace(protocol=protocol))
        return tuple(found)

    def of_user(self, org: str, user: str) -> tuple[InstanceRecord, ...]:
        """Those of one user by name, revoked ones included."""
        table = tables.instances
        own = (table.c.org == org, table.c.user == user)
        rows = self._connection.execute(sa.select(table).where(*own).order_by(table.c.name))
        return tuple(_instance(row) for row in rows)

    def count(self, org: str, at: dt.datetime) -> int:
        """How many are active, or wait to be let in."""
        table = tables.instances
        waits = sa.or_(table.c.pending_until.is_(None), table.c.pending_until > at)
        query = sa.select(sa.func.count()).where(table.c.org == org, table.c.revoked_at.is_(None), waits)
        return int(self._connection.execute(query).scalar_one())

    def revoke(self, org: str, name: str, at: dt.datetime, reason: str | None = None) -> bool:
        """False when the org has no such instance, or it is revoked or rejected already."""
        table = tables.instances
        done = self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.name == name, table.c.revoked_at.is_(None))
            .values(revoked_at=at, reason=reason)
        )
        return done.rowcount == 1

    def approve(self, org: str, name: str, at: dt.datetime, by: str, reason: str | None) -> bool:
        """False when the org has no such instance that waits and has not waited too long."""
        table = tables.instances
        done = self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.name == name, table.c.revoked_at.is_(None), table.c.pending_until > at)
            .values(pending_until=None, approved_at=at, approved_by=by, reason=reason)
        )
        return done.rowcount == 1

    def rename_users(self, org: str, renamed: Mapping[str, str]) -> None:
        """Former to later names of users; all at once, so that two may exchange theirs."""
        table = tables.instances
        later = sa.case(dict(renamed), value=table.c.user)
        own = (table.c.org == org, table.c.user.in_(list(renamed)))
        self._connection.execute(sa.update(table).where(*own).values(user=later))

    def set_tags(self, org: str, name: str, tags: Mapping[str, str]) -> None:
        """Give an instance these tags and no others."""
        table = tables.instances
        self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.name == name)
            .values(tags=orjson.dumps(dict(tags)).decode())
        )

    def offer(self, org: str, name: str, sha256: str, until: dt.datetime) -> None:
        """The credential that takes the place of the present one if it is used before a moment."""
        table = tables.instances
        self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.name == name)
            .values(next_sha256=sha256, next_until=until)
        )

    def rotate(self, instance: InstanceRecord, at: dt.datetime) -> InstanceRecord:
        """The instance, whose next credential is its present one now, while the one before is kept as retired."""
        if instance.next_sha256 is None:
            raise LookupError("the instance has no next credential")
        table, retired = tables.instances, tables.retired_credentials
        self._connection.execute(
            sa.insert(retired).values(org=instance.org, sha256=instance.sha256, instance=instance.name, at=at)
        )
        self._connection.execute(
            sa.update(table)
            .where(table.c.org == instance.org, table.c.name == instance.name)
            .values(sha256=instance.next_sha256, next_sha256=None, next_until=None, rotated_at=at)
        )
        return dataclasses.replace(
            instance, sha256=instance.next_sha256, next_sha256=None, next_until=None, rotated_at=at
        )

    def retired(self, sha256: str) -> RetiredCredential | None:
        """The credential with this hash that another one replaced, whatever its org."""
        table = tables.retired_credentials
        row = self._connection.execute(sa.select(table).where(table.c.sha256 == sha256)).one_or_none()
        return None if row is None else RetiredCredential(**row._mapping)

    def note_shown(self, credential: RetiredCredential, at: dt.datetime) -> None:
        """Keep when a retired credential came again."""
        table = tables.retired_credentials
        self._connection.execute(
            sa.update(table)
            .where(table.c.org == credential.org, table.c.sha256 == credential.sha256)
            .values(shown_at=at)
        )

    def report(self, reports: Sequence[InstanceReport]) -> None:
        """Write what instances said, many at once."""
        table = tables.instances
        statement = (
            sa.update(table)
            .where(table.c.org == sa.bindparam("of_org"), table.c.name == sa.bindparam("of_name"))
            .values(
                last_seen=sa.bindparam("seen", type_=tables.Moment),
                acknowledged=sa.func.coalesce(sa.bindparam("digest", type_=sa.String), table.c.acknowledged),
                versions=sa.func.coalesce(sa.bindparam("running", type_=sa.String), table.c.versions),
                started_at=sa.func.coalesce(sa.bindparam("started", type_=tables.Moment), table.c.started_at),
                last_exit=sa.func.coalesce(sa.bindparam("ended", type_=sa.String), table.c.last_exit),
                crashes=sa.func.coalesce(sa.bindparam("failures", type_=sa.Integer), table.c.crashes),
                channels=sa.func.coalesce(sa.bindparam("health", type_=sa.String), table.c.channels),
            )
        )
        rows = [
            {
                "of_org": report.org,
                "of_name": report.name,
                "seen": report.last_seen,
                "digest": report.acknowledged,
                "running": _text(report.versions),
                "started": report.started_at,
                "ended": report.last_exit,
                "failures": report.crashes,
                "health": _text(report.channels),
            }
            for report in reports
        ]
        if rows:
            self._connection.execute(statement, rows)


def _text(mapping: Mapping[str, str] | None) -> str | None:
    return None if mapping is None else orjson.dumps(dict(mapping)).decode()


def _instance(row: Any) -> InstanceRecord:
    lists = {
        "groups": tuple(orjson.loads(row.groups)),
        "tags": orjson.loads(row.tags),
        "versions": orjson.loads(row.versions),
        "channels": orjson.loads(row.channels),
    }
    return InstanceRecord(**{**row._mapping, **lists})
