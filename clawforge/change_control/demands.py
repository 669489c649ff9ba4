"""What the ChangePolicies of an org demand of a plan. They add up: of every demand the strictest counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from clawforge.access.escalation import KINDS_WITH_RIGHTS
from clawforge.access.model import AccessModel, admits_somebody_else
from clawforge.change_control.approvers import candidates
from clawforge.change_control.facts import Effect, PlanFacts, Standing
from clawforge.load.glob import Glob
from clawforge.plan import ApprovalNeed
from clawforge.resource.address_pattern import address_matches
from clawforge.resource.change_policy import (
    ApprovalRule,
    Approvers,
    ChangeEffect,
    ChangeMatch,
    ChangePolicy,
    Freeze,
    OutOfBand,
)
from clawforge.resource.meta import Resource
from clawforge.resource.schedule import boundaries, is_open
from clawforge.resource.targeting import CronWindow, Schedule

CHANGE_POLICY = "change-policy"
"""The code of what a ChangePolicy asks for."""

_MOST_DETAILS = 20
_A_YEAR = dt.timedelta(days=366)
_FAR = dt.datetime(8000, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class OpenFreeze:
    """A freeze that holds now. `until` is None where no end is in sight."""

    policy: str
    freeze: Freeze
    until: dt.datetime | None


def change_policies(resources: Mapping[str, Resource]) -> tuple[ChangePolicy, ...]:
    """The ChangePolicies among resources, by address."""
    return tuple(item for _, item in sorted(resources.items()) if isinstance(item, ChangePolicy))


def approval_needs(
    policies: Iterable[ChangePolicy], facts: PlanFacts, before: AccessModel, after: AccessModel
) -> tuple[ApprovalNeed, ...]:
    """Whose approvals a plan needs: one need for each sort of approvers, with the highest count that any rule asks for.

    A plan that changes a ChangePolicy needs all that this one asks for as it was, and a plan by which somebody becomes
    an approver of a rule needs what that rule asks for.
    """
    counts: dict[Approvers, int] = {}
    details: dict[Approvers, dict[str, None]] = {}
    joins = _Joining(facts, before, after)
    for policy in policies:
        for rule in policy.spec.approvals:
            why = _why(policy, rule, facts, joins)
            if why:
                counts[rule.from_] = max(rule.count, counts.get(rule.from_, 0))
                details.setdefault(rule.from_, {}).update(dict.fromkeys(why))
    return tuple(_need(approvers, count, tuple(details[approvers])) for approvers, count in counts.items())


def exceeded_limits(policies: Iterable[ChangePolicy], deleted: int, owned: int) -> tuple[str, ...]:
    """The addresses of the policies of which deleting so many, of so many that the source owns, exceeds the limit."""
    return tuple(
        policy.address
        for policy in policies
        if policy.spec.limits.deletions is not None and policy.spec.limits.deletions.exceeded_by(deleted, owned)
    )


def open_freezes(policies: Iterable[ChangePolicy], now: dt.datetime) -> tuple[OpenFreeze, ...]:
    """The freezes that hold at a moment; those that nobody can override first."""
    found = [
        OpenFreeze(policy.address, freeze, _end(freeze.schedule, now))
        for policy in policies
        for freeze in policy.spec.freeze
        if is_open(freeze.schedule, now)
    ]
    return tuple(sorted(found, key=lambda item: item.freeze.overridable))


def out_of_band(policies: Iterable[ChangePolicy]) -> OutOfBand:
    """What a reconciler does about changes that it did not make: it only reports them if any policy wants that."""
    reports = any(policy.spec.out_of_band is OutOfBand.REPORT for policy in policies)
    return OutOfBand.REPORT if reports else OutOfBand.CORRECT


def _end(schedule: Schedule, now: dt.datetime) -> dt.datetime | None:
    """When an open schedule shuts next; of one that goes by cron a year is looked at."""
    crons = any(isinstance(window, CronWindow) for window in schedule.windows)
    return next(iter(boundaries(schedule, now, now + _A_YEAR if crons else _FAR)), None)


class _Joining:
    """Who becomes an approver by a plan; worked out only where rights may have changed."""

    def __init__(self, facts: PlanFacts, before: AccessModel, after: AccessModel) -> None:
        self._before, self._after = before, after
        self._may = any(change.kind in KINDS_WITH_RIGHTS for change in facts.real)
        self._known: dict[Approvers, tuple[str, ...]] = {}

    def of(self, approvers: Approvers) -> tuple[str, ...]:
        """The names of users, sorted."""
        if not self._may:
            return ()
        if approvers not in self._known:
            there = candidates(self._before, approvers)
            new = (name for name in candidates(self._after, approvers) if name not in there or self._is_another(name))
            self._known[approvers] = tuple(sorted(new))
        return self._known[approvers]

    def _is_another(self, name: str) -> bool:
        """Whoever signs in with another address, or reviews from another account, is somebody else."""
        return admits_somebody_else(self._before.users[name], self._after.users[name])


def _why(policy: ChangePolicy, rule: ApprovalRule, facts: PlanFacts, joins: _Joining) -> tuple[str, ...]:
    """Why a rule asks, in words; nothing if it does not."""
    if any(policy.address in change.addresses for change in facts.real):
        return (f"{policy.address}: it is changed itself",)
    joining = joins.of(rule.from_)
    if joining:
        return (f"{policy.address}: {', '.join(joining[:_MOST_DETAILS])} would approve from now on",)
    found = tuple(concerned(rule.match, facts))
    word = {ChangeEffect.LOOSEN: "may loosen", ChangeEffect.TIGHTEN: "may tighten", ChangeEffect.ANY: "changes"}
    return tuple(f"{policy.address}: {address} {word[rule.match.effect]}" for address in found[:_MOST_DETAILS])


def concerned(match: ChangeMatch, facts: PlanFacts) -> Iterator[str]:
    """The addresses that a rule is about.

    A rule that selects nothing asks about the plan as a whole. One that selects asks about each change that it means,
    also about what stops being meant: else a label, or another file, would be the way around it.
    """
    if match.is_about_everything:
        if _has(match.effect, facts.effect):
            yield from (change.address for change in facts.real)
        return
    globs = tuple(Glob.compile(text) for text in match.paths)
    for change in facts.changes:
        sides = zip(change.addresses, (change.before, change.after), strict=True)
        here, there = (_selects(match, globs, address, side) for address, side in sides)
        leaves = here and change.after is not None and not there
        if leaves or ((here or there) and not change.only_moved and _has(match.effect, change.effect)):
            yield change.address


def _has(wanted: ChangeEffect, effect: Effect) -> bool:
    if wanted is ChangeEffect.ANY:
        return True
    return effect.loosens if wanted is ChangeEffect.LOOSEN else effect.tightens


def _selects(match: ChangeMatch, globs: tuple[Glob, ...], address: str, side: Standing | None) -> bool:
    if side is None or (match.kinds and address.partition("/")[0] not in match.kinds):
        return False
    if match.addresses and not any(address_matches(pattern, address) for pattern in match.addresses):
        return False
    if any(side.labels.get(key) not in values for key, values in match.labels.items()):
        return False
    return not globs or side.file is None or any(glob.takes(side.file) for glob in globs)


def _need(approvers: Approvers, count: int, details: tuple[str, ...]) -> ApprovalNeed:
    return ApprovalNeed(
        code=CHANGE_POLICY,
        count=count,
        permission=approvers.permission,
        roles=approvers.roles,
        groups=approvers.groups,
        details=details,
    )
