"""The one look that says whether an org is fine."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from clawforge import __version__
from clawforge.access.rights import ORG_WIDE, Target
from clawforge.fleet_drift import Standing
from clawforge.wire_status import FleetCounts, LogState, OrgStatus, PresentRevision, Violation, WaitingPlan
from clawforge.wire_versions import VersionCounts
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.change_control import reviewed, said_about
from clawforge_server.service.fleet_survey import READ_INSTANCES, Survey, reaches
from clawforge_server.service.invariant_watch import VIOLATION
from clawforge_server.service.overlays import READ as READ_OVERLAYS
from clawforge_server.service.overlays import list_overlays
from clawforge_server.service.plan_reading import planned_sides
from clawforge_server.service.reconcilers import READ as READ_RECONCILERS
from clawforge_server.service.reconcilers import reconciler_views
from clawforge_server.service.version_watch import watch_versions
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.audit_records import AuditQuery
from clawforge_server.store.port import Transaction

_MOST_PLANS = 20
_MOST_VIOLATIONS = 100
_RECENT = dt.timedelta(days=1)
_PATIENCE = 0.25


def org_status(plane: ControlPlane, who: Principal, org: str) -> OrgStatus:
    """How the org is, as far as the caller may know. Raises NotFoundError."""
    state = plane.states.get(org)
    watch_versions(plane, state)
    now = plane.clock.now()
    overlays = list_overlays(plane, who, org).overlays if who.rights.over(READ_OVERLAYS) else None
    with plane.store.transaction() as transaction:
        machines = transaction.instances.standings(org)
        count, lapses = transaction.instances.count(org, now), transaction.version_lapses.list(org)
    pending = count - len(machines) if who.may(READ_INSTANCES, ORG_WIDE) else 0
    # Counting takes a while where there are many, and nobody else's transaction should wait for it.
    reached = [item for item in machines if reaches(who, state, item)]
    fleet, versions = _counts(state, Survey(state, now, lapses), reached, pending)
    with plane.store.transaction() as transaction:
        return OrgStatus(
            org=org,
            version=__version__,
            at=now.replace(microsecond=0),
            revision=_revision(transaction, state) if who.may("revisions:read") else None,
            plans=tuple(_plans(transaction, state, now)) if who.may("plans:read") else None,
            skills=transaction.skill_submissions.waiting(org) if who.may("skills:read") else None,
            overlays=overlays,
            fleet=fleet,
            versions=versions,
            suspended=sum(_reaches_user(who, state, stop.user) for stop in state.suspensions),
            violations=_violations(transaction, org, now) if who.may("audit:read") else None,
            reconcilers=reconciler_views(plane, transaction, state) if who.may(READ_RECONCILERS) else None,
            log=_log(transaction, org) if who.may("audit:read") else None,
        )


def _counts(
    state: OrgState, survey: Survey, machines: Sequence[Standing], pending: int
) -> tuple[FleetCounts, VersionCounts]:
    heard: Counter[str] = Counter()
    versions: Counter[str] = Counter()
    enforcing = quarantined = crashing = plugins = 0
    for machine in machines:
        shut_in = state.is_shut_in(machine.name)
        found = survey.of(machine, "quarantined" if shut_in else "active")
        heard[found.status or "never"] += 1
        versions[found.compliance.state.replace("-", "_")] += 1
        enforcing += found.enforces == "in-force"
        quarantined += shut_in
        crashing += found.crashing
        plugins += machine.protocol == "plugin"
    counted: dict[str, Any] = {**heard, "total": len(machines), "enforcing": enforcing}
    counted.update(quarantined=quarantined, crashing=crashing, old_plugins=plugins)
    return (
        FleetCounts.model_validate({**counted, "pending": pending}, by_name=True),
        VersionCounts.model_validate({**versions, "total": len(machines)}, by_name=True),
    )


def _revision(transaction: Transaction, state: OrgState) -> PresentRevision | None:
    found = transaction.revisions.get(state.name, state.state.revision)
    if found is None:
        return None
    return PresentRevision(
        number=found.number,
        created_at=found.created_at,
        actor=found.actor,
        source=found.source,
        commit=found.commit,
    )


def _plans(transaction: Transaction, state: OrgState, now: dt.datetime) -> Iterator[WaitingPlan]:
    """Those of the present revision that somebody has to approve. A change counts once, however often it is planned."""
    met = set()
    for record in transaction.plans.newest_open(state.name, now, _MOST_PLANS):
        document = record.document
        if document.base.revision != state.state.revision or document.digest in met or not document.approvals.needed:
            continue
        met.add(document.digest)
        judgements = said_about(transaction, state.name, record, now)
        plan = reviewed(record, judgements, *planned_sides(state, record))
        if plan.approvals.missing and all(item.verdict != "rejected" for item in judgements):
            missing = tuple(dict.fromkeys(item.code for item in plan.approvals.missing))
            yield WaitingPlan(id=record.id, author=record.author, created_at=record.created_at, missing=missing)


def _violations(transaction: Transaction, org: str, now: dt.datetime) -> tuple[Violation, ...]:
    query = AuditQuery(
        limit=_MOST_VIOLATIONS, newest_first=True, action=VIOLATION, since=now - _RECENT, patience=_PATIENCE
    )
    found = transaction.audit.page(org, query).events
    return tuple(
        Violation(at=event.at, invariant=event.target or "", why=str(event.detail.get("why", ""))) for event in found
    )


def _log(transaction: Transaction, org: str) -> LogState:
    latest = transaction.audit_tree.latest_checkpoint(org)
    return LogState(
        records=transaction.audit_tree.head(org).size,
        checkpoint=None if latest is None else latest.size,
        checkpoint_at=None if latest is None else latest.at,
    )


def _reaches_user(who: Principal, state: OrgState, user: str) -> bool:
    if who.may(READ_INSTANCES, ORG_WIDE):
        return True
    return who.may(READ_INSTANCES, Target(groups=state.access.groups_of_user(user)))
