"""What stops a rollout by itself: more refused calls, or more machines that fail, than before."""

from __future__ import annotations

from typing import NamedTuple

from clawforge.resource.rollout_rule import HaltRules


class Calls(NamedTuple):
    """Calls that the machines of a ring reported, and how many of them were refused."""

    total: int = 0
    denied: int = 0


class RingHealth(NamedTuple):
    """How a ring does: its calls before it got the change and since, and how many of its machines fail now that did not
    before."""

    before: Calls
    since: Calls
    machines: int
    failing: int


def spike(rules: HaltRules, health: RingHealth) -> str | None:
    """What is wrong, as a sentence; None for nothing.

    Machines of which no calls are known from before count as if none had been refused: then `atLeast` alone decides.
    """
    before, since = health.before, health.since
    denials = rules.denials
    # Of a/b > factor * c/d without a fraction.
    if (
        denials is not None
        and since.denied >= denials.at_least
        and since.denied * max(before.total, 1) > denials.factor * before.denied * max(since.total, 1)
    ):
        return (
            f"{since.denied:,} of {since.total:,} calls were refused since the ring got the change, and "
            f"{before.denied:,} of {before.total:,} before."
        )
    if rules.errors is not None and rules.errors.exceeded_by(health.failing, health.machines):
        return f"{health.failing:,} of {health.machines:,} machines of the ring report errors or crashes since then."
    return None
