"""Applying a plan, patiently if others apply at the same time."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from clawforge.errors import InputError, StalePlanError
from clawforge.resource.meta import parse_duration

if TYPE_CHECKING:
    from clawforge.plan import Plan
    from clawforge.wire import ApplyResult, ApplyTerms
    from clawforge_cli.plan_source import Planned

_LEAST_PAUSE, _MOST_PAUSE = 0.05, 2.0


def parse_patience(text: str | None) -> float:
    """Seconds to go on for; 0 if nothing was said. Raises InputError."""
    if text is None:
        return 0.0
    try:
        return float(parse_duration(text))
    except ValueError as error:
        raise InputError(f"--lock-timeout: {error}.", hint="Write it as 30s or 5m.") from error


def apply_patiently(planned: Planned, patience: float, terms: ApplyTerms) -> tuple[ApplyResult, Plan]:
    """Apply, and say what was applied. When another apply came first, plan again for as long as there is patience.

    Only a plan that makes the same changes and means the same is applied without having been looked at. Raises
    StalePlanError, which says what moved.
    """
    deadline = time.monotonic() + patience
    plan, pause = planned.plan, _LEAST_PAUSE
    while True:
        try:
            return planned.control_plane.apply_plan(plan, terms), plan
        except StalePlanError:
            if planned.again is None or time.monotonic() >= deadline:
                raise
            time.sleep(min(pause * (0.5 + random.random()), max(deadline - time.monotonic(), 0)))  # noqa: S311
            pause = min(pause * 2, _MOST_PAUSE)
            made = planned.again()
            if not _is_same(made, planned.plan):
                raise
            plan = made


def _is_same(made: Plan, looked_at: Plan) -> bool:
    """Whether what was agreed to is what would be done: the same changes, with the same effect on everybody."""
    return (made.digest, made.meaning_digest, made.approvals.needed) == (
        looked_at.digest, looked_at.meaning_digest, looked_at.approvals.needed,
    )  # fmt: skip
