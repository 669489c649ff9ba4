"""What becomes of a kill switch over a group when the files give the group another name, or delete it."""

from __future__ import annotations

import dataclasses

from clawforge.errors import ConflictError
from clawforge.plan import Action, Plan
from clawforge_server.service.audit_trail import done
from clawforge_server.service.invariant_watch import Occasion
from clawforge_server.store.overlay_port import OverlayRecord
from clawforge_server.store.port import Transaction

_GROUP = "Group/"
_SCOPE = "group:"


def follow_stopped_groups(transaction: Transaction, org: str, plan: Plan, revision: int, occasion: Occasion) -> None:
    """Kill switches go with a group that is renamed: no apply ends what was stopped by hand.

    Raises ConflictError `killed-group` for a plan that deletes a group that is stopped.
    """
    stopped = [item for item in transaction.overlays.open(org) if item.scope.startswith(_SCOPE)]
    if not stopped:
        return
    _refuse_deletion(plan, stopped)
    renamed = {
        change.previous.removeprefix(_GROUP): change.address.removeprefix(_GROUP)
        for change in plan.changes
        if change.previous is not None and change.previous.startswith(_GROUP)
    }
    for item in stopped:
        later = renamed.get(item.scope.removeprefix(_SCOPE))
        if later is None:
            continue
        moved = dataclasses.replace(item, scope=f"{_SCOPE}{later}")
        transaction.overlays.put(moved)
        entry = done(
            occasion.at,
            occasion.actor,
            "kill:follow",
            origin=occasion.origin,
            revision=revision,
            target=f"overlay/{item.id}",
            before={"scope": item.scope},
            after={"scope": moved.scope},
        )
        transaction.audit.append(org, entry)


def _refuse_deletion(plan: Plan, stopped: list[OverlayRecord]) -> None:
    gone = {change.address.removeprefix(_GROUP) for change in plan.changes if change.action is Action.DELETE}
    for item in stopped:
        name = item.scope.removeprefix(_SCOPE)
        if name in gone:
            raise ConflictError(
                f"The plan deletes Group/{name}, and {item.created_by} stopped that group: {item.reason}",
                hint=f"Its members would go on. End that first with `clawforge kill off {item.id}`.",
                code="killed-group",
            )
