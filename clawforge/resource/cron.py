"""The spelling of cron expressions; when they fire is `schedule.py`'s matter."""

from __future__ import annotations

import datetime as dt


def check_cron(text: str) -> None:
    """Raises ValueError unless the text is a five-field cron expression that can fire."""
    from cronsim import CronSim, CronSimError

    if len(text.split()) != 5:
        raise ValueError(f"{text!r} is not a cron expression: it needs five fields, such as `0 18 * * 1-5`")
    try:
        next(CronSim(text, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    except CronSimError as error:
        raise ValueError(f"{text!r} is not a cron expression: {error}") from error
    except StopIteration:
        raise ValueError(f"{text!r} never fires") from None
