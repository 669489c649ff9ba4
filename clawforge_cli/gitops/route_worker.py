"""The thread of one route: sends one notice after the other, each as often as need be."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from clawforge.reconcile.notice import Notice
from clawforge_cli.gitops.delivery_log import Delivery, DeliveryLog, DeliveryStatus
from clawforge_cli.gitops.egress import Egress, EgressError
from clawforge_cli.gitops.metrics import Metrics
from clawforge_cli.gitops.ready_route import ReadyRoute

MOST_WAITING = 64
"""Notices that wait on one route."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a notice is tried, and how long is waited in between: from nothing to `first` seconds, then to twice as
    many, and so on, but `most` at the most, also if the other side asks for more."""

    attempts: int = 4
    first: float = 2.0
    most: float = 60.0

    def pause(self, failures: int, asked: float | None) -> float:
        """Seconds to wait after so many failures."""
        chance = random.uniform(0, min(self.most, self.first * 2 ** (failures - 1)))  # noqa: S311 - no secret
        return min(self.most, max(chance, asked or 0.0))


class Waiting(NamedTuple):
    """A notice, and the id that it has in every attempt."""

    identity: str
    notice: Notice


class _Outcome(NamedTuple):
    status: DeliveryStatus
    attempts: int
    detail: str


class RouteWorker:
    """Begins with its first notice. When too many wait, the oldest one is dropped: later ones say more."""

    def __init__(
        self,
        route: ReadyRoute,
        egress: Egress,
        log: DeliveryLog,
        metrics: Metrics,
        patience: Patience,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self.route = route
        self._egress = egress
        self._log = log
        self._metrics = metrics
        self._patience = patience
        self._clock = clock
        self._queue: deque[Waiting] = deque()
        self._in_hand: Waiting | None = None
        self._changed = threading.Condition()
        self._finishing = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, item: Waiting) -> None:
        """Queue a notice. Never waits for the network."""
        with self._changed:
            dropped = self._queue.popleft() if len(self._queue) >= MOST_WAITING else None
            self._queue.append(item)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name=f"notify-{self.route.settings.name}", daemon=True
                )
                self._thread.start()
            self._changed.notify()
        if dropped is not None:
            self._note(dropped, _Outcome("dropped", 0, "too many notices wait"))

    def finish(self) -> None:
        """Send what waits without trying anything again, and end."""
        self._finishing.set()
        with self._changed:
            self._changed.notify()

    def join(self, deadline: float) -> None:
        """Wait for the end until the moment of the monotonic clock; what waits still is dropped."""
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))
        with self._changed:
            left = [*([] if self._in_hand is None else [self._in_hand]), *self._queue]
            self._in_hand = None
            self._queue.clear()
        for item in left:
            self._note(item, _Outcome("dropped", 0, "the program ended"))

    def _run(self) -> None:
        while (item := self._next()) is not None:
            try:
                outcome = self._sent(item)
            except Exception as error:
                # A defect of ours in one notice must not silence the route for all that follow.
                outcome = _Outcome("failed", 1, f"a defect of clawforge: {type(error).__name__}")
            if self._let_go():
                self._note(item, outcome)

    def _next(self) -> Waiting | None:
        with self._changed:
            while not self._queue and not self._finishing.is_set():
                self._changed.wait()
            self._in_hand = self._queue.popleft() if self._queue else None
            return self._in_hand

    def _let_go(self) -> bool:
        """Whether the notice in hand is still ours to speak of; `join` does when it cannot wait any longer."""
        with self._changed:
            ours, self._in_hand = self._in_hand is not None, None
            return ours

    def _sent(self, item: Waiting) -> _Outcome:
        for attempt in range(1, self._patience.attempts + 1):
            outcome, asked = self._tried(item, attempt)
            last = attempt == self._patience.attempts
            if outcome.status != "failed" or last or self._finishing.wait(self._patience.pause(attempt, asked)):
                return outcome
        raise AssertionError("a notice is tried once at least")

    def _tried(self, item: Waiting, attempt: int) -> tuple[_Outcome, float | None]:
        request = self.route.request(item.notice, item.identity, int(self._clock().timestamp()))
        if request is None:
            return _Outcome("refused", attempt, "it says nothing to this route"), None
        try:
            answer = self._egress.post(request, self.route.way)
        except EgressError as error:
            return _Outcome("failed" if error.again else "refused", attempt, error.message), None
        if self.route.is_done(answer):
            return _Outcome("delivered", attempt, f"HTTP {answer.status}"), None
        again = answer.status in {408, 425, 429} or answer.status >= 500
        return _Outcome("failed" if again else "refused", attempt, f"HTTP {answer.status}"), answer.retry_after

    def _note(self, item: Waiting, outcome: _Outcome) -> None:
        source, route = item.notice.source, self.route.settings.name
        self._metrics.add("clawforge_notifications_total", source=source, route=route, result=outcome.status)
        delivery = Delivery(
            id=item.identity,
            at=self._clock(),
            source=source,
            route=route,
            to=self.route.host,
            kind=str(item.notice.kind),
            status=outcome.status,
            attempts=outcome.attempts,
            detail=outcome.detail,
        )
        with contextlib.suppress(OSError):  # a full disk silences the log, not the reconciler; the numbers still tell
            self._log.write(delivery)
