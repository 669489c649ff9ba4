"""When a plan renames a user, what is kept of them follows: machines, tokens to enrol, and a suspension by hand."""

from __future__ import annotations

import dataclasses

from clawforge.plan import Plan
from clawforge_server.service.audit_trail import done
from clawforge_server.service.invariant_watch import Occasion
from clawforge_server.store.port import Transaction

_USER = "User/"
_MOST_NAMED = 20
"""Machines that one record names; all of them are counted."""


def follow_renames(
    transaction: Transaction, org: str, plan: Plan, revision: int, occasion: Occasion
) -> tuple[str, ...]:
    """Hashes of the credentials of machines that have another user now: forget them before the state is published.

    A machine whose user is renamed stays that person's own; otherwise it would be nobody's, and get another policy.
    """
    renamed = {
        change.previous.removeprefix(_USER): change.address.removeprefix(_USER)
        for change in plan.changes
        if change.previous is not None and change.previous.startswith(_USER) and change.address.startswith(_USER)
    }
    if not renamed:
        return ()
    machines = {former: transaction.instances.of_user(org, former) for former in renamed}
    # All at once: two people may have exchanged their names.
    transaction.instances.rename_users(org, renamed)
    transaction.enrollments.rename_users(org, renamed)
    stopped = [item for item in transaction.suspensions.list(org) if item.user in renamed]
    for item in stopped:
        transaction.suspensions.lift(org, item.user)
    for item in stopped:
        transaction.suspensions.add(org, dataclasses.replace(item, user=renamed[item.user]))
    for former, later in sorted(renamed.items()):
        names = [item.name for item in machines[former]]
        entry = done(
            occasion.at,
            occasion.actor,
            "instances:follow",
            origin=occasion.origin,
            revision=revision,
            target=f"{_USER}{later}",
            before={"user": former},
            after={"user": later},
            instances=names[:_MOST_NAMED],
            count=len(names),
        )
        transaction.audit.append(org, entry)
    return tuple(item.sha256 for found in machines.values() for item in found)
