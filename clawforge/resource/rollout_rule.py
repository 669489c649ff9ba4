"""How a change reaches machines: in rings, one after the other, with time to look in between."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from clawforge.resource.change_effect import ChangeEffect
from clawforge.resource.meta import Duration, Name, Strict
from clawforge.resource.targeting import Everyone, MachineSelector

_LONGEST_BAKE = 30 * 86_400


class Ring(Strict):
    """Machines that get a change at the same time."""

    name: Name
    """What people call it."""
    applies_to: Everyone | MachineSelector
    """Which machines. One that several rings mean is in the first of them."""
    bake: Duration
    """How long nothing may go wrong in it before the next ring gets the change: `1s` to `30d`."""

    @model_validator(mode="after")
    def _bakes(self) -> Ring:
        if not 1 <= self.bake <= _LONGEST_BAKE:
            raise ValueError("a ring bakes for `1s` to `30d`")
        return self


class DenialSpike(Strict):
    """More refused calls than before."""

    factor: Annotated[int, Field(ge=2, le=1_000)] = 3
    """How many times as large a part of a ring's calls as before is too much."""
    at_least: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    """With fewer refused calls than this there is no spike."""


class ErrorSpike(Strict):
    """Machines that fail."""

    share: Annotated[str, StringConstraints(pattern=r"^(100|[1-9]?[0-9])%$")] = "5%"
    """How large a part of a ring's machines may report errors or crashes that they did not before; more is too
    much."""

    def exceeded_by(self, failing: int, machines: int) -> bool:
        """Whether so many of so many are too many."""
        return failing > 0 and failing * 100 > machines * int(self.share[:-1])


class HaltRules(Strict):
    """What stops a rollout by itself; what is left out stops none."""

    denials: DenialSpike | None = None
    """More refused calls in a ring than its machines had before."""
    errors: ErrorSpike | None = None
    """Machines of a ring that report errors or crashes."""


class RolloutRule(Strict):
    """Which changes reach machines slowly, and how. Whoever is in no ring comes last."""

    rings: Annotated[tuple[Ring, ...], Field(min_length=1, max_length=16)]
    """In this order; each gets a change once the one before has baked."""
    effects: ChangeEffect = ChangeEffect.LOOSEN
    """Which changes: with `loosen` one that only tightens reaches everybody at once. What could not be proved counts as
    both."""
    halt: HaltRules = HaltRules()
    """What stops a rollout by itself."""

    @model_validator(mode="after")
    def _differ(self) -> RolloutRule:
        if len({ring.name for ring in self.rings}) < len(self.rings):
            raise ValueError("two rings have one name")
        return self
