"""How a machine stands to the version targets that apply to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from clawforge.compliance.lapse import Lapses, out_since
from clawforge.compliance.remedy import remedy
from clawforge.decide.judges.versions import blocking_begins, is_in_order
from clawforge.effective import EffectiveVersionTarget
from clawforge.resource.version_target import VersionEnforcement

VersionState = Literal["ok", "unknown", "warned", "in-grace", "blocked"]
"""From good to bad. `unknown`: the machine does not say its version, and nothing blocks it for that. `in-grace`: it is
going to be blocked at a known moment."""

VERSION_STATES: tuple[VersionState, ...] = ("ok", "unknown", "warned", "in-grace", "blocked")


class Verdict(NamedTuple):
    """A target that a machine misses. `until` is when blocking begins, if it lies ahead; `since` is when the component
    was first seen out of range, None if nobody noted it."""

    target: EffectiveVersionTarget
    state: VersionState
    version: str | None
    since: dt.datetime | None
    until: dt.datetime | None
    remedy: str


class Compliance(NamedTuple):
    """The worst state of a machine, and every target that it misses, the worst first."""

    state: VersionState
    verdicts: tuple[Verdict, ...] = ()

    @property
    def until(self) -> dt.datetime | None:
        """When it is going to be blocked; None if it is blocked already, or never will be as it is."""
        if self.state != "in-grace":
            return None
        return min((verdict.until for verdict in self.verdicts if verdict.until is not None), default=None)


IN_ORDER = Compliance("ok")


def comply(
    targets: Iterable[EffectiveVersionTarget],
    versions: Mapping[str, str],
    lapses: Lapses,
    at: dt.datetime,
    *,
    host: str = "openclaw",
) -> Compliance:
    """How a machine with these versions stands at a moment. It is judged as its agent judges it: by one moment for all
    components, the earliest of `lapses`."""
    since = out_since(lapses)
    found = [
        _verdict(target, versions.get(target.component), lapses, since, at, host)
        for target in targets
        if target.enforcement is not VersionEnforcement.OFF
        and not is_in_order(versions.get(target.component), target.target)
    ]
    if not found:
        return IN_ORDER
    found.sort(key=lambda verdict: (-VERSION_STATES.index(verdict.state), verdict.target.resource))
    return Compliance(found[0].state, tuple(found))


def is_worse(state: VersionState, other: VersionState) -> bool:
    """Whether one state is worse than the other."""
    return VERSION_STATES.index(state) > VERSION_STATES.index(other)


def _verdict(
    target: EffectiveVersionTarget,
    version: str | None,
    lapses: Lapses,
    since: dt.datetime | None,
    at: dt.datetime,
    host: str,
) -> Verdict:
    state: VersionState = "warned" if version is not None else "unknown"
    until = None
    if target.enforcement is VersionEnforcement.BLOCK:
        until = blocking_begins(target, since)
        state = "blocked" if until is None or at >= until else "in-grace"
    return Verdict(
        target=target,
        state=state,
        version=version,
        since=lapses.get(target.component),
        until=until if state == "in-grace" else None,
        remedy=remedy(target.component, version, target.target, host=host),
    )
