"""Version targets: versions are ordered, so those at, beside and between the bounds that are written stand for all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache

from clawforge.analysis.level import FREE, Example, Level, Outcomes, Pair, product, united
from clawforge.decide.judges.versions import blocks_at, is_in_order
from clawforge.decide.request import InstanceFacts
from clawforge.effective import EffectiveVersions, EffectiveVersionTarget
from clawforge.resource.version_target import VersionEnforcement
from clawforge.version_range import parse_range

COMPONENTS = ("host", "plugin", "runtime")
_UNREADABLE = "unknown"

Targets = tuple[EffectiveVersionTarget, ...]


def version_outcomes(before: EffectiveVersions, after: EffectiveVersions, at: dt.datetime) -> Outcomes:
    """The pairs that the versions of an instance can bring about, whatever it calls, at a moment.

    A call without an instance is not judged by versions, so one that passes is always among them.
    """
    if before.targets == after.targets:
        return FREE
    about = [(component, _about(before, component), _about(after, component)) for component in COMPONENTS]
    every = [target for _, ours, theirs in about for target in (*ours, *theirs)]
    since = {at, *(at - dt.timedelta(seconds=target.grace) for target in every if target.grace)}
    parts = [FREE]
    # A machine is out of range since one moment, whatever of it is.
    for noticed in (None, *sorted(since)):
        found: Outcomes = FREE
        for component, ours, theirs in about:
            if ours or theirs:
                found = product(found, _component_outcomes(component, ours, theirs, at, noticed))
        parts.append(found)
    return united(parts)


def blocking_moments(versions: EffectiveVersions) -> Iterator[dt.datetime]:
    """The moments from which targets block that did not before."""
    for target in versions.targets:
        if target.deadline is not None and target.enforcement is VersionEnforcement.BLOCK:
            yield target.deadline


def _about(versions: EffectiveVersions, component: str) -> Targets:
    return tuple(
        target
        for target in versions.targets
        if target.component == component and target.enforcement is VersionEnforcement.BLOCK
    )


@lru_cache(maxsize=4096)
def _component_outcomes(
    component: str, before: Targets, after: Targets, at: dt.datetime, noticed: dt.datetime | None
) -> Outcomes:
    found: dict[Pair, Example] = {}
    for version in _versions((*before, *after)):
        facts = InstanceFacts.model_construct(versions={component: version}, out_of_range_since=noticed)
        pair = (_level(before, version, facts, at), _level(after, version, facts, at))
        if pair not in found:
            found[pair] = Example(versions={component: version}, out_of_range_since=noticed)
    return found


def _level(targets: Targets, version: str, facts: InstanceFacts, at: dt.datetime) -> Level:
    blocked = any(not is_in_order(version, target.target) and blocks_at(target, facts, at) for target in targets)
    return Level.DENY if blocked else Level.ALLOW


def _versions(targets: Targets) -> list[str]:
    """Each version that is written, the nearest ones on both sides of it, the oldest, and one that cannot be read."""
    written: set[str] = set()
    for target in targets:
        written.update(target.target.denied)
        if target.target.range is not None:
            written.update(bound for _, bound in parse_range(target.target.range).comparisons)
    found = {"0", "999999999", _UNREADABLE}
    for version in written:
        plain = version.partition("+")[0].partition("-")[0].removeprefix("v")
        found.update(
            (version, plain, f"{plain}-0a", f"{plain}-zz", f"{plain}-1", f"{plain}-999999999", f"{plain}.0.0.1")
        )
    return sorted(found)
