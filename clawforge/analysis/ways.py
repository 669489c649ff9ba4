"""The ways in which somebody may make a call: through which agent, and in which context."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from clawforge.resolve.selector import CompiledSelector

Way = tuple[str | None, str | None]
"""An agent and a context; None is one that no selector names."""


def ways(selectors: Iterable[CompiledSelector]) -> list[Way]:
    """Agents and contexts that some selector names, each with every other; none at all first, and each alone before
    both together."""
    asked = [part for one in selectors for part in (one.conditions, one.exception) if part is not None]
    agents = sorted(frozenset[str]().union(*(part.agents or () for part in asked)))
    contexts = sorted(frozenset[str]().union(*(part.contexts or () for part in asked)))
    alone: list[Way] = [(None, None), *((agent, None) for agent in agents), *((None, one) for one in contexts)]
    return [*alone, *product(agents, contexts)]
