"""What a proposal makes of the state of an org: worked out and checked, before anybody's rights are asked about."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from clawforge.analysis.freed_members import FreedMembers, with_freed
from clawforge.analysis.meaning import is_timeless, meaning_of, told_again
from clawforge.analysis.population import KnownInstance
from clawforge.analysis.world import World
from clawforge.meaning import Meaning
from clawforge.plan import Plan, PlanWarning
from clawforge.plan_scope import narrowed
from clawforge.planning import PlannedChanges, make_plan
from clawforge.proposal import Proposal, own_entries
from clawforge.proposal_checks import check_proposal, lint_proposal
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.user import User
from clawforge.state import StateEntry
from clawforge.wire import PlanRequest
from clawforge_server.auth.secrets import new_id
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.proposal_checks import check_bundles, parse_resources, refuse_failures
from clawforge_server.service.stopped_groups import freed_by, freed_warnings
from clawforge_server.state.bundle_cache import subject_of
from clawforge_server.state.meaning_memory import WholeChange
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import InstanceRecord, PlanPayload


@dataclass(frozen=True, slots=True)
class Rollback:
    """The proposal is the state of an older revision; `notes` are what whoever reads the plan should know of it."""

    revision: int
    notes: tuple[PlanWarning, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan with its checks and what it means. `resources` are all that there would be; `warnings` are the plan's, and
    what its readers should know of how it was asked for."""

    id: str
    request: PlanRequest
    proposal: Proposal
    resources: Sequence[Resource]
    planned: PlannedChanges
    meaning: Meaning
    warnings: tuple[PlanWarning, ...]
    rollback: Rollback | None

    def payload(self) -> PlanPayload:
        """What an apply of the plan writes."""
        request, planned = self.request, self.planned
        return PlanPayload(
            upserts={address: entry.body.decode() for address, entry in planned.upserts.items()},
            deletes=planned.deletes,
            forgotten=planned.forgotten,
            taken=planned.taken,
            positions=dict(self.proposal.positions),
            commit=request.commit,
            commit_author=request.commit_author,
            dirty=request.dirty,
            rollback_to=None if self.rollback is None else self.rollback.revision,
        )


def draft_plan(
    plane: ControlPlane, state: OrgState, request: PlanRequest, now: dt.datetime, rollback: Rollback | None
) -> Draft:
    """Work out what a proposal makes of the state.

    Raises OwnedElsewhereError, ListedError for what the checks refuse, and InputError if no bundle could be made of it
    for somebody.
    """
    proposed = parse_resources(request.resources, request.positions, state)
    proposal, left_out = _proposal(state, request, proposed).within(request.scope, state.state, state.positions)
    given = {resource.address: resource for resource in proposed}
    resources = proposal.resources(state.state, state.resources, given)
    plan_id = new_id("plan")
    planned = _checked(plane, state, proposal, resources, plan_id, now)
    plan = planned.plan
    meaning, warnings = plan.meaning, plan.warnings
    if not plan.is_empty:
        meaning, freed = _meaning(plane, state, plan, proposal, resources, now)
        warnings = (*freed_warnings(state, freed), *warnings)
    if not request.scope.is_everything:
        warnings = (narrowed(request.scope, left_out), *warnings)
    if rollback is not None and not plan.is_empty:
        warnings = (*rollback.notes, *warnings)
    return Draft(plan_id, request, proposal, resources, planned, meaning, warnings, rollback)


def _checked(
    plane: ControlPlane,
    state: OrgState,
    proposal: Proposal,
    resources: Sequence[Resource],
    plan_id: str,
    now: dt.datetime,
) -> PlannedChanges:
    # Ownership first: the checks would report the clash of two resources in other words.
    planned = make_plan(proposal, state.state, state.positions, plan_id=plan_id)
    org, digest = state.name, planned.plan.state_digest
    found = plane.lint_memory.findings(org, digest, lambda: lint_proposal(org, resources))
    positions = {**state.positions, **proposal.positions}
    moment = now.replace(microsecond=0)
    checked = check_proposal(resources, found, positions, proposal.entries, moment, previous=state.model)
    refuse_failures(checked, positions)
    plan = planned.plan.model_copy(update={"checks": checked.checks, "warnings": checked.warnings})
    return dataclasses.replace(planned, plan=plan)


def _meaning(
    plane: ControlPlane,
    state: OrgState,
    plan: Plan,
    proposal: Proposal,
    resources: Sequence[Resource],
    now: dt.datetime,
) -> tuple[Meaning, tuple[FreedMembers, ...]]:
    """What the proposed state means to everybody, and whom it takes out of groups that are stopped. Raises InputError
    if no bundle could be made of it for somebody."""
    instances = _instances(plane, state.name)
    after = state.with_stops(resources)
    model = OrgModel(after, previous=state.model)
    check_bundles(model, _subjects(instances, resources), now)
    positions, at = (state.positions, {**state.positions, **proposal.positions}), now.replace(microsecond=0)
    machines = [_known(instance) for instance in instances]
    freed = freed_by(state, plan.changes, model, [item for item in instances if item.state_at(now) == "active"])
    change = WholeChange.of(state, plan.state_digest, machines)
    found = plane.meaning_memory.recall(change)
    if found is not None:
        found = told_again(found, positions, at)
    else:
        world = World(state.in_force, after, at, models=(state.model, model))
        found = meaning_of(world, positions, machines)
        if is_timeless(world):
            plane.meaning_memory.keep(change, found)
    return with_freed(found, freed, positions), freed


def _instances(plane: ControlPlane, org: str) -> list[InstanceRecord]:
    """The machines that are in."""
    with plane.store.transaction() as transaction:
        return [instance for instance in transaction.instances.list(org) if instance.revoked_at is None]


def _subjects(instances: Iterable[InstanceRecord], resources: Iterable[Resource]) -> Iterator[Subject]:
    """Everybody for whom a bundle may be wanted: enrolled instances, and users who may enrol one."""
    yield from (subject_of(instance) for instance in instances)
    yield from (Subject(user=user.metadata.name) for user in resources if isinstance(user, User))


def _known(instance: InstanceRecord) -> KnownInstance:
    return KnownInstance(
        name=instance.name,
        user=instance.user,
        groups=instance.groups,
        tags=tuple(instance.tags.items()),
        versions=tuple(instance.versions.items()),
    )


def _proposal(state: OrgState, request: PlanRequest, proposed: list[Resource]) -> Proposal:
    ordered = sorted(proposed, key=lambda resource: resource.address)
    named = {resource.address: _entry(state, request.source, resource) for resource in ordered}
    entries = own_entries(named, request.source, state.state, request.take_ownership)
    return Proposal(
        state.name,
        request.source,
        entries,
        {address: place for address, place in request.positions.items() if address in entries},
        request.commit,
        moved={item.from_: item.to for item in request.moved},
        forgotten=frozenset(request.forgotten),
        taken=request.take_ownership,
    )


def _entry(state: OrgState, source: str, resource: Resource) -> StateEntry:
    """As `StateEntry.of`; a resource that is in force already is not encoded and hashed again."""
    address = resource.address
    if state.resources.get(address) is resource:
        present = state.state.entries[address]
        return StateEntry(source, present.body, present.digest)
    return StateEntry.of(resource, source)
