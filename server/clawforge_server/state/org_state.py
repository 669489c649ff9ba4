"""One org as of one revision, with everything that requests need: immutable, and replaced as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property

from clawforge.access.model import AccessModel
from clawforge.analysis.invariant_subject import InvariantCheck
from clawforge.change_control.demands import change_policies, out_of_band
from clawforge.decide.request import KillOrder
from clawforge.decide.simulate import Simulator
from clawforge.errors import UnavailableError
from clawforge.fleet_drift import Wanted
from clawforge.load.resource import parse_resource
from clawforge.machine_classes import Machine
from clawforge.overlay.bounds import ElevationBook
from clawforge.position import ResourcePosition
from clawforge.resolve.org import OrgModel
from clawforge.resource.change_policy import OutOfBand
from clawforge.resource.elevation_policy import ElevationPolicy
from clawforge.resource.group import Group
from clawforge.resource.invariant import Invariant
from clawforge.resource.meta import Resource
from clawforge.resource.organization import Organization, OrganizationLimits
from clawforge.resource.skill_approval import SkillApproval, SkillStatus
from clawforge.resource.user import User, UserState
from clawforge.rings.later_names import under_later_names
from clawforge.rings.order import RingOrder
from clawforge.state import EMPTY_STATE, State, StateEntry
from clawforge.wire import Revision
from clawforge_server.state.org_keys import OrgKeys
from clawforge_server.state.rollout_stage import HeldState, RolloutStage, StagedBundles
from clawforge_server.state.served_revision import ServedRevision
from clawforge_server.store.elevation_body import LIFTING, Lifting, body_of
from clawforge_server.store.overlay_port import OverlayRecord
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import OrgRecord, QuarantineRecord, SuspensionRecord
from clawforge_server.store.rollout_port import RolloutRecord
from clawforge_server.store.skill_records import SkillRevocationRecord


@dataclass(frozen=True)
class OrgState:
    """`record` and `keys` are None for an org that was never applied. `present` is the revision in force.
    `suspensions` are users stopped by hand, `skill_revocations` skills that were, `quarantines` instances that are shut
    in, `overlays` what else was done by hand and was not ended, oldest first. `rollout` is the one that is open, with
    the state from which machines are served that it has not come to."""

    name: str
    record: OrgRecord | None
    state: State
    resources: Mapping[str, Resource]
    positions: Mapping[str, ResourcePosition]
    keys: OrgKeys | None
    present: Revision | None = None
    suspensions: tuple[SuspensionRecord, ...] = ()
    quarantines: tuple[QuarantineRecord, ...] = ()
    overlays: tuple[OverlayRecord, ...] = ()
    skill_revocations: tuple[SkillRevocationRecord, ...] = ()
    rollout: RolloutRecord | None = None
    held: HeldState | None = None
    _checks: dict[dt.datetime, InvariantCheck] = field(default_factory=dict, compare=False, repr=False)

    @property
    def commit(self) -> str | None:
        """From which commit the revision in force was applied."""
        return None if self.present is None else self.present.commit

    @cached_property
    def model(self) -> OrgModel:
        """Which policy whose agents get."""
        return OrgModel(self.in_force)

    def build_on(self, known: OrgModel) -> None:
        """Make the model, unless it is there, with what another one worked out about the same resources."""
        if "model" not in self.__dict__:
            self.__dict__["model"] = OrgModel(self.in_force, previous=known)

    @cached_property
    def in_force(self) -> tuple[Resource, ...]:
        """The resources, with the users and skills stopped that were stopped by hand."""
        return self.with_stops(self.resources.values())

    def with_stops(self, resources: Iterable[Resource]) -> tuple[Resource, ...]:
        """These resources; who and what was stopped by hand is as suspended or revoked as the files could say."""
        stopped = {f"User/{item.user}" for item in self.suspensions}
        kept = (_stopped(item) if item.address in stopped else item for item in resources)
        return (*kept, *self._revoked)

    @cached_property
    def _revoked(self) -> tuple[Resource, ...]:
        return tuple(item.as_resource() for item in self.skill_revocations)

    @cached_property
    def access(self) -> AccessModel:
        """Who may do what to this org."""
        return self.access_of(self.resources.values())

    def access_of(self, resources: Iterable[Resource]) -> AccessModel:
        """Who could do what if these were the resources, while the same users are stopped by hand."""
        return AccessModel.of(resources, [item.user for item in self.suspensions])

    @cached_property
    def out_of_band(self) -> OutOfBand:
        """What a reconciler does about changes that it did not make."""
        return out_of_band(change_policies(self.resources))

    @cached_property
    def elevation_book(self) -> ElevationBook:
        """Who may have what lifted."""
        policies = [item for item in self.in_force if isinstance(item, ElevationPolicy)]
        return ElevationBook(policies, self.model.membership)

    @cached_property
    def simulator(self) -> Simulator:
        """Judges calls as an agent would."""
        return self.newest.simulator

    @cached_property
    def invariants(self) -> tuple[Invariant, ...]:
        """What must hold for everybody."""
        return tuple(item for item in self.resources.values() if isinstance(item, Invariant))

    def invariant_check(self, now: dt.datetime) -> InvariantCheck:
        """The invariants held against known subjects, from the hour of `now` on: one check an hour, which remembers."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        known = self._checks.get(hour)
        if known is None:
            self._checks.clear()
            known = self._checks[hour] = InvariantCheck(self.model, self.invariants, hour)
        return known

    @cached_property
    def newest(self) -> ServedRevision:
        """The present revision, from which machines are served unless a rollout has not come to them."""
        return ServedRevision(self.state.revision, self.present, self.model, self.resources, self.positions)

    @cached_property
    def stage(self) -> RolloutStage | None:
        """The open rollout; None if every machine is served from the present revision."""
        if self.rollout is None or self.held is None:
            return None
        order = RingOrder(self.rollout.rule.rings, self.model.membership)
        return RolloutStage(self.rollout, self._held_revision, order)

    @cached_property
    def _held_revision(self) -> ServedRevision:
        if self.held is None or self.rollout is None:
            raise LookupError("no rollout is open")
        entries, positions = self.held.entries, self.positions
        kept = {
            address: position
            for address, position in positions.items()
            if address in entries and entries[address].digest == self.state.entries[address].digest
        }
        # Machines are their users' under the present names: under the former ones no guardrail would mean them.
        resources = under_later_names(self.held.resources, self.rollout.renamed)
        model = OrgModel(self.with_stops(self._stopped_by_files(resources)), previous=self.model)
        return ServedRevision(self.held.revision, self.held.made, model, resources, kept)

    def _stopped_by_files(self, resources: Mapping[str, Resource]) -> Iterator[Resource]:
        """Resources of before, in which whoever and whatever the present files stop is stopped: no rollout keeps
        anybody waiting for that."""
        for address, resource in resources.items():
            now = self.resources.get(address)
            yield now if now is not None and _is_stop(now) else resource
        yield from (item for address, item in self.resources.items() if address not in resources and _is_stop(item))

    def serving(self, machine: Machine) -> ServedRevision:
        """The revision from which a machine is served."""
        stage = self.stage
        return stage.held if stage is not None and stage.holds_back(machine) else self.newest

    def wanted_bundles(self) -> Wanted:
        """Which bundle every machine should enforce, as they are served: from the org's day on."""
        day, stage = self.day, self.stage
        present = self.newest.wanted(day)
        return present if stage is None else StagedBundles(stage, present, stage.held.wanted(day))

    @property
    def day(self) -> dt.date:
        """The day with which bundles begin. Raises UnavailableError for an org without a policy."""
        if self.record is None:
            raise UnavailableError("There is no policy yet that anybody could enforce.", code="unknown-org")
        return self.record.horizon_day

    def quarantined(self, instance: str) -> tuple[QuarantineRecord, ...]:
        """The invariants for whose sake an instance is shut in; empty if there are none."""
        return self._quarantined.get(instance, ())

    @cached_property
    def _quarantined(self) -> Mapping[str, tuple[QuarantineRecord, ...]]:
        found: dict[str, tuple[QuarantineRecord, ...]] = {}
        for item in self.quarantines:
            found[item.instance] = (*found.get(item.instance, ()), item)
        return found

    def is_shut_in(self, instance: str) -> bool:
        """Whether an instance denies every call, because of an invariant or of somebody's word."""
        return bool(self.quarantined(instance)) or self.shut_in_by_hand(instance) is not None

    def shut_in_by_hand(self, instance: str) -> OverlayRecord | None:
        """The quarantine into which somebody put an instance; None if nobody did."""
        scope = f"instance:{instance}"
        held = (item for item in self.overlays if item.kind == "quarantine" and item.scope == scope and item.in_force)
        return next(held, None)

    def with_quarantines(self, record: OrgRecord, quarantines: tuple[QuarantineRecord, ...]) -> OrgState:
        """The same org after somebody was shut in or released: nobody's policy is another one, so the model stays."""
        other = copy(self)
        other.__dict__.pop("_quarantined", None)
        other.__dict__.update(record=record, quarantines=quarantines)
        return other

    @cached_property
    def kills(self) -> tuple[KillOrder, ...]:
        """The kill switches that are on, as leases list them."""
        return kill_orders(self.overlays)

    @cached_property
    def lifting(self) -> Mapping[str, tuple[Lifting, ...]]:
        """Elevations and temporary grants in force, by the machine that they are for."""
        found: dict[str, tuple[Lifting, ...]] = {}
        for record in self.overlays:
            if record.kind in LIFTING and record.in_force:
                body = body_of(record)
                found[body.instance] = (*found.get(body.instance, ()), Lifting(record, body))
        return found

    def with_overlays(self, record: OrgRecord, overlays: tuple[OverlayRecord, ...]) -> OrgState:
        """The same org after something was done by hand, or ended: nobody's policy is another one."""
        other = copy(self)
        for known in ("lifting", "kills"):
            other.__dict__.pop(known, None)
        other.__dict__.update(record=record, overlays=overlays)
        return other

    def with_rollout(self, record: OrgRecord, rollout: RolloutRecord) -> OrgState:
        """The same org after its rollout came further, or stopped: nobody's policies are other ones in any revision."""
        other = copy(self)
        stage = other.__dict__.pop("stage", None)
        other.__dict__["record"] = record
        if not rollout.is_open:
            other.__dict__.pop("_held_revision", None)
            other.__dict__.update(rollout=None, held=None)
            return other
        other.__dict__["rollout"] = rollout
        if stage is not None:
            other.__dict__["stage"] = replace(stage, record=rollout)
        return other

    @cached_property
    def users(self) -> Mapping[str, User]:
        """Declared users by name and by email."""
        found = [resource for resource in self.resources.values() if isinstance(resource, User)]
        by_email = {user.spec.email: user for user in found}
        return {**by_email, **{user.metadata.name: user for user in found}}

    @cached_property
    def skill_verdicts(self) -> Mapping[str, tuple[SkillApproval, ...]]:
        """What the files say about skills: by key, and by address."""
        found: dict[str, list[SkillApproval]] = {}
        for address in sorted(self.resources):
            item = self.resources[address]
            if isinstance(item, SkillApproval):
                found.setdefault(item.spec.key, []).append(item)
        return {key: tuple(found[key]) for key in sorted(found)}

    @cached_property
    def limits(self) -> OrganizationLimits:
        """The org's upper bounds."""
        found = self.resources.get(f"Organization/{self.name}")
        return found.spec.limits if isinstance(found, Organization) else OrganizationLimits()

    @cached_property
    def groups(self) -> frozenset[str]:
        """Names of declared groups."""
        return frozenset(item.metadata.name for item in self.resources.values() if isinstance(item, Group))


