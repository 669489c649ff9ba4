"""How far a rollout has come: which machines are served from the present revision, and which from the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clawforge.fleet_drift import Standing, WantedBundles
from clawforge.machine_classes import Machine
from clawforge.resource.meta import Resource
from clawforge.rings.order import RingOrder
from clawforge.state import StateEntry
from clawforge.wire import Revision
from clawforge_server.state.served_revision import ServedRevision
from clawforge_server.store.rollout_port import RolloutRecord


@dataclass(frozen=True)
class HeldState:
    """The state of the revision that most machines are still served from, as the history has it."""

    revision: int
    made: Revision | None
    entries: Mapping[str, StateEntry]
    resources: Mapping[str, Resource]


@dataclass(frozen=True)
class RolloutStage:
    """An open rollout. Machines of rings that it reached are served from the present revision, all others from `held`.

    Rings are made of people and machines as the present revision knows them.
    """

    record: RolloutRecord
    held: ServedRevision
    order: RingOrder

    def holds_back(self, machine: Machine) -> bool:
        """Whether the rollout has not come to a machine."""
        return self.order.of(machine) > self.record.ring


@dataclass(frozen=True)
class StagedBundles:
    """What every machine should enforce while a rollout is open."""

    stage: RolloutStage
    present: WantedBundles
    held: WantedBundles

    def of(self, machine: Standing) -> str:
        """The digest for one machine."""
        return (self.held if self.stage.holds_back(machine) else self.present).of(machine)

    def is_held(self, machine: Standing) -> bool:
        """Whether the rollout has not come to it."""
        return self.stage.holds_back(machine)
