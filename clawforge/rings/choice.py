"""Whether a change reaches machines in rings, and in which."""

from __future__ import annotations

from collections.abc import Mapping

from clawforge.change_control.demands import change_policies
from clawforge.meaning import VerdictWord
from clawforge.resource.change_effect import ChangeEffect
from clawforge.resource.meta import Resource, format_duration
from clawforge.resource.rollout_rule import RolloutRule

_LOOSENS: frozenset[VerdictWord] = frozenset({"looser", "mixed", "unknown"})
_TIGHTENS: frozenset[VerdictWord] = frozenset({"tighter", "mixed", "unknown"})


def rollout_rule(resources: Mapping[str, Resource]) -> RolloutRule | None:
    """How the ChangePolicies among these want changes to be rolled out; None for all at once. Lint refuses a second one
    that says so; where there are two all the same, the first by address counts."""
    found = (policy.spec.rollout for policy in change_policies(resources))
    return next((rule for rule in found if rule is not None), None)


def is_gradual(rule: RolloutRule, verdict: VerdictWord) -> bool:
    """Whether a change with this verdict is one that the rule rolls out in rings. One that is proved to decide nothing
    differently never is."""
    if rule.effects is ChangeEffect.LOOSEN:
        return verdict in _LOOSENS
    if rule.effects is ChangeEffect.TIGHTEN:
        return verdict in _TIGHTENS
    return verdict != "equal"


def rollout_words(rule: RolloutRule) -> str:
    """`in 2 rings over 2h30m: canaries for 30m, engineers for 2h, then everybody`."""
    count = len(rule.rings)
    rings = ", ".join(f"{ring.name} for {format_duration(ring.bake)}" for ring in rule.rings)
    over = format_duration(sum(ring.bake for ring in rule.rings))
    return f"in {count} {'ring' if count == 1 else 'rings'} over {over}: {rings}, then everybody"
