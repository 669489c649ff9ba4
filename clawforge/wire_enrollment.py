"""The HTTP documents about enrolment, instances and their credentials (SPEC.md 8)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from clawforge.fleet_drift import AgentState
from clawforge.fleet_status import MachineStatus
from clawforge.ledger.record import AuditEvent
from clawforge.resource.enrollment import LONGEST_LIFE
from clawforge.resource.meta import Instant, Name, Reason, Strict, SubjectName
from clawforge.wire_versions import VersionMiss, VersionWord

InstanceState = Literal["active", "quarantined", "pending", "expired", "rejected", "revoked"]
"""`quarantined` works, and denies every call; `pending` waits for an approval, `expired` waited in vain; the credential
of the last three is dead."""


class EnrollmentRequest(Strict):
    """What `enroll mint` asks for. Identity, groups and tags come from here, never from the agent that enrols.

    With a `template` its groups and tags hold, and what is left out is as the template says: `ttl` and `uses` can only
    be smaller. Without one `ttl` is an hour, and the token good for one use. The user can be left out if the template
    is for one only.
    """

    template: Name | None = None
    user: SubjectName | None = None
    instance: SubjectName | None = None
    groups: tuple[Name, ...] = ()
    tags: dict[str, str] = {}
    ttl: Annotated[int, Field(ge=1, le=LONGEST_LIFE)] | None = None
    uses: Annotated[int, Field(ge=1, le=10_000)] | None = None
    require_approval: bool = False


class EnrollmentAnswer(Strict):
    """The token is shown once; its tail pins the fingerprint of the org's root key."""

    id: str
    token: Annotated[str, Field(repr=False)]
    expires_at: Instant


class EnrollmentView(Strict):
    """A right to enrol, without its token."""

    id: str
    template: str | None = None
    user: str
    instance: str | None = None
    groups: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    uses: int
    uses_left: int
    require_approval: bool = False
    created_at: Instant
    created_by: str
    expires_at: Instant
    revoked_at: Instant | None = None


class EnrollmentList(Strict):
    """Every enrolment of an org, oldest first."""

    enrollments: tuple[EnrollmentView, ...]


class EnrollRequest(Strict):
    """What an agent sends. `hostname` is a label for people and decides nothing."""

    token: Annotated[str, Field(repr=False)]
    hostname: str = ""
    host: str = "openclaw"
    versions: dict[str, str] = {}


class EnrollAnswer(Strict):
    """The instance's identity and credential, and the root key that the agent pins. With the state `pending` the
    credential gets no policy before somebody approves the instance."""

    org: str
    instance: str
    user: str
    credential: Annotated[str, Field(repr=False)]
    state: Literal["active", "pending"] = "active"
    root_key: str
    keys: dict[str, Any]


class CredentialAnswer(Strict):
    """A credential in place of the one that was shown, which goes on working until the new one is used for the first
    time. One that is not used until `lapsesAt` is dead."""

    credential: Annotated[str, Field(repr=False)]
    lapses_at: Instant


class ReviewRequest(Strict):
    """Why an instance is approved or rejected."""

    reason: Reason | None = None


class ReleaseRequest(Strict):
    """Why an instance may leave its quarantine."""

    reason: Reason


AgentProtocol = Literal["agent", "plugin"]
"""What a machine speaks: our agents' protocol, or that of the public ClawForge plugin, which knows neither DLP nor
asking."""


class QuarantineView(Strict):
    """Why an instance is shut in since a moment: an invariant, with what was found; or somebody's word, with their
    reason, until it is released or a moment comes."""

    invariant: str | None = None
    at: Instant
    why: str
    by: str | None = None
    until: Instant | None = None


class InstanceView(Strict):
    """One instance. `reason` is what was said when it was approved, rejected or revoked.

    A list says of those that are in: whether they were heard of (`status`), whether they enforce what they should
    (`enforces`; `revision` is that of what they said they enforce, where it is known), and how their versions stand
    (`compliance`). `credentialSince` is when the credential was given.

    `started_at`, `last_exit`, `crashes` and `channels` are what its last heartbeats said: since when its host runs, how
    the run before ended, how many runs ended unwanted within the hour before, and how its channels do. Of what a
    `protocol` cannot say, the machine gets the narrower thing, and nobody knows what it acknowledges.
    """

    instance: str
    user: str
    groups: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    hostname: str = ""
    host: str = "openclaw"
    versions: dict[str, str] = {}
    enrolled_at: Instant
    last_seen: Instant | None = None
    acknowledged: str | None = None
    started_at: Instant | None = None
    last_exit: str | None = None
    crashes: int | None = None
    channels: dict[str, str] = {}
    state: InstanceState = "active"
    pending_until: Instant | None = None
    approved_by: str | None = None
    reason: str | None = None
    quarantine: tuple[QuarantineView, ...] = ()
    protocol: AgentProtocol = "agent"
    status: MachineStatus | None = None
    enforces: AgentState | None = None
    revision: int | None = None
    compliance: VersionWord | None = None
    credential_since: Instant | None = None


class InstanceDetail(Strict):
    """Everything about one instance. `wanted` is the digest of the bundle that it should enforce at `wantedRevision`,
    `acknowledgedSince` when it first said what it says now. `events` is the number of the last event that it uploaded.
    `log` are the newest records about it, for those who may read the log.
    """

    instance: InstanceView
    wanted: str | None = None
    wanted_revision: int | None = None
    acknowledged_since: Instant | None = None
    out_of_range_since: dict[str, Instant] = {}
    misses: tuple[VersionMiss, ...] = ()
    events: int = 0
    log: tuple[AuditEvent, ...] = ()


class InstanceList(Strict):
    """Instances of an org, by name."""

    instances: tuple[InstanceView, ...]
