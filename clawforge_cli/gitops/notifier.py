"""Sending notices out, without ever holding up who has something to tell."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from clawforge.reconcile.notice import Notice
from clawforge.reconcile.notify_settings import Route
from clawforge_cli.gitops.delivery_log import DeliveryLog
from clawforge_cli.gitops.egress import Egress
from clawforge_cli.gitops.metrics import Metrics
from clawforge_cli.gitops.ready_route import make_ready
from clawforge_cli.gitops.route_worker import Patience, RouteWorker, Waiting


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def new_identity() -> str:
    """An id that no other notice has."""
    return f"msg_{secrets.token_hex(16)}"


class Notifier:
    """Sends in threads of its own, one a route: one that cannot be reached delays no other. `directory` is where
    secrets and authorities of the routes start from, `state` where the delivery log is kept.

    Secrets are read now: raises InputError for a route that could not send anything.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        directory: Path,
        state: Path,
        metrics: Metrics,
        egress: Egress | None = None,
        patience: Patience | None = None,
        clock: Callable[[], dt.datetime] = _now,
        identities: Callable[[], str] = new_identity,
    ) -> None:
        log = DeliveryLog(state)
        self._identities = identities
        self._workers = [
            RouteWorker(make_ready(route, directory), egress or Egress(), log, metrics, patience or Patience(), clock)
            for route in routes
        ]

    def tell(self, notice: Notice) -> None:
        """Queue a notice for every route that takes it. Never waits and never raises: what does not fit is dropped,
        and the delivery log says so."""
        identity = self._identities()
        for worker in self._workers:
            if worker.route.takes(notice):
                worker.put(Waiting(identity, notice))

    def close(self, seconds: float = 5.0) -> None:
        """Send what waits, for so long at most, and stop. What is left then is dropped, and the log says so."""
        deadline = time.monotonic() + seconds
        for worker in self._workers:
            worker.finish()
        for worker in self._workers:
            worker.join(deadline)

    def __enter__(self) -> Notifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
