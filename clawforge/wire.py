"""The HTTP documents that client, agent and server share (SPEC.md 8). Paths and header names live here too."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from clawforge.decide.request import Identifier
from clawforge.effective import Effective, Source
from clawforge.plan import Plan, Summary
from clawforge.position import ResourcePosition
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Instant, Name, Permission, Strict, SubjectName

HEADER_ACKNOWLEDGED = "ClawForge-Acknowledged"
HEADER_LEASE = "ClawForge-Lease"
HEADER_REVISION = "ClawForge-Revision"
PROBLEM_MEDIA_TYPE = "application/problem+json"


class Position(Strict):
    """A place in the files of a project."""

    file: str
    line: int = 0
    col: int = 0


class ProblemItem(Strict):
    """One of several problems of a request, such as a diagnostic on one resource."""

    code: str
    message: str
    hint: str = ""
    address: str | None = None
    position: Position | None = None


class Problem(Strict):
    """problem+json (RFC 9457), with a code for programs and a hint for people."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    hint: str | None = None
    position: Position | None = None
    problems: tuple[ProblemItem, ...] = ()


class PlanRequest(Strict):
    """A proposed state of one source. `base` is the revision that the client looked at, if it did."""

    source: Name
    resources: tuple[dict[str, Any], ...]
    positions: dict[str, ResourcePosition] = {}
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")] | None = None
    commit_author: str | None = None
    dirty: bool = False
    base: int | None = None


class ApplyRequest(Strict):
    """The plan as it was reviewed; the server refuses it if a byte differs from what it answered."""

    plan: Plan


class Revision(Strict):
    """One apply."""

    number: int
    created_at: Instant
    actor: str
    source: str
    commit: str | None = None
    commit_author: str | None = None
    dirty: bool = False
    summary: Summary
    plan_id: str
    state_digest: str
    change_digest: str


class ApplyResult(Strict):
    """`revision` is the present one; `applied` is false when only positions were refreshed."""

    revision: int
    applied: bool
    positions_refreshed: bool = False
    summary: Summary
    state_digest: str


class RevisionPage(Strict):
    """Newest first; `next` is the revision to continue before."""

    revisions: tuple[Revision, ...]
    next: int | None = None


class StateAnswer(Strict):
    """Every resource of the org at a revision."""

    org: str
    revision: int
    digest: str
    resources: tuple[dict[str, Any], ...]
    sources: dict[str, str] = {}
    positions: dict[str, ResourcePosition] = {}


class EnrollmentRequest(Strict):
    """What `enroll mint` asks for. Identity, groups and tags come from here, never from the agent that enrols."""

    user: SubjectName
    instance: SubjectName | None = None
    groups: tuple[Name, ...] = ()
    tags: dict[str, str] = {}
    ttl: Annotated[int, Field(ge=1, le=90 * 86_400)] = 3_600
    uses: Annotated[int, Field(ge=1, le=10_000)] = 1


class EnrollmentAnswer(Strict):
    """The token is shown once; its tail pins the fingerprint of the org's root key."""

    id: str
    token: str
    expires_at: Instant


class EnrollRequest(Strict):
    """What an agent sends. `hostname` is a label for people and decides nothing."""

    token: str
    hostname: str = ""
    host: str = "openclaw"
    versions: dict[str, str] = {}


class EnrollAnswer(Strict):
    """The instance's identity and credential, and the root key that the agent pins."""

    org: str
    instance: str
    user: str
    credential: str
    root_key: str
    keys: dict[str, Any]


class PolicyAnswer(Strict):
    """Body of a 200 to the policy poll: DSSE envelopes of the key set and of the bundle; the lease is a header."""

    keys: dict[str, Any]
    bundle: dict[str, Any]


class Heartbeat(Strict):
    """What an agent reports about itself."""

    versions: dict[str, str] = {}
    acknowledged: str | None = None
    uptime: Annotated[int, Field(ge=0)] = 0
    last_exit: str | None = None


class HeartbeatAnswer(Strict):
    """The digest that the agent should hold, and a fresh lease envelope."""

    digest: str
    lease: dict[str, Any]


class TokenRequest(Strict):
    """A token with no more rights than its maker has."""

    name: Name
    permissions: tuple[Permission, ...]
    ttl: Annotated[int, Field(ge=60, le=366 * 86_400)] = 86_400


class TokenAnswer(Strict):
    """The token is shown once."""

    id: str
    token: str
    expires_at: Instant


class DecideRequest(Strict):
    """`POST .../decide`: judge a call by the server's present state."""

    user: SubjectName
    tool: Identifier
    params: dict[str, Any] = {}
    instance: SubjectName | None = None
    agent: SubjectName | None = None
    context: Name | None = None
    groups: tuple[Name, ...] = ()
    tags: dict[str, str] = {}
    channel: str | None = None
    sender: str | None = None
    provider: str | None = None
    at: Instant | None = None


class InstanceView(Strict):
    """One enrolled instance, as `GET .../instances` lists it."""

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
    state: Literal["active", "revoked"] = "active"


class Health(Strict):
    """`GET /health`."""

    status: Literal["ok"] = "ok"
    version: str


class Alert(Strict):
    """Something odd about a subject that the resolver had to decide, such as two base policies of one rank."""

    code: str
    message: str


class EffectiveView(Strict):
    """What a subject gets and why; the answer of `GET .../effective` and of `clawforge effective --format json`."""

    subject: Subject
    at: Instant
    effective: Effective
    digest: str
    base: str | None = None
    matched: tuple[str, ...] = ()
    alerts: tuple[Alert, ...] = ()
    provenance: dict[str, tuple[Source, ...]] = {}
    revision: int | None = None


class Ready(Strict):
    """`GET /health/ready`: the database answers, has the right shape, and signing works."""

    status: Literal["ready"] = "ready"


class EnrollmentView(Strict):
    """A right to enrol, without its token."""

    id: str
    user: str
    instance: str | None = None
    groups: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    uses: int
    uses_left: int
    created_at: Instant
    created_by: str
    expires_at: Instant
    revoked_at: Instant | None = None


class EnrollmentList(Strict):
    """Every enrolment of an org, oldest first."""

    enrollments: tuple[EnrollmentView, ...]


class InstanceList(Strict):
    """Every instance of an org, by name."""

    instances: tuple[InstanceView, ...]


class TokenView(Strict):
    """An API token, without its text."""

    id: str
    name: str
    permissions: tuple[Permission, ...]
    created_at: Instant
    created_by: str
    expires_at: Instant | None = None
    revoked_at: Instant | None = None


class TokenList(Strict):
    """Every token of an org, oldest first."""

    tokens: tuple[TokenView, ...]


class KeysAnswer(Strict):
    """The root key in base64, and the key set that it signed, as an envelope."""

    org: str
    epoch: int
    root_key: str
    keys: dict[str, Any]


class AuditEvent(Strict):
    """One record of the org's log; `seq` counts from 1 without gaps."""

    seq: int
    at: Instant
    actor: str
    action: str
    outcome: Literal["done", "refused"]
    detail: dict[str, Any] = {}


class AuditPage(Strict):
    """Oldest first; `next` is the `seq` to continue after."""

    events: tuple[AuditEvent, ...]
    next: int | None = None
