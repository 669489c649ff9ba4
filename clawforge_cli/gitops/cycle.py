"""One cycle of the reconciler: from the head of a branch to what the control plane has in force.

A failing step changes nothing: what was applied last stays in force, and the conditions say what to do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from clawforge.reconcile.condition import ConditionType
from clawforge.reconcile.conditions import Conditions
from clawforge.reconcile.fence import Fence
from clawforge.reconcile.step_error import StepError
from clawforge.wire_reconcile import LastApplied, ReconcilerLease
from clawforge_cli.gitops.checked_commit import Expected, checked_commit
from clawforge_cli.gitops.commit_plan import MadePlan, made_plan, refuse_total_deletion
from clawforge_cli.gitops.cycle_memory import Circumstances, CycleMemory, Verdict
from clawforge_cli.gitops.fleet_condition import fleet_condition
from clawforge_cli.gitops.overwriting import overwritten, refuse_overwriting, some_of
from clawforge_cli.gitops.ports import CommitSource, ControlPlanePort, Trusted
from clawforge_cli.gitops.step_errors import STALE, step
from clawforge_cli.gitops.sync_window import wait_for_window

if TYPE_CHECKING:
    from clawforge.plan import Plan
    from clawforge.resource.targeting import Schedule
    from clawforge.wire_drift import FleetDrift
    from clawforge_cli.manifest import Manifest
    from clawforge_cli.manifest_memory import ManifestMemory


class Step(StrEnum):
    """The steps as they are begun; whoever watches is told."""

    FETCH = "fetch"
    VERIFY = "verify"
    LOAD = "load"
    PLAN = "plan"
    APPLY = "apply"
    FLEET = "fleet"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class CycleSettings:
    """What the reconciler's configuration says about one source. `branch` is a full ref where commits are vouched for.
    Without `prune` nothing is deleted that leaves the files. Outside of `sync_windows` nothing is applied."""

    name: str
    branch: str
    expected: Expected
    prune: bool = True
    sync_windows: Schedule | None = None


@dataclass(frozen=True, slots=True)
class CycleResult:
    """How a cycle ended. `drift` are the addresses that somebody changed past git; `corrected` says whether this cycle
    undid that. `applied_now` is the revision that it made. `idle` says that there was nothing to do."""

    conditions: Conditions
    seen: str | None
    last: LastApplied | None
    error: StepError | None = None
    applied_now: int | None = None
    drift: tuple[str, ...] = ()
    corrected: bool = False
    plan: Plan | None = None
    fleet: FleetDrift | None = None
    idle: bool = False


@dataclass(slots=True)
class _Progress:
    """What one cycle has come to."""

    lease: ReconcilerLease
    conditions: Conditions
    applied_now: int | None = None
    drift: tuple[str, ...] = ()
    corrected: bool = False
    plan: Plan | None = None
    fleet: FleetDrift | None = None
    idle: bool = False


@dataclass(slots=True)
class Cycle:
    """The cycles of one source, one after the other. Not thread-safe. `begin` is called before each step, and may raise
    to stop there."""

    settings: CycleSettings
    source: CommitSource
    plane: ControlPlanePort
    now: Callable[[], dt.datetime]
    begin: Callable[[Step], None]
    conditions: Conditions
    remembered: ManifestMemory | None = None
    memory: CycleMemory = field(default_factory=CycleMemory)

    def run(self, lease: ReconcilerLease) -> CycleResult:
        """One cycle under a lease. What fails is a part of the answer."""
        progress = _Progress(lease, self.conditions)
        try:
            self._advance(progress)
        except StepError as failure:
            return self._ended(progress, failure)
        return self._ended(progress, None)

    def failed(self, lease: ReconcilerLease, error: StepError) -> CycleResult:
        """How a cycle ended that broke off without an answer of its own."""
        return self._ended(_Progress(lease, self.conditions), error)

    def _ended(self, progress: _Progress, error: StepError | None) -> CycleResult:
        if error is not None:
            progress.conditions = progress.conditions.failed(error, self.now())
        self.conditions = progress.conditions
        return CycleResult(
            conditions=progress.conditions,
            seen=self.memory.seen,
            last=self.memory.last(progress.lease),
            error=error,
            applied_now=progress.applied_now,
            drift=progress.drift,
            corrected=progress.corrected,
            plan=progress.plan,
            fleet=progress.fleet,
            idle=progress.idle,
        )

    def _advance(self, progress: _Progress) -> None:
        lease = progress.lease
        if lease.suspended:
            why = f": {lease.suspended_reason}" if lease.suspended_reason else "."
            hint = f"`clawforge reconcilers resume {self.settings.name}` lets it go on."
            raise StepError(ConditionType.READY, "suspended", f"Suspended{why}", hint=hint, waiting=True)
        self._say_applied(progress)
        head = self._fetched(progress)
        if self.memory.is_synced(head, lease):
            progress.idle = True
        else:
            with step(ConditionType.VERIFIED):
                keys = self.source.keys()
            circumstances = Circumstances.of(head, keys, lease)
            self._refuse_again(circumstances)
            try:
                self._equalise(circumstances, progress)
            except StepError as error:
                if not error.waiting:
                    self.memory.stuck = (circumstances, error)
                raise
        self._settled(head, progress)

    def _say_applied(self, progress: _Progress) -> None:
        """What an earlier process applied is in force, whatever becomes of the present commit."""
        last = self.memory.last(progress.lease)
        if last is not None and progress.conditions.of(ConditionType.APPLIED).status == "unknown":
            words = f"{last.commit[:12]} is in force as revision {last.revision}."
            progress.conditions = progress.conditions.passed(ConditionType.APPLIED, words, self.now())

    def _fetched(self, progress: _Progress) -> str:
        self.begin(Step.FETCH)
        with step(ConditionType.FETCHED):
            head = self.source.fetch()
        self.memory.seen = head
        words = f"{self.settings.branch} is at {head[:12]}."
        progress.conditions = progress.conditions.passed(ConditionType.FETCHED, words, self.now())
        return head

    def _refuse_again(self, circumstances: Circumstances) -> None:
        """A commit that was refused is not looked at again until something changes."""
        if self.memory.stuck is not None:
            before, error = self.memory.stuck
            if before == circumstances:
                raise error
            self.memory.stuck = None

    def _equalise(self, circumstances: Circumstances, progress: _Progress) -> None:
        """Make the control plane equal to a commit."""
        head, lease = circumstances.commit, progress.lease
        trusted = self._verified(head, circumstances.keys, progress)
        manifest = self._loaded(head)
        plan = self._planned(head, manifest, trusted, progress)
        progress.plan = plan
        last = self.memory.last(lease)
        if last is not None and last.commit == head and plan.is_empty:
            self.memory.synced = LastApplied(commit=head, revision=plan.base.revision)
            return
        acknowledged = lease.acknowledged == head
        with step(ConditionType.APPLIED):
            progress.drift = overwritten(self.plane, plan, head, last)
            if not acknowledged and lease.out_of_band.value == "report":
                refuse_overwriting(progress.drift, self.settings.name, head)
            wait_for_window(self.settings.sync_windows, self.now())
            if not acknowledged:
                refuse_total_deletion(plan, manifest, self.settings.name)
            self._apply(head, plan, progress, allowed=plan.summary.destroy if acknowledged else None)
        progress.corrected = bool(progress.drift)

    def _verified(self, head: str, keys: str, progress: _Progress) -> Trusted:
        last = self.memory.last(progress.lease)
        since = None if last is None else last.commit
        verdict = self.memory.verdict
        if verdict is None or (verdict.since, verdict.head, verdict.keys) != (since, head, keys):
            self.begin(Step.VERIFY)
            # A plan that waits names signers who may not count any more.
            self.memory.verdict = self.memory.plan = None
            with step(ConditionType.VERIFIED):
                verdict = Verdict(since, head, keys, self.source.trusted(since, head))
            self.memory.verdict = verdict
        trusted = verdict.trusted
        if trusted.rewritten and progress.lease.acknowledged != head:
            raise StepError(
                ConditionType.VERIFIED,
                "history-rewritten",
                f"{self.settings.branch} was rewritten: {head[:12]} does not descend from {(since or '')[:12]}, which "
                "was applied last.",
                hint=f"Look at what was pushed. `clawforge reconcilers acknowledge {self.settings.name} {head}` "
                "accepts it.",
            )
        words = f"Signed by {', '.join(trusted.signers)}." if trusted.signers else "Signatures are not asked for."
        progress.conditions = progress.conditions.passed(ConditionType.VERIFIED, words, self.now())
        return trusted

    def _loaded(self, head: str) -> Manifest:
        if self.memory.manifest is not None and self.memory.manifest[0] == head:
            return self.memory.manifest[1]
        self.begin(Step.LOAD)
        with step(ConditionType.PLANNED), self.source.files(head) as files:
            manifest = checked_commit(files, self.settings.expected, self.now(), self.remembered)
        self.memory.manifest = (head, manifest)
        return manifest

    def _planned(self, head: str, manifest: Manifest, trusted: Trusted, progress: _Progress) -> Plan:
        with step(ConditionType.PLANNED, self.settings.expected.path):
            made = self.memory.kept_plan(head, progress.lease)
            if made is not None and made.plan.expires_at is not None and made.plan.expires_at <= self.now():
                made = None
            if made is None:
                self.begin(Step.PLAN)
                facts = self.source.facts(head)
                fence = self._fence(progress.lease)
                made = made_plan(
                    self.plane, manifest, facts, trusted, self.settings.branch, fence, prune=self.settings.prune
                )
            elif made.plan.approvals.needed and made.plan.id is not None:
                made = MadePlan(self.plane.plan(made.plan.id), made.kept)
        self.memory.plan = made
        progress.conditions = progress.conditions.passed(ConditionType.PLANNED, made.words, self.now())
        return made.plan

    def _apply(self, head: str, plan: Plan, progress: _Progress, *, allowed: int | None) -> None:
        if plan.approvals.missing:
            count = sum(lack.count for lack in plan.approvals.missing)
            raise StepError(
                ConditionType.APPLIED,
                "approval-missing",
                f"The plan {plan.id} lacks {'an approval' if count == 1 else f'{count} approvals'}.",
                hint=f"Somebody who may looks at it with `clawforge show {plan.id}` and runs "
                f"`clawforge approve {plan.id}`.",
                waiting=True,
                blocked=True,
            )
        self.begin(Step.APPLY)
        try:
            with step(ConditionType.APPLIED):
                result = self.plane.apply(plan, self._fence(progress.lease), allow_deletions=allowed)
        except StepError as error:
            if error.code in STALE:
                self.memory.plan = None
            raise
        self.memory.applied = self.memory.synced = LastApplied(commit=head, revision=result.revision)
        self.memory.plan = None
        progress.applied_now = result.revision if result.applied else None

    def _settled(self, head: str, progress: _Progress) -> None:
        """The commit is in force: say so, and look how far it came."""
        synced = self.memory.synced if self.memory.synced is not None else self.memory.last(progress.lease)
        revision = progress.lease.revision if synced is None else max(synced.revision, progress.lease.revision)
        words = f"{head[:12]} is in force as revision {revision}."
        if progress.corrected:
            words += f" What had been changed past git was undone: {some_of(progress.drift)}."
        now = self.now()
        if not progress.idle or progress.conditions.of(ConditionType.APPLIED).status != "true":
            progress.conditions = progress.conditions.passed(ConditionType.APPLIED, words, now)
        progress.conditions = progress.conditions.ready(f"{head[:12]} is in force.", now)
        self.begin(Step.FLEET)
        progress.fleet, progress.conditions = fleet_condition(self.plane, progress.conditions, now)

    def _fence(self, lease: ReconcilerLease) -> Fence:
        return Fence(reconciler=lease.name, number=lease.fence)
