"""How long the payloads of the audit log are kept, and taking away what is older."""

from __future__ import annotations

import datetime as dt

from clawforge.ledger.purge import PURGE_ACTION, PURGE_CLASS, PurgedClass, PurgeStatement
from clawforge.resource.organization import Organization, Retention
from clawforge.wire_audit import PurgeAnswer, PurgeRequest
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.service.audit_checkpoints import KEPT_EVERY, add_checkpoint, make_checkpoint
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.audit_records import Held
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import AuditEntry

SERVER = "server"
"""The actor of what nobody asked for."""
_LEAST = dt.timedelta(days=1)


def purge(
    plane: ControlPlane, actor: str, org: str, request: PurgeRequest | None = None, *, origin: Origin | None = None
) -> PurgeAnswer:
    """Take away payloads that are older than the org keeps them, or than the request says; holds are stronger.

    Age is measured by the server's clock when the record was written, whatever an agent claimed. In the same
    transaction a record says what went, and a checkpoint is signed. Raises NotFoundError, LedgerDamagedError.
    """
    state = plane.states.get(org)
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        # Signed before as well: what is about to go was there, and was whole.
        record = make_checkpoint(transaction, state, now)
        if record is not None:
            add_checkpoint(transaction, org, record)
        statement = _take(transaction, state, request, now)
        if not statement.classes and request is None:
            return PurgeAnswer(purged={}, held=statement.held)
        seq = transaction.audit.append(org, _entry(actor, statement, now, origin))
        record = make_checkpoint(transaction, state, now)
        if record is not None:
            add_checkpoint(transaction, org, record)
    return PurgeAnswer(
        purged={name: purged.records for name, purged in statement.classes.items()}, held=statement.held, seq=seq
    )


def tend_ledger(plane: ControlPlane, org: str) -> None:
    """Once an hour: keep a checkpoint of what was added, and let go of what is older than the org keeps it, and of
    messages to machines that are too old to be told."""
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        latest = transaction.audit_tree.latest_checkpoint(org)
    if latest is None or not dt.timedelta(0) <= now - latest.at < KEPT_EVERY:
        with plane.store.transaction() as transaction:
            transaction.fleet_messages.let_go(org, now)
        plane.messages.let_go(org, now)
        purge(plane, SERVER, org)


def retention_of(state: OrgState) -> Retention:
    """What the org's files say; the defaults where they say nothing."""
    found = [item.spec.retention for item in state.resources.values() if isinstance(item, Organization)]
    return found[0] if found else Retention()


def _take(transaction: Transaction, state: OrgState, request: PurgeRequest | None, now: dt.datetime) -> PurgeStatement:
    retention = retention_of(state)
    holds = [Held(hold.classes, hold.actors, hold.since, hold.until) for hold in retention.legal_hold]
    classes: dict[str, PurgedClass] = {}
    held = 0
    for name in transaction.audit.classes(state.name):
        if name == PURGE_CLASS or (request is not None and request.classes and name not in request.classes):
            continue
        age = _age(retention, name)
        if request is not None and request.older_than is not None:
            age = min(age, dt.timedelta(seconds=request.older_than))
        before = now - max(age, _LEAST)
        purged = transaction.audit.purge(state.name, name, before, holds)
        held += purged.held
        if purged.ranges:
            classes[name] = PurgedClass(before=before, records=purged.records, ranges=purged.ranges)
    return PurgeStatement(classes=classes, held=held, reason=request.reason if request is not None else "retention")


def _age(retention: Retention, event_class: str) -> dt.timedelta:
    return max(dt.timedelta(seconds=retention.by_class.get(event_class, retention.default)), _LEAST)


def _entry(actor: str, statement: PurgeStatement, now: dt.datetime, origin: Origin | None) -> AuditEntry:
    return AuditEntry(
        at=now,
        actor=actor,
        action=PURGE_ACTION,
        outcome="done",
        detail=statement.model_dump(mode="json", by_alias=True),
        target="audit/payloads",
        origin=origin,
        event_class=PURGE_CLASS,
    )
