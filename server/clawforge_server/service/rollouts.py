"""Rollouts as people see them, and what they may do about the open one."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter

from clawforge.access.permission import MANAGE_ROLLOUTS
from clawforge.errors import ConflictError
from clawforge.rings.order import RingOrder
from clawforge.wire_rollouts import RingView, RolloutAnswer, RolloutOrder, RolloutView
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.service.credentials import require_standing
from clawforge_server.service.rollout_clock import carried_on
from clawforge_server.service.rollout_course import advanced, finished, halted, resumed
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction
from clawforge_server.store.rollout_port import RolloutRecord

READ, MANAGE = "rollouts:read", MANAGE_ROLLOUTS


def rollout_answer(plane: ControlPlane, org: str) -> RolloutAnswer:
    """The newest rollout of an org, with the machines of its rings counted. Raises NotFoundError."""
    state = plane.states.get(org)
    with plane.store.transaction() as transaction:
        return _answer(transaction, state)


def order_rollout(
    plane: ControlPlane, who: Principal, org: str, order: RolloutOrder, *, origin: Origin | None = None
) -> RolloutAnswer:
    """Do what a person says about the open rollout; it is in the log with the reason.

    Raises NotFoundError, and ConflictError: `no-rollout` if none of that revision is open, `rollout-halted` for what is
    halted and would be carried on without being resumed, `rollout-as-wanted` if it halted already, or is not.
    """
    with plane.states.changing(org):
        state = plane.states.get(org)
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, plane.clock.now())
            before = _open(transaction, org, order.revision)
            now = plane.steady.now()
            after = _ordered(before, order, now, who.actor, transaction.audit_tree.head(org).size)
            action = f"rollouts:{order.action}"
            changed = carried_on(transaction, state, before, after, who.actor, now, action=action, origin=origin)
            answer = _answer(transaction, changed or state)
        if changed is not None:
            plane.states.publish(changed)
    return answer


def _open(transaction: Transaction, org: str, revision: int) -> RolloutRecord:
    found = transaction.rollouts.open(org)
    if found is None or found.revision != revision:
        other = "" if found is None else f" That of revision {found.revision} is."
        raise ConflictError(
            f"No rollout of revision {revision} is open.{other}",
            hint="`clawforge rollout status` says how far it has come.",
            code="no-rollout",
        )
    return found


def _ordered(before: RolloutRecord, order: RolloutOrder, now: dt.datetime, actor: str, log: int) -> RolloutRecord:
    is_halted = before.state == "halted"
    if order.action in ("advance", "finish") and is_halted:
        raise ConflictError(
            f"The rollout is halted: {before.reason}",
            hint="Look at what is wrong. `clawforge rollout resume` carries it on, an older revision can be rolled "
            "back to.",
            code="rollout-halted",
        )
    if (order.action == "halt") is is_halted and order.action in ("halt", "resume"):
        raise ConflictError(
            f"The rollout is halted already: {before.reason}" if is_halted else "The rollout is not halted.",
            hint="`clawforge rollout status` says how far it has come.",
            code="rollout-as-wanted",
        )
    if order.action == "advance":
        return advanced(before, now, actor, log, order.reason)
    if order.action == "finish":
        return finished(before, now, actor, order.reason)
    return halted(before, order.reason) if order.action == "halt" else resumed(before, now, log, order.reason)


def _answer(transaction: Transaction, state: OrgState) -> RolloutAnswer:
    record = transaction.rollouts.latest(state.name)
    view = None if record is None else _view(transaction, state, record)
    return RolloutAnswer(org=state.name, revision=state.state.revision, rollout=view)


def _view(transaction: Transaction, state: OrgState, record: RolloutRecord) -> RolloutView:
    order = state.stage.order if state.stage is not None else RingOrder(record.rule.rings, state.model.membership)
    counts = Counter(order.of(item) for item in transaction.instances.standings(record.org))
    reached = record.ring if record.state != "replaced" else -1
    rings = [
        RingView(name=ring.name, bake=ring.bake, machines=counts[index], reached=index <= reached)
        for index, ring in enumerate(record.rule.rings)
    ]
    last = len(rings)
    rings.append(RingView(machines=counts[last], reached=last <= reached))
    shared = {
        item.name: getattr(record, item.name)
        for item in dataclasses.fields(record)
        if item.name in RolloutView.model_fields and item.name != "ring"
    }
    return RolloutView.model_validate(
        {**shared, "ring": rings[record.ring].name, "next_at": record.due_at, "rings": tuple(rings)}, by_name=True
    )
