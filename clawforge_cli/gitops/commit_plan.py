"""The plan of a commit, and what the reconciler itself refuses to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from clawforge.plan import Action
from clawforge.plan_scope import MOST_PATTERNS, PlanScope
from clawforge.reconcile.condition import ConditionType
from clawforge.reconcile.step_error import StepError
from clawforge.wire import MOST_SIGNERS, PlanRequest, Rename, Vouched
from clawforge_cli.proposal import forgotten

if TYPE_CHECKING:
    from clawforge.plan import Plan
    from clawforge.reconcile.fence import Fence
    from clawforge_cli.gitops.ports import CommitFacts, ControlPlanePort, Trusted
    from clawforge_cli.manifest import Manifest

_LONGEST_REASON = 500


class MadePlan(NamedTuple):
    """A plan; `kept` resources left the files and stay, because nothing is pruned."""

    plan: Plan
    kept: int = 0

    @property
    def words(self) -> str:
        """What it would do."""
        stay = f" {self.kept} that left the files {'stays' if self.kept == 1 else 'stay'}." if self.kept else ""
        if self.plan.is_empty:
            return f"No changes.{stay}"
        said = self.plan.summary
        return f"{said.add} to add, {said.change} to change, {said.destroy} to destroy (plan {self.plan.id}).{stay}"


def made_plan(
    plane: ControlPlanePort,
    manifest: Manifest,
    facts: CommitFacts,
    trusted: Trusted,
    branch: str,
    fence: Fence | None,
    *,
    prune: bool = True,
) -> MadePlan:
    """The plan of a commit, its first line being the reason. Whose signatures hold is vouched for under the fence.

    Without `prune` what left the files stays, and the plan is made without it. Raises StepError if that is too much to
    name, or if too many people signed, and the errors of the control plane.
    """
    file = manifest.file
    if len(trusted.signers) > MOST_SIGNERS:
        raise StepError(
            ConditionType.PLANNED,
            "too-many-signers",
            f"{len(trusted.signers)} people signed the commits since the last apply; no plan names more than "
            f"{MOST_SIGNERS}.",
            hint="Look at the commits, and set `since` in the configuration of the reconciler to the newest one that "
            "is good; or apply them step by step.",
        )
    vouched = Vouched(ref=f"refs/heads/{branch}", signers=trusted.signers) if trusted.signers and fence else None
    request = PlanRequest(
        source=file.source,
        resources=(),
        commit=facts.id,
        commit_author=facts.author,
        moved=tuple(Rename(from_=move.from_, to=move.to) for move in file.moved),
        forgotten=forgotten(file),
        reason=_reason(facts.subject),
        vouched=vouched,
        fence=fence,
    )
    plan = plane.create_plan(manifest, request)
    kept = tuple(change.address for change in plan.changes if change.action is Action.DELETE)
    if prune or not kept:
        return MadePlan(plan)
    if len(kept) > MOST_PATTERNS:
        raise StepError(
            ConditionType.PLANNED,
            "too-many-kept",
            f"{len(kept):,} resources left the files, and without pruning no more than {MOST_PATTERNS:,} can stay.",
            hint="Let the reconciler prune, or let go of them with `removed` in clawforge.yaml.",
        )
    partial = plane.create_plan(manifest, request.model_copy(update={"scope": PlanScope(exclude=kept)}))
    return MadePlan(partial, len(kept))


def refuse_total_deletion(plan: Plan, manifest: Manifest, name: str) -> None:
    """Raise StepError for a plan after which nothing of what the source had is left: that is what an emptied folder
    looks like."""
    gone = plan.summary.destroy
    if gone == 0 or _declared(manifest) > plan.summary.add:
        return
    raise StepError(
        ConditionType.APPLIED,
        "deletes-everything",
        f"The commit deletes all {gone} resources of {plan.source}.",
        hint=f"If that is meant, `clawforge reconcilers acknowledge {name} {plan.commit}` lets it.",
    )


def _declared(manifest: Manifest) -> int:
    import orjson

    return len(orjson.loads(manifest.positions))


def _reason(subject: str) -> str | None:
    """The first line of a commit's message, as a reason; None if it says nothing."""
    text = "".join(letter for letter in subject if letter.isprintable()).strip()[:_LONGEST_REASON]
    return text or None
