"""What becomes of a kill switch over a group when the files give the group another name, delete it, or take members
out of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable

from clawforge.analysis.freed_members import FreedMembers, freed_members, groups_freed
from clawforge.errors import ConflictError
from clawforge.plan import Action, Change, Plan, PlanWarning
from clawforge.resolve.membership import SubjectFacts
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import format_instant
from clawforge.resource.user import User
from clawforge_server.service.audit_trail import done
from clawforge_server.service.invariant_watch import Occasion
from clawforge_server.service.overlays import standing_overlays
from clawforge_server.state.bundle_cache import subject_of
from clawforge_server.state.emergency_orders import groups_of
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.overlay_port import OverlayRecord
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import InstanceRecord

FREED = "leaves-stopped-group"
"""The code of the warning that a plan lets somebody go on who is stopped."""

_GROUP = "Group/"
_USER = "User/"
_SCOPE = "group:"


def follow_stopped_groups(transaction: Transaction, org: str, plan: Plan, revision: int, occasion: Occasion) -> None:
    """Kill switches go with a group that is renamed: no apply ends what was stopped by hand.

    Raises ConflictError `killed-group` for a plan that deletes a group that is stopped.
    """
    stopped = [item for item in transaction.overlays.open(org) if item.scope.startswith(_SCOPE)]
    if not stopped:
        return
    _refuse_deletion(plan, stopped)
    renamed = _renamed(plan.changes, _GROUP)
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


def freed_by(
    state: OrgState, changes: Iterable[Change], after: OrgModel, instances: Iterable[InstanceRecord]
) -> tuple[FreedMembers, ...]:
    """Whom changes of the state take out of a group that is stopped. `after` is the model that they make, `instances`
    are those that are in."""
    listed = tuple(changes)
    stops = standing_overlays(state)
    if not any(item.scope.startswith(_SCOPE) for item in stops):
        return ()
    if not any(change.address.startswith((_GROUP, _USER)) for change in listed):
        return ()
    users, groups = _renamed(listed, _USER), _renamed(listed, _GROUP)

    def later(subject: Subject) -> SubjectFacts:
        return after.facts(subject.model_copy(update={"user": users.get(subject.user, subject.user)}))

    subjects = (
        *(Subject(user=item.metadata.name) for item in state.resources.values() if isinstance(item, User)),
        *(subject_of(instance) for instance in instances),
    )
    # Whoever is suspended goes on nowhere, in whatever group.
    active = (subject for subject in subjects if not later(subject).suspended)
    return freed_members(
        stops, active, lambda one: groups_of(state, one), lambda one: frozenset(later(one).groups), groups
    )


def freed_warnings(state: OrgState, freed: Iterable[FreedMembers]) -> tuple[PlanWarning, ...]:
    """What whoever reads the plan should know of them."""
    since = {item.scope: item for item in standing_overlays(state)}
    found = []
    for item in freed:
        stop = since[f"{_SCOPE}{item.group}"]
        who = " and ".join(
            f"{count:,} {one if count == 1 else many}"
            for count, one, many in (
                (len(item.users), "person", "people"),
                (len(item.instances), "machine", "machines"),
            )
            if count
        )
        found.append(
            PlanWarning(
                code=FREED,
                message=f"This takes {who} out of {_GROUP}{item.group}, which {stop.by} stopped at "
                f"{format_instant(stop.since.replace(microsecond=0))}: {stop.reason} They go on once it is applied.",
            )
        )
    return tuple(found)


def refuse_unsaid(
    transaction: Transaction, org: str, plan: Plan, previous: OrgState, after: OrgModel, now: dt.datetime
) -> None:
    """Raise ConflictError `killed-group` for an apply that takes somebody out of a stopped group of which the plan does
    not say so: the group was stopped after the plan was made."""
    if not any(item.scope.startswith(_SCOPE) for item in previous.overlays):
        return
    instances = [item for item in transaction.instances.list(org) if item.state_at(now) == "active"]
    said = groups_freed(plan.meaning)
    for item in freed_by(previous, plan.changes, after, instances):
        if item.group not in said:
            raise ConflictError(
                f"{_GROUP}{item.group} was stopped after this plan was made, and the plan takes members out of it.",
                hint="Plan again: the new plan says who would go on.",
                code="killed-group",
            )


def _renamed(changes: Iterable[Change], kind: str) -> dict[str, str]:
    """Names of a kind that change, each with the later one."""
    return {
        change.previous.removeprefix(kind): change.address.removeprefix(kind)
        for change in changes
        if change.previous is not None and change.previous.startswith(kind)
    }


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
