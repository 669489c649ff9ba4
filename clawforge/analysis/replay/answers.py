"""What two states say to calls, each kind of call decided once.

Callers under different policies share an answer where the policies agree in all that a tool can meet, whatever the time
within a stretch in which no schedule switches. Only what decided a call that turns out differently is asked of its very
own policy, as another one may stand in another place.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from clawforge.analysis.replay.class_finder import Caller, ClassFinder
from clawforge.analysis.replay.home_names import HomeNames
from clawforge.analysis.replay.policy_judge import Judged, Outcome, PolicyJudge
from clawforge.analysis.replay.recorded_call import RecordedCall
from clawforge.analysis.replay.report import Turn
from clawforge.analysis.replay.side_answers import (
    Place,
    Said,
    SideAnswers,
    SideTool,
    bound,
    homes_of,
    params_key,
)
from clawforge.analysis.replay.tally import turn_of
from clawforge.decide.call import tool_of
from clawforge.decide.request import InstanceFacts
from clawforge.decide.simulate import simulated_facts
from clawforge.position import Positions
from clawforge.resolve.org import OrgModel, Resolution
from clawforge.resource.policy_test import Effect

_MOST_PAIRS = 2_000
_MOST_TOOLS = 5_000


@dataclass(frozen=True, slots=True)
class ReplayState:
    """A state of an org to decide by: its resources, and where they stand in the files."""

    org: OrgModel
    positions: Positions


class Effects(NamedTuple):
    """What both states say to one kind of call; `before` is None where there is no state before. `discreet`: sensitive
    values were found in it."""

    before: Effect | None
    after: Effect
    turn: Turn | None
    discreet: bool


class Enrolment(NamedTuple):
    """What an instance was given when it enrolled."""

    groups: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()


class ToolFacts(NamedTuple):
    """What is known of every call of a tool under a pair of policies; `foreign` if no catalogue knows the tool.

    Pairs that cannot differ on its calls share the number `alike`. `effects` and `judged` are what is said of every
    call, if parameters do not matter; `homes` is there if it can matter where the caller's home is.
    """

    foreign: bool
    alike: int
    before: SideTool | None
    after: SideTool
    effects: Effects | None
    judged: Judged | None
    homes: HomeNames | None


class Pair:
    """The policies before and after of one class of callers. `same` policies say the same to every call."""

    __slots__ = ("after", "before", "number", "same", "tools")

    def __init__(self, number: int, before: PolicyJudge | None, after: PolicyJudge) -> None:
        self.number = number
        self.before = before
        self.after = after
        self.same = before is not None and before.digest == after.digest
        self.tools: dict[str, ToolFacts] = {}


class Situation(NamedTuple):
    """What is known of a caller: his declared name, and his policies, None if they depend on the time. `doubtful`: they
    may depend on groups and tags that are not known."""

    caller: Caller
    doubtful: bool
    person: str
    facts: InstanceFacts
    pair: Pair | None


_Key = tuple[int, Place]


class Answers:
    """The answers of a state that is proposed and, where there is one, of the state before.

    `enrolments` say what instances were given when they enrolled, where calls do not.
    """

    def __init__(
        self, before: ReplayState | None, after: ReplayState, enrolments: Mapping[str, Enrolment] | None = None
    ) -> None:
        self._enrolments = enrolments or {}
        self._before = None if before is None else _Side(before)
        self._after = _Side(after)
        self._sides = SideAnswers()
        self._numbers = itertools.count()
        self._pairs: dict[tuple[int, int], Pair] = {}
        self._situations: dict[tuple[object, ...], Situation] = {}
        self._alike: dict[tuple[int | None, int], int] = {}
        self._effects: dict[_Key, Effects] = {}
        self._outcomes: dict[_Key, Outcome] = {}
        # One object for all that are equal: there are few different ones.
        self._one_effects: dict[Effects, Effects] = {}
        self._one_outcome: dict[Outcome, Outcome] = {}
        sides = [side for side in (self._before, self._after) if side is not None]
        self._enrolment_matters = any(side.finder.asks_about_enrolment for side in sides)

    def place(self, call: RecordedCall) -> tuple[Situation, Pair]:
        """The caller's situation, and his policies at that moment."""
        key = (call.user, *call[5:10])
        situation = self._situations.get(key)
        if situation is None:
            situation = self._situated(call)
            bound(self._situations)
            self._situations[key] = situation
        pair = situation.pair
        return situation, self._pair(situation.caller, call.at) if pair is None else pair

    def tool(self, call: RecordedCall, situation: Situation, pair: Pair) -> ToolFacts:
        """What holds for every call of the tool."""
        return pair.tools.get(call.tool) or self._add_tool(call, situation, pair)

    def effects(self, call: RecordedCall, situation: Situation, pair: Pair, tool: ToolFacts) -> Effects | None:
        """What both states say to a call; None if that depends on parameters that were not recorded."""
        if tool.effects is not None or call.params is None:
            return tool.effects
        data = params_key(call.params)
        key = (tool.alike, self._sides.place(call.tool, call.params, data, situation.facts, tool.homes))
        known = self._effects.get(key)
        if known is None:
            before = None
            if tool.before is not None and pair.before is not None:
                before = self._sides.said(tool.before, pair.before, call, situation.facts, data)
            known = self._said(before, self._sides.said(tool.after, pair.after, call, situation.facts, data))
            bound(self._effects)
            self._effects[key] = known
        return known

    def outcome(self, call: RecordedCall, situation: Situation, pair: Pair) -> Outcome:
        """What the proposed state says to a call to which both states say something, and what in it decides."""
        tool = pair.tools[call.tool]
        if tool.judged is not None or call.params is None:
            found = self.judged(call, situation, pair).outcome
            return self._one_outcome.setdefault(found, found)
        data = params_key(call.params)
        key = (pair.number, self._sides.place(call.tool, call.params, data, situation.facts, tool.homes))
        known = self._outcomes.get(key)
        if known is None:
            found = self.judged(call, situation, pair).outcome
            known = self._one_outcome.setdefault(found, found)
            bound(self._outcomes)
            self._outcomes[key] = known
        return known

    def judged(self, call: RecordedCall, situation: Situation, pair: Pair) -> Judged:
        """As `outcome`, with the sentence that says why; worked out anew."""
        known = pair.tools[call.tool].judged
        return known or pair.after.judge(call.tool, call.params or {}, call.user, call.at, situation.facts)

    def _situated(self, call: RecordedCall) -> Situation:
        groups, tags = call.groups, call.tags
        doubtful = False
        if groups is None and tags is None and call.instance is not None:
            enrolment = self._enrolments.get(call.instance)
            doubtful = enrolment is None and self._enrolment_matters
            groups, tags = enrolment or (None, None)
        caller = Caller(call.user, call.instance, call.agent, call.context, groups or (), tags or ())
        standing = self._after.finder.standing(caller)
        before = None if self._before is None else self._before.finder.standing(caller)
        timed = standing.always is None or (before is not None and before.always is None)
        pair = None if timed else self._pair(caller, call.at)
        return Situation(caller, doubtful, standing.user, simulated_facts(caller.user), pair)

    def _pair(self, caller: Caller, at: dt.datetime) -> Pair:
        before = None if self._before is None else self._before.judge(caller, at)
        after = self._after.judge(caller, at)
        key = (id(before), id(after))
        pair = self._pairs.get(key)
        if pair is None:
            if len(self._pairs) >= _MOST_PAIRS:
                self._forget()
            pair = self._pairs[key] = Pair(next(self._numbers), before, after)
        return pair

    def _forget(self) -> None:
        """Let go of every policy at once: they are held from several sides."""
        for table in (self._pairs, self._situations, self._alike, self._effects, self._outcomes):
            table.clear()
        self._sides.forget()
        for side in (self._before, self._after):
            if side is not None:
                side.forget()

    def _add_tool(self, call: RecordedCall, situation: Situation, pair: Pair) -> ToolFacts:
        name, host = call.tool, situation.facts.host
        after = self._sides.tool(pair.after, name, host)
        before = None if pair.before is None else self._sides.tool(pair.before, name, host)
        alike = self._alike.setdefault((None if before is None else before.number, after.number), next(self._numbers))
        judged = pair.after.judge_blind(name, call.user, call.at, situation.facts)
        effects = None if judged is None else self._said_blind(call, situation, pair, judged)
        facts = ToolFacts(
            foreign=_is_foreign(name, host),
            alike=alike,
            before=before,
            after=after,
            effects=effects,
            judged=None if effects is None else judged,
            homes=homes_of(None if before is None else before.relevant.paths, after.relevant.paths),
        )
        bound(pair.tools, _MOST_TOOLS)
        pair.tools[name] = facts
        return facts

    def _said_blind(self, call: RecordedCall, situation: Situation, pair: Pair, after: Judged) -> Effects | None:
        now = Said(after.outcome.effect, after.discreet)
        if pair.before is None:
            return self._said(None, now)
        before = after if pair.same else pair.before.judge_blind(call.tool, call.user, call.at, situation.facts)
        return None if before is None else self._said(Said(before.outcome.effect, before.discreet), now)

    def _said(self, before: Said | None, after: Said) -> Effects:
        effect = None if before is None else before.effect
        discreet = after.discreet or (before is not None and before.discreet)
        said = Effects(effect, after.effect, turn_of(effect, after.effect), discreet)
        return self._one_effects.setdefault(said, said)


class _Side:
    """One state: from callers to the policies that judge them."""

    def __init__(self, state: ReplayState) -> None:
        self.finder = ClassFinder(state.org)
        self._positions = state.positions
        self._judges: dict[tuple[str, tuple[str, ...]], PolicyJudge] = {}
        # The resolution is kept beside its judge, so that no other can get the same id.
        self._by_id: dict[int, tuple[Resolution, PolicyJudge]] = {}

    def judge(self, caller: Caller, at: dt.datetime) -> PolicyJudge:
        """The policy of a caller at a moment, compiled."""
        resolution = self.finder.find(caller, at)
        known = self._by_id.get(id(resolution))
        if known is None:
            key = (resolution.digest, resolution.matched)
            judge = self._judges.get(key)
            if judge is None:
                judge = self._judges[key] = PolicyJudge(resolution, self._positions)
            known = self._by_id[id(resolution)] = (resolution, judge)
        return known[1]

    def forget(self) -> None:
        """Let go of the compiled policies."""
        self._judges.clear()
        self._by_id.clear()


def _is_foreign(name: str, host: str) -> bool:
    known = tool_of(host, name)
    return not known.core and not known.servers