def empty_org(name: str) -> OrgState:
    """An org before its first apply."""
    return OrgState(name, None, EMPTY_STATE, {}, {}, None)


def read_org(
    transaction: Transaction, name: str, now: dt.datetime, previous: OrgState | None = None
) -> OrgState | None:
    """The org as the store has it; resources that `previous` holds unchanged are not parsed again.

    Raises UnavailableError when the store holds a resource that this code cannot read.
    """
    record = transaction.orgs.get(name)
    if record is None:
        return None
    state = State(record.revision, transaction.resources.entries(name))
    resources = _parsed(state.entries, previous)
    rollout = transaction.rollouts.open(name)
    return OrgState(
        name=name,
        record=record,
        state=state,
        resources=resources,
        positions=transaction.resources.positions(name),
        keys=OrgKeys(name, record.epoch, transaction.orgs.keys(name), now),
        present=transaction.revisions.get(name, record.revision),
        suspensions=transaction.suspensions.list(name),
        quarantines=in_quarantine(transaction, name),
        overlays=transaction.overlays.open(name),
        skill_revocations=transaction.skill_revocations.standing(name),
        rollout=rollout,
        held=None if rollout is None else _held(transaction, name, rollout.held, previous),
    )


def _held(transaction: Transaction, name: str, number: int, previous: OrgState | None) -> HeldState:
    """The state of a revision from before, out of memory if it is there."""
    if previous is not None and previous.held is not None and previous.held.revision == number:
        return previous.held
    if previous is not None and previous.state.revision == number:
        return HeldState(number, previous.present, previous.state.entries, previous.resources)
    entries = transaction.resources.entries_at(name, number)
    return HeldState(number, transaction.revisions.get(name, number), entries, _parsed(entries, previous))


