"""Checking a log from outside: any edit, deletion, insertion, change of order or truncation is found and placed.

The verifier reads the whole log once, oldest first, and trusts nobody: it makes every hash itself from what the records
say, and compares the tree with signed checkpoints. Memory grows by some bytes a record, not with their content.
"""

from __future__ import annotations

import bisect
import datetime as dt
import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from clawforge.errors import InputError
from clawforge.ledger.checkpoint import Checkpoint
from clawforge.ledger.merkle import Frontier, Growth
from clawforge.ledger.purge import PURGE_ACTION, PURGE_CLASS, PurgedRange, read_purge
from clawforge.ledger.record import AuditEvent, leaf_of, payload_of
from clawforge.resource.meta import Strict

_MOST_FINDINGS = 1_000
_LONGEST_GAP = 1_000_000
_UNKNOWN = b"\x00" * 32
_TREE_CODES = frozenset({"record-edited", "record-missing", "root-mismatch"})
"""What changes the hashes above a record; a changed payload does not."""
NODE_LEVELS = 8
"""Stores keep the root of every complete subtree whose level is a multiple of this."""


class StoredNode(Strict):
    """The root of a complete subtree as the server keeps it; on level 8 with the earliest and latest moment of its
    records in microseconds since 1970, by which the server finds a time range."""

    level: int
    index: int
    hash: str
    earliest: int | None = None
    latest: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that cannot be if nobody touched the log. `seq` is the first record that is not as it was, as near as
    can be told; `after` the last record before it that is proven."""

    code: str
    seq: int
    message: str
    after: int = 0


@dataclass(slots=True)
class LogVerifier:
    """Feed it every record with `add`, in the order in which the server gives them, then ask for `finish`.

    `checkpoints` are the server's, of which each names the one before; `known` are others that somebody kept.
    """

    org: str
    checkpoints: Sequence[Checkpoint] = ()
    known: Sequence[Checkpoint] = ()
    findings: list[Finding] = field(default_factory=list)
    _growth: Growth = field(default_factory=lambda: Growth(Frontier(), NODE_LEVELS))
    _due: list[Checkpoint] = field(default_factory=list)
    _proven: int = 0
    _present: dict[str, array[int]] = field(default_factory=lambda: defaultdict(lambda: array("q")))
    _missing: dict[str, array[int]] = field(default_factory=lambda: defaultdict(lambda: array("q")))
    _purged: dict[str, list[tuple[int, PurgedRange]]] = field(default_factory=lambda: defaultdict(list))
    _moments: list[int] = field(default_factory=list)
    _node_moments: dict[int, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._due = sorted((*self.checkpoints, *self.known), key=lambda item: item.size, reverse=True)
        self._check_chain()
        self._meet_checkpoints()

    @property
    def size(self) -> int:
        """How many records were read."""
        return self._growth.size

    @property
    def root(self) -> bytes:
        """The root of what was read."""
        return self._growth.frontier.root

    def add(self, event: AuditEvent) -> None:
        """Check one record, and everything that ends with it."""
        if not self._in_place(event):
            return
        leaf = self._leaf(event)
        if "sha256:" + leaf.hex() != event.leaf:
            self._found("record-edited", event.seq, "What the record says does not fit its own hash.")
        self._check_payload(event)
        self._grow(leaf, event.at)

    def add_nodes(self, nodes: Iterable[StoredNode]) -> None:
        """Check the inner nodes that the server keeps, once the records below them were added."""
        stored = {(node.level, node.index): node for node in nodes if (node.index + 1) << node.level <= self.size}
        for own in self._growth.completed:
            node = stored.pop((own.level, own.index), None)
            first, last = (own.index << own.level) + 1, (own.index + 1) << own.level
            if self._is_explained(first, last):
                continue
            if node is None:
                self._found("node-missing", first, f"The server does not hold the hash of records {first} to {last}.")
            elif node.hash != "sha256:" + own.hash.hex():
                self._found("node-edited", first, f"The server's hash of records {first} to {last} is another one.")
            elif own.level == NODE_LEVELS and (node.earliest, node.latest) != self._node_moments.get(own.index):
                self._found("node-edited", first, f"The server's time span of records {first} to {last} is wrong.")
        for node in stored.values():
            first = (node.index << node.level) + 1
            self._found("node-inserted", first, "The server holds a hash that belongs to no records.")
        self._growth.completed.clear()
        self._node_moments.clear()

    def finish(self, stated_size: int | None = None) -> tuple[Finding, ...]:
        """Everything that was found, by record. `stated_size` is how long the server says the log is."""
        for checkpoint in reversed(self._due):
            self._found(
                "truncated",
                self.size + 1,
                f"A checkpoint says that there are {checkpoint.size} records; the log ends after {self.size}.",
            )
        if stated_size is not None and stated_size != self.size:
            self._found("truncated", self.size + 1, f"The server says {stated_size} records, and gave {self.size}.")
        self._check_purges()
        return tuple(sorted(self.findings, key=lambda item: (item.seq, item.code)))

    def _check_chain(self) -> None:
        previous = 0
        for checkpoint in sorted(self.checkpoints, key=lambda item: item.size):
            if checkpoint.previous != previous:
                self._found(
                    "checkpoint-missing",
                    previous + 1,
                    f"The checkpoint of {checkpoint.size} records follows one of {checkpoint.previous}, which is not "
                    "there.",
                )
            previous = checkpoint.size

    def _in_place(self, event: AuditEvent) -> bool:
        """Whether the record is the next one; what is missing before it is filled with hashes that nothing has."""
        expected = self.size + 1
        if event.seq < expected:
            self._found("out-of-order", event.seq, f"Record {event.seq} comes where {expected} must.")
            return False
        if event.seq > expected:
            missing = f"{expected} to {event.seq - 1}" if event.seq - expected > 1 else str(expected)
            self._found("record-missing", expected, f"Record {missing} is not there.")
            if event.seq - expected > _LONGEST_GAP:
                return False
            for _ in range(event.seq - expected):
                self._grow(_UNKNOWN, event.at)
        return True

    def _grow(self, leaf: bytes, at: dt.datetime) -> None:
        self._growth.append(leaf)
        self._remember_moment(at)
        self._meet_checkpoints()

    def _leaf(self, event: AuditEvent) -> bytes:
        try:
            return leaf_of(self.org, event)
        except (TypeError, ValueError):
            self._found("record-edited", event.seq, "The record cannot be hashed.")
            return _UNKNOWN

    def _check_payload(self, event: AuditEvent) -> None:
        seqs = self._present[event.class_]
        if not seqs or event.seq > seqs[-1]:
            seqs.append(event.seq)
        if event.payload_state == "damaged":
            self._found("payload-edited", event.seq, "What the record held beside its statement was changed.")
            return
        if event.payload_state == "absent":
            self._missing[event.class_].append(event.seq)
            return
        try:
            found = "sha256:" + hashlib.sha256(payload_of(event)).hexdigest()
        except InputError:
            found = ""
        if found != event.payload:
            self._found("payload-edited", event.seq, "What the record held beside its statement was changed.")
        elif event.class_ == PURGE_CLASS and event.action == PURGE_ACTION:
            self._remember_purge(event)

    def _remember_purge(self, event: AuditEvent) -> None:
        statement = read_purge(event.detail)
        if statement is None:
            self._found("purge-unreadable", event.seq, "The record of a purge cannot be read.")
            return
        for name, purged in statement.classes.items():
            self._purged[name] += [(event.seq, part) for part in purged.ranges if name != PURGE_CLASS]

    def _check_purges(self) -> None:
        for name, parts in self._purged.items():
            seqs = self._present.get(name, array("q"))
            for seq, part in parts:
                count = bisect.bisect_right(seqs, part.last) - bisect.bisect_left(seqs, part.first)
                if count != part.records or part.last >= seq:
                    self._found("purge-mismatch", seq, "The record of a purge does not fit the records that it names.")
        for name, missing in self._missing.items():
            ranges = sorted((part.first, part.last, seq) for seq, part in self._purged.get(name, ()))
            firsts = [first for first, _, _ in ranges]
            for seq in missing:
                at = bisect.bisect_right(firsts, seq) - 1
                if at < 0 or not ranges[at][0] <= seq <= ranges[at][1] or ranges[at][2] <= seq:
                    self._found("payload-missing", seq, "The payload is gone, and no purge says that it took it.")

    def _meet_checkpoints(self) -> None:
        size = self.size
        while self._due and self._due[-1].size <= size:
            checkpoint = self._due.pop()
            if checkpoint.root_hash == self.root:
                self._proven = size
            elif not self._is_explained(1, size):
                first = self._proven + 1
                self._found(
                    "root-mismatch",
                    first,
                    f"Records {first} to {checkpoint.size} are not those of which the checkpoint of "
                    f"{checkpoint.size} records was made.",
                )

    def _remember_moment(self, at: dt.datetime) -> None:
        self._moments.append(microseconds(at))
        if self.size % (1 << NODE_LEVELS) == 0:
            self._node_moments[(self.size >> NODE_LEVELS) - 1] = (min(self._moments), max(self._moments))
            self._moments.clear()

    def _is_explained(self, first: int, last: int) -> bool:
        """Whether a finding about the tree of these records would only repeat one that names the record."""
        return any(first <= item.seq <= last and item.code in _TREE_CODES for item in self.findings)

    def _found(self, code: str, seq: int, message: str) -> None:
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(code, seq, message, self._proven))


def microseconds(moment: dt.datetime) -> int:
    """Since 1970, exact."""
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
