"""Which agents enforce what they should: worked out by classes of machines, so that a hundred thousand cost little."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from clawforge.bundle import WantedBundle, wanted_bundle
from clawforge.resolve.subject import Subject

if TYPE_CHECKING:
    from clawforge.resolve.org import OrgModel
    from clawforge.resolve.targets import StaticClass

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


class WantedBundles:
    """The digest of the bundle that each machine should enforce from a day on. Machines that no selector can tell apart
    are looked at once, and bundles of one class are worked out once.
    """

    def __init__(self, model: OrgModel, day: dt.datetime) -> None:
        self._model = model
        self._day = day
        self._named_users = model.index.named_users
        self._named_instances = model.index.named_instances
        self._by_kind: dict[object, WantedBundle] = {}
        self._by_class: dict[tuple[StaticClass, bool], WantedBundle] = {}
        self._users: dict[str, object] = {}

    def of(self, machine: Standing) -> str:
        """The digest for one machine."""
        return self.bundle_of(machine).digest

    def bundle_of(self, machine: Standing) -> WantedBundle:
        """What a lease for one machine says of its bundle."""
        user = self._users.get(machine.user)
        if user is None:
            user = self._users[machine.user] = self._kind_of_user(machine.user)
        kind = self._kind(user, machine)
        found = self._by_kind.get(kind)
        if found is None:
            found = self._by_kind[kind] = self._of_class(machine)
        return found

    def known(self, machine: Standing) -> WantedBundle | None:
        """As `bundle_of`, if it takes no work."""
        user = self._users.get(machine.user)
        return None if user is None else self._by_kind.get(self._kind(user, machine))

    @property
    def classes(self) -> int:
        """How many different classes were met."""
        return len(self._by_class)

    def _kind(self, user: object, machine: Standing) -> object:
        listed = self._model.membership.groups_of_instance(machine.name)
        named = machine.name if machine.name in self._named_instances else None
        return (user, named, listed, machine.groups, machine.tags)

    def _kind_of_user(self, given: str) -> object:
        """Everything that selectors ask about somebody, with the name only where some selector names it."""
        members = self._model.membership
        user = members.user_name(given)
        return (members.kind_of_user(user), user if user in self._named_users else None)

    def _of_class(self, machine: Standing) -> WantedBundle:
        subject = Subject(user=machine.user, instance=machine.name, groups=machine.groups, tags=dict(machine.tags))
        facts = self._model.facts(subject)
        key = (self._model.index.candidates(facts), facts.suspended)
        found = self._by_class.get(key)
        if found is None:
            found = self._by_class[key] = wanted_bundle(self._model, subject, self._day)
        return found


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
