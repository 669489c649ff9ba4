"""Plans in SQL. The document is kept as its canonical bytes, the payload compressed."""

from __future__ import annotations

import datetime as dt
import zlib
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from clawforge.canonical import canonical_bytes
from clawforge.plan import Plan, plan_json
from clawforge_server.store import tables
from clawforge_server.store.records import JudgementRecord, PlanPayload, PlanRecord


class SqlPlans:
    """Implements `store.port.Plans`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, org: str, plan_id: str) -> PlanRecord | None:
        """The plan with what it would write."""
        table = tables.plans
        row = self._connection.execute(sa.select(table).where(table.c.org == org, table.c.id == plan_id)).one_or_none()
        return None if row is None else _plan(row)

    def newest_open(self, org: str, now: dt.datetime, limit: int) -> tuple[PlanRecord, ...]:
        """Plans that could still be applied at a moment, newest first."""
        table = tables.plans
        statement = (
            sa.select(table)
            .where(table.c.org == org, table.c.result.is_(None), table.c.expires_at > now)
            .order_by(table.c.created_at.desc(), table.c.id)
            .limit(limit)
        )
        return tuple(map(_plan, self._connection.execute(statement)))

    def add(self, org: str, plan: PlanRecord) -> None:
        """Keep a plan."""
        payload = None
        if plan.payload is not None:
            payload = zlib.compress(plan.payload.model_dump_json(by_alias=True).encode(), level=1)
        self._connection.execute(
            sa.insert(tables.plans).values(
                org=org,
                id=plan.id,
                created_at=plan.created_at,
                expires_at=plan.expires_at,
                actor=plan.actor,
                author=plan.author,
                document=canonical_bytes(plan_json(plan.document)),
                payload=payload,
                result=plan.result,
            )
        )

    def mark_applied(self, org: str, plan_id: str, result: str) -> None:
        """Remember the answer of the first apply, and drop what is not needed any more."""
        table = tables.plans
        self._connection.execute(
            sa.update(table).where(table.c.org == org, table.c.id == plan_id).values(result=result, payload=None)
        )

    def forget_expired(self, org: str, before: dt.datetime) -> None:
        """Drop plans that expired before a moment and were never applied."""
        table = tables.plans
        self._connection.execute(
            sa.delete(table).where(table.c.org == org, table.c.expires_at < before, table.c.result.is_(None))
        )

    def judge(self, org: str, judgement: JudgementRecord) -> None:
        """Keep what a reviewer says, in place of what they said before. The plan must be the author's."""
        table = tables.judgements
        values = {column.name: getattr(judgement, column.name) for column in table.c if column.name != "org"}
        keys = [table.c.org, table.c.plan, table.c.reviewer]
        self._connection.execute(
            insert(table).values(org=org, **values).on_conflict_do_update(index_elements=keys, set_=values)
        )

    def judgements(
        self, org: str, plan_id: str, digest: str, meaning: str, now: dt.datetime
    ) -> tuple[JudgementRecord, ...]:
        """What reviewers said about a plan, and about plans of the same change with the same meaning that could still
        be applied now, oldest first."""
        table, plans = tables.judgements, tables.plans
        columns = [column for column in table.c if column.name != "org"]
        same = sa.and_(
            table.c.digest == digest, table.c.meaning == meaning, plans.c.result.is_(None), plans.c.expires_at > now
        )
        rows = self._connection.execute(
            sa.select(*columns)
            .join(plans, sa.and_(plans.c.org == table.c.org, plans.c.id == table.c.plan))
            .where(table.c.org == org, sa.or_(table.c.plan == plan_id, same))
            .order_by(table.c.at, table.c.plan, table.c.reviewer)
        )
        return tuple(JudgementRecord(**row._mapping) for row in rows)


def _plan(row: Any) -> PlanRecord:
    return PlanRecord(
        id=row.id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        actor=row.actor,
        author=row.author,
        document=Plan.model_validate_json(row.document),
        payload=None if row.payload is None else PlanPayload.model_validate_json(zlib.decompress(row.payload)),
        result=row.result,
    )
