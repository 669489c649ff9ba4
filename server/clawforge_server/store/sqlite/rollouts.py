"""Rollouts in SQL."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from clawforge.resource.rollout_rule import RolloutRule
from clawforge.rings.spike import Calls
from clawforge_server.store.rollout_port import RolloutRecord
from clawforge_server.store.rollout_table import rollouts as table

# Written out because SQLite, left alone, may walk an index over all of the log: these are the newest records.
_CALLS = sa.text(
    "SELECT actor, count(*), sum(outcome = 'deny') FROM audit_leaves "
    "WHERE org = :org AND seq BETWEEN :low AND :high AND +class = 'call' GROUP BY actor"
)
_ERRING = sa.text(
    "SELECT DISTINCT actor FROM audit_leaves INDEXED BY ix_audit_leaves_outcome "
    "WHERE org = :org AND outcome = 'error' AND seq BETWEEN :low AND :high AND class IN ('call', 'agent') LIMIT 10000"
)
_NAMES = tuple(item.name for item in fields(RolloutRecord))


class SqlRollouts:
    """Implements `store.rollout_port.Rollouts`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def open(self, org: str) -> RolloutRecord | None:
        """The one that is under way or halted."""
        latest = self.latest(org)
        return latest if latest is not None and latest.is_open else None

    def latest(self, org: str) -> RolloutRecord | None:
        """The newest, whether it has ended or not."""
        statement = sa.select(table).where(table.c.org == org).order_by(table.c.revision.desc()).limit(1)
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else _record(row._mapping)

    def put(self, rollout: RolloutRecord) -> None:
        """Keep it, in place of what was kept of its revision."""
        values: dict[str, Any] = {name: getattr(rollout, name) for name in _NAMES}
        values["rule"] = rollout.rule.model_dump_json(by_alias=True, exclude_defaults=True)
        values["failing_before"] = orjson.dumps(rollout.failing_before).decode()
        values["renamed"] = orjson.dumps(rollout.renamed).decode()
        statement = insert(table).values(values)
        keys = [table.c.org, table.c.revision]
        self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))

    def baking(self) -> tuple[RolloutRecord, ...]:
        """Those of all orgs that go on by themselves, by org."""
        statement = sa.select(table).where(table.c.state == "baking").order_by(table.c.org)
        return tuple(_record(row._mapping) for row in self._connection.execute(statement))

    def calls(self, org: str, low: int, high: int) -> dict[str, Calls]:
        """The calls that records of the log from one number to another tell of, by actor."""
        rows = self._connection.execute(_CALLS, {"org": org, "low": low, "high": high})
        return {actor: Calls(total, denied) for actor, total, denied in rows}

    def erring(self, org: str, low: int, high: int) -> frozenset[str]:
        """The actors that report errors in records of the log from one number to another; 10,000 at most."""
        rows = self._connection.execute(_ERRING, {"org": org, "low": low, "high": high})
        return frozenset(rows.scalars())


def _record(row: Any) -> RolloutRecord:
    failing = tuple(orjson.loads(row["failing_before"]))
    rule, renamed = RolloutRule.model_validate_json(row["rule"]), orjson.loads(row["renamed"])
    return RolloutRecord(**{**row, "rule": rule, "failing_before": failing, "renamed": renamed})
