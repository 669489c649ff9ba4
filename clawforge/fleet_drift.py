"""Which agents enforce what they should: worked out by classes of machines, so that a hundred thousand cost little."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from clawforge.bundle import WantedBundle, wanted_bundle
from clawforge.machine_classes import MachineClasses

if TYPE_CHECKING:
    from clawforge.resolve.org import OrgModel

AgentState = Literal["in-force", "behind", "offline", "unacknowledged"]
"""`behind` was seen lately and holds something else; `offline` holds something else and was not; `unacknowledged` never
said that it enforces anything."""


class Standing(NamedTuple):
    """A machine with what its enrolment gave it, and what it said last."""

    name: str
    user: str
    groups: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]
    acknowledged: str | None
    last_seen: dt.datetime | None
    versions: tuple[tuple[str, str], ...] = ()
    host: str = "openclaw"
    crashes: int = 0
    protocol: str = "agent"


class WantedBundles:
    """The digest of the bundle that each machine should enforce from a day on. Machines that no selector can tell apart
    are looked at once, and bundles of one class are worked out once.
    """

    def __init__(self, model: OrgModel, day: dt.datetime) -> None:
        self._classes = MachineClasses(model, lambda subject: wanted_bundle(model, subject, day))

    def of(self, machine: Standing) -> str:
        """The digest for one machine."""
        return self.bundle_of(machine).digest

    def bundle_of(self, machine: Standing) -> WantedBundle:
        """What a lease for one machine says of its bundle."""
        return self._classes.of(machine)

    def known(self, machine: Standing) -> WantedBundle | None:
        """As `bundle_of`, if it takes no work."""
        return self._classes.known(machine)

    @property
    def classes(self) -> int:
        """How many different classes were met."""
        return self._classes.count


def state_of(machine: Standing, wanted: str, silent_since: dt.datetime) -> AgentState:
    """How a machine stands to the bundle that it should enforce. Whoever was not seen since a moment is offline."""
    if machine.acknowledged == wanted:
        return "in-force"
    if machine.acknowledged is None:
        return "unacknowledged"
    if machine.last_seen is None or machine.last_seen < silent_since:
        return "offline"
    return "behind"


class Difference(NamedTuple):
    """A machine that does not enforce what it should."""

    machine: Standing
    state: AgentState
    wanted: str


class FleetComparison:
    """Counts by state, and the first machines of those that differ, in the order in which they come."""

    def __init__(self, wanted: WantedBundles, silent_since: dt.datetime, most: int) -> None:
        self.counts: dict[AgentState, int] = {"in-force": 0, "behind": 0, "offline": 0, "unacknowledged": 0}
        self.differences: list[Difference] = []
        self._wanted = wanted
        self._silent_since = silent_since
        self._most = most

    def add(self, machines: Iterable[Standing]) -> None:
        """Compare these."""
        for machine in machines:
            wanted = self._wanted.of(machine)
            state = state_of(machine, wanted, self._silent_since)
            self.counts[state] += 1
            if state != "in-force" and len(self.differences) < self._most:
                self.differences.append(Difference(machine, state, wanted))
