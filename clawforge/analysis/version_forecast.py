"""Versions that fall out of order by the passing of time: deadlines of targets, and the grace of known machines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from clawforge.analysis.upcoming import Upcoming, UpcomingKind
from clawforge.decide.judges.versions import is_in_order
from clawforge.decide.request import InstanceFacts
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.version_target import VersionEnforcement, VersionTarget

_NAMED = 3


@dataclass(frozen=True, slots=True)
class KnownInstance:
    """A machine with its user, and what it reports: its versions, and since when they are out of range."""

    subject: Subject
    facts: InstanceFacts

    @property
    def name(self) -> str:
        """The machine, or its user where it has no name."""
        return self.subject.instance or self.subject.user


def deadlines(resources: Iterable[Resource]) -> Iterator[Upcoming]:
    """The deadlines of the targets that block."""
    for target in resources:
        if not isinstance(target, VersionTarget) or target.spec.enforcement is not VersionEnforcement.BLOCK:
            continue
        if target.spec.deadline is not None:
            grace = ", whatever grace it has left" if target.spec.grace else ""
            yield Upcoming(
                at=target.spec.deadline,
                kind=UpcomingKind.VERSION_DEADLINE,
                address=target.address,
                pointer="/spec/deadline",
                what=f"Its deadline passes: whoever has another version is blocked{grace}.",
            )


def ends_of_grace(
    org: OrgModel, instances: Sequence[KnownInstance], start: dt.datetime, end: dt.datetime, *, grouped: bool
) -> Iterator[Upcoming]:
    """When machines that are out of range at `start` are going to be blocked, up to `end`, because their grace is over
    before any deadline. One thing for each target if `grouped`, else one for each moment."""
    found: dict[str, list[tuple[dt.datetime, str]]] = {}
    for instance in instances:
        for resource, moment in _ends_for(org, instance, start).items():
            if moment <= end:
                found.setdefault(resource, []).append((moment, instance.name))
    for resource, ends in sorted(found.items()):
        ends.sort()
        for moment in [ends[0][0]] if grouped else sorted({moment for moment, _ in ends}):
            names = [name for at, name in ends if grouped or at == moment]
            yield _end_of_grace(resource, moment, names)


def _ends_for(org: OrgModel, instance: KnownInstance, start: dt.datetime) -> dict[str, dt.datetime]:
    """By address of a target: the moment at which the grace of the instance ends, if that lies ahead."""
    since = instance.facts.out_of_range_since
    versions = instance.facts.versions
    found: dict[str, dt.datetime] = {}
    if since is None or versions is None:
        return found
    for target in org.resolve(instance.subject, start).effective.versions.targets:
        if target.enforcement is not VersionEnforcement.BLOCK or not target.grace:
            continue
        end = since + dt.timedelta(seconds=target.grace)
        late = target.deadline is not None and target.deadline <= end
        if end > start and not late and not is_in_order(versions.get(target.component), target.target):
            found[target.resource] = end
    return found


def _end_of_grace(resource: str, moment: dt.datetime, names: Sequence[str]) -> Upcoming:
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    has = "has" if len(names) == 1 else "have"
    return Upcoming(
        at=moment,
        kind=UpcomingKind.VERSION_GRACE_ENDS,
        address=resource,
        pointer="/spec/grace",
        what=f"The grace of {shown}{more} ends: what still {has} another version then is blocked.",
        times=len(names),
    )
