"""A reconciler's lease: taking it, keeping it, giving it back, and saying how it goes while one holds it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import Any

import orjson

from clawforge.errors import ConflictError, NotFoundError
from clawforge.reconcile.fence import Fence
from clawforge.wire_reconcile import LeaseRequest, ReconcilerLease, ReconcilerReport, ReconcilerView
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.credentials import require_standing
from clawforge_server.service.fencing import held, of_source
from clawforge_server.service.reconcilers import last_applied, reconciler_view, target_of
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction
from clawforge_server.store.reconciler_port import ReconcilerRecord
from clawforge_server.store.records import AuditEntry

LEASE_HELD = "lease-held"
_MOST = 100
"""Reconcilers of an org: each of them is there for good."""


def renewed_lease(
    plane: ControlPlane, who: Principal, org: str, name: str, request: LeaseRequest
) -> ReconcilerLease | None:
    """The lease for another term, if the caller holds it and everything about it is in memory; never blocks for long.

    None: it has to be looked for in the store. Raises ConflictError `lease-held` if somebody else surely holds it.
    """
    state, record = plane.states.peek(org), plane.reconcilers.peek(org, name)
    if state is None or record is None:
        return None
    if not _is_same_holder(record, who, request):
        _refuse_held(plane, record)
        return None
    if not _asks_for(record, request) or not plane.reconcilers.renew(record):
        return None
    return _lease(plane, state, record)


def take_lease(
    plane: ControlPlane, who: Principal, org: str, name: str, request: LeaseRequest, *, origin: Origin | None = None
) -> ReconcilerLease:
    """Take the lease, or go on with it if it is held still.

    Raises ConflictError: `lease-held` while somebody else holds it, or the lease of another reconciler of this source,
    `other-source` for a name that belongs to another source, `too-many`; NotFoundError for an org that does not exist.
    """
    now = plane.clock.now()
    with plane.states.changing(org), plane.reconcilers.settling(org):
        state = _present(plane, org)
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, now)
            before = transaction.reconcilers.get(org, name)
            if before is not None and _keeps(plane, before, who, request):
                plane.reconcilers.hold(before)
                return _lease(plane, state, before)
            _refuse_taken(plane, transaction, who, before, request, org, name)
            record = _anchored(transaction, _taken(before, who, org, name, request, now))
            transaction.reconcilers.put(record)
            transaction.audit.append(org, _lease_entry("reconcilers:lease", before, record, who, state, now, origin))
        plane.reconcilers.hold(record)
    return _lease(plane, state, record)


def release_lease(
    plane: ControlPlane, who: Principal, org: str, fence: Fence, *, origin: Origin | None = None
) -> ReconcilerView:
    """Give the lease back, so that the next one need not wait for its end. Raises ConflictError `lease-lost`."""
    now = plane.clock.now()
    with plane.states.changing(org), plane.reconcilers.settling(org):
        state = plane.states.get(org)
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, now)
            before = held(plane, transaction, who, org, fence)
            record = dataclasses.replace(before, holder=None)
            transaction.reconcilers.put(record)
            transaction.audit.append(org, _lease_entry("reconcilers:release", before, record, who, state, now, origin))
        plane.reconcilers.note(record)
    return reconciler_view(plane, state, record)


def take_report(
    plane: ControlPlane,
    who: Principal,
    org: str,
    name: str,
    report: ReconcilerReport,
    *,
    origin: Origin | None = None,
) -> ReconcilerView:
    """Keep how the last cycle went, in place of what was kept. Raises ConflictError `lease-lost`."""
    now = plane.clock.now()
    with plane.states.changing(org), plane.reconcilers.settling(org):
        state = plane.states.get(org)
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, now)
            before = held(plane, transaction, who, org, Fence(reconciler=name, number=report.fence))
            conditions = [item.model_dump(mode="json", by_alias=True) for item in report.conditions]
            record = dataclasses.replace(
                before,
                seen=report.commit,
                conditions=orjson.dumps(conditions).decode(),
                message=report.message,
                reported_at=now,
            )
            transaction.reconcilers.put(record)
            entry = done(
                now,
                who.actor,
                "reconcilers:report",
                origin=origin,
                revision=state.state.revision,
                target=target_of(record),
                fence=record.fence,
                commit=report.commit,
                applied=report.applied,
                conditions={item.type.value: f"{item.status} {item.reason}" for item in report.conditions},
            )
            transaction.audit.append(org, entry)
        plane.reconcilers.note(record)
    return reconciler_view(plane, state, record)


def _anchored(transaction: Transaction, record: ReconcilerRecord) -> ReconcilerRecord:
    """A new name for a source goes on from the commit that another one applied last: a name is no way around the
    commits in between."""
    if record.last_commit is not None:
        return record
    others = [item for item in of_source(transaction, record.org, record.source) if item.last_revision is not None]
    newest = max(others, key=lambda item: item.last_revision or 0, default=None)
    if newest is None:
        return record
    return dataclasses.replace(record, last_commit=newest.last_commit, last_revision=newest.last_revision)


def _present(plane: ControlPlane, org: str) -> OrgState:
    state = plane.states.find(org)
    if state is None:
        raise NotFoundError(
            f"The org {org!r} does not exist on this server.",
            hint="The owner's first apply creates it, and needs no lease: apply once, then reconcile.",
            code="unknown-org",
        )
    return state


def _is_same_holder(record: ReconcilerRecord, who: Principal, request: LeaseRequest) -> bool:
    return record.holder == request.holder and record.principal == who.holder


def _keeps(plane: ControlPlane, record: ReconcilerRecord, who: Principal, request: LeaseRequest) -> bool:
    mine = _is_same_holder(record, who, request) and _asks_for(record, request)
    return mine and plane.reconcilers.left(record) > 0


def _asks_for(record: ReconcilerRecord, request: LeaseRequest) -> bool:
    """Whether a lease is the one that its holder wants to keep: of this number, if one is named, and for this place."""
    there = (record.source, record.repository, record.branch, record.path)
    same = there == (request.source, request.repository, request.branch, request.path)
    return same and request.fence in (None, record.fence)


def _refuse_held(plane: ControlPlane, record: ReconcilerRecord) -> None:
    left = plane.reconcilers.left(record)
    if left <= 0:
        return
    raise ConflictError(
        f"The process {record.holder} of {record.principal} holds the lease of the reconciler {record.name}, for "
        f"{math.ceil(left)} more seconds unless it keeps it.",
        hint="One works while the others wait; ask again when it is over.",
        code=LEASE_HELD,
    )


def _refuse_taken(
    plane: ControlPlane,
    transaction: Transaction,
    who: Principal,
    before: ReconcilerRecord | None,
    request: LeaseRequest,
    org: str,
    name: str,
) -> None:
    if before is not None and before.forgotten_at is None and before.source != request.source:
        raise ConflictError(
            f"The reconciler {name} is the one of the source {before.source}, and not of {request.source}.",
            hint="Give the reconciler of another source another name.",
            code="other-source",
        )
    if before is not None and not _is_same_holder(before, who, request):
        _refuse_held(plane, before)
    others = [item for item in transaction.reconcilers.list(org) if item.name != name]
    for other in others:
        if other.source == request.source:
            _refuse_held(plane, other)
    is_new = before is None or before.forgotten_at is not None
    if is_new and sum(item.forgotten_at is None for item in others) >= _MOST:
        raise ConflictError(
            f"This org has {_MOST} reconcilers, and that is as many as it may have.",
            hint="`clawforge reconcilers forget` makes room; `clawforge reconcilers list` lists them.",
            code="too-many",
        )


def _taken(
    before: ReconcilerRecord | None, who: Principal, org: str, name: str, request: LeaseRequest, now: dt.datetime
) -> ReconcilerRecord:
    found: dict[str, Any] = {
        "repository": request.repository,
        "branch": request.branch,
        "path": request.path,
        "fence": 1 if before is None else before.fence + 1,
        "taken_at": now,
        "principal": who.holder,
        "holder": request.holder,
    }
    if before is not None and before.forgotten_at is None:
        return dataclasses.replace(before, **found)
    return ReconcilerRecord(org=org, name=name, source=request.source, **found)


def _lease(plane: ControlPlane, state: OrgState, record: ReconcilerRecord) -> ReconcilerLease:
    return ReconcilerLease(
        name=record.name,
        fence=record.fence,
        seconds=plane.reconcilers.seconds,
        suspended=record.suspended_at is not None,
        suspended_reason=record.suspended_reason,
        wanted=record.wanted,
        acknowledged=record.acknowledged,
        out_of_band=state.out_of_band,
        last=last_applied(record),
        revision=state.state.revision,
    )


def _lease_entry(
    action: str,
    before: ReconcilerRecord | None,
    record: ReconcilerRecord,
    who: Principal,
    state: OrgState,
    now: dt.datetime,
    origin: Origin | None,
) -> AuditEntry:
    return done(
        now,
        who.actor,
        action,
        origin=origin,
        revision=state.state.revision,
        target=target_of(record),
        before=None if before is None else _held_by(before),
        after=_held_by(record),
        source=record.source,
        repository=record.repository,
        branch=record.branch,
    )


def _held_by(record: ReconcilerRecord) -> dict[str, Any]:
    return {"fence": record.fence, "holder": record.holder, "principal": record.principal}
