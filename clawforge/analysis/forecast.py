"""The forward view: everything that is going to change by the passing of time alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from clawforge.analysis.schedule_words import recurrence
from clawforge.analysis.switching import Switch, SwitchFinder, never_opens_after
from clawforge.analysis.upcoming import Upcoming, UpcomingKind
from clawforge.analysis.version_forecast import KnownInstance, deadlines, ends_of_grace
from clawforge.errors import InputError
from clawforge.lint.trial import ends_in_words
from clawforge.load.pointer import escape
from clawforge.resolve.org import OrgModel
from clawforge.resolve.targets import Target
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.meta import Resource
from clawforge.resource.organization import Organization
from clawforge.resource.policy import Policy
from clawforge.resource.service_account import ServiceAccount
from clawforge.resource.skill_approval import SkillApproval
from clawforge.resource.targeting import Enforcement
from clawforge.resource.waiver import Waiver

_FEW = 2
"""Switches of a schedule that are listed one by one; more become one line."""


def forecast(
    resources: Sequence[Resource],
    start: dt.datetime,
    end: dt.datetime,
    *,
    instances: Sequence[KnownInstance] = (),
    grouped: bool = True,
) -> tuple[Upcoming, ...]:
    """What changes by itself after `start`, up to and including `end`; sorted by time.

    If `grouped`, a schedule that opens and shuts again and again is one entry with a count. Without, every moment at
    which anything changes is an entry; between two of them nothing does, but after a `schedule-unknown`, for that
    schedule. `instances` are machines of which it is known what they run and since when they are out of range.

    Raises InputError for a moment without a zone, for an end before the start, and for years that schedules do not
    cover.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise InputError("This moment has no time zone.", hint="Write it as 2026-11-20T10:00:00Z.")
    if end < start:
        raise InputError("This stretch of time is empty.", hint="The end must lie after the start.")
    org = OrgModel(resources)
    finder = SwitchFinder(start, end)
    found = [
        *(item for target in org.index.targets for item in _of_target(target, finder, end, grouped=grouped)),
        *_ends(resources),
        *deadlines(resources),
        *ends_of_grace(org, instances, start, end, grouped=grouped),
    ]
    ahead = [item for item in found if start < item.at <= end]
    return tuple(sorted(ahead, key=lambda item: (item.at, item.address, item.pointer, item.kind)))


def organization_zone(resources: Iterable[Resource]) -> ZoneInfo:
    """The zone in which the org's days begin and end."""
    found = [item for item in resources if isinstance(item, Organization)]
    organization = min(found, key=lambda item: item.address, default=None)
    return ZoneInfo(organization.spec.timezone if organization is not None else "UTC")


def _of_target(target: Target, finder: SwitchFinder, end: dt.datetime, *, grouped: bool) -> Iterator[Upcoming]:
    resource = target.resource
    if target.lapses is not None and isinstance(resource, SkillApproval):
        version = f" {resource.spec.version}" if resource.spec.version else ""
        yield Upcoming(
            at=target.lapses,
            kind=UpcomingKind.APPROVAL_ENDS,
            address=target.address,
            pointer="/spec/reviewBy",
            what=f"The approval of the skill `{resource.spec.key}`{version} ends: where skills need an approval it is "
            "refused.",
        )
    if target.schedule is None:
        return
    known = finder.of(target.schedule)
    # What a schedule does to an approval that is over changes nothing.
    switches = [switch for switch in known.found if target.lapses is None or switch.at < target.lapses]
    fixed = [switch for switch in switches if switch.fixed]
    recurring = [switch for switch in switches if not switch.fixed]
    complete = known.known_until >= min(end, target.lapses or end)
    if grouped and len(recurring) > _FEW:
        yield _recurring(target, recurring, complete=complete)
        recurring = []
    elif not complete:
        yield _unknown(target, known.known_until)
    for switch in (*fixed, *recurring):
        yield _switch(target, switch)


