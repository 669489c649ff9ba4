"""The steps of a rollout, as records: it begins, comes to the next ring, halts, goes on, and ends."""

from __future__ import annotations

import dataclasses
import datetime as dt

from clawforge_server.store.rollout_port import RolloutRecord


def advanced(record: RolloutRecord, now: dt.datetime, actor: str, log: int, reason: str = "") -> RolloutRecord:
    """The next ring gets it; after the last one everybody has it, and it is done. `log` is the length of the log."""
    ring = record.ring + 1
    if ring == len(record.rule.rings):
        return finished(record, now, actor, reason)
    return dataclasses.replace(_anew(record, now, log), usual=record.apart, ring=ring, reason=reason)


def finished(record: RolloutRecord, now: dt.datetime, actor: str, reason: str = "") -> RolloutRecord:
    """Everybody gets it."""
    rings = len(record.rule.rings)
    return dataclasses.replace(record, ring=rings, since=now, state="done", reason=reason, ended_at=now, ended_by=actor)


def halted(record: RolloutRecord, reason: str) -> RolloutRecord:
    """No further ring gets it until a person says so."""
    return dataclasses.replace(record, state="halted", reason=reason)


def resumed(record: RolloutRecord, now: dt.datetime, log: int, reason: str) -> RolloutRecord:
    """The present ring bakes anew, and how its machines do now counts as what was before. Where nobody has looked at
    them since they got this revision, nothing was seen that could be accepted."""
    usual = record.usual if record.calls_before is None else log
    return dataclasses.replace(_anew(record, now, log), usual=usual, state="baking", reason=reason)


def replaced(record: RolloutRecord, now: dt.datetime, actor: str, reason: str) -> RolloutRecord:
    """A newer revision takes its place."""
    return dataclasses.replace(record, state="replaced", ended_at=now, ended_by=actor, reason=reason)


def _anew(record: RolloutRecord, now: dt.datetime, log: int) -> RolloutRecord:
    return dataclasses.replace(
        record,
        since=now,
        first=log,
        seen=log,
        calls=0,
        denied=0,
        calls_before=None,
        denied_before=None,
        failing_before=(),
    )
