"""What was applied, looked at afterwards: how two states differ, and what going back to an older one takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from clawforge.diff import field_changes
from clawforge.plan import Action, Change, PlanLocation, Summary
from clawforge.planning import summary_of
from clawforge.position import Positions
from clawforge.resource.meta import Strict
from clawforge.state import UNOWNED, StateEntry
from clawforge.wire import Revision

ROLLBACK = "rollback"
"""Code of the warning of a plan that goes back, while the files still say something newer."""

_NOWHERE: Positions = MappingProxyType({})
_NOTHING: Mapping[str, str] = MappingProxyType({})


class ComparedState(Strict):
    """One side of a comparison: a revision, or with `revision` null the state that files ask for."""

    revision: int | None = None
    digest: str


class StateDiff(Strict):
    """What became of one state in another: changes as in a plan, though nothing is about to happen."""

    org: str
    before: ComparedState
    after: ComparedState
    summary: Summary
    changes: tuple[Change, ...]


class RevisionDetail(Strict):
    """One revision and what changed in it; `changes` is null for who may not read the state."""

    revision: Revision
    changes: tuple[Change, ...] | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What a source goes back to. `kept` names resources that it had then and another source has now: they stay as
    they are."""

    entries: Mapping[str, StateEntry]
    kept: Mapping[str, str]


def changes_between(
    before: Mapping[str, StateEntry],
    after: Mapping[str, StateEntry],
    positions: Positions = _NOWHERE,
    renamed: Mapping[str, str] = _NOTHING,
) -> tuple[Change, ...]:
    """What differs, by address. Who owns a resource is no difference; `positions` are those of the later state.

    `renamed` leads from former to later addresses, which counts where exactly the one is gone and the other is new.
    """
    moves = {
        new: old
        for old, new in renamed.items()
        if old in before and old not in after and new in after and new not in before
    }
    gone = frozenset(moves.values())
    addresses = sorted((before.keys() | after.keys()) - gone)
    found = (_change(address, before, after, positions, moves.get(address)) for address in addresses)
    return tuple(change for change in found if change is not None)


def chained(steps: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The first to the last address of what was renamed, perhaps several times, oldest step first."""
    found: dict[str, str] = {}
    for step in steps:
        origins = {last: first for first, last in found.items()}
        for old, new in step.items():
            found[origins.get(old, old)] = new
    return found


def compared(org: str, before: ComparedState, after: ComparedState, changes: tuple[Change, ...]) -> StateDiff:
    """The comparison with its counts."""
    return StateDiff(org=org, before=before, after=after, summary=summary_of(changes), changes=changes)


def restored(source: str, then: Mapping[str, StateEntry], now: Mapping[str, StateEntry]) -> Restored:
    """What a source proposes so that its part is again what it was.

    Who owns what does not go back: a resource that the source took over since then is restored and stays its own, and
    one that another source has by now is not touched. What it had then and nobody owns now is its own again.
    """
    mine = {
        address: StateEntry(source, entry.body, entry.digest)
        for address, entry in then.items()
        if entry.source == source or (address in now and now[address].source == source)
    }
    free = (source, UNOWNED)
    kept = {address: now[address].source for address in mine if address in now and now[address].source not in free}
    return Restored({address: entry for address, entry in mine.items() if address not in kept}, kept)


def _change(
    address: str,
    before: Mapping[str, StateEntry],
    after: Mapping[str, StateEntry],
    positions: Positions,
    previous: str | None,
) -> Change | None:
    old, new = before.get(previous or address), after.get(address)
    if previous is None and old is not None and new is not None and old.digest == new.digest:
        return None
    action = Action.CREATE if old is None else Action.DELETE if new is None else Action.UPDATE
    place = positions.get(address) if new is not None else None
    fields = field_changes(old.value() if old else None, new.value() if new else None)
    return Change(
        address=address,
        action=action if previous is None else Action.MOVE,
        previous=previous,
        location=None if place is None else PlanLocation(file=place.file, line=place.line),
        fields=tuple(field for field in fields if previous is None or field.path != "metadata.name"),
    )
