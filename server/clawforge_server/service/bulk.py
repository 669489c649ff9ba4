"""The same for many instances, with a result for each."""

from __future__ import annotations

from clawforge.access.rights import ORG_WIDE
from clawforge.errors import ClawforgeError, ForbiddenError, NotFoundError
from clawforge.wire_bulk import BulkAnswer, BulkRefresh, BulkResult, BulkRevocation
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done, record_refusal
from clawforge_server.service.instances import instance_target, revoke_instance
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import InstanceRecord

REVOKE, REFRESH = "instances:revoke", "instances:refresh"
MOST_NAMED = 20
"""Instances that one record names; all of them are counted."""


def revoke_instances(
    plane: ControlPlane, who: Principal, org: str, request: BulkRevocation, *, origin: Origin | None = None
) -> BulkAnswer:
    """Each by itself, in a transaction of its own with its own record: what fails keeps nothing else from happening.

    Raises UnavailableError as soon as the store fails; repeating the request is harmless.
    """
    results = []
    for name in dict.fromkeys(request.instances):
        try:
            revoke_instance(plane, who, org, name, request.reason, origin=origin)
        except (ForbiddenError, NotFoundError) as error:
            now = plane.clock.now()
            record_refusal(
                plane.store, org, now, who.actor, REVOKE, error.code, origin=origin, detail={"instance": name}
            )
            results.append(failed(name, error))
        else:
            results.append(BulkResult(instance=name, outcome="done"))
    return BulkAnswer(results=tuple(results))


def refresh_instances(
    plane: ControlPlane, who: Principal, org: str, request: BulkRefresh, *, origin: Origin | None = None
) -> BulkAnswer:
    """Those that wait for news are answered now, and so report now: long polls and event streams. Old plugins hear it
    by their stream, and with their next heartbeat. The others ask as soon as they would anyway.

    Raises NotFoundError for an unknown org.
    """
    state = plane.states.get(org)
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        names = tuple(dict.fromkeys(request.instances))
        results = tuple(_refreshable(transaction, state, who, name) for name in names)
        wanted = [item.instance for item in results if item.outcome == "done"]
        entry = done(
            now,
            who.actor,
            REFRESH,
            origin=origin,
            revision=state.state.revision,
            instances=wanted[:MOST_NAMED],
            count=len(wanted),
            failed=len(results) - len(wanted),
        )
        transaction.audit.append(org, entry)
    plane.refreshes.want(org, wanted)
    plane.wakeups.notify(org)
    return BulkAnswer(results=results)


def _refreshable(transaction: Transaction, state: OrgState, who: Principal, name: str) -> BulkResult:
    try:
        active_instance(transaction, state, who, name, REFRESH)
    except (ForbiddenError, NotFoundError) as error:
        return failed(name, error)
    return BulkResult(instance=name, outcome="done")


def active_instance(
    transaction: Transaction, state: OrgState, who: Principal, name: str, permission: str
) -> InstanceRecord:
    """The active instance of this name, which the caller's right reaches. Raises ForbiddenError, NotFoundError."""
    instance = transaction.instances.get(state.name, name)
    who.require(permission, ORG_WIDE if instance is None else instance_target(state, instance))
    if instance is None or instance.revoked_at is not None or instance.pending_until is not None:
        raise NotFoundError(f"There is no active instance {name!r} in this org.", code="unknown-instance")
    return instance


def failed(name: str, error: ClawforgeError) -> BulkResult:
    """The result of an instance of which nothing came."""
    return BulkResult(instance=name, outcome="failed", code=error.code, detail=error.message)
