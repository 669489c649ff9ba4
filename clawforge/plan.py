"""A plan: what would change, as a value with a stable JSON form (SPEC.md 7)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from clawforge.analysis.replay.report import ReplayReport
from clawforge.meaning import Meaning
from clawforge.overlay.standing import StandingOverlay
from clawforge.resource.meta import Instant, Strict

PLAN_FORMAT = "1.0"


class Action(StrEnum):
    """What happens to one resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    MOVE = "move"
    FORGET = "forget"


class FieldChange(Strict):
    """One field before and after; null is "not there"."""

    path: str
    before: Any = None
    after: Any = None


class PlanLocation(Strict):
    """Where the resource stands in the files; for a deletion, where it last stood."""

    file: str
    line: int


class Change(Strict):
    """What happens to one resource, field by field, and where it is written.

    `previous` is the address of a resource that is renamed. `owner` is the source that owned it until now, where that
    changes; empty if none did.
    """

    address: str
    action: Action
    previous: str | None = None
    owner: str | None = None
    location: PlanLocation | None = None
    fields: tuple[FieldChange, ...] = ()


class Base(Strict):
    """The state that the plan was made against."""

    revision: int
    digest: str


class Summary(Strict):
    """Counts by action."""

    add: int = 0
    change: int = 0
    destroy: int = 0
    move: int = 0
    forget: int = 0


class Check(Strict):
    """A check that the server ran over the proposed state: `lint` or `test`, and what it found."""

    name: str
    status: Literal["passed", "failed"]
    passed: int = 0
    failed: int = 0


class ApprovalNeed(Strict):
    """Why a plan must be approved, by how many who hold the permission and, where they are given, one of the roles and
    belong to one of the groups; and what it is about."""

    code: str
    count: int = 1
    permission: str = "plans:approve"
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


class Approval(Strict):
    """What somebody said about a plan, or about another one that makes the same change with the same meaning.
    `vouched_by` is the pipeline that says so of a review in the git forge."""

    by: str
    at: Instant
    verdict: Literal["approved", "rejected"]
    reason: str = ""
    vouched_by: str | None = None


class ApprovalLack(Strict):
    """How many approvals a need still lacks, and the users who could give one; `others` counts those not named."""

    code: str
    count: int
    permission: str = "plans:approve"
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    others: int = 0


class Approvals(Strict):
    """Who must approve, who did, and what is missing. The last two change after the plan was made, so they are no part
    of what is compared."""

    needed: tuple[ApprovalNeed, ...] = ()
    given: tuple[Approval, ...] = ()
    missing: tuple[ApprovalLack, ...] = ()


class Vouching(Strict):
    """What a trusted pipeline says about the commit of a plan: who approved it in the git forge, and whose signatures
    on its commits hold. `unknown`, `unknown_signers` and `unknown_authors` are no users of the org; while there is one
    of the last, none of the approvers counts. Neither do they where `approved_change` is there, and is another change
    than the plan's. `ref` is the protected branch."""

    by: str
    ref: str
    approvers: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unknown_signers: tuple[str, ...] = ()
    unknown_authors: tuple[str, ...] = ()
    approved_change: str | None = None


class PlanSignature(Strict):
    """The signature of the control plane that made the plan, in base64, and the name of its key."""

    keyid: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    sig: Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class PlanWarning(Strict):
    """Something a reviewer should see that does not refuse the plan."""

    code: str
    message: str
    file: str | None = None
    line: int | None = None


class Plan(Strict):
    """The document that `plan` shows, `--out` saves and `apply` sends back.

    `digest` is the change digest: org, source, and every (address, before, after). `state_digest` is the digest of
    the state that the apply would leave. `meaning_digest` covers what the change means, and an approval binds both
    digests. `authors` may not approve. `replay` is what its author found with recorded calls; the server
    only keeps it. `overlays` are what was done by hand and held when the plan was made: no apply ends it.
    """

    format_version: Literal["1.0"] = "1.0"
    id: str | None = None
    org: str
    source: str
    base: Base
    digest: str
    state_digest: str
    commit: str | None = None
    reason: str | None = None
    authors: tuple[str, ...] = ()
    vouched: Vouching | None = None
    summary: Summary
    changes: tuple[Change, ...]
    positions_changed: bool = False
    meaning: Meaning = Meaning()
    meaning_digest: str | None = None
    checks: tuple[Check, ...] = ()
    approvals: Approvals = Approvals()
    overlays: tuple[StandingOverlay, ...] = ()
    warnings: tuple[PlanWarning, ...] = ()
    replay: ReplayReport | None = None
    expires_at: Instant | None = None
    signature: PlanSignature | None = None

    @property
    def is_empty(self) -> bool:
        """Nothing to do to any resource; positions may still have moved."""
        return not self.changes


def plan_json(plan: Plan) -> dict[str, Any]:
    """The published form. Every member is there, but for `replay` where nothing was replayed."""
    return plan.model_dump(mode="json", by_alias=True, exclude={"replay"} if plan.replay is None else None)
