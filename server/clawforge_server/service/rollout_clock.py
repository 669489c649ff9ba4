"""What time and reports do to rollouts: they come to the next ring, or halt."""

from __future__ import annotations

import dataclasses
import datetime as dt

from clawforge_server.control_plane import ControlPlane
from clawforge_server.log import logger
from clawforge_server.origin import Origin
from clawforge_server.service.overlay_clock import SERVER
from clawforge_server.service.rollout_account import ring_name, rollout_entry
from clawforge_server.service.rollout_course import advanced, halted
from clawforge_server.service.rollout_watch import looked_at
from clawforge_server.state.org_state import OrgState, read_org
from clawforge_server.state.warming import warm
from clawforge_server.store.port import Transaction
from clawforge_server.store.rollout_port import RolloutRecord


def orgs_with_due_rollouts(plane: ControlPlane) -> tuple[str, ...]:
    """The orgs for which `tend_rollout` has something to do now, or may find something."""
    now, monotonic = plane.steady.now(), plane.clock.monotonic()
    with plane.store.transaction() as transaction:
        found = transaction.rollouts.baking()
    # Each is asked, so that a look counts also where a ring is due.
    looks = {item.org: plane.rollout_looks.is_due(item.org, monotonic) for item in found}
    return tuple(item.org for item in found if looks[item.org] or (item.due_at is not None and item.due_at <= now))


def tend_rollout(plane: ControlPlane, org: str) -> None:
    """Look at the present ring, halt the rollout if something is wrong there, and else carry it on when it has baked.

    What came due while the server was down is carried on when it is up again, one ring at a time: each bakes for as
    long as the ChangePolicy says. A clock that is set forward shortens nothing.
    """
    now = plane.steady.now()
    with plane.states.changing(org):
        state = plane.states.get(org)
        with plane.store.transaction() as transaction:
            record = transaction.rollouts.open(org)
            stage = state.stage
            if record is None or record.state != "baking" or stage is None or stage.record.revision != record.revision:
                return
            after, wrong = looked_at(transaction, dataclasses.replace(stage, record=record))
            if wrong is not None:
                after = halted(after, wrong)
            elif after.due_at is not None and after.due_at <= now:
                after = advanced(after, now, SERVER, transaction.audit_tree.head(org).size)
            if after == record:
                return
            changed = carried_on(transaction, state, record, after, SERVER, now)
        if changed is not None:
            plane.states.publish(changed)
    if changed is not None:
        tell = logger().warning if after.state == "halted" else logger().info
        tell(f"rollout {after.state}", org=org, revision=after.revision, ring=ring_name(after), reason=after.reason)


def carried_on(
    transaction: Transaction,
    state: OrgState,
    before: RolloutRecord,
    after: RolloutRecord,
    actor: str,
    now: dt.datetime,
    *,
    action: str | None = None,
    origin: Origin | None = None,
) -> OrgState | None:
    """Keep a step, with its record in the log if it is one, under a new serial if machines are served something else.

    None if only numbers were counted. Publish what it answers.
    """
    transaction.rollouts.put(after)
    moved = (before.ring, before.state, before.since) != (after.ring, after.state, after.since)
    if not moved:
        return None
    name = action or f"rollouts:{'halt' if after.state == 'halted' else 'advance'}"
    transaction.audit.append(state.name, rollout_entry(name, before, after, actor, now, origin))
    record = transaction.orgs.get(state.name)
    if record is None or state.record is None:
        raise LookupError("an org with a rollout was applied")
    if after.ring != before.ring:
        record = dataclasses.replace(record, serial=record.serial + 1)
        transaction.orgs.update(record)
    if (record.revision, record.epoch) == (state.record.revision, state.record.epoch):
        return state.with_rollout(record, after)
    present = read_org(transaction, state.name, now, state)
    if present is None:
        raise LookupError("an org with a rollout was applied")
    warm(present)
    return present
