"""One source, again and again: at its interval, when it is woken, and after a failure a little later each time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clawforge.errors import ClawforgeError, ConflictError
from clawforge.reconcile.backoff import retry_pause
from clawforge.reconcile.condition import ConditionType, condition_of
from clawforge.reconcile.step_error import StepError
from clawforge.wire_reconcile import ReconcilerReport
from clawforge_cli.gitops.cycle import CycleResult, Step
from clawforge_cli.gitops.step_errors import LEASE_LOST, step_error

if TYPE_CHECKING:
    from clawforge.reconcile.conditions import Conditions
    from clawforge.wire_reconcile import ReconcilerLease
    from clawforge_cli.gitops.cycle import Cycle
    from clawforge_cli.gitops.lease_keeper import LeaseKeeper
    from clawforge_cli.gitops.metrics import Metrics
    from clawforge_cli.gitops.news import News
    from clawforge_cli.gitops.ports import ControlPlanePort, Teller

LEASE_HELD = "lease-held"
_STANDBY_SECONDS = 10.0
_FLEET_SECONDS = 0.25
_LONGEST_DEFECT = 300


class StoppedError(Exception):
    """The reconciler is to end, and the present step is finished."""


@dataclass(slots=True)
class SourceLoop:
    """`say` gets a line for people whenever something is news."""

    name: str
    interval: float
    cycle: Cycle
    keeper: LeaseKeeper
    plane: ControlPlanePort
    news: News
    teller: Teller
    metrics: Metrics
    say: Callable[[str], None]
    fraction: Callable[[], float]
    stop: threading.Event
    wake: threading.Event = field(default_factory=threading.Event)
    state: str = "not started"
    healthy: bool = False
    _failures: int = 0
    _fleet_looks: int = 0
    _complaint: str = ""
    _reported: tuple[object, ...] = ()
    _behind_since: float | None = None

    def run(self) -> None:
        """Until told to stop. The lease is given back at the end."""
        self.keeper.start()
        try:
            while not self.stop.is_set():
                pause = self._turn()
                self.wake.wait(pause)
                self.wake.clear()
        except StoppedError:
            pass
        finally:
            self.keeper.close()

    def _turn(self) -> float:
        try:
            return self.once()[1]
        except StoppedError:
            raise
        except Exception as error:  # a defect must not end the loop: what is in force stays in force
            self._failures, self.healthy = self._failures + 1, False
            self._complain(f"failed in a way that it should not: {type(error).__name__}: {error}")
            return retry_pause(self._failures, self.fraction(), interval=self.interval)

    def once(self) -> tuple[CycleResult | StepError, float]:
        """One cycle: how it ended, and seconds until the next one. A StepError: there is no lease."""
        began = time.monotonic()
        try:
            lease = self.keeper.renew()
        except ClawforgeError as error:
            return self._without_lease(error)
        before = self.cycle.conditions
        self.metrics.set("clawforge_reconcile_leader", 1, source=self.name)
        result = self._cycled(lease)
        if result.last is not None:
            self.keeper.expect(result.last.revision)
        self._report(result, lease)
        self._tell(before, result)
        self._count(result, time.monotonic() - began)
        return result, self._pause(result)

    def _cycled(self, lease: ReconcilerLease) -> CycleResult:
        """A cycle; a defect in it is told like all that fails, so that nobody takes the source for ready."""
        try:
            return self.cycle.run(lease)
        except StoppedError:
            raise
        except Exception as error:
            # Its text may hold anything, and what is reported is read by many: it stays on this machine.
            self.say(f"{self.name}: {type(error).__name__}: {error}"[:_LONGEST_DEFECT])
            return self.cycle.failed(
                lease,
                StepError(
                    ConditionType.READY,
                    "defect",
                    f"A cycle failed in a way that it should not: {type(error).__name__}.",
                    hint="What is in force stays in force, and it is tried again. Report it as a defect of clawforge: "
                    "the reconciler's own log says more.",
                    waiting=True,
                ),
            )

    def _without_lease(self, error: ClawforgeError) -> tuple[StepError, float]:
        self._failures += 1
        self.metrics.set("clawforge_reconcile_leader", 0, source=self.name)
        standing_by = isinstance(error, ConflictError) and error.code == LEASE_HELD
        self.healthy = standing_by
        self._complain("stands by: another process holds the lease" if standing_by else f"{error.message} {error.hint}")
        failure = step_error(ConditionType.READY, error)
        most = min(self.interval, _STANDBY_SECONDS) if standing_by else self.interval
        return failure, retry_pause(self._failures, self.fraction(), interval=most, at_least=failure.retry_after)

    def _report(self, result: CycleResult, lease: ReconcilerLease) -> None:
        """Say how it went, if that is another than what was said last."""
        revision = lease.revision if result.last is None else max(lease.revision, result.last.revision)
        news = (
            lease.fence,
            result.seen,
            None if result.last is None else result.last.commit,
            tuple(_telling(result.conditions)),
            None if result.fleet is None else result.fleet.exception_count,
        )
        if news == self._reported:
            return
        self.cycle.begin(Step.REPORT)
        ready = result.conditions.of(ConditionType.READY)
        try:
            self.plane.report(
                ReconcilerReport(
                    fence=lease.fence,
                    conditions=tuple(result.conditions),
                    commit=result.seen,
                    applied=None if result.last is None else result.last.commit,
                    revision=revision,
                    message=ready.message,
                )
            )
            self._reported = news
        except ClawforgeError as error:
            self._complain(f"could not report: {error.message}")

    def _tell(self, before: Conditions, result: CycleResult) -> None:
        for notice in self.news.of(before, result, self.cycle.now()):
            self.teller.tell(notice)
        if result.error is not None:
            self._complain(f"{'waits' if result.error.waiting else 'is stalled'}: {result.error.words}")
            return
        fleet = condition_of(result.conditions, ConditionType.FLEET_IN_SYNC)
        words = result.conditions.of(ConditionType.APPLIED).message
        self._complain(words if fleet is None else f"{words} {fleet.message}")

    def _complain(self, words: str) -> None:
        """Say it once."""
        if words != self._complaint:
            self._complaint = self.state = words
            self.say(f"{self.name}: {words}")

    def _pause(self, result: CycleResult) -> float:
        error = result.error
        if error is None:
            self._failures, self.healthy = 0, True
            if result.conditions.of(ConditionType.FLEET_IN_SYNC).status == "false":
                self._fleet_looks += 1
                return min(self.interval, _FLEET_SECONDS * 2.0 ** min(self._fleet_looks, 20))
            self._fleet_looks = 0
            return self.interval
        self.healthy = error.code == "suspended"
        if not error.waiting or error.code == "suspended":
            self._failures = 0
            return self.interval
        self._failures += 1
        if error.code == LEASE_LOST:
            return self.fraction()
        return retry_pause(self._failures, self.fraction(), interval=self.interval, at_least=error.retry_after)

    def _count(self, result: CycleResult, seconds: float) -> None:
        metrics, name, error = self.metrics, self.name, result.error
        outcome = "in-sync" if error is None else "waiting" if error.waiting else "stalled"
        metrics.add("clawforge_reconcile_cycles_total", source=name, result=outcome)
        metrics.add("clawforge_reconcile_cycle_seconds_total", seconds, source=name)
        if error is not None:
            metrics.add("clawforge_reconcile_failures_total", source=name, step=error.step.value)
        else:
            metrics.set("clawforge_reconcile_last_success_timestamp_seconds", time.time(), source=name)
        now = time.monotonic()
        self._behind_since = None if error is None else self._behind_since if self._behind_since is not None else now
        lag = 0.0 if self._behind_since is None else now - self._behind_since
        metrics.set("clawforge_reconcile_lag_seconds", lag, source=name)
        metrics.set("clawforge_reconcile_drift", len(result.drift), source=name)
        metrics.set("clawforge_reconcile_in_sync", float(error is None), source=name)
        metrics.set("clawforge_reconcile_stalled", float(error is not None and not error.waiting), source=name)


def _telling(conditions: Conditions) -> list[tuple[str, ...]]:
    """What counts as news: the numbers of machines change all the time, and do not."""
    return [
        (item.type, item.status, item.reason, "" if item.type is ConditionType.FLEET_IN_SYNC else item.message)
        for item in conditions
    ]
