"""Making plans: the server computes them itself, whatever the client computed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from clawforge.access.escalation import Side
from clawforge.access.model import AccessModel
from clawforge.analysis.meaning import meaning_of
from clawforge.analysis.population import KnownInstance
from clawforge.analysis.world import World
from clawforge.errors import NotFoundError, StalePlanError, UnavailableError
from clawforge.load.resource import parse_resource
from clawforge.meaning import Meaning, meaning_digest
from clawforge.plan import Plan, PlanWarning
from clawforge.plan_scope import narrowed
from clawforge.plan_signature import sign_plan
from clawforge.planning import PlannedChanges, make_plan
from clawforge.proposal import Proposal, own_entries
from clawforge.proposal_checks import check_proposal, lint_proposal
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.user import User
from clawforge.state import StateEntry
from clawforge.wire import PlanRequest
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.secrets import new_id
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.change_control import cautions, needs_of, reviewed, said_about, with_needs
from clawforge_server.service.overlays import standing_overlays
from clawforge_server.service.plan_authority import needed_approvals, refuse_last_owner, require_over_changes
from clawforge_server.service.proposal_checks import check_bundles, parse_resources, refuse_failures
from clawforge_server.service.vouching import authors_of, vouching
from clawforge_server.state.bundle_cache import subject_of
from clawforge_server.state.org_state import OrgState, empty_org
from clawforge_server.store.records import AuditEntry, InstanceRecord, PlanPayload, PlanRecord

PLAN_LIFETIME = dt.timedelta(hours=24)
_EXPIRED_KEPT = dt.timedelta(days=7)
"""How long somebody who applies an expired plan is told so, and not that there never was one."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """The proposal is the state of an older revision; `notes` are what whoever reads the plan should know of it."""

    revision: int
    notes: tuple[PlanWarning, ...]


def create_plan(
    plane: ControlPlane,
    who: Principal,
    org: str,
    request: PlanRequest,
    *,
    origin: Origin | None = None,
    rollback: Rollback | None = None,
) -> Plan:
    """Check a proposal, and keep the plan that it makes for 24 hours. Changes nothing.

    Raises StalePlanError if the client looked at another revision, OwnedElsewhereError, and ListedError for what
    the checks refuse, ForbiddenError for changes that the author's right does not reach and for whoever vouches for a
    commit without being trusted to. What reviewers said about the same change counts for the new plan as well.
    """
    state = plane.states.find(org) or empty_org(org)
    if request.base is not None and request.base != state.state.revision:
        raise StalePlanError(f"The present revision is {state.state.revision}, not {request.base}.", hint="Plan again.")
    now = plane.clock.now()
    expires_at = now.replace(microsecond=0) + PLAN_LIFETIME
    with plane.store.transaction() as transaction:
        vouched = vouching(transaction, who, state, request)
    proposed = parse_resources(request.resources, request.positions, state)
    whole = _proposal(state, request, proposed)
    proposal, left_out = whole.within(request.scope, state.state, state.positions)
    plan_id = new_id("plan")
    given_resources = {resource.address: resource for resource in proposed}
    resources = proposal.resources(state.state, state.resources, given_resources)
    planned = _plan(plane, state, proposal, resources, plan_id, now)
    meaning = planned.plan.meaning
    if not planned.plan.is_empty:
        meaning = _meaning(plane, state, proposal, resources, now)
    found: dict[str, Any] = {
        "expires_at": expires_at,
        "meaning": meaning,
        "meaning_digest": meaning_digest(meaning),
        "replay": request.replay,
        "reason": request.reason,
        "vouched": vouched,
        "authors": authors_of(who, state.access, request, vouched),
        "overlays": standing_overlays(state),
    }
    if not request.scope.is_everything:
        found["warnings"] = (narrowed(request.scope, left_out), *planned.plan.warnings)
    if rollback is not None and not planned.plan.is_empty:
        found["warnings"] = (*rollback.notes, *planned.plan.warnings)
    plan = planned.plan.model_copy(update=found)
    payload = _payload(planned, proposal, request, rollback)
    sides = _sides(state, plan, resources)
    plan = _authorised(who, plan, state, sides, payload, now)
    if state.keys is not None:
        plan = sign_plan(plan, state.keys.online)
    record = PlanRecord(plan_id, now, expires_at, who.actor, who.answerable, plan, payload)
    with plane.store.transaction() as transaction:
        transaction.plans.forget_expired(org, now - _EXPIRED_KEPT)
        transaction.plans.add(org, record)
        entry = done(
            now,
            who.actor,
            "plans:create",
            origin=origin,
            revision=state.state.revision,
            target=f"plan/{plan_id}",
            plan=plan_id,
            source=request.source,
            digest=plan.digest,
            commit=request.commit,
            rollback=None if rollback is None else rollback.revision,
        )
        transaction.audit.append(org, entry)
        if vouched is not None:
            transaction.audit.append(org, _vouched_entry(now, who, state, plan, origin))
        judgements = said_about(transaction, org, record, now)
    return reviewed(record, judgements, *sides)


def read_plan(plane: ControlPlane, org: str, plan_id: str) -> Plan:
    """The plan as it was answered, with what reviewers said since. Raises NotFoundError."""
    state = plane.states.find(org) or empty_org(org)
    with plane.store.transaction() as transaction:
        found = transaction.plans.get(org, plan_id)
        if found is None:
            raise unknown_plan(plan_id)
        judgements = said_about(transaction, org, found, plane.clock.now())
    return reviewed(found, judgements, *planned_sides(state, found))


def planned_sides(state: OrgState, plan: PlanRecord) -> tuple[Side, Side]:
    """The state now, and as the plan would leave it. The rights of the latter are nobody's yet, and not asked for."""
    after = dict(state.resources)
    payload = plan.payload
    for address, text in payload.upserts.items() if payload is not None else ():
        after[address] = _parsed(address, text)
    for address in payload.deletes if payload is not None else ():
        after.pop(address, None)
    return Side(state.resources, state.access), Side(after, AccessModel.of(()))


