"""Noting when versions of instances fall out of range: from moments that no agent can move, grace is counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from clawforge.compliance.fleet import FleetLapses, FleetTargets
from clawforge.compliance.lapse import Lapses, next_lapses
from clawforge.fleet_drift import Standing
from clawforge_server.control_plane import ControlPlane
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction


def watch_versions(plane: ControlPlane, state: OrgState) -> None:
    """Note which instances of an org fell out of range since somebody looked last, and which are back in range. Costs
    next to nothing while neither policies nor versions changed.
    """
    if state.record is None:
        return
    record = state.record
    plane.reports.flush()
    reported, came = plane.reports.version_changes(state.name), plane.version_looks.newcomers(state.name)
    mark = (record.epoch, record.serial, record.revision, reported, came)
    if plane.version_looks.is_current(state.name, mark):
        return
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        _note(transaction, state, now)
    plane.version_looks.looked(state.name, mark)


def _note(transaction: Transaction, state: OrgState, now: dt.datetime) -> None:
    before = transaction.version_lapses.list(state.name)
    targets = fleet_targets(state, now)
    if targets.exist or before:
        machines = transaction.instances.standings(state.name)
        transaction.version_lapses.put(state.name, _changes(before, FleetLapses(targets), machines, now))


def fleet_targets(state: OrgState, now: dt.datetime) -> FleetTargets:
    """The targets of the org's instances at a moment, and those of their bundles as they are served."""
    day = now.date() if state.record is None else state.record.horizon_day
    return FleetTargets(state.model, dt.datetime.combine(day, dt.time(), dt.UTC), now)


def _changes(
    before: Mapping[str, Mapping[str, dt.datetime]],
    missed: FleetLapses,
    machines: Sequence[Standing],
    now: dt.datetime,
) -> list[tuple[str, Lapses]]:
    found: list[tuple[str, Lapses]] = []
    nothing: Mapping[str, dt.datetime] = {}
    for machine in machines:
        kept = before.get(machine.name, nothing)
        out = missed.missed(machine)
        if out or kept:
            lapses = next_lapses(kept, out, now.replace(microsecond=0))
            if lapses != kept:
                found.append((machine.name, lapses))
    return found
