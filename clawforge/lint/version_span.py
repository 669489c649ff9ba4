"""Whether a range of versions holds any version at all, decided on the order of versions."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from clawforge.resource.version_target import ComponentTarget, VersionTarget
from clawforge.version_range import VersionKey, VersionRange, parse_range, version_key

# Nothing is older than 0-A: number 0, a pre-release, of the least letter.
_OLDEST: VersionKey = ((0,), -1, ((1, 0, "A"),))


def components_of(target: VersionTarget) -> Iterator[tuple[str, ComponentTarget]]:
    """The components that a target names, with their member's name."""
    components = target.spec.components
    for name, component in (
        ("host", components.host),
        ("plugin", components.plugin),
        ("runtime", components.runtime),
    ):
        if component is not None:
            yield name, component


def key_of(version: str) -> VersionKey | None:
    """The version's place in the order; None for what is not a version."""
    try:
        return version_key(version)
    except ValueError:
        return None


def holds_any(text: str, denied: Collection[str] = ()) -> bool:
    """Whether some version is in the range and not denied. `text` is a valid range.

    Every version has an immediate successor, so it is enough to walk from the oldest candidate over those that are
    excluded one by one. A successor too long to be written counts as a version: then the answer is a cautious yes.
    """
    versions = parse_range(text)
    excluded = {version_key(bound) for operator, bound in versions.comparisons if operator == "!="}
    excluded.update(key for item in denied if (key := key_of(item)) is not None)
    candidate = _oldest_candidate(versions)
    while candidate in excluded:
        candidate = _successor(candidate)
    return versions.contains_key(candidate)


def _oldest_candidate(versions: VersionRange) -> VersionKey:
    oldest = _OLDEST
    for operator, bound in versions.comparisons:
        key = version_key(bound)
        if operator in (">=", "==", "="):
            oldest = max(oldest, key)
        elif operator == ">":
            oldest = max(oldest, _successor(key))
    return oldest


def _successor(key: VersionKey) -> VersionKey:
    """The next version: a further part `0` of a pre-release, else the next rebuild."""
    numbers, rebuild, parts = key
    if rebuild < 0:
        return numbers, rebuild, (*parts, (0, 0, ""))
    return numbers, rebuild + 1, ()
