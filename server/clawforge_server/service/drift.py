"""Agents held against the policies that are in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Set

from clawforge.access.rights import ORG_WIDE, Target
from clawforge.fleet_drift import Difference, FleetComparison, Standing
from clawforge.overlay.kill_scope import KillScope, parse_kill_scope
from clawforge.overlay.standing import StandingOverlay
from clawforge.resource.organization import Organization, OrganizationSpec
from clawforge.wire_drift import AgentCounts, AgentDrift, DeclaredException, FleetDrift
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.overlays import standing_overlays
from clawforge_server.service.rollout_account import open_rollout
from clawforge_server.service.skill_overlays import standing_revocations
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import AcknowledgementRecord

_READ = "instances:read"


def fleet_drift(plane: ControlPlane, who: Principal, org: str, limit: int) -> FleetDrift:
    """What the machines that the caller's right reaches enforce, the first `limit` of those that differ by name.

    Two reads of the store, however many machines there are. Raises NotFoundError.
    """
    state = plane.states.get(org)
    now = plane.clock.now()
    plane.reports.flush()
    with plane.store.transaction() as transaction:
        machines = transaction.instances.standings(org)
    reached = tuple(item for item in machines if _reaches(who, state, item)) if not _reaches_all(who) else machines
    shut_in = {item.name for item in reached if state.is_shut_in(item.name)}
    comparison = FleetComparison(state.wanted_bundles(), now - _silence(state), limit)
    comparison.add(item for item in reached if item.name not in shut_in)
    with plane.store.transaction() as transaction:
        names = [item.machine.name for item in comparison.differences]
        newest = transaction.acknowledgements.newest(org, names)
    exceptions = tuple(_exceptions(state, who, {item.name for item in reached}, shut_in))
    return FleetDrift(
        org=org,
        revision=state.state.revision,
        commit=state.commit,
        counts=_counts(comparison, len(shut_in)),
        agents=tuple(_view(item, newest.get(item.machine.name)) for item in comparison.differences),
        exceptions=exceptions[:limit],
        exception_count=len(exceptions),
        rollout=open_rollout(state),
    )


def _reaches_all(who: Principal) -> bool:
    return who.may(_READ, ORG_WIDE)


def _reaches(who: Principal, state: OrgState, machine: Standing) -> bool:
    groups = state.access.groups_of_user(machine.user) | frozenset(machine.groups)
    return who.may(_READ, Target(groups=groups))


def _silence(state: OrgState) -> dt.timedelta:
    """After how long a machine that says nothing counts as offline."""
    found = state.resources.get(f"Organization/{state.name}")
    spec = found.spec if isinstance(found, Organization) else OrganizationSpec()
    return dt.timedelta(seconds=spec.heartbeat.offline_after)


def _counts(comparison: FleetComparison, excepted: int) -> AgentCounts:
    counts = comparison.counts
    return AgentCounts(
        total=sum(counts.values()) + excepted,
        in_force=counts["in-force"],
        held=counts["held"],
        behind=counts["behind"],
        offline=counts["offline"],
        unacknowledged=counts["unacknowledged"],
        excepted=excepted,
    )


def _view(item: Difference, newest: AcknowledgementRecord | None) -> AgentDrift:
    if item.state == "in-force" or item.state == "held":
        raise LookupError("what is in force is no difference")
    machine = item.machine
    known = newest if newest is not None and newest.digest == machine.acknowledged else None
    return AgentDrift(
        instance=machine.name,
        user=machine.user,
        state=item.state,
        wanted=item.wanted,
        acknowledged=machine.acknowledged,
        revision=None if known is None else known.revision,
        since=None if known is None else known.at,
        last_seen=machine.last_seen,
    )


def _exceptions(state: OrgState, who: Principal, reached: Set[str], shut_in: Set[str]) -> Iterator[DeclaredException]:
    for item in sorted(state.quarantines, key=lambda item: (item.instance, item.invariant)):
        if item.instance in shut_in:
            why = f"{item.invariant}: {item.why}"
            yield DeclaredException(kind="quarantine", subject=item.instance, at=item.at, why=why)
    for stop in state.suspensions:
        if _reaches_all(who) or who.may(_READ, Target(groups=state.access.groups_of_user(stop.user))):
            yield DeclaredException(kind="suspension", subject=stop.user, at=stop.at, why=stop.reason, by=stop.by)
    for revocation in standing_revocations(state) if who.may("skills:read") else ():
        yield DeclaredException(
            kind="skill", subject=revocation.scope, at=revocation.since, why=revocation.reason, by=revocation.by
        )
    for standing in standing_overlays(state):
        if standing.kind in ("elevation", "grant"):
            user = standing.scope.removeprefix("user:")
            if _reaches_all(who) or who.may(_READ, Target(groups=state.access.groups_of_user(user))):
                yield _declared(standing, user)
            continue
        scope = parse_kill_scope(standing.scope)
        if _reaches_all(who) or _concerns(who, scope, reached):
            subject = standing.scope if standing.kind == "kill" else scope.name
            yield _declared(standing, subject)


def _declared(standing: StandingOverlay, subject: str) -> DeclaredException:
    return DeclaredException(
        kind=standing.kind, subject=subject, at=standing.since, why=standing.reason, by=standing.by
    )


def _concerns(who: Principal, scope: KillScope, reached: Set[str]) -> bool:
    """What stops the whole org, or a tool, concerns everybody."""
    if scope.kind == "instance":
        return scope.name in reached
    return scope.kind != "group" or who.may(_READ, Target(groups=frozenset((scope.name,))))
