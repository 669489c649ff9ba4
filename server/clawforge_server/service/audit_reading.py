"""Reading the audit log."""

from __future__ import annotations

from typing import NamedTuple

from clawforge.ledger.record import AuditEvent
from clawforge.ledger.verification import StoredNode
from clawforge.wire_audit import AuditPage
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import SERVER_LOG
from clawforge_server.store.audit_records import AuditQuery
from clawforge_server.store.port import Transaction


class Followed(NamedTuple):
    """Records after a number, up to which number the log was looked at, and whether there is more beyond it now."""

    events: tuple[AuditEvent, ...]
    upto: int
    more: bool


def read_audit(plane: ControlPlane, org: str, query: AuditQuery, *, nodes: bool = False) -> AuditPage:
    """Records that fit. Raises NotFoundError for an unknown org."""
    _require(plane, org)
    with plane.store.transaction() as transaction:
        found = transaction.audit.page(org, query)
        inner: tuple[StoredNode, ...] = ()
        if nodes and not query.newest_first and found.events:
            inner = transaction.audit_tree.nodes(org, query.cursor or 0, found.events[-1].seq)
    return AuditPage(events=found.events, next=found.next, nodes=inner)


def follow_audit(plane: ControlPlane, org: str, query: AuditQuery) -> Followed:
    """The next records, oldest first. Raises NotFoundError for an unknown org."""
    _require(plane, org)
    with plane.store.transaction() as transaction:
        found = transaction.audit.page(org, query)
        upto = found.next if found.next is not None else _last(transaction, org)
    return Followed(found.events, max(query.cursor or 0, upto), found.next is not None)


def last_number(plane: ControlPlane, org: str) -> int:
    """The number of the newest record, 0 for an empty log. Raises NotFoundError for an unknown org."""
    _require(plane, org)
    with plane.store.transaction() as transaction:
        return _last(transaction, org)


def _require(plane: ControlPlane, org: str) -> None:
    if org != SERVER_LOG:
        plane.states.get(org)


def _last(transaction: Transaction, org: str) -> int:
    events = transaction.audit.page(org, AuditQuery(limit=1, newest_first=True)).events
    return events[0].seq if events else 0
