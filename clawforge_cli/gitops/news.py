"""What people are told of a cycle: what became another than it was before, once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from clawforge.reconcile.condition import ConditionType
from clawforge.reconcile.notice import CommitState, Notice, NoticeKind, NoticeSeverity

if TYPE_CHECKING:
    from clawforge.reconcile.conditions import Conditions
    from clawforge.reconcile.step_error import StepError
    from clawforge.wire_drift import FleetDrift
    from clawforge_cli.gitops.cycle import CycleResult

_LONGEST_TITLE = 200
_LONGEST_TEXT = 4096


class News:
    """Remembers what was told about one source."""

    def __init__(self, org: str, source: str, server: str) -> None:
        self._org = org
        self._source = source
        self._server = server
        self._seen: str | None = None
        self._trouble: tuple[str | None, str, str] | None = None
        self._drift: tuple[str | None, tuple[str, ...]] | None = None
        self._settled: str | None = None
        self._halted: int | None = None

    def of(self, before: Conditions, result: CycleResult, now: dt.datetime) -> Iterator[Notice]:
        """The notices of a cycle, in their order. A commit that was told of as seen, waiting or refused is told of once
        more when it is in force; one that was in force before the process began is not told of."""
        for notice in self._of(before, result, now):
            state = notice.commit_state
            if state is CommitState.SUCCESS:
                self._settled = notice.commit
            elif state is not None and notice.kind is not NoticeKind.ROLLOUT_HALTED:
                self._settled = None
            yield notice

    def _of(self, before: Conditions, result: CycleResult, now: dt.datetime) -> Iterator[Notice]:
        if result.seen is not None and result.seen != self._seen:
            first, self._seen = self._seen is None, result.seen
            if first and result.idle:
                self._settled = result.seen
            else:
                yield self._notice(
                    NoticeKind.COMMIT_SEEN, NoticeSeverity.INFO, f"{result.seen[:12]} is new", now, result
                )
        yield from self._drifted(result, now)
        if result.error is not None:
            yield from self._failure(result.error, result, now)
            return
        if self._trouble is not None:
            self._trouble = None
            yield self._notice(NoticeKind.SOURCE_RECOVERED, NoticeSeverity.INFO, "All is well again", now, result)
        if result.fleet is not None and self._halted not in (None, _halted(result.fleet)):
            # A person had it go on, so the commit is no failure any more.
            self._halted = self._settled = None
        yield from self._in_force(result, now)
        yield from self._fleet(before, result, now)

    def _in_force(self, result: CycleResult, now: dt.datetime) -> Iterator[Notice]:
        commit = (result.seen or "")[:12]
        if result.applied_now is not None:
            title = f"{commit} is applied as revision {result.applied_now}"
            yield self._notice(NoticeKind.COMMIT_APPLIED, NoticeSeverity.INFO, title, now, result)
        elif result.seen != self._settled:
            yield self._notice(NoticeKind.COMMIT_IN_SYNC, NoticeSeverity.INFO, f"{commit} is in force", now, result)

    def _drifted(self, result: CycleResult, now: dt.datetime) -> Iterator[Notice]:
        """What was undone is told each time, what only was found once."""
        found = (result.seen, result.drift)
        if not result.drift:
            if result.error is None:
                self._drift = None
            return
        if found == self._drift and not result.corrected:
            return
        self._drift = None if result.corrected else found
        kind = NoticeKind.DRIFT_CORRECTED if result.corrected else NoticeKind.DRIFT_FOUND
        what = "was undone" if result.corrected else "was found"
        count = "One change" if len(result.drift) == 1 else f"{len(result.drift)} changes"
        title = f"{count} past git {what}"
        yield self._notice(kind, NoticeSeverity.WARNING, title, now, result, "\n".join(result.drift))

    def _failure(self, error: StepError, result: CycleResult, now: dt.datetime) -> Iterator[Notice]:
        trouble = (result.seen, error.code, error.message)
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if error.code == "out-of-band-edit" and result.last is not None and result.last.commit == result.seen:
            return  # drift was found, which is told of, and nothing is wrong with the commit
        if error.code == "suspended":
            yield self._notice(NoticeKind.SOURCE_SUSPENDED, NoticeSeverity.WARNING, error.message, now, result)
            return
        yield self._notice(*_kind(error), error.message, now, result, error.words)

    def _fleet(self, before: Conditions, result: CycleResult, now: dt.datetime) -> Iterator[Notice]:
        fleet, kind = result.fleet, ConditionType.FLEET_IN_SYNC
        halted = None if fleet is None else _halted(fleet)
        if fleet is not None and fleet.rollout is not None and halted is not None:
            if halted != self._halted:
                self._halted = halted
                title = f"The rollout of revision {halted} halted at {fleet.rollout.ring}"
                told = self._notice(
                    NoticeKind.ROLLOUT_HALTED, NoticeSeverity.ERROR, title, now, result, fleet.rollout.reason
                )
                # Another source may have made the revision that is rolled out.
                yield told if fleet.commit == result.seen else told.model_copy(update={"commit": None})
            return
        after = result.conditions.of(kind)
        if after.reason == "InForce" and (before.of(kind).reason != "InForce" or result.applied_now is not None):
            yield self._notice(NoticeKind.FLEET_IN_SYNC, NoticeSeverity.INFO, after.message, now, result)

    def _notice(
        self,
        kind: NoticeKind,
        severity: NoticeSeverity,
        title: str,
        now: dt.datetime,
        result: CycleResult,
        text: str = "",
    ) -> Notice:
        plan = result.plan
        url = None if plan is None or plan.id is None else f"{self._server}/v1/orgs/{plan.org}/plans/{plan.id}"
        return Notice(
            kind=kind,
            severity=severity,
            org=self._org,
            source=self._source,
            at=now,
            title=_clean(title)[:_LONGEST_TITLE],
            text=_clean(text)[:_LONGEST_TEXT],
            commit=result.seen,
            revision=None if result.last is None else result.last.revision,
            url=url,
        )


def _halted(fleet: FleetDrift) -> int | None:
    """The revision whose rollout is halted; None if none is."""
    return fleet.rollout.revision if fleet.rollout is not None and fleet.rollout.state == "halted" else None


def _kind(error: StepError) -> tuple[NoticeKind, NoticeSeverity]:
    if error.step in (ConditionType.FETCHED, ConditionType.READY):
        return NoticeKind.SOURCE_FAILED, NoticeSeverity.WARNING if error.waiting else NoticeSeverity.ERROR
    if error.waiting:
        return NoticeKind.COMMIT_WAITING, NoticeSeverity.INFO
    if error.step is ConditionType.VERIFIED:
        return NoticeKind.SOURCE_UNTRUSTED, NoticeSeverity.CRITICAL
    return NoticeKind.COMMIT_REFUSED, NoticeSeverity.ERROR


def _clean(text: str) -> str:
    return "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)
