"""Waiting until machines enforce what was applied."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from clawforge.errors import InputError, NotFoundError, UnavailableError
from clawforge.resource.meta import parse_duration

if TYPE_CHECKING:
    from clawforge.rollout import Rollout
    from clawforge_cli.drift_client import DriftClient

_DEFAULT_PATIENCE = 600.0
_LEAST_PAUSE, _MOST_PAUSE = 0.25, 5.0
_GROWTH = 1.4


def parse_wait(wanted: bool, timeout: str | None) -> float | None:
    """Seconds to wait for; None for not at all. Raises InputError."""
    if timeout is None:
        return _DEFAULT_PATIENCE if wanted else None
    try:
        return float(parse_duration(timeout))
    except ValueError as error:
        raise InputError(f"--wait-timeout: {error}.", hint="Write it as 90s or 10m.") from error


def check_may_ask(client: DriftClient) -> None:
    """Raise ForbiddenError for whoever may apply and not see machines, before anything is applied."""
    try:
        client.drift(0)
    except NotFoundError:
        return  # The first apply of an org: nobody can have joined it yet.


def await_rollout(
    client: DriftClient,
    revision: int,
    patience: float,
    tell: Callable[[Rollout], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Rollout:
    """How far the revision, or a later one, has come once everybody who can be heard of enforces it, or patience is
    over. Machines that are silent for long are not waited for.

    Raises UnavailableError if the control plane could not be asked at the end, and the errors of a refusal.
    """
    from clawforge.rollout import Rollout

    deadline, pause = monotonic() + patience, _LEAST_PAUSE
    while True:
        last, found = monotonic() >= deadline, None
        try:
            found = Rollout.of(client.drift(0))
        except UnavailableError:
            if last:
                raise
        if found is not None and found.revision >= revision:
            tell(found)
            if last or found.is_settled:
                return found
        sleep(min(pause, max(deadline - monotonic(), 0.01)))
        pause = min(pause * _GROWTH, _MOST_PAUSE)