def _parsed(address: str, text: str) -> Resource:
    resource = parse_resource(orjson.loads(text))
    if isinstance(resource, list):
        raise UnavailableError(f"The planned resource {address} cannot be read.", code="unreadable-state")
    return resource


def unknown_plan(plan_id: str) -> NotFoundError:
    """There is no such plan in this org."""
    return NotFoundError(
        f"There is no plan {plan_id!r} in this org.",
        hint="Plans that were not applied are dropped after they expired; plan again.",
        code="unknown-plan",
    )


def _sides(state: OrgState, plan: Plan, resources: Sequence[Resource]) -> tuple[Side, Side]:
    before = Side(state.resources, state.access)
    if plan.is_empty:
        return before, before
    return before, Side({item.address: item for item in resources}, state.access_of(resources))


def _authorised(
    who: Principal, plan: Plan, state: OrgState, sides: tuple[Side, Side], payload: PlanPayload, now: dt.datetime
) -> Plan:
    """The plan with the approvals that it needs. Raises ForbiddenError, and InputError for the end of all owners."""
    before, after = sides
    require_over_changes(who, "plans:create", plan, before, after)
    refuse_last_owner(before, after)
    needs = (
        *needed_approvals(who, plan, before, after, now),
        *needs_of(plan, state, before, after, payload.positions),
    )
    return with_needs(plan, needs, cautions(plan, state, now))


def _vouched_entry(now: dt.datetime, who: Principal, state: OrgState, plan: Plan, origin: Origin | None) -> AuditEntry:
    vouched = plan.vouched
    return done(
        now,
        who.actor,
        "plans:vouch",
        origin=origin,
        revision=state.state.revision,
        target=f"plan/{plan.id}",
        plan=plan.id,
        commit=plan.commit,
        vouched=None if vouched is None else vouched.model_dump(mode="json", by_alias=True),
    )


def _plan(
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
    plane: ControlPlane, state: OrgState, proposal: Proposal, resources: Sequence[Resource], now: dt.datetime
) -> Meaning:
    """What the proposed state means to everybody. Raises InputError if no bundle could be made of it for somebody."""
    instances = _instances(plane, state.name)
    after = state.with_stops(resources)
    model = OrgModel(after, previous=state.model)
    check_bundles(model, _subjects(instances, resources), now)
    world = World(state.in_force, after, now.replace(microsecond=0), models=(state.model, model))
    positions = (state.positions, {**state.positions, **proposal.positions})
    return meaning_of(world, positions, [_known(instance) for instance in instances])


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


def _payload(
    planned: PlannedChanges, proposal: Proposal, request: PlanRequest, rollback: Rollback | None
) -> PlanPayload:
    return PlanPayload(
        upserts={address: entry.body.decode() for address, entry in planned.upserts.items()},
        deletes=planned.deletes,
        forgotten=planned.forgotten,
        taken=planned.taken,
        positions=dict(proposal.positions),
        commit=request.commit,
        commit_author=request.commit_author,
        dirty=request.dirty,
        rollback_to=None if rollback is None else rollback.revision,
    )
