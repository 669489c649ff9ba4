"""Which entry of a list of name patterns covers another pattern."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from clawforge.decide.names import NamePattern, matches
from clawforge.lint.context import LintContext
from clawforge.resource.policy import Policy

MOST_COMPARISONS = 250_000
"""Longer lists are passed over: what is said about them is advice."""

_GROUP = "group:"

Reading = Callable[[str], Sequence[str]]
"""An entry as patterns without groups and aliases."""


class CoveringList:
    """Entries of one list, read once. `core` is the set of the host's own tools, empty for other names."""

    def __init__(self, entries: Sequence[str], reading: Reading, core: frozenset[str] = frozenset()) -> None:
        self._entries = entries
        self._reading = reading
        self._core = core
        self._read = [self._parse(entry) for entry in entries]
        self._exact: dict[str, list[int]] = {}
        self._open: list[tuple[NamePattern, int]] = []
        for index, patterns in enumerate(self._read):
            for pattern in patterns:
                if pattern.open:
                    self._open.append((pattern, index))
                else:
                    self._exact.setdefault(pattern.stem, []).append(index)

    def covered(self, patterns: Sequence[str]) -> Iterator[tuple[int, str, str]]:
        """The patterns that an entry covers completely: index, pattern, entry."""
        if len(self._open) * len(patterns) > MOST_COMPARISONS:
            return
        for index, pattern in enumerate(patterns):
            owner = next(self._owners(self._parse(pattern)), None)
            if owner is not None:
                yield index, pattern, self._entries[owner]

    def redundant(self) -> Iterator[tuple[int, str]]:
        """The indexes of entries that another entry covers, each with that entry. Of two that mean the same, the plain
        name stays: a group or a prefix goes before it, and an alias before those.
        """
        if len(self._open) * len(self._entries) > MOST_COMPARISONS:
            return
        for index, narrow in enumerate(self._read):
            for owner in self._owners(narrow):
                if owner == index:
                    continue
                if not self._covers(index, self._read[owner]) or self._rank(owner) < self._rank(index):
                    yield index, self._entries[owner]
                    break

    def _rank(self, index: int) -> tuple[int, int]:
        """How plainly an entry is written, the plainest first."""
        entry = self._entries[index]
        if tuple(self._reading(entry)) == (entry,):
            return (1 if entry.endswith("*") else 0), index
        return (2 if entry.startswith(_GROUP) else 3), index

    def _owners(self, narrow: Sequence[NamePattern]) -> Iterator[int]:
        """The indexes of the entries that cover all of these patterns, ascending."""
        if not narrow:
            return
        first = narrow[0]
        owners = set() if first.open else set(self._exact.get(first.stem, ()))
        owners.update(owner for wide, owner in self._open if wide.covers(first, self._core))
        yield from (owner for owner in sorted(owners) if self._covers(owner, narrow))

    def _covers(self, owner: int, narrow: Sequence[NamePattern]) -> bool:
        return all(any(wide.covers(one, self._core) for wide in self._read[owner]) for one in narrow)

    def _parse(self, entry: str) -> list[NamePattern]:
        return [item for text in self._reading(entry) if (item := NamePattern.parse(text)) is not None]


def denying(policy: Policy, tool: str, context: LintContext) -> int | None:
    """The index of the entry by which a policy itself denies a core tool; None if it does not."""
    for index, entry in enumerate((policy.spec.tools.deny or ()) if policy.spec.tools else ()):
        if matches(context.catalogue.expand(entry), tool, context.catalogue.tools):
            return index
    return None
