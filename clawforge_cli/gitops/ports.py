"""What a cycle of the reconciler stands on: where commits come from, and what they are applied to."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from clawforge.plan import Plan
from clawforge.reconcile.fence import Fence
from clawforge.reconcile.notice import Notice
from clawforge.wire import ApplyResult, PlanRequest
from clawforge.wire_drift import FleetDrift
from clawforge.wire_reconcile import ReconcilerLease, ReconcilerReport
from clawforge_cli.gitops.committed_files import CommittedFiles
from clawforge_cli.manifest import Manifest


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """What a plan says of its commit: who made it, and in which words."""

    id: str
    author: str
    subject: str


@dataclass(frozen=True, slots=True)
class Trusted:
    """The commits since the last applied one are trusted: whose signatures hold, and whether history was rewritten."""

    signers: tuple[str, ...] = ()
    rewritten: bool = False


class CommitSource(Protocol):
    """A branch of a repository. Methods raise FetchError, UntrustedError, and NoObjectsError."""

    def fetch(self) -> str:
        """The id of the commit that the branch names now."""

    def keys(self) -> str:
        """A digest of the keys that are trusted now: while it stays, so does what `trusted` says of some commits."""

    def trusted(self, since: str | None, head: str) -> Trusted:
        """Check every commit that is not among the ancestors of `since`. Raises UntrustedError for one that fails."""

    def facts(self, commit: str) -> CommitFacts:
        """Author and subject of a commit."""

    def files(self, commit: str) -> AbstractContextManager[CommittedFiles]:
        """The files of the project as a commit has them."""


class ControlPlanePort(Protocol):
    """One reconciler at one control plane. Methods raise the errors of the client."""

    def hold(self, fence: int | None) -> ReconcilerLease:
        """Take the lease, or keep it."""

    def release(self, fence: int) -> None:
        """Give the lease back."""

    def report(self, report: ReconcilerReport) -> None:
        """Say how the cycle went."""

    def create_plan(self, manifest: Manifest, request: PlanRequest) -> Plan:
        """The plan of a commit."""

    def plan(self, plan_id: str) -> Plan:
        """A plan as it is kept, with what reviewers said since."""

    def apply(self, plan: Plan, fence: Fence, *, allow_deletions: int | None) -> ApplyResult:
        """Carry out a plan under the lease."""

    def changed(self, before: int, after: int) -> frozenset[str]:
        """Addresses at which one revision has something else than another, former names of what was renamed too."""

    def fleet(self) -> FleetDrift:
        """What agents enforce."""


class Teller(Protocol):
    """Whoever is told of what happens. Telling never fails, and never waits for anybody."""

    def tell(self, notice: Notice) -> None:
        """Pass it on."""