def in_quarantine(transaction: Transaction, name: str) -> tuple[QuarantineRecord, ...]:
    """The instances of an org that are shut in, and why."""
    return tuple(item for item in transaction.quarantines.list(name) if item.released_at is None)


def _stopped(resource: Resource) -> Resource:
    if not isinstance(resource, User):
        return resource
    return resource.model_copy(update={"spec": resource.spec.model_copy(update={"state": UserState.SUSPENDED})})


def unreadable(address: str) -> UnavailableError:
    """The error for a resource that the store holds and this code cannot read."""
    return UnavailableError(f"The stored resource {address} cannot be read.", code="unreadable-state")


def _is_stop(resource: Resource) -> bool:
    """Whether it says that somebody or something is stopped."""
    if isinstance(resource, User):
        return resource.spec.state is UserState.SUSPENDED
    return isinstance(resource, SkillApproval) and resource.spec.status is not SkillStatus.APPROVED


def _parsed(entries: Mapping[str, StateEntry], previous: OrgState | None) -> dict[str, Resource]:
    known = previous.state.entries if previous is not None else {}
    resources: dict[str, Resource] = {}
    for address, entry in entries.items():
        before = known.get(address)
        if previous is not None and before is not None and before.digest == entry.digest:
            resources[address] = previous.resources[address]
            continue
        resource = parse_resource(entry.value())
        if isinstance(resource, list):
            raise unreadable(address)
        resources[address] = resource
    return resources


def kill_orders(overlays: Iterable[OverlayRecord]) -> tuple[KillOrder, ...]:
    """The kill switches among these that are on."""
    found = (item for item in overlays if item.kind == "kill" and item.in_force)
    return tuple(KillOrder(scope=item.scope, reason=item.reason, message=item.message) for item in found)
