"""Deciding recorded calls again, by the state that is proposed and by the one that is in force.

Elevations, kill switches and the versions that an instance had are no part of a state, so they are no part of a replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clawforge.analysis.replay.answers import Answers, Effects, Enrolment, Pair, ReplayState, Situation
from clawforge.analysis.replay.call_text import WITHHELD, short_text
from clawforge.analysis.replay.policy_judge import Outcome
from clawforge.analysis.replay.recorded_call import Doubt, Misread, RecordedCall
from clawforge.analysis.replay.report import Turn
from clawforge.analysis.replay.tally import Sample, Tally
from clawforge.resource.policy_test import Effect


@dataclass(slots=True)
class _Counted:
    """Calls of the same effects that were recorded with the same effect."""

    effects: Effects
    recorded: Effect | None
    calls: int = 0


@dataclass(slots=True)
class _Turned:
    """Calls that turn the same way for the same reason; `people` is the set of everybody whose calls turn that way."""

    turn: Turn
    outcome: Outcome
    people: set[str]
    calls: int = 0


class Replayer:
    """Replays calls one after the other; the counts so far are in `tally`.

    `enrolments` say what instances were given when they enrolled, where the calls do not.
    """

    def __init__(
        self, before: ReplayState | None, after: ReplayState, enrolments: Mapping[str, Enrolment] | None = None
    ) -> None:
        self.tally = Tally()
        self._answers = Answers(before, after, enrolments)
        self._counted: dict[tuple[int, int], _Counted] = {}
        self._turned: dict[tuple[int, int], _Turned] = {}

    def take(self, calls: Iterable[RecordedCall | Misread]) -> None:
        """Replay calls, and count what is no call."""
        tally = self.tally
        since = until = None
        for call in calls:
            if isinstance(call, Misread):
                tally.remark(call.fault, call.line)
                continue
            at = call.at
            if since is None or at < since:
                since = at
            if until is None or at > until:
                until = at
            self._replay(call)
        if since is not None and until is not None:
            tally.span(since, until)
        self._settle()

    def _replay(self, call: RecordedCall) -> None:
        situation, pair = self._answers.place(call)
        tool = self._answers.tool(call, situation, pair)
        if situation.doubtful:
            self.tally.remark(Doubt.UNKNOWN_ENROLMENT, call.line)
        if tool.foreign:
            self.tally.remark(Doubt.UNKNOWN_TOOL, call.line)
        effects = self._answers.effects(call, situation, pair, tool)
        if effects is None:
            if pair.same:
                self.tally.unaffected += 1
            else:
                self.tally.unrecorded += 1
            return
        # Answers hold one object for all equal effects, whose id is found far sooner than its fields are hashed.
        key = (id(effects), id(call.recorded))
        counted = self._counted.get(key)
        if counted is None:
            counted = self._counted[key] = _Counted(effects, call.recorded)
        counted.calls += 1
        if effects.turn is not None:
            self._count_turn(call, situation, pair, effects, effects.turn)

    def _count_turn(self, call: RecordedCall, situation: Situation, pair: Pair, effects: Effects, turn: Turn) -> None:
        tally = self.tally
        outcome = self._answers.outcome(call, situation, pair)
        key = (id(effects), id(outcome))
        turned = self._turned.get(key)
        if turned is None:
            turned = self._turned[key] = _Turned(turn, outcome, tally.people.setdefault(turn, set()))
        turned.calls += 1
        turned.people.add(situation.person)
        if tally.wants_sample(turn, outcome, call.line):
            text = short_text(situation.facts.host, call.tool, call.params, discreet=effects.discreet)
            message = "" if text == WITHHELD else self._answers.judged(call, situation, pair).message
            tally.sample(turn, outcome, Sample(call.line, call.at, situation.person, call.tool, text, message))

    def _settle(self) -> None:
        """Bring what was counted aside into the tally."""
        tally = self.tally
        for counted in self._counted.values():
            effects = counted.effects
            tally.replayed += counted.calls
            tally.transitions[effects.before, effects.after] += counted.calls
            if counted.recorded is not None:
                tally.recorded[counted.recorded, effects.after] += counted.calls
        for turned in self._turned.values():
            tally.reasons[turned.turn, turned.outcome] += turned.calls
        self._counted.clear()
        self._turned.clear()


def replay(
    calls: Iterable[RecordedCall | Misread],
    before: ReplayState | None,
    after: ReplayState,
    *,
    enrolments: Mapping[str, Enrolment] | None = None,
) -> Tally:
    """What a change of state would have meant for recorded calls. Without `before` they are held against `after` alone.

    `enrolments` are as for `Replayer`.
    """
    replayer = Replayer(before, after, enrolments)
    replayer.take(calls)
    return replayer.tally
