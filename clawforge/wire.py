"""The HTTP documents that client, agent and server share (SPEC.md 8). Paths and header names live here too."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from clawforge.analysis.replay.report import ReplayReport
from clawforge.decide.request import Identifier
from clawforge.effective import Effective, Source
from clawforge.meaning import VerdictWord
from clawforge.plan import Approval, Plan, Summary
from clawforge.plan_scope import AddressPatterns, PlanScope
from clawforge.position import ResourcePosition
from clawforge.reconcile.fence import Fence
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Instant, Name, Reason, Strict, SubjectName

ResourceAddress = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]{0,62}/[a-z0-9][a-z0-9-]{0,62}$")]
"""`Kind/name`."""

HEADER_ACKNOWLEDGED = "ClawForge-Acknowledged"
HEADER_LEASE = "ClawForge-Lease"
HEADER_REVISION = "ClawForge-Revision"
HEADER_SERIAL = "ClawForge-Serial"
"""The newest serial that an agent has seen: a server with another one does not let it wait."""
HEADER_MESSAGE = "ClawForge-Message"
"""The number of the newest message that waits for the person at a machine; a heartbeat brings it."""
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


Person = Annotated[str, StringConstraints(min_length=1, max_length=254, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
"""Somebody by the name or the address that git or its forge has."""


MOST_SIGNERS = 256
"""People who are vouched for as signers of one plan's commits."""


class Vouched(Strict):
    """What a pipeline knows of its commit: who approved it in the git forge, who wrote it by the forge's word, whose
    signatures on its commits hold, and on which protected ref it runs. People are named by name or email address, or by
    the number that a forge gave them: `github:583231`, `gitlab:42`.

    While one of the `authors` is no user of the org no approver counts, for it could be that very person.
    `author_addresses` stand in their commits beside the accounts: whose they are is an author as well, and they may be
    nobody's. To name authors, who may not approve, needs neither a `ref` nor anybody's trust.

    `approved_change` is the change digest of what the approvers looked at: no approver counts for a plan that makes
    another change, such as one that holds an earlier change as well.
    """

    ref: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\s\x00-\x1f\x7f]+$")] | None = None
    approvers: Annotated[tuple[Person, ...], Field(max_length=64)] = ()
    approved_change: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    signers: Annotated[tuple[Person, ...], Field(max_length=MOST_SIGNERS)] = ()
    authors: Annotated[tuple[Person, ...], Field(max_length=1024)] = ()
    author_addresses: Annotated[tuple[Person, ...], Field(max_length=1024)] = ()


class Rename(Strict):
    """A resource that had the address `from` and now has `to`."""

    from_: Annotated[ResourceAddress, Field(alias="from")]
    to: ResourceAddress


class PlanRequest(Strict):
    """A proposed state of one source.

    `base` is the revision that the client looked at, if it did; `replay` is what it found there with recorded calls,
    for those who read the plan. Of the proposal only what is in the `scope` is planned. `moved` resources got another
    name, `forgotten` ones stay without an owner, and what `take_ownership` names may be taken from other sources.
    `reason` is why. Approvers and signers in `vouched` are accepted from the pipeline of a federated service account
    that is trusted on protected refs, and signers from the reconciler that holds the lease which `fence` names.
    """

    source: Name
    resources: tuple[dict[str, Any], ...]
    positions: dict[str, ResourcePosition] = {}
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")] | None = None
    commit_author: str | None = None
    dirty: bool = False
    base: int | None = None
    replay: ReplayReport | None = None
    scope: PlanScope = PlanScope()
    moved: Annotated[tuple[Rename, ...], Field(max_length=1_000)] = ()
    forgotten: Annotated[tuple[ResourceAddress, ...], Field(max_length=10_000)] = ()
    take_ownership: AddressPatterns = ()
    reason: Reason | None = None
    vouched: Vouched | None = None
    fence: Fence | None = None


class ApplyTerms(Strict):
    """What whoever applies says beside the plan: why, that a freeze is to be overridden, how many resources they know
    to be deleted, and that a change which is rolled out in rings is to reach every machine at once. With a `fence`
    nothing is applied unless that lease is still held, and the reconciler's last commit is the plan's from then on."""

    reason: Reason | None = None
    override_freeze: bool = False
    allow_deletions: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    immediate: bool = False
    fence: Fence | None = None


class ApplyRequest(ApplyTerms):
    """The plan as it was reviewed; the server refuses it if a byte differs from what it answered."""

    plan: Plan


class Revision(Strict):
    """One apply.

    `verdict` is what its plan meant, `approvals` who had approved that plan when it was applied, `signers` which users
    signed its commits, as a trusted pipeline or reconciler said. `rollback_to` is the revision whose state it went back
    to; the commit is then that of the older state. `freeze_override` is why a freeze was overridden, if one was.
    """

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
    verdict: VerdictWord | None = None
    approvals: tuple[Approval, ...] = ()
    signers: tuple[str, ...] = ()
    rollback_to: int | None = None
    reason: str | None = None
    freeze_override: str | None = None

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who approved it, by name."""
        return tuple(sorted({item.by for item in self.approvals if item.verdict == "approved"}))


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


class PolicyAnswer(Strict):
    """Body of a 200 to the policy poll: DSSE envelopes of the key set and of the bundle; the lease is a header."""

    keys: dict[str, Any]
    bundle: dict[str, Any]


ChannelHealth = Literal["ok", "degraded", "down"]
"""How a channel of an agent's host does, such as the messenger that people talk to it through."""
ReportedText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A line that an agent says about itself."""


class Heartbeat(Strict):
    """What an agent reports about itself; what it leaves out stays as it was reported before.

    `versions` are those of host, plugin and runtime, `acknowledged` is the digest of the bundle that is enforced.
    `uptime` is how long the host has been running, in seconds, ten years at most; `last_exit` how its run before this
    one ended, and `crashes` how many of its runs ended otherwise than somebody wanted within the last hour. `noted` is
    the highest number of a message that the agent has kept: it and those before it are not sent again.
    """

    versions: Annotated[dict[str, str], Field(default_factory=dict)]
    acknowledged: str | None = None
    uptime: Annotated[int, Field(ge=0, le=315_360_000)] = 0
    last_exit: ReportedText | None = None
    crashes: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    channels: Annotated[dict[ReportedText, ChannelHealth], Field(max_length=64, default_factory=dict)]
    noted: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0


class HeartbeatAnswer(Strict):
    """The digest that the agent should hold, and a fresh lease envelope; `messages` to the person at the machine that
    were not noted yet, as envelopes, oldest first, are left out if there are none."""

    digest: str
    lease: dict[str, Any]
    messages: tuple[dict[str, Any], ...] = ()


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


class KeysAnswer(Strict):
    """The root key in base64, and the key set that it signed, as an envelope."""

    org: str
    epoch: int
    root_key: str
    keys: dict[str, Any]
