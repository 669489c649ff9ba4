"""Whether the versions of host, plugin and runtime are in order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from clawforge.decide.blame import Blame
from clawforge.decide.call import Call
from clawforge.decide.request import InstanceFacts, Reason, Record
from clawforge.effective import EffectiveVersions, EffectiveVersionTarget
from clawforge.resource.policy_test import Effect
from clawforge.resource.version_target import ComponentTarget, VersionEnforcement
from clawforge.version_range import VersionKey, parse_range, version_key


class VersionsJudge:
    """Judges the versions that an instance reports.

    A component that the report leaves out is out of order, as is a version that cannot be read. Not judged is a call
    whose versions nobody can know, as when `can` asks about a machine from the files, or about no machine at all.
    """

    def __init__(self, versions: EffectiveVersions, blame: Blame) -> None:
        self._blame = blame
        self._targets = tuple(t for t in versions.targets if t.enforcement is not VersionEnforcement.OFF)

    def out_of_order(self, facts: InstanceFacts) -> tuple[EffectiveVersionTarget, ...]:
        """The targets that are missed. An agent notes when the first one was, as `out_of_range_since`."""
        return tuple(t for t in self._targets if not is_in_order((facts.versions or {}).get(t.component), t.target))

    def reasons(self, call: Call) -> Iterator[Reason]:
        """Why the instance must be brought up to date first."""
        for target in self._missed(call):
            if _blocks(target, call):
                member = f"{target.resource}/{target.component}"
                message = _sentence(target, call.facts)
                yield self._blame.reason(
                    "version-blocked", Effect.DENY, message, "targets", member, resource=target.resource
                )

    def records(self, call: Call) -> Iterator[Record]:
        """Targets that are missed without blocking: those that only warn, and those in their grace."""
        for target in self._missed(call):
            if not _blocks(target, call):
                message = _sentence(target, call.facts)
                yield Record(code="version-out-of-range", message=message, resource=target.resource, warn=True)

    def _missed(self, call: Call) -> tuple[EffectiveVersionTarget, ...]:
        versions = call.facts.versions
        if not self._targets or versions is None or (call.request.instance is None and not versions):
            return ()
        return self.out_of_order(call.facts)


def _blocks(target: EffectiveVersionTarget, call: Call) -> bool:
    blocking = target.enforcement is VersionEnforcement.BLOCK
    return blocking and blocks_at(target, call.facts, call.request.at)


def is_in_order(version: str | None, target: ComponentTarget) -> bool:
    """Whether a version meets its target. Unknown and unreadable versions do not."""
    if version is None:
        return False
    try:
        key = version_key(version)
        in_range = target.range is None or parse_range(target.range).contains(version)
    except ValueError:
        return False
    return in_range and not any(denied == version or _key(denied) == key for denied in target.denied)


def _key(denied: str) -> VersionKey | None:
    try:
        return version_key(denied)
    except ValueError:
        return None


def blocks_at(target: EffectiveVersionTarget, facts: InstanceFacts, at: dt.datetime) -> bool:
    """Whether the time is up: at the deadline, or when the grace is over, whichever comes first; at once if
    there is neither. The grace is over if nobody noted when it began."""
    begins = blocking_begins(target, facts.out_of_range_since)
    return begins is None or at >= begins


def blocking_begins(target: EffectiveVersionTarget, since: dt.datetime | None) -> dt.datetime | None:
    """When a target that blocks begins to block whoever is out of range since a moment; None for at once, also where a
    grace began at a moment that nobody noted."""
    limits = [] if target.deadline is None else [target.deadline]
    if target.grace:
        if since is None:
            return None
        limits.append(since + dt.timedelta(seconds=target.grace))
    return min(limits, default=None)


def _sentence(target: EffectiveVersionTarget, facts: InstanceFacts) -> str:
    version = (facts.versions or {}).get(target.component)
    have = f"is {version}" if version else "is unknown"
    want = f", {target.target.range} is required" if target.target.range else ", which is denied"
    said = f" {target.message}" if target.message else ""
    return f"The version of the {target.component} {have}{want}.{said}"
