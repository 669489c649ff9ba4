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
    if before is after or before.rules == after.rules:
        return UNCHANGED
    key = (id(before), id(after), kind.name)
    known = _KNOWN.get(key)
    if known is None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        # The sides are kept, so that their identities stay their own; hashing a thousand rules each time costs more.
        known = _KNOWN[key] = (_of_tool(before, after, kind), before, after)
    return known[0]


_MOST_KNOWN = 20_000
_KNOWN: dict[tuple[int, int, str], tuple[DlpOutcomes, EffectiveDlp, EffectiveDlp]] = {}


def _of_tool(before: EffectiveDlp, after: EffectiveDlp, kind: ToolKind) -> DlpOutcomes:
    ours, theirs = _deciding(before, kind), _deciding(after, kind)
    if [_finds(rule) for rule in ours] == [_finds(rule) for rule in theirs]:
        return UNCHANGED
    return _compared(ours, theirs, _Kind(kind))


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


def named_tools(*sides: EffectiveDlp) -> tuple[str, ...]:
    """The patterns of tools that rules of these sides are for: they tell tools apart that no policy does."""
    return tuple(dict.fromkeys(text for side in sides for rule in side.rules if _decides(rule) for text in rule.tools))


def rule_name(rule: EffectiveDlpRule) -> str:
    """The rule as people name it."""
    return f"{rule.resource} {rule.id}"


class _Kind:
    """A kind of tools by which nothing is told apart: to the same rules one tool is like another."""

    def __init__(self, kind: ToolKind) -> None:
        self.kind = kind

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kind)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4096)
def _compared(before: Rules, after: Rules, kind: _Kind) -> DlpOutcomes:
    sides = (_Side(before, kind.kind), _Side(after, kind.kind))
    found: dict[Pair, Example] = {(sides[0].level({}), sides[1].level({})): Example()}
    maybe_looser = _undecided(_uncovered(before, after), sides, found, 1)
    maybe_tighter = _undecided(_uncovered(after, before), sides, found, -1)
    too_large = (_unsearched(before), _unsearched(after))
    found.setdefault(too_large, Example(note="with parameters that are too large to be searched"))
    return DlpOutcomes(found, maybe_looser, maybe_tighter)


def _undecided(
    rules: Iterable[EffectiveDlpRule], sides: tuple[_Side, _Side], found: dict[Pair, Example], sign: int
) -> tuple[str, ...]:
    """The rules of one side that nothing on the other plainly replaces, if no example shows that one of them is not
    replaced. One example is enough: it is a proof."""
    undecided: list[str] = []
    for rule in rules:
        undecided.append(rule_name(rule))
        text = example_text(rule)
        if text is None:
            continue
        params = {"text": text}
        pair = (sides[0].level(params), sides[1].level(params))
        note = f"with text that {rule_name(rule)} looks for"
        found.setdefault(pair, Example(params, note=note, hidden=frozenset(params)))
        if sign * (pair[0] - pair[1]) > 0:
            return ()
    return tuple(undecided)


class _Side:
    """The rules of one side that apply to a tool."""

    def __init__(self, rules: Rules, kind: ToolKind) -> None:
        self._tool = kind.name
        self._judge = DlpJudge(EffectiveDlp(rules=rules), Blame({}, "dlp")) if rules else None

    def level(self, params: dict[str, str]) -> Level:
        """What the rules say about a call with these parameters."""
        if self._judge is None:
            return Level.ALLOW
        request = Request(tool=self._tool, params=params, user="other", at=_AT)
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
        # What is left after cutting out is judged too, and may be refused where the whole is only asked about.
        and (wide.action, narrow.action) != (DlpAction.ASK, DlpAction.REDACT)
    )


def _unsearched(rules: Rules) -> Level:
    """What was not scanned may hold anything."""
    actions = {rule.action for rule in rules}
    if not actions:
        return Level.ALLOW
    return Level.ASK if actions == {DlpAction.ASK} else Level.DENY
