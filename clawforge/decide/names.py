"""The algebra of name patterns: exact names, prefixes with a trailing `*`, and "whatever is no core tool".

Groups, aliases and profiles are expanded by the catalogue before patterns come here. One group cannot be: the
names in `group:plugins` are not known beforehand, so it stays symbolic. Its meet with a prefix is written
`group:plugins&prefix*`, a spelling that policies cannot use; with it patterns are closed under intersection.

`core` is always the set of the host's own tools. Lists are unions of their patterns. The canonical form of a
list is sorted and holds no pattern that another one covers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

PLUGINS = "group:plugins"
"""Every tool that the host's catalogue does not know: tools of plugins and of MCP servers."""

_GROUP = "group:"
_NO_CORE: frozenset[str] = frozenset()
_LONGEST_REMEMBERED = 64
"""Patterns of a list whose canonical form is remembered."""


@dataclass(frozen=True, slots=True)
class NamePattern:
    """The names that start with `stem` (`open`) or are it; with `plugin` only those that are no core
    tools."""

    stem: str
    open: bool
    plugin: bool = False

    @staticmethod
    def parse(text: str) -> NamePattern | None:
        """None for a group that was not expanded: nobody knows what it holds. A `*` counts at the end
        only."""
        return _parsed(text)

    def __str__(self) -> str:
        if self.plugin:
            return f"{PLUGINS}&{self.stem}*" if self.stem else PLUGINS
        return f"{self.stem}*" if self.open else self.stem

    def matches(self, name: str, core: frozenset[str] = _NO_CORE) -> bool:
        """Whether a name is meant."""
        if not self.open:
            return name == self.stem
        return name.startswith(self.stem) and not (self.plugin and name in core)

    def covers(self, other: NamePattern, core: frozenset[str] = _NO_CORE) -> bool:
        """Whether every name that `other` means is meant, those included that do not exist yet."""
        if not other.open:
            return self.matches(other.stem, core)
        if not self.open or not other.stem.startswith(self.stem):
            return False
        return not self.plugin or other.plugin or not _reaches(other.stem, core)

    def meet(self, other: NamePattern, core: frozenset[str] = _NO_CORE) -> NamePattern | None:
        """What both mean; None for nothing."""
        if not self.open:
            return self if other.matches(self.stem, core) else None
        if not other.open:
            return other if self.matches(other.stem, core) else None
        stem = max(self.stem, other.stem, key=len)
        if not (stem.startswith(self.stem) and stem.startswith(other.stem)):
            return None
        return NamePattern(stem, True, (self.plugin or other.plugin) and _reaches(stem, core))


@lru_cache(maxsize=8192)
def _parsed(text: str) -> NamePattern | None:
    if text == PLUGINS:
        return NamePattern("", True, True)
    if text.startswith(f"{PLUGINS}&") and text.endswith("*"):
        return NamePattern(text[len(PLUGINS) + 1 : -1], True, True)
    if text.startswith(_GROUP):
        return None
    return NamePattern(text[:-1], True) if text.endswith("*") else NamePattern(text, False)


@lru_cache(maxsize=64)
def _sorted_core(core: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(core))


def _reaches(stem: str, core: frozenset[str]) -> bool:
    """Whether some core tool's name starts so."""
    names = _sorted_core(core)
    at = bisect_left(names, stem)
    return at < len(names) and names[at].startswith(stem)


def matches(patterns: Iterable[str], name: str, core: frozenset[str] = _NO_CORE) -> bool:
    """Whether any pattern of the list means the name. Groups that were not expanded mean nothing."""
    return any((pattern := _parsed(text)) is not None and pattern.matches(name, core) for text in patterns)


def normalise(patterns: Iterable[str], core: frozenset[str] = _NO_CORE) -> tuple[str, ...]:
    """The canonical form of a list. Groups that were not expanded are kept as they are."""
    given = tuple(patterns)
    return _normalised(given, core) if len(given) <= _LONGEST_REMEMBERED else _normalised.__wrapped__(given, core)


