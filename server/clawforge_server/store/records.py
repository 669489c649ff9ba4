"""What the store holds, as values. Moments are aware datetimes in UTC."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clawforge.plan import Plan
from clawforge.position import ResourcePosition
from clawforge.resource.meta import Strict
from clawforge.wire_enrollment import AgentProtocol, InstanceState
from clawforge_server.origin import Origin


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
    private: bytes | None = field(repr=False)
    created_at: dt.datetime
    retired_at: dt.datetime | None = None


class PlanPayload(Strict):
    """What carrying out a plan writes.

    Resources as canonical JSON text by address, addresses to delete, and where the source's resources stand. Of the
    resources nobody owns the `forgotten` ones afterwards, and others own the `taken` ones until then. `rollback_to` is
    the revision that a rollback goes back to.
    """

    upserts: dict[str, str]
    deletes: tuple[str, ...]
    forgotten: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    positions: dict[str, ResourcePosition]
    commit: str | None = None
    commit_author: str | None = None
    dirty: bool = False
    rollback_to: int | None = None


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan as it was answered.

    `result` is the JSON text of its first apply, None while it was not applied; the payload is dropped then.
    `author` is the holder of the credential that proposed it, who may not approve it.
    """

    id: str
    created_at: dt.datetime
    expires_at: dt.datetime
    actor: str
    author: str
    document: Plan
    payload: PlanPayload | None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who tried what, and how it ended: `done` or `refused`, or an agent's own word such as `deny`.

    `event_class` decides how long the payload is kept; left out, the action decides. `before` and `after` are JSON
    documents. `claimed` is what an agent said about the time; `at` is always the server's.
    """

    at: dt.datetime
    actor: str
    action: str
    outcome: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    target: str | None = None
    revision: int | None = None
    before: Any = None
    after: Any = None
    origin: Origin | None = None
    event_class: str = ""
    claimed: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """An API key, or (with `org` None) the token of the server's owner; only the SHA-256 of its text is kept.

    `holder` is `owner`, `user:x` or `service-account:y`; `parent` the token or session with which it was made, and
    `created_by` who has read it: of what a key of a service account makes, the person who made that key.
    """

    id: str
    org: str | None
    kind: str
    sha256: str
    name: str
    holder: str
    scopes: tuple[str, ...]
    created_at: dt.datetime
    created_by: str
    expires_at: dt.datetime | None
    networks: tuple[str, ...] = ()
    parent: str | None = None
    revoked_at: dt.datetime | None = None

    def valid_at(self, moment: dt.datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or moment < self.expires_at)


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A sign-in; of its tokens only the present ones' SHA-256 are kept.

    `expires_at` is when it ends for good, `access_expires_at` when the present access token does. A session without
    `refresh_sha256` cannot be prolonged. `address` is where it was opened from, `instance` the machine of an old plugin
    that speaks through it.
    """

    id: str
    org: str
    holder: str
    method: str
    claims: tuple[str, ...]
    created_at: dt.datetime
    expires_at: dt.datetime
    address: str
    access_sha256: str
    access_expires_at: dt.datetime
    refresh_sha256: str | None = None
    refreshed_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    ended_by: str | None = None
    instance: str | None = None


@dataclass(frozen=True, slots=True)
class SuspensionRecord:
    """A user stopped by hand, whatever the files say."""

    user: str
    at: dt.datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class JudgementRecord:
    """What a reviewer said about a plan: `approved` or `rejected`. Reviewer and author are holders, not credentials. It
    is bound to `digest`, that of the change, and to `meaning`, that of what the change means."""

    plan: str
    reviewer: str
    author: str
    at: dt.datetime
    verdict: str
    digest: str
    reason: str
    credential: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class EnrollmentRecord:
    """The right to enrol: for whom, as what, and how often still. `template` is the Enrollment that it comes from."""

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
    template: str | None = None
    require_approval: bool = False


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """An enrolled instance; identity, groups and tags come from the enrolment, never from the instance.

    Until `next_until` the credential with the hash `next_sha256` takes the place of the present one when it is used.
    With `pending_until` the instance waits for an approval, until then at the longest; one that is revoked while it
    waits was rejected. `reason` is what was said last when somebody approved or ended it. `last_seen`, `acknowledged`,
    `versions` and what follows `reason` are what it reported itself, but for the `protocol` that it enrolled by.
    """

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
    next_sha256: str | None = None
    next_until: dt.datetime | None = None
    rotated_at: dt.datetime | None = None
    pending_until: dt.datetime | None = None
    approved_at: dt.datetime | None = None
    approved_by: str | None = None
    reason: str | None = None
    started_at: dt.datetime | None = None
    last_exit: str | None = None
    crashes: int | None = None
    channels: Mapping[str, str] = field(default_factory=dict)
    protocol: AgentProtocol = "agent"

    def state_at(self, moment: dt.datetime) -> InstanceState:
        """What its credential is good for: everything that an agent asks if `active`, and nothing else."""
        if self.revoked_at is not None:
            return "revoked" if self.pending_until is None else "rejected"
        if self.pending_until is None:
            return "active"
        return "pending" if moment < self.pending_until else "expired"


@dataclass(frozen=True, slots=True)
class QuarantineRecord:
    """An instance is shut in because of an invariant, until somebody releases it.

    `digest` is that of the invariant as it was: a release holds for exactly that one. `why` is a sentence about what
    was found. `reason` is what the person said who released it.
    """

    instance: str
    invariant: str
    digest: str
    at: dt.datetime
    why: str
    released_at: dt.datetime | None = None
    released_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RetiredCredential:
    """A credential of an instance that another one replaced. `shown_at` is when it last came again, if it was noted."""

    org: str
    sha256: str
    instance: str
    at: dt.datetime
    shown_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class AcknowledgementRecord:
    """An instance said that it enforces another bundle than before.

    `revision` and `serial` are what the bundle was made for, None where the server did not remember. `number` counts
    the acknowledgements of the instance; a new one has none yet.
    """

    org: str
    instance: str
    at: dt.datetime
    digest: str
    revision: int | None = None
    serial: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class InstanceReport:
    """What an instance said about itself; None leaves the stored value."""

    org: str
    name: str
    last_seen: dt.datetime
    acknowledged: str | None = None
    versions: Mapping[str, str] | None = None
    started_at: dt.datetime | None = None
    last_exit: str | None = None
    crashes: int | None = None
    channels: Mapping[str, str] | None = None
