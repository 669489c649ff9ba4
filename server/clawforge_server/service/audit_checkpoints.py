"""Signing what the audit log is, and proving that it only grew."""

from __future__ import annotations

import base64
import datetime as dt

import orjson
from pydantic import ValidationError

from clawforge.errors import NotFoundError, UnavailableError
from clawforge.ledger.checkpoint import Checkpoint, SignedCheckpoint, sign_checkpoint
from clawforge.ledger.merkle import Frontier, consistency_proof, inclusion_proof
from clawforge.wire_audit import CheckpointList, ProofAnswer, StoredCheckpoint
from clawforge_server.control_plane import ControlPlane
from clawforge_server.log import logger
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.audit_records import CheckpointRecord
from clawforge_server.store.port import Transaction

KEPT_EVERY = dt.timedelta(hours=1)
"""How often a checkpoint is kept; whoever asks in between gets one that is made for him."""


class LedgerDamagedError(UnavailableError):
    """The log in the store is not the one that was signed before; nothing more is signed about it."""

    code = "ledger-damaged"


def list_checkpoints(plane: ControlPlane, org: str) -> CheckpointList:
    """Every kept checkpoint, and one of the log as it is now. Raises NotFoundError."""
    state = plane.states.get(org)
    with plane.store.transaction() as transaction:
        found = [_stored(record) for record in transaction.audit_tree.checkpoints(org)]
        head, damage = _head(transaction, org)
        try:
            record = make_checkpoint(transaction, state, plane.clock.now())
            if record is not None:
                found.append(_stored(record))
        except LedgerDamagedError as error:
            damage = error.message
    if state.keys is None:
        raise NotFoundError(f"The org {org!r} has no keys yet.", code="unknown-org")
    return CheckpointList(
        org=org,
        size=head.size,
        root=_text(head.root),
        root_key=state.keys.root_key,
        checkpoints=tuple(found),
        damage=damage,
    )


def add_checkpoint(transaction: Transaction, org: str, record: CheckpointRecord) -> None:
    """Keep a checkpoint; its root goes to the server's log as well, where whoever changes the database does not reach
    it."""
    transaction.audit_tree.add_checkpoint(org, record)
    logger().info("audit checkpoint", org=org, size=record.size, root=_opened(record).root)


def make_checkpoint(transaction: Transaction, state: OrgState, now: dt.datetime) -> CheckpointRecord | None:
    """A signed checkpoint of the log as it is; None if the last kept one says the same.

    The root is computed from the records, and the log must begin with what the last checkpoint says: a server never
    signs what somebody else wrote into its database. Raises LedgerDamagedError.
    """
    org, tree = state.name, transaction.audit_tree
    if state.keys is None or state.record is None:
        return None
    latest = tree.latest_checkpoint(org)
    try:
        head = tree.head(org)
        if latest is not None:
            _require_beginning(transaction, org, head.size, latest)
        if head.size == 0 or (latest is not None and latest.size == head.size):
            return None
        if tree.range_hash(org, 0, head.size) != head.root:
            raise LookupError("the records are not those that were written")
    except LookupError as error:
        raise LedgerDamagedError(
            f"The audit log of {org!r} was changed from outside: {error.args[0]}.",
            hint="`clawforge audit verify` says where.",
        ) from error
    checkpoint = Checkpoint(
        org=org,
        size=head.size,
        root=_text(head.root),
        at=now,
        epoch=state.record.epoch,
        previous=latest.size if latest is not None else 0,
    )
    signed = sign_checkpoint(checkpoint, state.keys.online, state.keys.key_set)
    return CheckpointRecord(head.size, now, signed.model_dump_json(by_alias=True))


def prove_inclusion(plane: ControlPlane, org: str, seq: int, size: int | None) -> ProofAnswer:
    """That a record is among the first `size` ones (default: all). Raises NotFoundError, LedgerDamagedError."""
    plane.states.get(org)
    with plane.store.transaction() as transaction:
        tree = transaction.audit_tree
        present, _ = _head(transaction, org)
        size = present.size if size is None else size
        leaf = tree.leaf(org, seq)
        if leaf is None or not 1 <= seq <= size <= present.size:
            raise NotFoundError(f"There is no record {seq} in a log of {size}.", code="unknown-record")
        try:
            proof = inclusion_proof(seq - 1, size, lambda low, high: tree.range_hash(org, low, high))
            root = tree.range_hash(org, 0, size)
        except LookupError as error:
            raise LedgerDamagedError(f"The audit log of {org!r} is damaged: {error.args[0]}.") from error
    return ProofAnswer(
        kind="inclusion",
        size=size,
        root=_text(root),
        proof=tuple(_text(item) for item in proof),
        seq=seq,
        leaf=_text(leaf),
    )


def prove_consistency(plane: ControlPlane, org: str, old: int, size: int | None) -> ProofAnswer:
    """That the log of `size` records (default: the whole) continues the one of `old`."""
    plane.states.get(org)
    with plane.store.transaction() as transaction:
        tree = transaction.audit_tree
        present, _ = _head(transaction, org)
        size = present.size if size is None else size
        if not 1 <= old <= size <= present.size:
            raise NotFoundError(f"A log of {old} records is no beginning of one of {size}.", code="unknown-record")
        try:
            proof = consistency_proof(old, size, lambda low, high: tree.range_hash(org, low, high))
            roots = tree.range_hash(org, 0, old), tree.range_hash(org, 0, size)
        except LookupError as error:
            raise LedgerDamagedError(f"The audit log of {org!r} is damaged: {error.args[0]}.") from error
    return ProofAnswer(
        kind="consistency",
        size=size,
        root=_text(roots[1]),
        proof=tuple(_text(item) for item in proof),
        old_size=old,
        old_root=_text(roots[0]),
    )


def _require_beginning(transaction: Transaction, org: str, size: int, latest: CheckpointRecord) -> None:
    if latest.size > size:
        raise LookupError(f"it has {size} records, and had {latest.size}")
    try:
        signed = _opened(latest)
    except (KeyError, TypeError, ValidationError, ValueError) as error:
        raise LookupError("its last checkpoint cannot be read") from error
    if signed.size != latest.size or transaction.audit_tree.range_hash(org, 0, latest.size) != signed.root_hash:
        raise LookupError(f"its first {latest.size} records are not those that were signed")


def _head(transaction: Transaction, org: str) -> tuple[Frontier, str | None]:
    try:
        return transaction.audit_tree.head(org), None
    except LookupError as error:
        return Frontier(), f"The audit log of {org!r} was changed from outside: {error.args[0]}."


def _opened(record: CheckpointRecord) -> Checkpoint:
    """What a kept checkpoint says; its signature is for others to check."""
    envelope = orjson.loads(record.document)["checkpoint"]
    return Checkpoint.model_validate_json(base64.b64decode(envelope["payload"]), strict=True)


def _stored(record: CheckpointRecord) -> StoredCheckpoint:
    try:
        signed = SignedCheckpoint.model_validate_json(record.document)
    except ValidationError:
        # What is not readable any more is shown as it is: a checkpoint that nobody signed.
        signed = SignedCheckpoint(checkpoint={}, keys={})
    return StoredCheckpoint(size=record.size, at=record.at, signed=signed)


def _text(raw: bytes) -> str:
    return "sha256:" + raw.hex()
