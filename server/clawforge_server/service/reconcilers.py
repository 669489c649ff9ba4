"""Reconcilers as people see and steer them: listing, stopping and resuming, accepting rewritten history, and having one
look at git now."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from clawforge.errors import ConflictError, NotFoundError
from clawforge.reconcile.condition import Condition
from clawforge.wire_reconcile import (
    AcknowledgementRequest,
    LastApplied,
    ReconcilerList,
    ReconcilerSuspension,
    ReconcilerSuspensionRequest,
    ReconcilerView,
)
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.credentials import require_standing
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction
from clawforge_server.store.reconciler_port import ReconcilerRecord

READ = "reconcilers:read"

_CONDITIONS = TypeAdapter(tuple[Condition, ...])
_Change = Callable[[ReconcilerRecord, dt.datetime], dict[str, Any]]


def list_reconcilers(plane: ControlPlane, org: str) -> ReconcilerList:
    """Every reconciler of the org. Raises NotFoundError."""
    state = plane.states.get(org)
    with plane.store.transaction() as transaction:
        return ReconcilerList(reconcilers=reconciler_views(plane, transaction, state))


def reconciler_views(plane: ControlPlane, transaction: Transaction, state: OrgState) -> tuple[ReconcilerView, ...]:
    """Every reconciler of the org that was not forgotten, by name."""
    found = transaction.reconcilers.list(state.name)
    return tuple(reconciler_view(plane, state, item) for item in found if item.forgotten_at is None)


def suspend_reconciler(
    plane: ControlPlane,
    who: Principal,
    org: str,
    name: str,
    request: ReconcilerSuspensionRequest,
    *,
    origin: Origin | None = None,
) -> ReconcilerView:
    """Stop a reconciler until somebody resumes it, or resume it: from now on it applies nothing, whoever runs it.

    Raises NotFoundError, ConflictError for one that is as it should be already.
    """

    def change(record: ReconcilerRecord, now: dt.datetime) -> dict[str, Any]:
        if request.suspended == (record.suspended_at is not None):
            raise ConflictError(
                f"The reconciler {name} is {'suspended already' if request.suspended else 'not suspended'}.",
                hint="`clawforge reconcilers list` says by whom and why.",
                code="suspended" if request.suspended else "not-suspended",
            )
        if not request.suspended:
            return {"suspended_at": None, "suspended_by": None, "suspended_reason": None}
        return {"suspended_at": now, "suspended_by": who.actor, "suspended_reason": request.reason}

    action = "reconcilers:suspend" if request.suspended else "reconcilers:resume"
    return _steered(plane, who, org, name, action, change, origin, reason=request.reason)


def acknowledge_history(
    plane: ControlPlane,
    who: Principal,
    org: str,
    name: str,
    request: AcknowledgementRequest,
    *,
    origin: Origin | None = None,
) -> ReconcilerView:
    """Accept that the branch was rewritten, up to exactly this head. Raises NotFoundError."""

    def change(record: ReconcilerRecord, now: dt.datetime) -> dict[str, Any]:
        return {"acknowledged": request.commit, "wanted": record.wanted + 1}

    action = "reconcilers:acknowledge"
    return _steered(plane, who, org, name, action, change, origin, reason=request.reason, commit=request.commit)


def want_cycle(
    plane: ControlPlane, who: Principal, org: str, name: str, *, origin: Origin | None = None
) -> ReconcilerView:
    """Have the reconciler look at git the next time it keeps its lease. Raises NotFoundError."""

    def change(record: ReconcilerRecord, now: dt.datetime) -> dict[str, Any]:
        return {"wanted": record.wanted + 1}

    return _steered(plane, who, org, name, "reconcilers:want", change, origin)


def forget_reconciler(
    plane: ControlPlane, who: Principal, org: str, name: str, reason: str, *, origin: Origin | None = None
) -> ReconcilerView:
    """Forget a reconciler that nobody runs: whoever takes a lease of its name begins anew, with a higher fence.

    Raises NotFoundError, ConflictError `lease-held` while a process runs it, `reconciler-suspended` while somebody has
    it stopped: forgetting is no way to go on.
    """

    def change(record: ReconcilerRecord, now: dt.datetime) -> dict[str, Any]:
        if plane.reconcilers.left(record) > 0:
            raise ConflictError(
                f"The process {record.holder} of {record.principal} runs the reconciler {name}.",
                hint="Stop it first; it gives its lease back when it ends.",
                code="lease-held",
            )
        if record.suspended_at is not None:
            raise ConflictError(
                f"{record.suspended_by} suspended the reconciler {name}: {record.suspended_reason}",
                hint=f"Resume it first, or leave it: `clawforge reconcilers resume {name}`.",
                code="reconciler-suspended",
            )
        return {"holder": None, "forgotten_at": now}

    return _steered(plane, who, org, name, "reconcilers:forget", change, origin, reason=reason)


def reconciler_view(plane: ControlPlane, state: OrgState, record: ReconcilerRecord) -> ReconcilerView:
    """A reconciler as people see it."""
    return ReconcilerView(
        name=record.name,
        source=record.source,
        repository=record.repository,
        branch=record.branch,
        path=record.path,
        held=plane.reconcilers.left(record) > 0,
        holder=record.holder,
        principal=record.principal,
        fence=record.fence,
        suspension=_suspension(record),
        wanted=record.wanted,
        acknowledged=record.acknowledged,
        out_of_band=state.out_of_band,
        last=last_applied(record),
        seen=record.seen,
        conditions=_CONDITIONS.validate_json(record.conditions),
        message=record.message,
        reported_at=record.reported_at,
    )


def last_applied(record: ReconcilerRecord) -> LastApplied | None:
    """What was applied last under a lease of the reconciler."""
    if record.last_commit is None or record.last_revision is None:
        return None
    return LastApplied(commit=record.last_commit, revision=record.last_revision)


def target_of(record: ReconcilerRecord) -> str:
    """How the audit log names a reconciler."""
    return f"reconciler/{record.name}"


def _suspension(record: ReconcilerRecord) -> ReconcilerSuspension | None:
    if record.suspended_at is None:
        return None
    return ReconcilerSuspension(
        reason=record.suspended_reason or "", by=record.suspended_by or "", at=record.suspended_at
    )


def _steered(
    plane: ControlPlane,
    who: Principal,
    org: str,
    name: str,
    action: str,
    change: _Change,
    origin: Origin | None,
    **detail: Any,
) -> ReconcilerView:
    now = plane.clock.now()
    with plane.states.changing(org), plane.reconcilers.settling(org):
        state = plane.states.get(org)
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, now)
            before = transaction.reconcilers.get(org, name)
            if before is None or before.forgotten_at is not None:
                raise _unknown(name)
            record = dataclasses.replace(before, **change(before, now))
            transaction.reconcilers.put(record)
            entry = done(
                now,
                who.actor,
                action,
                origin=origin,
                revision=state.state.revision,
                target=target_of(record),
                source=record.source,
                **detail,
            )
            transaction.audit.append(org, entry)
        plane.reconcilers.note(record)
    return reconciler_view(plane, state, record)


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(
        f"No reconciler {name!r} ever held a lease in this org.",
        hint="`clawforge reconcilers list` lists them.",
        code="unknown-reconciler",
    )