# Most lists of an org are short and alike, and met again for every class of subjects and with every plan.
@lru_cache(maxsize=8192)
def _normalised(patterns: tuple[str, ...], core: frozenset[str]) -> tuple[str, ...]:
    read = {text: _parsed(text) for text in patterns}
    groups = {text for text, pattern in read.items() if pattern is None}
    parsed = {pattern for pattern in read.values() if pattern is not None}
    return tuple(sorted(groups | {str(pattern) for pattern in _maximal(parsed, core)}))


def _maximal(patterns: set[NamePattern], core: frozenset[str]) -> Iterable[NamePattern]:
    """Those that no other covers. Only open patterns cover others, so exact names are held against those
    alone."""
    widened = {
        NamePattern(pattern.stem, True) if pattern.plugin and not _reaches(pattern.stem, core) else pattern
        for pattern in patterns
    }
    kept: list[NamePattern] = []
    # Shorter stems first, unrestricted before restricted: whatever covers a pattern is looked at before it.
    for pattern in sorted((p for p in widened if p.open), key=lambda p: (len(p.stem), p.plugin, p.stem)):
        if not any(wide.covers(pattern, core) for wide in kept):
            kept.append(pattern)
    yield from kept
    for pattern in widened:
        if not pattern.open and not any(wide.matches(pattern.stem, core) for wide in kept):
            yield pattern


def union(left: Iterable[str], right: Iterable[str], core: frozenset[str] = _NO_CORE) -> tuple[str, ...]:
    """The list that means what either list means, in canonical form."""
    return normalise((*left, *right), core)


def intersect(left: Sequence[str], right: Sequence[str], core: frozenset[str] = _NO_CORE) -> tuple[str, ...]:
    """The list that means what both lists mean, in canonical form. Groups that were not expanded mean
    nothing."""
    ours = [pattern for text in left if (pattern := _parsed(text)) is not None]
    theirs = [pattern for text in right if (pattern := _parsed(text)) is not None]
    common = _exact_in_both(ours, theirs)
    open_ours, open_theirs = [p for p in ours if p.open], [p for p in theirs if p.open]
    for some, others in ((open_ours, theirs), (ours, open_theirs)):
        for one in some:
            common.update(met for other in others if (met := one.meet(other, core)) is not None)
    return tuple(sorted(str(pattern) for pattern in _maximal(common, core)))


def _exact_in_both(left: Iterable[NamePattern], right: Iterable[NamePattern]) -> set[NamePattern]:
    """Exact names meet by hashing: two lists of a thousand names must not take a million steps."""
    return {pattern for pattern in left if not pattern.open} & {pattern for pattern in right if not pattern.open}


class NameMatcher:
    """A list of patterns, compiled for many questions. Immutable."""

    __slots__ = ("_core", "_exact", "_open", "unknown_groups")

    def __init__(self, patterns: Iterable[str], core: frozenset[str] = _NO_CORE) -> None:
        exact: set[str] = set()
        unknown: set[str] = set()
        opened: list[tuple[str, NamePattern]] = []
        for text in sorted(set(patterns)):
            pattern = _parsed(text)
            if pattern is None:
                unknown.add(text)
            elif pattern.open:
                opened.append((text, pattern))
            else:
                exact.add(text)
        self._core = core
        self._exact = frozenset(exact)
        self._open = tuple(opened)
        self.unknown_groups = tuple(sorted(unknown))

    def find(self, name: str, *, core: bool | None = None) -> str | None:
        """The pattern that means the name, exact ones first; None if none does.

        `core` says whether the name counts as one of the host's own tools where the caller knows better than
        the catalogue, for example because it is a core tool's name in another spelling.
        """
        if name in self._exact:
            return name
        is_core = name in self._core if core is None else core
        for text, pattern in self._open:
            if name.startswith(pattern.stem) and not (pattern.plugin and is_core):
                return text
        return None
