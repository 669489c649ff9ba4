"""What was true at a moment by three records that run apart: git, the control plane, and the instance."""

from __future__ import annotations

from typing import Literal

from clawforge.decide.request import Decision
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Instant, Strict
from clawforge.resource.policy_test import Effect

ClockName = Literal["git", "server", "instance"]


class Reading(Strict):
    """One record's answer. `source` is the commit, revision or acknowledgement that was the newest at the moment, and
    `since` when it became so by this record's own clock.

    `effect` is None where the record cannot tell, and `reason` says why; it is also there where an agent denies without
    a policy. `notes` say what the answer leaves out.
    """

    clock: ClockName
    source: str = ""
    since: Instant | None = None
    effect: Effect | None = None
    decision: Decision | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


class Clocks(Strict):
    """The answers about one call at one moment, in the order in which a change travels."""

    subject: Subject
    tool: str
    at: Instant
    readings: tuple[Reading, ...]


def decided(reading: Reading, decision: Decision) -> Reading:
    """The reading with what was decided by it."""
    return reading.model_copy(update={"effect": decision.effect, "decision": decision})


def unknown(clock: ClockName, reason: str, source: str = "") -> Reading:
    """A record that cannot tell."""
    return Reading(clock=clock, source=source, reason=reason)
