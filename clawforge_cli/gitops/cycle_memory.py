"""What a reconciler remembers between two cycles. Nothing of it outlives the process, and nothing is lost with it: the
control plane knows which commit was applied last, and everything else is worked out again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from clawforge.reconcile.step_error import StepError
from clawforge.wire_reconcile import LastApplied, ReconcilerLease
from clawforge_cli.gitops.commit_plan import MadePlan
from clawforge_cli.gitops.ports import Trusted
from clawforge_cli.manifest import Manifest


class Circumstances(NamedTuple):
    """What a verdict about a commit depends on; while none of it changes, neither does the verdict. `keys` is a digest
    of those that are trusted."""

    commit: str
    keys: str
    revision: int
    wanted: int
    acknowledged: str | None

    @classmethod
    def of(cls, commit: str, keys: str, lease: ReconcilerLease) -> Circumstances:
        """Those of a commit under a lease."""
        return cls(commit, keys, lease.revision, lease.wanted, lease.acknowledged)


class Verdict(NamedTuple):
    """Whether the commits between two are trusted, while these keys are."""

    since: str | None
    head: str
    keys: str
    trusted: Trusted


@dataclass(slots=True)
class CycleMemory:
    """`synced` is the commit that the control plane equals, and the revision at which that was found. `plan` is of the
    commit of `manifest`. `stuck` is why a commit was refused."""

    synced: LastApplied | None = None
    applied: LastApplied | None = None
    seen: str | None = None
    verdict: Verdict | None = None
    manifest: tuple[str, Manifest] | None = None
    plan: MadePlan | None = None
    stuck: tuple[Circumstances, StepError] | None = None

    def last(self, lease: ReconcilerLease) -> LastApplied | None:
        """The newest apply that is known of: the lease may have been answered before it."""
        known = [item for item in (lease.last, self.applied) if item is not None]
        return max(known, key=lambda item: item.revision) if known else None

    def is_synced(self, head: str, lease: ReconcilerLease) -> bool:
        """Whether nothing happened since the commit was found to be in force."""
        last = self.last(lease)
        return any(
            item is not None and item.commit == head and lease.revision <= item.revision for item in (self.synced, last)
        )

    def kept_plan(self, head: str, lease: ReconcilerLease) -> MadePlan | None:
        """The plan that was made for the commit, while what it was made against is still there."""
        made = self.plan
        if made is None or made.plan.commit != head or made.plan.base.revision < lease.revision:
            return None
        return made