def _recurring(target: Target, switches: Sequence[Switch], *, complete: bool) -> Upcoming:
    """One entry for openings and closings that come again and again."""
    assert target.schedule is not None  # noqa: S101 - for the type checker; it has switches
    openings = sum(switch.opens for switch in switches)
    first = "" if switches[0].opens else "Shuts, and "
    words = f"{first}opens {recurrence(target.schedule)}"
    count = f"{openings} times" if complete else f"more than {openings} times"
    return Upcoming(
        at=switches[0].at,
        kind=UpcomingKind.SCHEDULE_RECURS,
        address=target.address,
        pointer="/spec/schedule",
        what=f"{words[:1].upper()}{words[1:]}: {count}.",
        times=openings if complete else None,
    )


def _unknown(target: Target, since: dt.datetime) -> Upcoming:
    return Upcoming(
        at=since + dt.timedelta.resolution,
        kind=UpcomingKind.SCHEDULE_UNKNOWN,
        address=target.address,
        pointer="/spec/schedule",
        what="From here on it was not looked at when this opens and shuts: its schedule fires too often.",
        times=None,
    )


def _switch(target: Target, switch: Switch) -> Upcoming:
    assert target.schedule is not None  # noqa: S101 - for the type checker; it has switches
    trial = getattr(target.resource.spec, "enforcement", None) in (Enforcement.WARN, Enforcement.OBSERVE)
    holds = "on trial" if trial else "in force"
    if switch.opens:
        kind, what = UpcomingKind.SCHEDULE_OPENS, f"Opens: it is {holds} from then on."
    elif never_opens_after(target.schedule, switch.at):
        kind, what = UpcomingKind.SCHEDULE_ENDS, f"Ends: it is no longer {holds}, for good."
    else:
        kind, what = UpcomingKind.SCHEDULE_SHUTS, f"Shuts: it is not {holds} until it opens again."
    return Upcoming(at=switch.at, kind=kind, address=target.address, pointer="/spec/schedule", what=what)


def _ends(resources: Sequence[Resource]) -> Iterator[Upcoming]:
    """What is written with the moment of its end."""
    zone = organization_zone(resources)
    for resource in resources:
        if isinstance(resource, ServiceAccount) and resource.spec.expires is not None:
            yield Upcoming(
                at=resource.spec.expires,
                kind=UpcomingKind.ACCOUNT_EXPIRES,
                address=resource.address,
                pointer="/spec/expires",
                what="The service account expires: it may do nothing any more.",
            )
        elif isinstance(resource, Waiver):
            what = f"The waiver of `{resource.spec.rule}` for {resource.spec.resource} ends: what it accepted is found "
            yield Upcoming(
                at=resource.spec.ends,
                kind=UpcomingKind.WAIVER_EXPIRES,
                address=resource.address,
                pointer="/spec/expires",
                what=f"{what}again.",
            )
        elif isinstance(resource, Policy | DlpRuleSet) and resource.spec.enforcement is not Enforcement.ENFORCE:
            yield from _ends_of_trial(resource, zone)


def _ends_of_trial(resource: Policy | DlpRuleSet, zone: ZoneInfo) -> Iterator[Upcoming]:
    for key, written in ends_in_words(resource.metadata):
        moment = _end_of(written.strip(), zone)
        if moment is not None:
            name = key.rpartition("/")[2].lower()
            yield Upcoming(
                at=moment,
                kind=UpcomingKind.TRIAL_ENDS,
                address=resource.address,
                pointer=f"/metadata/annotations/{escape(key)}",
                what=f"The trial (`{resource.spec.enforcement.value}`) is over by its annotation `{name}`; it goes on "
                "until somebody decides.",
            )


def _end_of(written: str, zone: ZoneInfo) -> dt.datetime | None:
    """The moment, or the end of the day in the org's zone; None for other words."""
    try:
        moment = dt.datetime.fromisoformat(written)
        if len(written) == len("2027-01-31"):
            day = moment.date() + dt.timedelta(days=1)
            return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
        return moment.astimezone(dt.UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
