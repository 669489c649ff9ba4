"""What a replay counts. Tallies of parts of a file add up to the tally of the file, in whatever order."""

from __future__ import annotations

import datetime as dt
import heapq
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from clawforge.analysis.replay.policy_judge import Outcome
from clawforge.analysis.replay.recorded_call import Doubt, Fault
from clawforge.analysis.replay.report import MOST_LINES, Turn
from clawforge.resource.policy_test import Effect

_MOST_SAMPLES = 2


class Sample(NamedTuple):
    """One call as an example. `call` says in short form what it would have done, and holds no sensitive value."""

    line: int
    at: dt.datetime
    user: str
    tool: str
    call: str
    message: str


def turn_of(before: Effect | None, after: Effect) -> Turn | None:
    """What became of a call, None if it stays as it was. Without a state before, every refusal and question counts."""
    if before is None:
        return {Effect.DENY: Turn.BLOCKED, Effect.ASK: Turn.ASKED}.get(after)
    if before is after:
        return None
    if after is Effect.DENY:
        return Turn.BLOCKED
    return Turn.ASKED if before is Effect.ALLOW else Turn.LOOSENED


@dataclass(slots=True)
class Lines:
    """How many lines, and the first of them."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < MOST_LINES or line < self.first[-1]:
            self.first = sorted({*self.first, line})[:MOST_LINES]

    def merge(self, other: Lines) -> None:
        """Those of another part."""
        self.count += other.count
        self.first = sorted({*self.first, *other.first})[:MOST_LINES]


@dataclass(slots=True)
class Tally:
    """The counts of a replay. `unrecorded` calls cannot be replayed, as their parameters are not known and matter;
    neither can those that are `unaffected`, but the policy that they fall under does not change."""

    replayed: int = 0
    unrecorded: int = 0
    unaffected: int = 0
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    transitions: Counter[tuple[Effect | None, Effect]] = field(default_factory=Counter)
    recorded: Counter[tuple[Effect, Effect]] = field(default_factory=Counter)
    reasons: Counter[tuple[Turn, Outcome]] = field(default_factory=Counter)
    people: dict[Turn, set[str]] = field(default_factory=dict)
    samples: dict[tuple[Turn, Outcome], list[Sample]] = field(default_factory=dict)
    remarks: dict[Fault | Doubt, Lines] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """Every call that could be read."""
        return self.replayed + self.unrecorded + self.unaffected

    def remark(self, what: Fault | Doubt, line: int) -> None:
        """Something about a line that a reader must know."""
        lines = self.remarks.get(what)
        if lines is None:
            lines = self.remarks[what] = Lines()
        lines.add(line)

    def wants_sample(self, turn: Turn, outcome: Outcome, line: int) -> bool:
        """Whether a call of this line would be among the examples: the first lines are, whichever part they are in."""
        known = self.samples.get((turn, outcome))
        return known is None or len(known) < _MOST_SAMPLES or line < known[-1].line

    def sample(self, turn: Turn, outcome: Outcome, sample: Sample) -> None:
        """An example of a turn."""
        key = (turn, outcome)
        self.samples[key] = heapq.nsmallest(_MOST_SAMPLES, [*self.samples.get(key, ()), sample])

    def span(self, since: dt.datetime, until: dt.datetime) -> None:
        """Calls of these times were read."""
        self.since = since if self.since is None else min(self.since, since)
        self.until = until if self.until is None else max(self.until, until)

    def merge(self, other: Tally) -> None:
        """Add what another part of the calls gave."""
        self.replayed += other.replayed
        self.unrecorded += other.unrecorded
        self.unaffected += other.unaffected
        if other.since is not None and other.until is not None:
            self.span(other.since, other.until)
        self.transitions.update(other.transitions)
        self.recorded.update(other.recorded)
        self.reasons.update(other.reasons)
        for turn, people in other.people.items():
            self.people.setdefault(turn, set()).update(people)
        for key, samples in other.samples.items():
            for sample in samples:
                self.sample(*key, sample)
        for what, lines in other.remarks.items():
            self.remarks.setdefault(what, Lines()).merge(lines)
