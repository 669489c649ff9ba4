"""Entries of a policy's lists that another entry of the same list covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clawforge.lint.context import LintContext
from clawforge.lint.covering import MOST_COMPARISONS, CoveringList
from clawforge.resolve.field import policy_fields
from clawforge.resource.merge import Vocabulary
from clawforge.resource.policy import Policy

_MOST_NAMES = 24
"""Names of a path whose runs are looked up."""

Covered = Iterator[tuple[int, str]]
"""Indexes of entries, each with an entry that covers it."""


class RedundantEntry(NamedTuple):
    """Where an entry stands, the entry, and the one that covers it."""

    pointer: str
    entry: str
    owner: str


class Redundancy:
    """Finds redundant entries. Lists that many policies have alike are looked at once."""

    def __init__(self, context: LintContext) -> None:
        self._context = context
        self._known: dict[tuple[str, tuple[str, ...]], list[tuple[int, str]]] = {}

    def entries_of(self, policy: Policy) -> Iterator[RedundantEntry]:
        """The redundant entries of all lists of a policy. Nothing is said about lists too long to compare."""
        for field in policy_fields():
            if field.section and getattr(policy.spec, field.section) is None:
                continue
            entries = field.value_in(policy.spec)
            if not isinstance(entries, tuple) or len(entries) < 2:
                continue
            key = (field.path, entries)
            if key not in self._known:
                self._known[key] = list(_covered(field.path, field.merge.of, entries, self._context))
            for index, owner in self._known[key]:
                yield RedundantEntry(f"{field.pointer}/{index}", entries[index], owner)


def _covered(path: str, of: Vocabulary, entries: Sequence[str], context: LintContext) -> Covered:
    match of:
        case Vocabulary.TOOLS:
            yield from CoveringList(entries, context.catalogue.expand, context.catalogue.tools).redundant()
        case Vocabulary.NAMES:
            yield from CoveringList(entries, lambda entry: (entry,)).redundant()
        case Vocabulary.DOMAINS:
            yield from _domains(entries)
        case Vocabulary.LITERALS:
            if path.startswith("paths."):
                yield from _paths(entries, anywhere=path == "paths.readOnly")
            else:
                yield from _commands(entries)


def _domains(entries: Sequence[str]) -> Covered:
    from clawforge.decide.domains import covers, normalise

    kept = dict.fromkeys(normalise(entries))
    if len(kept) * (len(entries) - len(kept)) > MOST_COMPARISONS:
        return
    for index, entry in enumerate(entries):
        if entry not in kept:
            yield index, next(wide for wide in kept if covers(wide, entry))


def _commands(entries: Sequence[str]) -> Covered:
    """`git status **` covers `git status` and whatever begins with it, word for word."""
    opened = {entry.removesuffix(" **"): entry for entry in entries if entry.endswith(" **")}
    for index, entry in enumerate(entries):
        stem = entry.removesuffix(" **")
        ends = [at for at, character in enumerate(stem) if character == " "]
        stems = [stem[:at] for at in ends] + ([stem] if stem == entry else [])
        owner = next((opened[text] for text in stems if text in opened), None)
        if owner is not None:
            yield index, owner


def _paths(entries: Sequence[str], *, anywhere: bool) -> Covered:
    """A glob that means a folder covers everything below it. With `anywhere`, `**/x` covers every glob with an `x` in
    it. Among denied paths it does not: only a glob that begins at a place also stops listings of the folders above it.
    """
    names = [_names(entry) for entry in entries]
    first: dict[tuple[str, ...], int] = {}
    for index, parts in enumerate(names):
        first.setdefault(parts, index)
    for index, parts in enumerate(names):
        if first[parts] != index:
            yield index, entries[first[parts]]
            continue
        owner = next((first[wide] for wide in _wider(parts, anywhere) if wide in first), None)
        if owner is not None:
            yield index, entries[owner]


def _names(glob: str) -> tuple[str, ...]:
    """The names of a glob without a last `**`, which changes nothing."""
    parts = [part for part in glob.split("/") if part]
    while len(parts) > 1 and parts[-1] == "**":
        parts.pop()
    return ("/", *parts) if glob.startswith("/") else tuple(parts)


def _wider(parts: tuple[str, ...], anywhere: bool) -> Iterator[tuple[str, ...]]:
    for end in range(1, len(parts)):
        yield parts[:end]
    if not anywhere or len(parts) > _MOST_NAMES:
        return
    for start in range(1, len(parts)):
        for end in range(start + 1, len(parts) + 1):
            if parts[0] != "**" or start > 1:
                yield ("**", *parts[start:end])
