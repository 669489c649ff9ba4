"""What whoever reads a plan should know of how it will reach the machines."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.access.permission import MANAGE_ROLLOUTS
from clawforge.plan import Plan, PlanWarning
from clawforge.rings.choice import is_gradual, rollout_rule, rollout_words
from clawforge.state import State
from clawforge_server.state.org_state import OrgState


def rollout_notes(plan: Plan, state: OrgState) -> Iterator[PlanWarning]:
    """That it is rolled out in rings, and what becomes of a rollout that is open."""
    present = state.rollout
    rule = rollout_rule(state.resources) if present is None else present.rule
    if rule is None or not (present or is_gradual(rule, plan.meaning.verdict)):
        return
    if state.held is not None and State(state.held.revision, state.held.entries).digest == plan.state_digest:
        message = (
            f"This is what revision {state.held.revision} says, which the open rollout holds back: it reaches every"
        )
        yield PlanWarning(code="rollout-undone", message=f"{message} machine at once.")
        return
    yield PlanWarning(code="rollout", message=f"This is rolled out {rollout_words(rule)}.")
    if present is not None:
        is_halted = present.state == "halted"
        tightens = plan.meaning.verdict == "tighter"
        late = " What it tightens comes late to them: `apply --now` lets everybody have all of it." if tightens else ""
        stays = f" It stays halted unless whoever applies it holds {MANAGE_ROLLOUTS}." if is_halted else ""
        yield PlanWarning(
            code="rollout-open",
            message=f"The rollout of revision {present.revision} is {present.state}. This takes its place and begins "
            f"at the first ring; all other machines are on revision {present.held} until it comes to them."
            f"{stays}{late}",
        )
