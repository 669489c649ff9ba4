"""Which policy a recorded call fell under: found once for each subject and stretch of time, however many calls."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from typing import Any, NamedTuple

from clawforge.resolve.org import OrgModel, Resolution
from clawforge.resolve.subject import Subject

_DAY = dt.timedelta(days=1)
_MOST_KEPT = 100_000
"""Entries of each table before it is emptied; a file may name any number of people and days."""


class Caller(NamedTuple):
    """Who called through what: everything about a call that decides which policy it falls under, but for the time."""

    user: str
    instance: str | None
    agent: str | None
    context: str | None
    groups: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]


class Standing(NamedTuple):
    """What is known of a caller at all times. `timed` are those of the targets `through` him that do not always hold;
    `always` is his policy if there are none."""

    user: str
    suspended: bool
    through: tuple[int, ...]
    timed: tuple[int, ...]
    always: Resolution | None


class ClassFinder:
    """Finds policies in one state. Answers what `OrgModel.resolve` answers, and raises what that raises."""

    def __init__(self, org: OrgModel) -> None:
        self._org = org
        self._standings: dict[Caller, Standing] = {}
        self._edges: dict[tuple[tuple[int, ...], dt.date], list[dt.datetime]] = {}
        self._cells: dict[tuple[Caller, dt.date, int], Resolution] = {}
        self.asks_about_enrolment = _asks_about_enrolment(org)
        """Whether groups or tags can make a difference to anybody."""

    def standing(self, caller: Caller) -> Standing:
        """What holds of a caller whenever he calls; `user` is his declared name."""
        known = self._standings.get(caller)
        if known is None:
            known = self._stands(caller)
            _bound(self._standings)
            self._standings[caller] = known
        return known

    def find(self, caller: Caller, at: dt.datetime) -> Resolution:
        """The policy of a caller at a moment."""
        standing = self._standings.get(caller) or self.standing(caller)
        if standing.always is not None:
            return standing.always
        moment = at.astimezone(dt.UTC)
        day = moment.date()
        # Days are cut where one of the targets may begin or cease to hold, so one moment of a cell speaks for it.
        cell = (caller, day, bisect_right(self._boundaries(standing.timed, day), moment))
        found = self._cells.get(cell)
        if found is None:
            targets = self._org.index.targets
            lapsed = {index for index in standing.timed if not targets[index].holds_at(moment)}
            present = tuple(index for index in standing.through if index not in lapsed)
            found = self._org.resolution(present, suspended=standing.suspended)
            _bound(self._cells)
            self._cells[cell] = found
        return found

    def _stands(self, caller: Caller) -> Standing:
        subject = Subject(
            user=caller.user,
            instance=caller.instance,
            agent=caller.agent,
            context=caller.context,
            groups=caller.groups,
            tags=dict(caller.tags),
        )
        facts = self._org.facts(subject)
        static = self._org.index.candidates(facts)
        through = self._org.through(static, caller.agent, caller.context, suspended=facts.suspended)
        targets = self._org.index.targets
        timed = tuple(i for i in through if targets[i].schedule is not None or targets[i].lapses is not None)
        always = None if timed else self._org.resolution(through, suspended=facts.suspended)
        return Standing(facts.user, facts.suspended, through, timed, always)

    def _boundaries(self, timed: tuple[int, ...], day: dt.date) -> list[dt.datetime]:
        """The moments within a day of UTC at which one of the targets may change, ascending."""
        key = (timed, day)
        known = self._edges.get(key)
        if known is None:
            start = dt.datetime.combine(day, dt.time(), dt.UTC)
            targets = self._org.index.targets
            known = sorted({moment for index in timed for moment in targets[index].changes(start, start + _DAY)})
            _bound(self._edges)
            self._edges[key] = known
        return known


def _bound(table: dict[Any, Any]) -> None:
    if len(table) >= _MOST_KEPT:
        table.clear()


def _asks_about_enrolment(org: OrgModel) -> bool:
    """Roles come through groups, and groups through tags."""
    return any(
        conditions is not None and (conditions.groups or conditions.roles or conditions.tags)
        for target in org.index.targets
        for conditions in (target.selector.conditions, target.selector.exception)
    )
