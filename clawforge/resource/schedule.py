"""When the windows of a schedule are open: a pure function of time, in the wall-clock time of the schedule's zone."""

from __future__ import annotations


def check_cron(text: str) -> None:
    """Raises ValueError unless the text is a five-field cron expression that can fire."""
    import datetime as dt

    from cronsim import CronSim, CronSimError

    if len(text.split()) != 5:
        raise ValueError(f"{text!r} is not a cron expression: it needs five fields, such as `0 18 * * 1-5`")
    try:
        next(CronSim(text, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    except CronSimError as error:
        raise ValueError(f"{text!r} is not a cron expression: {error}") from error
    except StopIteration:
        raise ValueError(f"{text!r} never fires") from None
