"""What the store holds, as values. Moments are aware datetimes in UTC."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clawforge.plan import Plan
from clawforge.position import ResourcePosition
from clawforge.resource.meta import Strict


@dataclass(frozen=True, slots=True)
class OrgRecord:
    """An org and its counters. `horizon_day` is the UTC day that the variants of its bundles begin with."""

    name: str
    created_at: dt.datetime
    revision: int
    serial: int
    epoch: int
    horizon_day: dt.date
    state_digest: str


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A signing key: `role` is `root` or `online`; `private` is absent once the key left the server."""

    keyid: str
    role: str
    epoch: int
    public: bytes
    private: bytes | None
    created_at: dt.datetime
    retired_at: dt.datetime | None = None


class PlanPayload(Strict):
    """What carrying out a plan writes.

    Resources as canonical JSON text by address, addresses to delete, and where the source's resources stand.
    """

    upserts: dict[str, str]
    deletes: tuple[str, ...]
    positions: dict[str, ResourcePosition]
    commit: str | None = None
    commit_author: str | None = None
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan as it was answered.

    `result` is the JSON text of its first apply, None while it was not applied; the payload is dropped then.
    """

    id: str
    created_at: dt.datetime
    expires_at: dt.datetime
    actor: str
    document: Plan
    payload: PlanPayload | None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who tried what, and how it ended (`done` or `refused`)."""

    at: dt.datetime
    actor: str
    action: str
    outcome: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry with its place in the org's log; `seq` counts from 1 without gaps."""

    seq: int
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """An API token; only the SHA-256 of its text is kept. `org` None is the server's owner."""

    id: str
    org: str | None
    kind: str
    sha256: str
    name: str
    permissions: tuple[str, ...]
    created_at: dt.datetime
    created_by: str
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None = None

    def valid_at(self, moment: dt.datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or moment < self.expires_at)


@dataclass(frozen=True, slots=True)
class EnrollmentRecord:
    """The right to enrol: for whom, as what, and how often still."""

    id: str
    org: str
    sha256: str
    user: str
    instance: str | None
    groups: tuple[str, ...]
    tags: Mapping[str, str]
    uses: int
    uses_left: int
    created_at: dt.datetime
    created_by: str
    expires_at: dt.datetime
    revoked_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """An enrolled instance; identity, groups and tags come from the enrolment, never from the instance."""

    org: str
    name: str
    sha256: str
    user: str
    groups: tuple[str, ...]
    tags: Mapping[str, str]
    hostname: str
    host: str
    versions: Mapping[str, str]
    enrollment: str
    enrolled_at: dt.datetime
    last_seen: dt.datetime | None = None
    acknowledged: str | None = None
    revoked_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class InstanceReport:
    """What an instance said about itself; None leaves the stored value."""

    org: str
    name: str
    last_seen: dt.datetime
    acknowledged: str | None = None
    versions: Mapping[str, str] | None = None
