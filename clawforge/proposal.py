"""What a source wants its part of the state to be, and what of that is taken into a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from clawforge.errors import InputError
from clawforge.plan_scope import PlanScope, names_address
from clawforge.position import Positions
from clawforge.resource.meta import Resource
from clawforge.state import UNOWNED, State, StateEntry


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one source wants its part of the state to be.

    `moved` leads from former addresses to present ones; both may be statements of long ago. `forgotten` resources left
    the files and stay in force without an owner. `taken` are patterns of what may be taken from other sources.
    """

    org: str
    source: str
    entries: Mapping[str, StateEntry]
    positions: Positions
    commit: str | None = None
    moved: Mapping[str, str] | None = None
    forgotten: frozenset[str] = frozenset()
    taken: tuple[str, ...] = ()

    def moves(self, base: State) -> dict[str, str]:
        """Former to present address of what this proposal renames. Raises InputError for a statement that contradicts
        the files."""
        found: dict[str, str] = {}
        for old, new in (self.moved or {}).items():
            present = base.entries.get(old)
            if present is None or present.source != self.source:
                continue
            if old in self.entries:
                raise _contradiction(f"`moved` says that {old} is now {new}, but {old} is still declared.")
            if new not in self.entries:
                raise _contradiction(f"`moved` says that {old} is now {new}, but {new} is not declared.")
            if new not in base.entries:
                found[old] = new
        return found

    def forgets(self, base: State) -> tuple[str, ...]:
        """The addresses that this proposal lets go of. Raises InputError for one that is still declared."""
        for address in sorted(self.forgotten & self.entries.keys()):
            raise _contradiction(f"`removed` says that {address} is to be forgotten, but it is still declared.")
        owned = (address for address in self.forgotten if address in base.entries)
        return tuple(sorted(address for address in owned if base.entries[address].source == self.source))

    def takes(self, address: str) -> bool:
        """Whether a resource may be taken from the source that owns it."""
        return names_address(self.taken, address)

    def resources(self, base: State, before: Mapping[str, Resource], given: Mapping[str, Resource]) -> list[Resource]:
        """All resources that there would be: what others own, what this source lets go of, and what it proposes.

        `before` are those of the base, `given` those that were proposed, by address. Outside of the scope of a plan the
        base counts, and not what was given.
        """
        stays = frozenset(self.forgets(base))
        others = (
            resource
            for address, resource in before.items()
            if address not in self.entries and (base.entries[address].source != self.source or address in stays)
        )
        own = (
            before[address] if address in before and base.entries[address].digest == entry.digest else given[address]
            for address, entry in self.entries.items()
        )
        return [*others, *own]

    def within(self, scope: PlanScope, base: State, base_positions: Positions) -> tuple[Proposal, int]:
        """The proposal in which all that is outside of the scope stays as it is, and how many changes that leaves out.

        Both addresses of a renamed resource must be in, or it keeps its name.
        """
        if scope.is_everything:
            return self, 0
        moves = self.moves(base)
        held = {address for address in self._concerned(base) if scope.holds(address, self._labels(address, base))}
        for old, new in moves.items():
            if not {old, new} <= held:
                held -= {old, new}
        outside = {
            address: entry
            for address, entry in base.entries.items()
            if entry.source == self.source and address not in held
        }
        inside = {address: entry for address, entry in self.entries.items() if address in held}
        positions = {address: place for address, place in self.positions.items() if address in held}
        kept = {address: place for address, place in base_positions.items() if address in outside}
        narrowed = replace(
            self,
            entries=dict(sorted({**outside, **inside}.items())),
            positions={**kept, **positions},
            moved={old: new for old, new in moves.items() if old in held},
            forgotten=self.forgotten & held,
        )
        return narrowed, sum(address not in held for address in self._changed(base))

    def _concerned(self, base: State) -> set[str]:
        return {*self.entries, *(address for address, entry in base.entries.items() if entry.source == self.source)}

    def _changed(self, base: State) -> Iterator[str]:
        for address in self._concerned(base):
            before, after = base.entries.get(address), self.entries.get(address)
            if before is None or after is None or before.digest != after.digest:
                yield address

    def _labels(self, address: str, base: State) -> Iterator[Mapping[str, str]]:
        for entries in (base.entries, self.entries):
            entry = entries.get(address)
            if entry is not None and b'"labels"' in entry.body:
                value: dict[str, Any] = orjson.loads(entry.body)
                yield value.get("metadata", {}).get("labels", {})


def own_entries(
    entries: Mapping[str, StateEntry], source: str, base: State, taken: tuple[str, ...]
) -> dict[str, StateEntry]:
    """What a source proposes, without what another source owns in exactly this form: naming that again changes nothing,
    and does not make it this source's, unless it is to be taken over."""
    return {
        address: entry
        for address, entry in entries.items()
        if not _is_unchanged_elsewhere(base.entries.get(address), source, entry) or names_address(taken, address)
    }


def _is_unchanged_elsewhere(present: StateEntry | None, source: str, entry: StateEntry) -> bool:
    return present is not None and present.source not in (source, UNOWNED) and present.digest == entry.digest


def _contradiction(message: str) -> InputError:
    return InputError(message, hint="Correct clawforge.yaml, or the files.", code="contradicting-statement")
