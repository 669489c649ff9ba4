"""Whether a machine counts as heard of."""

from __future__ import annotations

import datetime as dt

import pytest

from clawforge.fleet_status import machine_status
from clawforge.resource.organization import Heartbeat

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("seconds", "interval", "offline", "status"),
    [
        (None, 30, 300, "never"),
        (0, 30, 300, "online"),
        (90, 30, 300, "online"),
        (91, 30, 300, "stale"),
        (300, 30, 300, "stale"),
        (301, 30, 300, "offline"),
        (89, 1, 300, "online"),
        (61, 30, 60, "offline"),
        (-500, 30, 300, "online"),
    ],
)
def test_status_follows_the_silence(seconds: int | None, interval: int, offline: int, status: str) -> None:
    seen = None if seconds is None else NOW - dt.timedelta(seconds=seconds)
    heartbeat = Heartbeat.model_construct(interval=interval, offline_after=offline)
    assert machine_status(seen, NOW, heartbeat) == status
