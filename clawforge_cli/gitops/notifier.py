"""Sending notices out, without ever holding up who has something to tell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clawforge.reconcile.notice import Notice
from clawforge.reconcile.notify_settings import Route
from clawforge_cli.gitops.metrics import Metrics


class Notifier:
    """Sends in a thread of its own. `directory` is where secrets and authorities of the routes start from, `state`
    where the delivery log is kept.
    """

    def __init__(self, routes: Sequence[Route], *, directory: Path, state: Path, metrics: Metrics) -> None:
        raise NotImplementedError

    def tell(self, notice: Notice) -> None:
        """Queue a notice for every route that takes it. Never waits and never raises: what does not fit is dropped,
        and the delivery log says so."""
        raise NotImplementedError

    def close(self, seconds: float = 5.0) -> None:
        """Send what waits, for so long at most, and stop."""
        raise NotImplementedError
