"""A fleet held against its version targets: worked out once for every class of machines and set of versions."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from clawforge.compliance.lapse import Lapses, missed_components
from clawforge.compliance.verdict import IN_ORDER, Compliance, comply
from clawforge.machine_classes import MachineClasses
from clawforge.resolve.variants import horizon, variants
from clawforge.resource.version_target import VersionTarget

if TYPE_CHECKING:
    from clawforge.effective import EffectiveVersionTarget
    from clawforge.fleet_drift import Standing
    from clawforge.resolve.org import OrgModel
    from clawforge.resolve.subject import Subject

Targets = tuple["EffectiveVersionTarget", ...]

_INSTANT = dt.timedelta(seconds=1)
NO_LAPSES: Lapses = {}


class FleetTargets:
    """Which targets a machine has, whatever agent it works through and in whatever context: those that hold at a
    moment, and all that its bundle of that day holds."""

    def __init__(self, model: OrgModel, day: dt.datetime, at: dt.datetime) -> None:
        self._model = model
        self.exist = any(isinstance(target.resource, VersionTarget) for target in model.index.targets)
        """Whether anybody can have one at all."""
        self._present = MachineClasses(model, lambda subject: self._within(subject, at, at + _INSTANT))
        self._bundled = MachineClasses(model, lambda subject: self._within(subject, *horizon(day)))

    def present(self, machine: Standing) -> Targets:
        """The targets that hold at the moment."""
        return self._present.of(machine) if self.exist else ()

    def bundled(self, machine: Standing) -> Targets:
        """The targets of the machine's bundle."""
        return self._bundled.of(machine) if self.exist else ()

    def _within(self, subject: Subject, start: dt.datetime, end: dt.datetime) -> Targets:
        _, policies = variants(self._model, subject, start, end)
        found = {
            (target.resource, target.component): target
            for policy in policies.values()
            for target in policy.effective.versions.targets
        }
        return tuple(found[key] for key in sorted(found))


class FleetCompliance:
    """How machines stand at a moment."""

    def __init__(self, targets: FleetTargets, at: dt.datetime) -> None:
        self._targets = targets
        self._at = at
        self._known: dict[object, Compliance] = {}

    def of(self, machine: Standing, lapses: Lapses = NO_LAPSES) -> Compliance:
        """How a machine stands, with the moments since when its components are out of range."""
        targets = self._targets.present(machine)
        if not targets:
            return IN_ORDER
        key = (id(targets), machine.versions, tuple(lapses.items()), machine.host)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = comply(targets, dict(machine.versions), lapses, self._at, host=machine.host)
        return known


class FleetLapses:
    """Which components of machines are out of range by what their bundles hold: what an agent notes by itself."""

    def __init__(self, targets: FleetTargets) -> None:
        self._targets = targets
        self._known: dict[object, frozenset[str]] = {}

    def missed(self, machine: Standing) -> frozenset[str]:
        """The components that are out of range."""
        targets = self._targets.bundled(machine)
        if not targets:
            return frozenset()
        key = (id(targets), machine.versions)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = missed_components(targets, dict(machine.versions))
        return known
