"""What a replay found, as a plan holds it: small whatever was replayed, and with no data of the calls."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from clawforge.resource.meta import Instant, Strict
from clawforge.resource.policy_test import Effect

MOST_NAMES = 20
MOST_REASONS = 10
MOST_SAMPLES = 10
MOST_LINES = 5

Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Label = Annotated[str, StringConstraints(max_length=256)]
Sentence = Annotated[str, StringConstraints(max_length=1024)]


class Turn(StrEnum):
    """Which way a change goes for a call: it is denied and was not; a person must approve it and it was allowed; it
    meets less than before."""

    BLOCKED = "blocked"
    ASKED = "asked"
    LOOSENED = "loosened"


class TurnedCalls(Strict):
    """How many calls turn one way, whose they are, and the first of those people by name."""

    calls: Count = 0
    people: Count = 0
    names: Annotated[tuple[Label, ...], Field(max_length=MOST_NAMES)] = ()


class Transition(Strict):
    """Calls by what the state before and the proposed one say; `before` is null without a state before."""

    before: Effect | None = None
    after: Effect
    calls: Count


class RecordedEffect(Strict):
    """Calls by what was decided when they were made and what the proposed state says."""

    recorded: Effect
    after: Effect
    calls: Count


class ReplayPlace(Strict):
    """A line of a file of the project."""

    file: Annotated[str, StringConstraints(max_length=4096)]
    line: Count = 0


class ReplayReason(Strict):
    """Calls that turn one way by one decisive reason: its code, and the resource, path and place that say so."""

    turn: Turn
    effect: Effect
    code: Label
    resource: Label | None = None
    path: Sentence | None = None
    position: ReplayPlace | None = None
    calls: Count


class ReplaySample(Strict):
    """A call as an example: its line, and in short form what it would have done. `because` is the decisive reason's
    sentence; it is empty where that could give a sensitive value away."""

    turn: Turn
    code: Label
    line: Count
    at: Instant
    user: Label
    tool: Label
    call: Sentence
    because: Sentence = ""


class ReplayRemark(Strict):
    """Lines that something is to be said about, by code, with the numbers of the first ones."""

    code: Label
    meaning: Label
    count: Count
    lines: Annotated[tuple[Count, ...], Field(max_length=MOST_LINES)] = ()


class ReplayGate(Strict):
    """The limits that were set, `maxBlocked` as a number of calls or in percent of the calls that were replayed, and in
    which way each was exceeded."""

    max_blocked: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}(\.[0-9]{1,6})?%?$")] | None = None
    max_people: Count | None = None
    exceeded: Annotated[tuple[Sentence, ...], Field(max_length=3)] = ()


class ReplayReport(Strict):
    """Recorded calls, decided again. It is the word of whoever replayed them: no server checks or acts on it.

    `calls` were read. Of those, `unrecorded` could not be decided without their arguments; nor could the `unaffected`,
    but they fall under policies that stay as they are. Without a state before (`compared` is false) `blocked` and
    `asked` count what the proposed state denies and asks about. `skipped` lines are no calls, `doubts` are about calls
    that were replayed.
    """

    source: Sentence
    since: Instant | None = None
    until: Instant | None = None
    compared: bool
    calls: Count
    replayed: Count
    unrecorded: Count = 0
    unaffected: Count = 0
    blocked: TurnedCalls = TurnedCalls()
    asked: TurnedCalls = TurnedCalls()
    loosened: TurnedCalls = TurnedCalls()
    transitions: Annotated[tuple[Transition, ...], Field(max_length=12)] = ()
    recorded: Annotated[tuple[RecordedEffect, ...], Field(max_length=9)] = ()
    reasons: Annotated[tuple[ReplayReason, ...], Field(max_length=MOST_REASONS)] = ()
    further_reasons: Count = 0
    samples: Annotated[tuple[ReplaySample, ...], Field(max_length=MOST_SAMPLES)] = ()
    skipped: Annotated[tuple[ReplayRemark, ...], Field(max_length=32)] = ()
    doubts: Annotated[tuple[ReplayRemark, ...], Field(max_length=32)] = ()
    gate: ReplayGate | None = None

    @property
    def is_too_much(self) -> bool:
        """Whether a limit was set and exceeded."""
        return self.gate is not None and bool(self.gate.exceeded)
