"""Instances as people look at a fleet: many with a word about each, or one with everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from clawforge.access.rights import ORG_WIDE
from clawforge.compliance.lapse import Lapses
from clawforge.errors import NotFoundError
from clawforge.fleet_selector import FleetSelector
from clawforge.ledger.record import AuditEvent
from clawforge.wire_enrollment import InstanceDetail, InstanceList, InstanceState, InstanceView
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.fleet_survey import READ_INSTANCES, Survey, Surveyed, is_selected, standing_of
from clawforge_server.service.instances import instance_target, instance_view
from clawforge_server.service.version_report import miss_view
from clawforge_server.service.version_watch import watch_versions
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.audit_records import AuditQuery
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import AcknowledgementRecord, InstanceRecord

_BATCH = 500
_LOG_RECORDS = 5
_LOG_PATIENCE = 0.25


class _Seen(NamedTuple):
    """An instance, and how it stands."""

    record: InstanceRecord
    view: InstanceView
    found: Surveyed


def list_instances(
    plane: ControlPlane,
    who: Principal,
    org: str,
    wanted: InstanceState | None = None,
    selector: FleetSelector = (),
) -> InstanceList:
    """The instances that the caller's right reaches, by name, with what they reported last; those in one state, or
    those that fit a selector.

    Raises NotFoundError.
    """
    state = plane.states.get(org)
    watch_versions(plane, state)
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        records = transaction.instances.list(org)
        lapses = transaction.version_lapses.list(org)
    # Looking takes a while where there are many, and nobody else's transaction should wait for it.
    reached = [item for item in records if who.may(READ_INSTANCES, instance_target(state, item))]
    seen = [
        item
        for item in _look(state, now, reached, lapses)
        if (wanted is None or item.view.state == wanted)
        and is_selected(selector, state, standing_of(item.record), item.found)
    ]
    with plane.store.transaction() as transaction:
        newest = _newest(transaction, org, [item.record.name for item in seen if _is_behind(item.found)])
    return InstanceList(instances=tuple(_listed(state, item, newest.get(item.record.name)) for item in seen))


def show_instance(plane: ControlPlane, who: Principal, org: str, name: str) -> InstanceDetail:
    """Everything about one instance. Raises NotFoundError, ForbiddenError for one that the caller does not reach."""
    state = plane.states.get(org)
    watch_versions(plane, state)
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        record = transaction.instances.get(org, name)
        who.require(READ_INSTANCES, ORG_WIDE if record is None else instance_target(state, record))
        if record is None:
            raise NotFoundError(f"There is no instance {name!r} in this org.", code="unknown-instance")
        lapses = transaction.version_lapses.of(org, name)
        (seen,) = _look(state, now, [record], {name: lapses})
        newest = transaction.acknowledgements.newest(org, [name]).get(name)
        stream = transaction.agent_streams.get(org, name)
        log = _log(transaction, org, name) if who.may("audit:read") else ()
    known = newest if newest is not None and newest.digest == record.acknowledged else None
    return InstanceDetail(
        instance=_listed(state, seen, newest),
        wanted=seen.found.wanted,
        wanted_revision=None if seen.found.wanted is None else _wanted_revision(state, seen.found),
        acknowledged_since=None if known is None else known.at,
        out_of_range_since=lapses,
        misses=tuple(map(miss_view, seen.found.compliance.verdicts)),
        events=stream.highest,
        log=log,
    )


def _look(
    state: OrgState, now: dt.datetime, records: Sequence[InstanceRecord], lapses: Mapping[str, Lapses]
) -> Iterator[_Seen]:
    survey = Survey(state, now, lapses)
    for record in records:
        view = instance_view(state, record, now)
        yield _Seen(record, view, survey.of(standing_of(record), view.state))


def _listed(state: OrgState, seen: _Seen, newest: AcknowledgementRecord | None) -> InstanceView:
    found, record = seen.found, seen.record
    added = {"credential_since": record.rotated_at or record.enrolled_at}
    if found.status is None:
        return seen.view.model_copy(update=added)
    revision = None
    if found.enforces in ("in-force", "held"):
        revision = _wanted_revision(state, found)
    elif newest is not None and newest.digest == record.acknowledged:
        revision = newest.revision
    return seen.view.model_copy(
        update={
            **added,
            "status": found.status,
            "enforces": found.enforces,
            "revision": revision,
            "compliance": found.compliance.state,
        }
    )


def _is_behind(found: Surveyed) -> bool:
    """Whether what it said it enforces is another revision's."""
    return found.status is not None and found.enforces not in ("in-force", "held")


def _wanted_revision(state: OrgState, found: Surveyed) -> int:
    """The revision that a machine should enforce."""
    return state.held.revision if found.held and state.held is not None else state.state.revision


def _newest(transaction: Transaction, org: str, names: Sequence[str]) -> dict[str, AcknowledgementRecord]:
    found: dict[str, AcknowledgementRecord] = {}
    for start in range(0, len(names), _BATCH):
        found.update(transaction.acknowledgements.newest(org, names[start : start + _BATCH]))
    return found


def _log(transaction: Transaction, org: str, name: str) -> tuple[AuditEvent, ...]:
    query = AuditQuery(limit=_LOG_RECORDS, newest_first=True, target=f"instance/{name}", patience=_LOG_PATIENCE)
    return transaction.audit.page(org, query).events
