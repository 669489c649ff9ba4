"""How machines stand: heard of, enforcing, and with what versions; worked out by classes of machines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from clawforge.access.rights import ORG_WIDE, Target
from clawforge.compliance.fleet import NO_LAPSES, FleetCompliance
from clawforge.compliance.lapse import Lapses
from clawforge.compliance.verdict import IN_ORDER, Compliance
from clawforge.fleet_drift import AgentState, Standing, state_of
from clawforge.fleet_selector import Candidate, FleetSelector, fits
from clawforge.fleet_status import MachineStatus, is_crash_loop, machine_status
from clawforge.resolve.subject import Subject
from clawforge.resource.organization import Heartbeat, Organization, OrganizationSpec
from clawforge.wire_enrollment import InstanceState
from clawforge_server.auth.principal import Principal
from clawforge_server.service.version_watch import fleet_targets
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import InstanceRecord

READ_INSTANCES = "instances:read"


class Surveyed(NamedTuple):
    """How one machine stands. What holds only for machines that are in is None for others; `enforces` is None for
    those that are shut in, whose agents deny every call whatever they hold."""

    state: InstanceState
    status: MachineStatus | None = None
    enforces: AgentState | None = None
    wanted: str | None = None
    compliance: Compliance = IN_ORDER
    crashing: bool = False


class Survey:
    """One look at the machines of an org at a moment. `lapses` are the components that are out of range, by machine."""

    def __init__(self, state: OrgState, now: dt.datetime, lapses: Mapping[str, Lapses]) -> None:
        self._state = state
        self._now = now
        self._lapses = lapses
        self._heartbeat = heartbeat_of(state)
        self._wanted = state.wanted_bundles()
        self._compliance = FleetCompliance(fleet_targets(state, now), now)

    def of(self, machine: Standing, state: InstanceState) -> Surveyed:
        """How a machine stands whose credential is as `state` says."""
        if state not in ("active", "quarantined"):
            return Surveyed(state)
        wanted = self._wanted.of(machine)
        silent_since = self._now - dt.timedelta(seconds=self._heartbeat.offline_after)
        status = machine_status(machine.last_seen, self._now, self._heartbeat)
        return Surveyed(
            state=state,
            status=status,
            crashing=is_crash_loop(machine.crashes, status),
            enforces=state_of(machine, wanted, silent_since) if state == "active" else None,
            wanted=wanted,
            compliance=self._compliance.of(machine, self._lapses.get(machine.name, NO_LAPSES)),
        )


def heartbeat_of(state: OrgState) -> Heartbeat:
    """How often agents of the org report, and after which silence they count as offline."""
    found = state.resources.get(f"Organization/{state.name}")
    spec = found.spec if isinstance(found, Organization) else OrganizationSpec()
    return spec.heartbeat


def standing_of(record: InstanceRecord) -> Standing:
    """The record as comparisons of a fleet take it."""
    return Standing(
        name=record.name,
        user=record.user,
        groups=record.groups,
        tags=tuple(sorted(record.tags.items())),
        acknowledged=record.acknowledged,
        last_seen=record.last_seen,
        versions=tuple(sorted(record.versions.items())),
        host=record.host,
        crashes=record.crashes or 0,
        protocol=record.protocol,
    )


def is_selected(selector: FleetSelector, state: OrgState, machine: Standing, found: Surveyed) -> bool:
    """Whether a machine fits a selector. Only what the selector asks about is worked out."""
    if not selector:
        return True
    keys = {condition.key for condition in selector}
    values: dict[str, frozenset[str]] = {
        "instance": frozenset((machine.name,)),
        "user": frozenset((machine.user, state.model.membership.user_name(machine.user))),
        "host": frozenset((machine.host,)),
        "state": frozenset((found.state,)),
        "status": _one(found.status),
        "enforces": _one(found.enforces),
        "versions": _one(found.compliance.state if found.status is not None else None),
        "crashing": frozenset(("yes" if found.crashing else "no",)),
        "protocol": frozenset((machine.protocol,)),
        "group": groups_of(state, machine) if "group" in keys else frozenset(),
    }
    return fits(selector, Candidate(values, dict(machine.tags), dict(machine.versions)))


def groups_of(state: OrgState, machine: Standing) -> frozenset[str]:
    """The groups of a machine: those of its user, those that list it or its tags, and those of its enrolment."""
    subject = Subject(user=machine.user, instance=machine.name, groups=machine.groups, tags=dict(machine.tags))
    return state.model.facts(subject).groups


def reaches(who: Principal, state: OrgState, machine: Standing, permission: str = READ_INSTANCES) -> bool:
    """Whether the caller's right reaches a machine."""
    if who.may(permission, ORG_WIDE):
        return True
    return who.may(permission, Target(groups=state.access.groups_of_user(machine.user) | frozenset(machine.groups)))


def _one(value: str | None) -> frozenset[str]:
    return frozenset() if value is None else frozenset((value,))
