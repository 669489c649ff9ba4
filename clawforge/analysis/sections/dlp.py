"""DLP rules on the input of tools. What two patterns find is not compared in general: where one rule is not plainly
covered by another, an example text decides, and where no example settles it the answer is that nobody knows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from clawforge.analysis.dlp_example import example_text
from clawforge.analysis.level import FREE, Example, Level, Outcomes, Pair
from clawforge.analysis.sections.tools import ToolKind
from clawforge.decide.blame import Blame
from clawforge.decide.call import Call
from clawforge.decide.judges.dlp import DlpJudge
from clawforge.decide.names import NameMatcher
from clawforge.decide.request import InstanceFacts, Request, Runtime
from clawforge.effective import EffectiveDlp, EffectiveDlpRule
from clawforge.resource.dlp_rule_set import DlpAction, DlpDirection
from clawforge.resource.policy_test import Effect
from clawforge.resource.targeting import Enforcement

_STRICTNESS = {DlpAction.REDACT: Level.REDACT, DlpAction.ASK: Level.ASK, DlpAction.BLOCK: Level.DENY}
_LEVELS = {Effect.ALLOW: Level.REDACT, Effect.ASK: Level.ASK, Effect.DENY: Level.DENY}
_AT = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)

Rules = tuple[EffectiveDlpRule, ...]


@dataclass(frozen=True, slots=True)
class DlpOutcomes:
    """The pairs that are known, and the rules of which it is not known whether anything replaces them."""

    outcomes: Outcomes
    maybe_looser: tuple[str, ...] = ()
    maybe_tighter: tuple[str, ...] = ()


UNCHANGED = DlpOutcomes(FREE)


def dlp_outcomes(before: EffectiveDlp, after: EffectiveDlp, kind: ToolKind) -> DlpOutcomes:
    """The pairs of calls to one tool, as far as what its parameters hold goes."""
    if before.rules == after.rules:
        return UNCHANGED
    ours, theirs = _deciding(before, kind), _deciding(after, kind)
    if [_finds(rule) for rule in ours] == [_finds(rule) for rule in theirs]:
        return UNCHANGED
    return _compared(ours, theirs, kind)


def undecided_directions(before: EffectiveDlp, after: EffectiveDlp) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The rules on what tools return and on messages that went or came without a like one on the other side. No call
    is decided by them."""

    def elsewhere(dlp: EffectiveDlp) -> dict[object, str]:
        return {
            (rule.detector, rule.pattern, rule.keywords, rule.tools, direction, rule.action): rule_name(rule)
            for rule in dlp.rules
            if _decides(rule)
            for direction in rule.directions
            if direction is not DlpDirection.INPUT
        }

    ours, theirs = elsewhere(before), elsewhere(after)
    gone = tuple(sorted({name for key, name in ours.items() if key not in theirs}))
    come = tuple(sorted({name for key, name in theirs.items() if key not in ours}))
    return gone, come


def rule_name(rule: EffectiveDlpRule) -> str:
    """The rule as people name it."""
    return f"{rule.resource} {rule.id}"


@lru_cache(maxsize=4096)
def _compared(before: Rules, after: Rules, kind: ToolKind) -> DlpOutcomes:
    sides = (_Side(before), _Side(after))
    found: dict[Pair, Example] = {}

    def judged(text: str | None, rule: EffectiveDlpRule) -> Pair:
        if text is None:
            return plain
        params = {"text": text}
        pair = (sides[0].level(kind, params), sides[1].level(kind, params))
        note = f"with text that {rule_name(rule)} looks for"
        found.setdefault(pair, Example(params, note=note, hidden=frozenset(params)))
        return pair

    plain = (sides[0].level(kind, {}), sides[1].level(kind, {}))
    found[plain] = Example()
    maybe_looser, maybe_tighter = [], []
    for rule in _uncovered(before, after):
        pair = judged(example_text(rule), rule)
        if pair[0] <= pair[1]:
            maybe_looser.append(rule_name(rule))
    for rule in _uncovered(after, before):
        pair = judged(example_text(rule), rule)
        if pair[0] >= pair[1]:
            maybe_tighter.append(rule_name(rule))
    too_large = (_unsearched(before), _unsearched(after))
    found.setdefault(too_large, Example(note="with parameters that are too large to be searched"))
    return DlpOutcomes(found, tuple(maybe_looser), tuple(maybe_tighter))


class _Side:
    """The rules of one side that apply to a tool."""

    def __init__(self, rules: Rules) -> None:
        self._judge = DlpJudge(EffectiveDlp(rules=rules), Blame({}, "dlp"))

    def level(self, kind: ToolKind, params: dict[str, str]) -> Level:
        """What the rules say about a call with these parameters."""
        request = Request(tool=kind.name, params=params, user="other", at=_AT)
        verdict = self._judge.verdict(Call(request, InstanceFacts(), Runtime()))
        levels = [_LEVELS[reason.effect] for reason in verdict.reasons]
        return max([*levels, Level.ALLOW if verdict.params is None else Level.REDACT])


def _decides(rule: EffectiveDlpRule) -> bool:
    return rule.enforcement is Enforcement.ENFORCE and rule.action in _STRICTNESS


def _deciding(dlp: EffectiveDlp, kind: ToolKind) -> Rules:
    tool = kind.tool
    return tuple(
        rule
        for rule in dlp.rules
        if _decides(rule)
        and DlpDirection.INPUT in rule.directions
        and (not rule.tools or tool.found_by(_matcher(rule.tools)) is not None)
    )


@lru_cache(maxsize=4096)
def _matcher(tools: tuple[str, ...]) -> NameMatcher:
    return NameMatcher(tools)


def _finds(rule: EffectiveDlpRule) -> tuple[object, ...]:
    return (rule.detector, rule.pattern, rule.keywords, rule.action)


def _uncovered(rules: Rules, others: Iterable[EffectiveDlpRule]) -> Iterator[EffectiveDlpRule]:
    """The rules for which the other side has none that finds all of it and is as strict."""
    known = list(others)
    for rule in rules:
        if not any(_covers(other, rule) for other in known):
            yield rule


def _covers(wide: EffectiveDlpRule, narrow: EffectiveDlpRule) -> bool:
    return (
        (wide.detector, wide.pattern) == (narrow.detector, narrow.pattern)
        and wide.keywords in ((), narrow.keywords)
        and _STRICTNESS[wide.action] >= _STRICTNESS[narrow.action]
    )


def _unsearched(rules: Rules) -> Level:
    """What was not scanned may hold anything."""
    actions = {rule.action for rule in rules}
    if not actions:
        return Level.ALLOW
    return Level.ASK if actions == {DlpAction.ASK} else Level.DENY
