"""From the counts of a replay to its report."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.analysis.replay.policy_judge import Outcome
from clawforge.analysis.replay.recorded_call import MEANINGS, Doubt, Fault
from clawforge.analysis.replay.report import (
    MOST_NAMES,
    MOST_REASONS,
    MOST_SAMPLES,
    RecordedEffect,
    ReplayPlace,
    ReplayReason,
    ReplayRemark,
    ReplayReport,
    ReplaySample,
    Transition,
    Turn,
    TurnedCalls,
)
from clawforge.analysis.replay.tally import Tally
from clawforge.resource.policy_test import Effect

_LONGEST_LABEL = 256
_LONGEST_SENTENCE = 1024
_TURNS = {turn: rank for rank, turn in enumerate(Turn)}
_EFFECTS = {None: 0, Effect.DENY: 1, Effect.ASK: 2, Effect.ALLOW: 3}


def report_of(tally: Tally, source: str, *, compared: bool) -> ReplayReport:
    """The report: equal tallies give equal reports. `source` says for people where the calls come from; `compared`,
    whether there was a state before."""
    reasons = sorted(tally.reasons.items(), key=lambda item: (_TURNS[item[0][0]], -item[1], _place(item[0][1])))
    return ReplayReport(
        source=_cut(source, _LONGEST_SENTENCE),
        since=tally.since,
        until=tally.until,
        compared=compared,
        calls=tally.calls,
        replayed=tally.replayed,
        unrecorded=tally.unrecorded,
        unaffected=tally.unaffected,
        blocked=_turned(tally, Turn.BLOCKED),
        asked=_turned(tally, Turn.ASKED),
        loosened=_turned(tally, Turn.LOOSENED),
        transitions=tuple(
            Transition(before=before, after=after, calls=calls)
            for (before, after), calls in sorted(
                tally.transitions.items(), key=lambda item: (_EFFECTS[item[0][0]], _EFFECTS[item[0][1]])
            )
        ),
        recorded=tuple(
            RecordedEffect(recorded=recorded, after=after, calls=calls)
            for (recorded, after), calls in sorted(
                tally.recorded.items(), key=lambda item: (_EFFECTS[item[0][0]], _EFFECTS[item[0][1]])
            )
        ),
        reasons=tuple(_reason(turn, outcome, calls) for (turn, outcome), calls in reasons[:MOST_REASONS]),
        further_reasons=max(len(reasons) - MOST_REASONS, 0),
        samples=tuple(_samples(tally, [key for key, _ in reasons]))[:MOST_SAMPLES],
        skipped=tuple(_remarks(tally, Fault)),
        doubts=tuple(_remarks(tally, Doubt)),
    )


def _turned(tally: Tally, turn: Turn) -> TurnedCalls:
    calls = sum(count for (which, _), count in tally.reasons.items() if which is turn)
    people = tally.people.get(turn, set())
    names = tuple(_cut(name, _LONGEST_LABEL) for name in sorted(people)[:MOST_NAMES])
    return TurnedCalls(calls=calls, people=len(people), names=names)


def _place(outcome: Outcome) -> tuple[str, ...]:
    return tuple(str(part or "") for part in outcome)


def _reason(turn: Turn, outcome: Outcome, calls: int) -> ReplayReason:
    return ReplayReason(
        turn=turn,
        effect=outcome.effect,
        code=outcome.code,
        resource=outcome.resource,
        path=None if outcome.path is None else _cut(outcome.path, _LONGEST_SENTENCE),
        position=None if outcome.file is None else ReplayPlace(file=outcome.file, line=outcome.line),
        calls=calls,
    )


def _samples(tally: Tally, reasons: list[tuple[Turn, Outcome]]) -> Iterator[ReplaySample]:
    """One of each reason, then another one."""
    kept = [(turn, outcome, tally.samples.get((turn, outcome), [])) for turn, outcome in reasons]
    for number in range(max((len(samples) for _, _, samples in kept), default=0)):
        for turn, outcome, samples in kept:
            if number < len(samples):
                sample = samples[number]
                yield ReplaySample(
                    turn=turn,
                    code=outcome.code,
                    line=sample.line,
                    at=sample.at,
                    user=sample.user,
                    tool=sample.tool,
                    call=_cut(sample.call, _LONGEST_SENTENCE),
                    because=_cut(sample.message, _LONGEST_SENTENCE),
                )


def _remarks(tally: Tally, kind: type[Fault | Doubt]) -> Iterator[ReplayRemark]:
    for what in kind:
        lines = tally.remarks.get(what)
        if lines is not None:
            yield ReplayRemark(code=what.value, meaning=MEANINGS[what], count=lines.count, lines=tuple(lines.first))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
