"""Whether a machine was heard of lately."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from clawforge.resource.organization import Heartbeat

MachineStatus = Literal["online", "stale", "offline", "never"]
"""`stale` missed its last reports, `offline` was silent for as long as the org says, `never` was not heard of yet."""

_MISSED_REPORTS = 3
_SHORTEST_SILENCE = 90
"""Seconds of silence that are no reason to wonder, however often agents should report: a long poll takes thirty."""


def machine_status(last_seen: dt.datetime | None, now: dt.datetime, heartbeat: Heartbeat) -> MachineStatus:
    """The status of a machine at a moment. A clock that went back makes nobody stale."""
    if last_seen is None:
        return "never"
    silence = (now - last_seen).total_seconds()
    if silence > heartbeat.offline_after:
        return "offline"
    return "stale" if silence > max(_MISSED_REPORTS * heartbeat.interval, _SHORTEST_SILENCE) else "online"
