"""Calendar and semantic versions, and ranges over them.

A version is dotted numbers, then either a pre-release (`-beta.1`, older than the plain version) or a rebuild
(`-2`, newer than it), as OpenClaw numbers its releases: 2026.9.6-beta.1 < 2026.9.6 < 2026.9.6-2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_VERSION = re.compile(
    r"^v?(\d{1,9}(?:\.\d{1,9}){0,3})(?:-(\d{1,9})|-([A-Za-z][A-Za-z0-9.-]{0,63}))?(?:\+[A-Za-z0-9.-]{1,64})?$"
)
_COMPARISON = re.compile(r"^(>=|<=|!=|==|=|>|<)?(.+)$")

VersionKey = tuple[tuple[int, ...], int, tuple[tuple[int, int, str], ...]]


@lru_cache(maxsize=4096)
def version_key(text: str) -> VersionKey:
    """A key that sorts versions by age. Raises ValueError for what is not a version."""
    match = _VERSION.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a version such as 2026.9.6, 2026.9.6-beta.1 or 2026.9.6-2")
    numbers = [int(part) for part in match[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    if match[3] is not None:
        parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in match[3].split("."))
        return tuple(numbers), -1, parts
    return tuple(numbers), int(match[2] or 0), ()


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Comparisons that must all hold."""

    comparisons: tuple[tuple[str, str], ...]

    def contains(self, version: str) -> bool:
        """Whether a version satisfies every comparison. Raises ValueError for what is not a version."""
        return self.contains_key(version_key(version))

    def contains_key(self, key: VersionKey) -> bool:
        """Whether the version of that key satisfies every comparison."""
        return all(_holds(key, operator, version_key(bound)) for operator, bound in self.comparisons)


def _holds(key: VersionKey, operator: str, bound: VersionKey) -> bool:
    match operator:
        case ">=":
            return key >= bound
        case "<=":
            return key <= bound
        case ">":
            return key > bound
        case "<":
            return key < bound
        case "!=":
            return key != bound
        case _:
            return key == bound


@lru_cache(maxsize=1024)
def parse_range(text: str) -> VersionRange:
    """`>=2026.9.1 <2027 !=2026.9.3`; a bare version means exactly it. Raises ValueError."""
    comparisons = []
    for word in text.replace(",", " ").split():
        match = _COMPARISON.match(word)
        if match is None or not match[2]:
            raise ValueError(f"{word!r} is not a comparison such as >=2026.9.1")
        version_key(match[2])
        comparisons.append((match[1] or "==", match[2]))
    if not comparisons:
        raise ValueError("a version range needs at least one comparison such as >=2026.9.1")
    return VersionRange(tuple(comparisons))


def check_range(text: str) -> None:
    """Raises ValueError unless the text is a version range."""
    parse_range(text)
