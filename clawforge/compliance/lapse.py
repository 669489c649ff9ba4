"""Since when components of a machine are out of range: what agents and control plane count grace from, alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from clawforge.decide.judges.versions import is_in_order
from clawforge.effective import EffectiveVersionTarget

Lapses = Mapping[str, dt.datetime]
"""Component -> since when it is out of range without a break."""


def missed_components(targets: Iterable[EffectiveVersionTarget], versions: Mapping[str, str]) -> frozenset[str]:
    """The components of which some target is missed. A version that is unknown or cannot be read misses."""
    return frozenset(
        target.component for target in targets if not is_in_order(versions.get(target.component), target.target)
    )


def next_lapses(before: Lapses, missed: Iterable[str], now: dt.datetime) -> dict[str, dt.datetime]:
    """What holds after somebody looked: what is in order again is forgotten, what is missed keeps its moment.

    A component that falls out while another is out gets the moment of that one: one moment serves all targets, so a
    machine that is late already has no grace of its own left for a further target.
    """
    earliest = min(before.values(), default=now)
    return {component: before.get(component, min(earliest, now)) for component in sorted(missed)}


def out_since(lapses: Lapses) -> dt.datetime | None:
    """The moment that grace counts from; None while nothing is out of range."""
    return min(lapses.values(), default=None)
