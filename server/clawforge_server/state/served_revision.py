"""A revision as machines are served from it: the present one, and while a rollout is under way the one before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from clawforge.decide.simulate import Simulator
from clawforge.fleet_drift import WantedBundles
from clawforge.position import ResourcePosition
from clawforge.resolve.org import OrgModel
from clawforge.resource.meta import Resource
from clawforge.wire import Revision


@dataclass(frozen=True)
class ServedRevision:
    """`made` says who applied it, and from which commit. `positions` are those that are known of its resources as they
    were then."""

    number: int
    made: Revision | None
    model: OrgModel
    resources: Mapping[str, Resource]
    positions: Mapping[str, ResourcePosition]
    _wanted: dict[dt.date, WantedBundles] = field(default_factory=dict, compare=False, repr=False)

    @property
    def commit(self) -> str | None:
        """From which commit it was applied."""
        return None if self.made is None else self.made.commit

    @cached_property
    def simulator(self) -> Simulator:
        """Judges calls as an agent would."""
        return Simulator(self.model, self.positions, revision=self.number)

    def wanted(self, day: dt.date) -> WantedBundles:
        """Which bundle each machine that is served from it should enforce, from a day on."""
        known = self._wanted.get(day)
        if known is None:
            known = WantedBundles(self.model, dt.datetime.combine(day, dt.time(), dt.UTC))
            self._wanted.clear()
            self._wanted[day] = known
        return known
