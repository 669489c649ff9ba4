"""Looking at how the machines of a ring do since they got a revision."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from clawforge.fleet_drift import Standing
from clawforge.rings.spike import Calls, RingHealth, spike
from clawforge_server.state.rollout_stage import RolloutStage
from clawforge_server.store.port import Transaction
from clawforge_server.store.rollout_port import RolloutRecord

_LOOKED_BACK = 50_000
"""Records of the log, before the first machine got what is not everywhere, that say what was usual."""
_AT_ONCE = 200_000
"""Records that one look counts at most; the next one goes on from there."""
_MOST_CRASHED = 1_000
_ACTOR = "instance:"


def looked_at(transaction: Transaction, stage: RolloutStage) -> tuple[RolloutRecord, str | None]:
    """The record with what the present ring's machines reported until now, and what is wrong with them; None for
    nothing, and where nothing is to halt it."""
    record, rules = stage.record, stage.record.rule.halt
    if rules.denials is None and rules.errors is None:
        return record, None
    machines = [item for item in transaction.instances.standings(record.org) if stage.order.of(item) == record.ring]
    actors = {f"{_ACTOR}{item.name}" for item in machines}
    head = transaction.audit_tree.head(record.org).size
    record = _compared(transaction, record, actors)
    upto = min(head, record.seen + _AT_ONCE)
    since = _sum(transaction.rollouts.calls(record.org, record.seen + 1, upto), actors)
    record = dataclasses.replace(
        record, seen=upto, calls=record.calls + since.total, denied=record.denied + since.denied
    )
    health = RingHealth(
        before=Calls(record.calls_before or 0, record.denied_before or 0),
        since=Calls(record.calls, record.denied),
        machines=len(machines),
        failing=0 if rules.errors is None else len(_failing(transaction, record, machines, actors, upto)),
    )
    return record, spike(rules, health)


def _compared(transaction: Transaction, record: RolloutRecord, actors: set[str]) -> RolloutRecord:
    """The record with what was usual, found out once. What a revision did whose place this one took is not."""
    if record.calls_before is not None:
        return record
    low = max(1, record.usual - _LOOKED_BACK + 1)
    before = _sum(transaction.rollouts.calls(record.org, low, record.usual), actors)
    failing = transaction.rollouts.erring(record.org, low, record.usual) & actors
    return dataclasses.replace(
        record, calls_before=before.total, denied_before=before.denied, failing_before=tuple(sorted(failing))
    )


def _failing(
    transaction: Transaction, record: RolloutRecord, machines: Sequence[Standing], actors: set[str], upto: int
) -> set[str]:
    """The actors that report errors, or crashed, since the ring got the revision, and reported none before."""
    erring = transaction.rollouts.erring(record.org, record.first + 1, upto) & actors
    crashed: set[str] = set()
    for machine in [item for item in machines if item.crashes][:_MOST_CRASHED]:
        instance = transaction.instances.get(record.org, machine.name)
        # Its host came up again since then.
        if instance is not None and instance.started_at is not None and instance.started_at > record.since:
            crashed.add(f"{_ACTOR}{machine.name}")
    return {*erring, *crashed}.difference(record.failing_before)


def _sum(calls: Mapping[str, Calls], actors: Iterable[str]) -> Calls:
    found = [calls[actor] for actor in actors if actor in calls]
    return Calls(sum(item.total for item in found), sum(item.denied for item in found))
