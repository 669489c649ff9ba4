"""The HTTP documents of the audit ledger."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from clawforge.ledger.checkpoint import SignedCheckpoint
from clawforge.ledger.record import AuditEvent
from clawforge.ledger.verification import StoredNode
from clawforge.resource.meta import Duration, Instant, Name, Sha256, Strict

MOST_EVENTS = 10_000
"""Events that one upload takes; what lies beyond is left for the next one."""
UPLOAD_LIMIT = 8 * 1024 * 1024
"""Most bytes of one upload."""
LARGEST_SEQUENCE = 2**53 - 1

Label = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Action = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,30}:[a-z][a-z-]{0,30}$")]


class AuditPage(Strict):
    """`next` is the cursor to continue from; only its absence says that this is the end: a page may hold fewer records
    than were asked for, even none. `nodes` are there on request: the stored hashes of the subtrees that end on it."""

    events: tuple[AuditEvent, ...]
    next: int | None = None
    nodes: tuple[StoredNode, ...] = ()


class StoredCheckpoint(Strict):
    """A signed checkpoint, and under which size and moment the server keeps it."""

    size: int
    at: Instant
    signed: SignedCheckpoint


class CheckpointList(Strict):
    """Every checkpoint, oldest first; the last one covers the whole log, unless `damage` says why it could not be made.
    `rootKey` is the server's word: whoever verifies compares it with a root key that he knows."""

    org: str
    size: int
    root: Sha256
    root_key: str
    checkpoints: tuple[StoredCheckpoint, ...]
    damage: str | None = None


class ProofAnswer(Strict):
    """A Merkle proof, as RFC 9162 defines it: that a record is in the log, or that a log continues an older one."""

    kind: Literal["inclusion", "consistency"]
    size: int
    root: Sha256
    proof: tuple[Sha256, ...]
    seq: int | None = None
    leaf: Sha256 | None = None
    old_size: int | None = None
    old_root: Sha256 | None = None


class AgentEvent(Strict):
    """One event of an agent. `seq` counts the instance's events from 1; `at` is the agent's word about the time. The
    classes are those that are an agent's to report: it cannot write what looks like the control plane's own records."""

    seq: Annotated[int, Field(ge=1, le=LARGEST_SEQUENCE)]
    at: Instant
    class_: Annotated[Literal["call", "dlp", "skill", "agent"], Field(alias="class")] = "call"
    action: Action
    outcome: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,15}$")]
    target: Label | None = None
    agent: Label | None = None
    context: Label | None = None
    revision: Annotated[int, Field(ge=0, le=LARGEST_SEQUENCE)] | None = None
    detail: dict[str, Any] = {}


class AuditUpload(Strict):
    """What an agent sends; who it is comes from its credential. Unreadable events are kept as such, not refused: an
    agent must never hold back good events because of a bad one."""

    events: tuple[dict[str, Any], ...]


class SequenceRange(Strict):
    """Sequence numbers from `first` to `last`, both included."""

    first: int
    last: int


class UploadAnswer(Strict):
    """`acknowledged`: every event up to here is durable, except those in `missing`, which the server never saw.
    `taken` counts the events of the upload that were looked at: with more than 10,000, the rest must be sent again.
    `conflicts` were sent before with another content, which stays; `unreadable` were kept as unreadable."""

    acknowledged: int
    taken: int
    stored: int
    repeated: int = 0
    missing: tuple[SequenceRange, ...] = ()
    conflicts: tuple[int, ...] = ()
    unreadable: tuple[int, ...] = ()


class PurgeRequest(Strict):
    """What to purge besides that which the org's retention says: `olderThan` shortens it for this once, for all or for
    the named classes. Never shorter than one day, and a hold is stronger."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"\S")]
    older_than: Duration | None = None
    classes: Annotated[tuple[Name, ...], Field(max_length=64)] = ()


class PurgeAnswer(Strict):
    """How many payloads went, by class, how many a hold kept, and the number of the record that says so."""

    purged: dict[str, int]
    held: int
    seq: int | None = None
