"""What a ChangePolicy looks at: the changes of a plan, each with its places, its labels and its effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clawforge.meaning import Meaning
from clawforge.plan import Action, Change, Plan
from clawforge.position import Positions
from clawforge.resource.meta import Resource

_GUARDS = frozenset({"ChangePolicy", "Invariant"})
"""Kinds that bound what policies may become: nobody may do more without one, but its change or end lets others."""
_EXCEPTIONS = frozenset({"Waiver"})
"""Kinds that lift such bounds."""
_BOUNDS_OF_LIFTING = frozenset({"ElevationPolicy"})
"""Kinds that say what people may be lifted above. One lets some ask and forbids others, so a change may do either."""
_WITHOUT_EFFECT = _GUARDS | _EXCEPTIONS | _BOUNDS_OF_LIFTING | {"PolicyTest"}
"""Kinds that decide no call, alone or together with others."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A resource before or after a plan: its labels, and the file in which it stands, if that is known."""

    labels: Mapping[str, str]
    file: str | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to what anybody may do; what was not proved counts as done."""

    loosens: bool
    tightens: bool


NO_EFFECT = Effect(loosens=False, tightens=False)


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """One change; a side is None where the resource does not exist. `previous` is the address that it had, if it is
    renamed. `only_moved`: it stands elsewhere, and says the same."""

    address: str
    before: Standing | None
    after: Standing | None
    effect: Effect
    only_moved: bool = False
    previous: str | None = None

    @property
    def addresses(self) -> tuple[str, str]:
        """The address before and after."""
        return self.previous or self.address, self.address

    @property
    def kind(self) -> str:
        """The kind of the resource."""
        return self.address.partition("/")[0]


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """Every change of a plan, and the effect of all of them together."""

    changes: tuple[ChangeFacts, ...]
    effect: Effect

    @classmethod
    def of(
        cls,
        plan: Plan,
        before: Mapping[str, Resource],
        after: Mapping[str, Resource],
        positions: tuple[Positions, Positions],
    ) -> PlanFacts:
        """The facts of a plan between two states; `positions` are those known before, and those after."""
        changes = [
            ChangeFacts(
                change.address,
                _standing(change.previous or change.address, before, positions[0]),
                _standing(change.address, after, positions[1]),
                _effect_of(change, plan.meaning),
                previous=change.previous,
            )
            for change in plan.changes
        ]
        moved = _moved(plan, before, after, positions) if plan.positions_changed else ()
        return cls((*changes, *moved), _effect_of_all(plan, changes))

    @property
    def real(self) -> tuple[ChangeFacts, ...]:
        """The changes without the resources that only stand elsewhere."""
        return tuple(change for change in self.changes if not change.only_moved)


def _standing(address: str, side: Mapping[str, Resource], positions: Positions) -> Standing | None:
    found = side.get(address)
    if found is None:
        return None
    position = positions.get(address)
    return Standing(found.metadata.labels, None if position is None else position.file)


def _effect_of(change: Change, meaning: Meaning) -> Effect:
    """The effect of one change.

    Where the plan as a whole loosens, two changes may do so together that do not alone, so each that decides anything
    counts. Where it does not, another change may make good what this one lets through, and be taken back later: so
    what it does alone counts, and what was not judged alone counts as loosening.
    """
    kind = change.address.partition("/")[0]
    if kind in _WITHOUT_EFFECT:
        return _effect_on_bounds(kind, change.action)
    if (
        change.action is Action.UPDATE
        and change.fields
        and all(field.path.startswith("metadata.") for field in change.fields)
    ):
        return NO_EFFECT
    names = {change.address, change.previous or change.address}
    alone = [item for item in meaning.changes if item.address in names]
    known = len(alone) == len(names)
    return Effect(
        loosens=meaning.loosens != "no" or not known or any(item.loosens != "no" for item in alone),
        tightens=meaning.tightens != "no" or not known or any(item.tightens != "no" for item in alone),
    )


def _effect_on_bounds(kind: str, action: Action) -> Effect:
    created, deleted = action is Action.CREATE, action is Action.DELETE
    if kind in _GUARDS:
        return Effect(loosens=not created, tightens=not deleted)
    if kind in _EXCEPTIONS:
        return Effect(loosens=not deleted, tightens=not created)
    if kind in _BOUNDS_OF_LIFTING:
        return Effect(loosens=True, tightens=True)
    return NO_EFFECT


def _effect_of_all(plan: Plan, changes: list[ChangeFacts]) -> Effect:
    bounds = [change.effect for change in changes if change.kind in _WITHOUT_EFFECT]
    return Effect(
        loosens=plan.meaning.loosens != "no" or any(effect.loosens for effect in bounds),
        tightens=plan.meaning.tightens != "no" or any(effect.tightens for effect in bounds),
    )


def _moved(
    plan: Plan, before: Mapping[str, Resource], after: Mapping[str, Resource], positions: tuple[Positions, Positions]
) -> Iterator[ChangeFacts]:
    """Resources that are written in another file than before, and say the same."""
    changed = {name for change in plan.changes for name in (change.address, change.previous or change.address)}
    for address in sorted(positions[0].keys() & before.keys() & after.keys() - changed):
        here, there = (
            _standing(address, side, places) for side, places in zip((before, after), positions, strict=True)
        )
        if here is not None and there is not None and here.file != there.file:
            yield ChangeFacts(address, here, there, NO_EFFECT, only_moved=True)
