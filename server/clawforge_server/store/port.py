"""What the server asks of a store. Every method of a transaction names its org.

A transaction sees and makes one consistent state: when its block ends normally everything in it is durable,
when it raises nothing of it happened. Writers of one org never interleave.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from clawforge.position import ResourcePosition
from clawforge.state import StateEntry
from clawforge.wire import Revision
from clawforge_server.store.records import (
    AuditEntry,
    AuditRecord,
    EnrollmentRecord,
    InstanceRecord,
    InstanceReport,
    KeyRecord,
    OrgRecord,
    PlanRecord,
    TokenRecord,
)


class Orgs(Protocol):
    """Orgs, their counters and their keys."""

    def get(self, org: str) -> OrgRecord | None:
        """The org, if it exists."""

    def create(self, record: OrgRecord) -> None:
        """Add an org that does not exist."""

    def update(self, record: OrgRecord) -> None:
        """Write the counters and the state digest of an existing org."""

    def keys(self, org: str) -> tuple[KeyRecord, ...]:
        """All keys, retired ones included, oldest first."""

    def add_key(self, org: str, key: KeyRecord) -> None:
        """Add a key."""


class Resources(Protocol):
    """The present state, its history, and where everything stands in the files."""

    def entries(self, org: str) -> dict[str, StateEntry]:
        """The present resources by address, sorted."""

    def entries_at(self, org: str, revision: int) -> dict[str, StateEntry]:
        """The resources as they were at a revision."""

    def write(self, org: str, revision: int, upserts: Mapping[str, StateEntry], deletes: Iterable[str]) -> None:
        """Change the present state, and keep in the history that `revision` did so."""

    def changed_since(self, org: str, revision: int) -> tuple[str, ...]:
        """Addresses that later revisions wrote or deleted, sorted."""

    def positions(self, org: str) -> dict[str, ResourcePosition]:
        """By address."""

    def place(self, org: str, source: str, positions: Mapping[str, ResourcePosition], commit: str | None) -> None:
        """Replace the positions of all resources of a source, and the commit it was last applied from."""


class Revisions(Protocol):
    """One record an apply that changed something."""

    def get(self, org: str, number: int) -> Revision | None:
        """One revision."""

    def add(self, org: str, revision: Revision) -> None:
        """Append; numbers count from 1 without gaps."""

    def page(self, org: str, before: int | None, limit: int) -> tuple[Revision, ...]:
        """Newest first, below `before`."""


class Plans(Protocol):
    """Plans that were answered."""

    def get(self, org: str, plan_id: str) -> PlanRecord | None:
        """The plan with what it would write."""

    def add(self, org: str, plan: PlanRecord) -> None:
        """Keep a plan."""

    def mark_applied(self, org: str, plan_id: str, result: str) -> None:
        """Remember the answer of the first apply, and drop what is not needed any more."""

    def forget_expired(self, org: str, before: dt.datetime) -> None:
        """Drop plans that expired before a moment and were never applied."""


class Audit(Protocol):
    """The append-only log of an org."""

    def append(self, org: str, entry: AuditEntry) -> int:
        """The sequence number that the entry got."""

    def page(self, org: str, after: int, limit: int) -> tuple[AuditRecord, ...]:
        """Oldest first, above `after`."""


class Tokens(Protocol):
    """API tokens. `org` None is the server's owner."""

    def find(self, sha256: str) -> TokenRecord | None:
        """The token with this hash, whatever its org: this is how a caller is recognised."""

    def add(self, token: TokenRecord) -> None:
        """Keep a token."""

    def has_owner(self) -> bool:
        """Whether an owner's token was ever made."""

    def list(self, org: str) -> tuple[TokenRecord, ...]:
        """The org's tokens, oldest first, revoked ones included."""

    def revoke(self, org: str, token_id: str, at: dt.datetime) -> bool:
        """False when the org has no such valid token."""


class Enrollments(Protocol):
    """Rights to enrol."""

    def find(self, sha256: str) -> EnrollmentRecord | None:
        """The enrolment with this hash, whatever its org: this is how an enrolling agent is recognised."""

    def add(self, enrollment: EnrollmentRecord) -> None:
        """Keep an enrolment."""

    def use(self, org: str, enrollment_id: str) -> bool:
        """Take one use; False when none is left."""

    def list(self, org: str) -> tuple[EnrollmentRecord, ...]:
        """Oldest first."""

    def revoke(self, org: str, enrollment_id: str, at: dt.datetime) -> bool:
        """False when the org has no such enrolment, or it is revoked already."""


class Instances(Protocol):
    """Enrolled instances."""

    def get(self, org: str, name: str) -> InstanceRecord | None:
        """One instance, revoked or not."""

    def find(self, sha256: str) -> InstanceRecord | None:
        """The instance whose credential has this hash, whatever its org."""

    def add(self, instance: InstanceRecord) -> None:
        """Add an instance under an unused name."""

    def list(self, org: str) -> tuple[InstanceRecord, ...]:
        """By name, revoked ones included."""

    def revoke(self, org: str, name: str, at: dt.datetime) -> bool:
        """False when the org has no such active instance."""

    def report(self, reports: Sequence[InstanceReport]) -> None:
        """Write what instances said, many at once."""


class Transaction(Protocol):
    """One unit of work."""

    @property
    def orgs(self) -> Orgs:
        """Orgs, counters, keys."""

    @property
    def resources(self) -> Resources:
        """State, history, positions."""

    @property
    def revisions(self) -> Revisions:
        """Revisions."""

    @property
    def plans(self) -> Plans:
        """Plans."""

    @property
    def audit(self) -> Audit:
        """The log."""

    @property
    def tokens(self) -> Tokens:
        """API tokens."""

    @property
    def enrollments(self) -> Enrollments:
        """Rights to enrol."""

    @property
    def instances(self) -> Instances:
        """Enrolled instances."""


class Store(Protocol):
    """A store; methods may be called from any thread, and block."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin; the end of the block commits, an exception rolls back."""

    def check_ready(self) -> None:
        """Raise UnavailableError unless the store answers and has the shape that this code needs."""

    def close(self) -> None:
        """Release everything; durable already is what was committed."""
