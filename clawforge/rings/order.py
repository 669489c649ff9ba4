"""Which ring a machine is in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clawforge.resolve.selector import compile_selector
from clawforge.resolve.subject import Subject

if TYPE_CHECKING:
    from clawforge.machine_classes import Machine
    from clawforge.resolve.membership import Membership
    from clawforge.resource.rollout_rule import Ring


class RingOrder:
    """Answers for any machine; what it answered is remembered, for polls ask all the time."""

    def __init__(self, rings: Sequence[Ring], membership: Membership) -> None:
        self._membership = membership
        self._selectors = [compile_selector(ring.applies_to, membership.user_name) for ring in rings]
        self._known: dict[str, tuple[str, tuple[str, ...], tuple[tuple[str, str], ...], int]] = {}

    def of(self, machine: Machine) -> int:
        """The index of the first ring that means the machine; for one that is in none, how many rings there are."""
        known = self._known.get(machine.name)
        if known is not None and known[:3] == (machine.user, machine.groups, machine.tags):
            return known[3]
        found = self._found(machine)
        self._known[machine.name] = (machine.user, machine.groups, machine.tags, found)
        return found

    def _found(self, machine: Machine) -> int:
        subject = Subject(user=machine.user, instance=machine.name, groups=machine.groups, tags=dict(machine.tags))
        facts = self._membership.facts(subject)
        matches = (index for index, selector in enumerate(self._selectors) if selector.possible(facts)[0])
        return next(matches, len(self._selectors))
