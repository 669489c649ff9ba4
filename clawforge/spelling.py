"""Suggestions for misspelt names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_MOST_LOOKUPS = 100
_LARGEST_LENGTH_DIFFERENCE = 3


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was probably meant, or None. Letter case does not count."""
    from difflib import get_close_matches

    near = [item for item in candidates if abs(len(item) - len(name)) <= _LARGEST_LENGTH_DIFFERENCE]
    by_lower: dict[str, str] = {}
    for item in sorted(near):
        by_lower.setdefault(item.lower(), item)
    found = get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.65)
    return by_lower[found[0]] if found else None


class KnownNames:
    """Names that exist, for suggesting one of them in place of a name that does not.

    Comparing a name with thousands of others takes milliseconds, so each name is looked up once, and after a hundred
    different ones there are no more suggestions.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = dict.fromkeys(sorted(set(names)))
        self._found: dict[str, str | None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def nearest(self, name: str) -> str | None:
        """The name that was probably meant, or None."""
        if name not in self._found:
            if len(self._found) >= _MOST_LOOKUPS:
                return None
            self._found[name] = nearest(name, self._names)
        return self._found[name]
