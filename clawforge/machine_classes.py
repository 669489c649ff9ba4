"""Machines of one class are looked at once: what is worked out for one of them holds for all that no selector can tell
apart from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from clawforge.resolve.subject import Subject

if TYPE_CHECKING:
    from clawforge.resolve.org import OrgModel
    from clawforge.resolve.targets import StaticClass

Found = TypeVar("Found")


class Machine(Protocol):
    """Whom a machine belongs to, and what its enrolment gave it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def user(self) -> str:
        """Its user, by name or address."""

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups given at enrolment."""

    @property
    def tags(self) -> tuple[tuple[str, str], ...]:
        """Tags, as pairs."""


class MachineClass(NamedTuple):
    """What makes machines alike: the resources that can match them, and whether their user is suspended."""

    static: StaticClass
    suspended: bool


class MachineClasses(Generic[Found]):
    """Answers for any machine what `work` finds for the first of its class."""

    def __init__(self, model: OrgModel, work: Callable[[Subject], Found]) -> None:
        self._model = model
        self._work = work
        self._named_users = model.index.named_users
        self._named_instances = model.index.named_instances
        self._by_kind: dict[object, Found] = {}
        self._by_class: dict[MachineClass, Found] = {}
        self._users: dict[str, object] = {}

    def of(self, machine: Machine) -> Found:
        """What was found for the class of a machine."""
        user = self._users.get(machine.user)
        if user is None:
            user = self._users[machine.user] = self._kind_of_user(machine.user)
        kind = self._kind(user, machine)
        if kind not in self._by_kind:
            self._by_kind[kind] = self._of_class(machine)
        return self._by_kind[kind]

    def known(self, machine: Machine) -> Found | None:
        """As `of`, if it takes no work."""
        user = self._users.get(machine.user)
        return None if user is None else self._by_kind.get(self._kind(user, machine))

    @property
    def count(self) -> int:
        """How many different classes were met."""
        return len(self._by_class)

    def _kind(self, user: object, machine: Machine) -> object:
        listed = self._model.membership.groups_of_instance(machine.name)
        named = machine.name if machine.name in self._named_instances else None
        return (user, named, listed, machine.groups, machine.tags)

    def _kind_of_user(self, given: str) -> object:
        """Everything that selectors ask about somebody, with the name only where some selector names it."""
        members = self._model.membership
        user = members.user_name(given)
        return (members.kind_of_user(user), user if user in self._named_users else None)

    def _of_class(self, machine: Machine) -> Found:
        subject = Subject(user=machine.user, instance=machine.name, groups=machine.groups, tags=dict(machine.tags))
        facts = self._model.facts(subject)
        key = MachineClass(self._model.index.candidates(facts), facts.suspended)
        if key not in self._by_class:
            self._by_class[key] = self._work(subject)
        return self._by_class[key]
