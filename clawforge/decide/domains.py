"""Domain patterns: `example.com` is that host, `*.example.com` every host below it, but not `example.com`
itself.

Which host a URL names is in `hosts.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def covers(wide: str, narrow: str) -> bool:
    """Whether every host that `narrow` means is meant by `wide`. A host is a pattern without a star."""
    if not wide.startswith("*."):
        return wide == narrow
    below = wide[1:]
    if narrow.startswith("*."):
        return narrow == wide or narrow[1:].endswith(below)
    return narrow.endswith(below) and len(narrow) > len(below)


def matches(patterns: Iterable[str], host: str) -> bool:
    """Whether any pattern means the host (as `hosts.host_of` writes it: lower case, no trailing dot)."""
    return any(covers(pattern, host) for pattern in patterns)


def normalise(patterns: Iterable[str]) -> tuple[str, ...]:
    """The canonical form of a list: sorted, without patterns that another one covers."""
    unique = set(patterns)
    return tuple(sorted(pattern for pattern in unique if not any(wide in unique for wide in _wider(pattern))))


def _wider(pattern: str) -> Iterable[str]:
    """Every other pattern that covers this one: few, however long the list is."""
    labels = pattern.removeprefix("*.").split(".")
    return ("*." + ".".join(labels[at:]) for at in range(1, len(labels)))


def union(left: Iterable[str], right: Iterable[str]) -> tuple[str, ...]:
    """The list that means what either list means, in canonical form."""
    return normalise((*left, *right))


def intersect(left: Sequence[str], right: Sequence[str]) -> tuple[str, ...]:
    """The list that means what both lists mean, in canonical form: of two patterns that meet, one covers the
    other."""
    ours, theirs = set(left), set(right)
    common = ours & theirs
    common.update(pattern for pattern in ours if any(wide in theirs for wide in _wider(pattern)))
    common.update(pattern for pattern in theirs if any(wide in ours for wide in _wider(pattern)))
    return normalise(common)


class DomainMatcher:
    """A list of patterns, compiled for many questions. Immutable."""

    __slots__ = ("_patterns",)

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = frozenset(patterns)

    def find(self, host: str) -> str | None:
        """The pattern that means the host, the most specific first; None if none does."""
        if host in self._patterns:
            return host
        return next((wide for wide in _wider(host) if wide in self._patterns), None)
