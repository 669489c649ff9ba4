"""Writing under a reconciler's lease: whoever lost it, or only was asleep for too long, changes nothing."""

from __future__ import annotations

import dataclasses

from clawforge.access.permission import RUN_RECONCILER
from clawforge.errors import ConflictError, InputError
from clawforge.reconcile.fence import Fence
from clawforge.wire import ApplyResult
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.admission import Apply
from clawforge_server.store.port import Transaction
from clawforge_server.store.reconciler_port import ReconcilerRecord
from clawforge_server.store.records import PlanRecord


def fenced(
    plane: ControlPlane, transaction: Transaction, who: Principal, org: str, fence: Fence, source: str
) -> ReconcilerRecord:
    """The reconciler whose lease the caller holds now, seen in the transaction that is to write under it: nobody can
    take the lease before that ends.

    Raises ConflictError `lease-lost`, also for a lease that is over and that nobody else took; InputError
    `other-source`; ForbiddenError for whoever may not run reconcilers any more.
    """
    record = held(plane, transaction, who, org, fence)
    if record.source != source:
        raise InputError(
            f"The lease of the reconciler {record.name} is for the source {record.source}, and this plan is one of "
            f"{source}.",
            hint="Run a reconciler of another name for another source.",
            code="other-source",
        )
    return record


def fenced_apply(
    plane: ControlPlane, transaction: Transaction, request: Apply, plan: PlanRecord
) -> ReconcilerRecord | None:
    """The reconciler under whose lease a plan is applied; None if it is applied under none.

    Raises as `fenced`, and ConflictError `reconciler-suspended` where somebody stopped it, or another one that writes
    the same source: what is suspended is the source, whatever name asks.
    """
    fence = request.terms.fence
    if fence is None:
        return None
    record = fenced(plane, transaction, request.who, request.org, fence, plan.document.source)
    for stopped in of_source(transaction, request.org, record.source):
        if stopped.suspended_at is not None:
            raise ConflictError(
                f"{stopped.suspended_by} suspended the reconciler {stopped.name}: {stopped.suspended_reason}",
                hint=f"Nothing is applied until somebody resumes it: `clawforge reconcilers resume {stopped.name}`.",
                code="reconciler-suspended",
            )
    return record


def of_source(transaction: Transaction, org: str, source: str) -> tuple[ReconcilerRecord, ...]:
    """The reconcilers of a source that were not forgotten, by name."""
    found = transaction.reconcilers.list(org)
    return tuple(item for item in found if item.source == source and item.forgotten_at is None)


def held(plane: ControlPlane, transaction: Transaction, who: Principal, org: str, fence: Fence) -> ReconcilerRecord:
    """The reconciler whose lease the caller holds, suspended or not. Raises ConflictError `lease-lost`."""
    who.require(RUN_RECONCILER)
    record = transaction.reconcilers.get(org, fence.reconciler)
    if (
        record is None
        or record.fence != fence.number
        or record.principal != who.holder
        or plane.reconcilers.left(record) <= 0
    ):
        raise _lost(record, fence)
    return record


def note_applied(
    transaction: Transaction, record: ReconcilerRecord, plan: PlanRecord, result: ApplyResult
) -> ReconcilerRecord:
    """Keep what was applied under the lease, in the transaction of the apply; an accepted rewriting is used up.

    Raises InputError `no-commit` for a plan that is not exactly a commit.
    """
    commit = plan.document.commit
    if commit is None or (plan.payload is not None and plan.payload.dirty):
        raise InputError(
            "What a reconciler applies is a commit, and this plan is not exactly one.",
            hint="Plan from a clean commit, or apply without the fence.",
            code="no-commit",
        )
    changed = dataclasses.replace(record, last_commit=commit, last_revision=result.revision, acknowledged=None)
    transaction.reconcilers.put(changed)
    return changed


def _lost(record: ReconcilerRecord | None, fence: Fence) -> ConflictError:
    if record is None:
        why = f"No reconciler {fence.reconciler!r} ever held a lease here."
    elif record.fence != fence.number:
        why = (
            f"The lease {fence.number} of the reconciler {fence.reconciler} is over: lease {record.fence} was taken "
            "since then."
        )
    else:
        why = f"The lease {fence.number} of the reconciler {fence.reconciler} is over."
    return ConflictError(
        f"{why} Nothing was changed.",
        hint="Take the lease again, look at what is in force now, and plan again.",
        code="lease-lost",
    )
