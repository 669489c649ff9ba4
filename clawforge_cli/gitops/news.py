"""What people are told of a cycle: what became another than it was before, once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from clawforge.reconcile.condition import ConditionType
from clawforge.reconcile.notice import Notice, NoticeKind, NoticeSeverity

if TYPE_CHECKING:
    from clawforge.reconcile.conditions import Conditions
    from clawforge.reconcile.step_error import StepError
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

    def of(self, before: Conditions, result: CycleResult, now: dt.datetime) -> Iterator[Notice]:
        """The notices of a cycle, in their order."""
        if result.seen is not None and result.seen != self._seen:
            first, self._seen = self._seen is None, result.seen
            if not (first and result.idle):
                yield self._notice(
                    NoticeKind.COMMIT_SEEN, NoticeSeverity.INFO, f"{result.seen[:12]} is new", now, result
                )
        if result.drift:
            yield from self._drift(result, now)
        if result.error is not None:
            yield from self._failure(result.error, result, now)
            return
        if self._trouble is not None:
            self._trouble = None
            yield self._notice(NoticeKind.SOURCE_RECOVERED, NoticeSeverity.INFO, "All is well again", now, result)
        if result.applied_now is not None:
            title = f"{(result.seen or '')[:12]} is applied as revision {result.applied_now}"
            yield self._notice(NoticeKind.COMMIT_APPLIED, NoticeSeverity.INFO, title, now, result)
        yield from self._fleet(before, result, now)

    def _drift(self, result: CycleResult, now: dt.datetime) -> Iterator[Notice]:
        kind = NoticeKind.DRIFT_CORRECTED if result.corrected else NoticeKind.DRIFT_FOUND
        what = "was undone" if result.corrected else "was found"
        count = "One change" if len(result.drift) == 1 else f"{len(result.drift)} changes"
        if result.corrected or self._trouble is None or self._trouble[1] != "out-of-band-edit":
            title = f"{count} past git {what}"
            yield self._notice(kind, NoticeSeverity.WARNING, title, now, result, "\n".join(result.drift))

    def _failure(self, error: StepError, result: CycleResult, now: dt.datetime) -> Iterator[Notice]:
        trouble = (result.seen, error.code, error.message)
        if trouble == self._trouble or error.code == "out-of-band-edit":
            self._trouble = trouble
            return
        self._trouble = trouble
        if error.code == "suspended":
            yield self._notice(NoticeKind.SOURCE_SUSPENDED, NoticeSeverity.WARNING, error.message, now, result)
            return
        yield self._notice(*_kind(error), error.message, now, result, error.words)

    def _fleet(self, before: Conditions, result: CycleResult, now: dt.datetime) -> Iterator[Notice]:
        kind = ConditionType.FLEET_IN_SYNC
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
