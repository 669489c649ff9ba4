"""Which machines run what they should, now or under a plan."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from clawforge.compliance.fleet import NO_LAPSES, FleetCompliance, FleetLapses, FleetTargets
from clawforge.compliance.lapse import next_lapses
from clawforge.compliance.verdict import VERSION_STATES, Compliance, Verdict, is_worse
from clawforge.errors import ConflictError, StalePlanError
from clawforge.fleet_drift import Standing
from clawforge.fleet_selector import COMPONENTS, FleetSelector
from clawforge.resolve.org import OrgModel
from clawforge.wire_versions import MachineVersions, VersionCounts, VersionMiss, VersionReport, VersionShare
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.fleet_survey import Survey, is_selected, reaches
from clawforge_server.service.plan_reading import planned_sides, unknown_plan
from clawforge_server.service.version_watch import fleet_targets, watch_versions
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import PlanRecord

_MOST_SHARES = 100


class _Offender(NamedTuple):
    """A machine that misses a target, as it stands, and as it stood before the plan if there is one."""

    machine: Standing
    now: Compliance
    before: Compliance | None

    @property
    def order(self) -> tuple[int, dt.datetime, str]:
        """The worst first, then whose time ends first, then by name."""
        last = dt.datetime.max.replace(tzinfo=dt.UTC)
        return (-VERSION_STATES.index(self.now.state), self.now.until or last, self.machine.name)


def report_versions(
    plane: ControlPlane, who: Principal, org: str, selector: FleetSelector, *, plan: str | None, limit: int
) -> VersionReport:
    """The machines that the caller's right reaches and the selector chooses, the first `limit` offenders by name.

    With a plan, how they would stand if it were applied now. Raises NotFoundError, ForbiddenError for a plan that the
    caller may not read, StalePlanError and ConflictError for one that can no longer be applied.
    """
    state = plane.states.get(org)
    watch_versions(plane, state)
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        machines = transaction.instances.standings(org)
        lapses = transaction.version_lapses.list(org)
        record = None if plan is None else transaction.plans.get(org, plan)
    survey = Survey(state, now, lapses)
    chosen = []
    for machine in machines:
        if reaches(who, state, machine):
            found = survey.of(machine, "quarantined" if state.is_shut_in(machine.name) else "active")
            if is_selected(selector, state, machine, found):
                chosen.append((machine, found.compliance))
    if plan is None:
        judged = [_Offender(machine, compliance, None) for machine, compliance in chosen]
        targets = fleet_targets(state, now)
    else:
        who.require("plans:read")
        if record is None:
            raise unknown_plan(plan)
        targets = _planned_targets(state, record, now)
        after, missed = FleetCompliance(targets, now), FleetLapses(targets)
        judged = []
        for machine, compliance in chosen:
            kept = next_lapses(lapses.get(machine.name, NO_LAPSES), missed.missed(machine), now.replace(microsecond=0))
            judged.append(_Offender(machine, after.of(machine, kept), compliance))
    return _report(state, now, plan, judged, targets, limit)


def _planned_targets(state: OrgState, record: PlanRecord, now: dt.datetime) -> FleetTargets:
    if record.payload is None:
        raise ConflictError(
            f"The plan {record.id} was applied already.", hint="Ask without a plan.", code="plan-applied"
        )
    if record.document.base.revision != state.state.revision:
        raise StalePlanError(
            f"The present revision is {state.state.revision}, not {record.document.base.revision}.", hint="Plan again."
        )
    _, after = planned_sides(state, record)
    model = OrgModel(state.with_stops(after.resources.values()), previous=state.model)
    day = now.date() if state.record is None else state.record.horizon_day
    return FleetTargets(model, dt.datetime.combine(day, dt.time(), dt.UTC), now)


def _report(
    state: OrgState,
    now: dt.datetime,
    plan: str | None,
    judged: Sequence[_Offender],
    targets: FleetTargets,
    limit: int,
) -> VersionReport:
    counts = Counter(item.now.state for item in judged)
    offenders = [item for item in judged if item.now.state != "ok"]
    falling = [item for item in offenders if item.before is not None and is_worse(item.now.state, item.before.state)]
    named = sorted(offenders if plan is None else falling, key=lambda item: item.order)[:limit]
    return VersionReport(
        org=state.name,
        revision=state.state.revision,
        at=now.replace(microsecond=0),
        plan=plan,
        counts=VersionCounts(
            total=len(judged),
            ok=counts["ok"],
            unknown=counts["unknown"],
            warned=counts["warned"],
            in_grace=counts["in-grace"],
            blocked=counts["blocked"],
        ),
        offenders=len(offenders),
        falling=len(falling),
        newly_blocked=sum(item.now.state == "blocked" for item in falling),
        machines=tuple(map(_machine, named)),
        versions=tuple(_shares(judged, targets)),
    )


def _machine(item: _Offender) -> MachineVersions:
    machine = item.machine
    return MachineVersions(
        instance=machine.name,
        user=machine.user,
        host=machine.host,
        state=item.now.state,
        before=None if item.before is None else item.before.state,
        versions=dict(machine.versions),
        last_seen=machine.last_seen,
        misses=tuple(map(miss_view, item.now.verdicts)),
    )


def miss_view(verdict: Verdict) -> VersionMiss:
    """A missed target as people see it."""
    target = verdict.target
    return VersionMiss(
        component=target.component,
        state=verdict.state,
        resource=target.resource,
        version=verdict.version,
        wanted=target.target.range,
        denied=verdict.version in target.target.denied,
        since=verdict.since,
        until=verdict.until,
        message=target.message,
        remedy=verdict.remedy,
    )


def _shares(judged: Iterable[_Offender], targets: FleetTargets) -> list[VersionShare]:
    """How many machines run what; a component that nobody reports counts where some target asks for it."""
    running: Counter[tuple[str, str | None]] = Counter()
    missing: Counter[tuple[str, str | None]] = Counter()
    for item in judged:
        versions = dict(item.machine.versions)
        asked = {target.component for target in targets.present(item.machine)}
        for component in COMPONENTS:
            if component in versions or component in asked:
                running[component, versions.get(component)] += 1
        for component in {verdict.target.component for verdict in item.now.verdicts}:
            missing[component, versions.get(component)] += 1
    ordered = sorted(running, key=lambda key: (COMPONENTS.index(key[0]), -running[key], key[1] or ""))
    return [
        VersionShare.model_validate(
            {"component": key[0], "version": key[1], "machines": running[key], "missing": missing[key]}
        )
        for key in ordered[:_MOST_SHARES]
    ]
