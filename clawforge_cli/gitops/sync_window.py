"""When a reconciler applies: inside its sync windows, if it has any."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from clawforge.reconcile.condition import ConditionType
from clawforge.reconcile.step_error import StepError
from clawforge.resource.meta import format_instant
from clawforge.resource.schedule import boundaries, is_open

if TYPE_CHECKING:
    from clawforge.resource.targeting import Schedule

_FAR = dt.timedelta(days=366)


def wait_for_window(windows: Schedule | None, now: dt.datetime) -> None:
    """Raise StepError, which waits, outside of the windows; None are always open."""
    if windows is None or is_open(windows, now):
        return
    opens = next(iter(boundaries(windows, now, now + _FAR)), None)
    when = "" if opens is None else f" It opens at {format_instant(opens)}."
    raise StepError(
        ConditionType.APPLIED,
        "outside-sync-window",
        f"The sync window is shut.{when}",
        hint="It is applied then by itself.",
        waiting=True,
        blocked=True,
    )
