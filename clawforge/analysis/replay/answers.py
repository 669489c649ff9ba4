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
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from clawforge.analysis.replay.class_finder import Caller, ClassFinder
from clawforge.analysis.replay.home_names import HomeNames, names_no_home
from clawforge.analysis.replay.policy_judge import Judged, Outcome, PolicyJudge
from clawforge.analysis.replay.recorded_call import RecordedCall
from clawforge.analysis.replay.report import Turn
from clawforge.analysis.replay.tally import turn_of
from clawforge.decide.call import tool_of
from clawforge.decide.request import InstanceFacts
from clawforge.decide.simulate import simulated_facts
from clawforge.position import Positions
from clawforge.resolve.org import OrgModel, Resolution
from clawforge.resource.policy_test import Effect

_MOST_ANSWERS = 200_000
"""Entries of each table: losing them costs time, keeping every one would cost memory without bound."""
_MOST_PAIRS = 2_000
_MOST_TOOLS = 5_000
_MOST_KEY_BYTES = 192


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

    Pairs that cannot differ from one another for this tool share the number `alike`, and policies the number `before` or
    `after`. `effects` and `judged` are what is said of every call, if parameters do not matter; `homes` is
    there if it can matter where the caller's home is.
    """

    foreign: bool
    alike: int
    before: int
    after: int
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
    home: str
    pair: Pair | None


_Key = tuple[int, str, bytes, object]


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
        self._numbers = itertools.count()
        self._pairs: dict[tuple[int, int], Pair] = {}
        self._situations: dict[tuple[object, ...], Situation] = {}
        self._alike: dict[object, int] = {}
        self._effects: dict[_Key, Effects] = {}
        self._sides: dict[_Key, tuple[Effect, bool]] = {}
        self._outcomes: dict[_Key, Outcome] = {}
        self._homeless: dict[tuple[str, bytes], bool] = {}
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
            _bound(self._situations)
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
        key = self._key(tool.alike, call, call.params, situation, tool.homes)
        known = self._effects.get(key)
        if known is None:
            known = self._decided(call, situation, pair, tool, key)
            _bound(self._effects)
            self._effects[key] = known
        return known

    def outcome(self, call: RecordedCall, situation: Situation, pair: Pair) -> Outcome:
        """What the proposed state says to a call to which both states say something, and what in it decides."""
        tool = pair.tools[call.tool]
        if tool.judged is not None or call.params is None:
            return self.judged(call, situation, pair).outcome
        key = self._key(pair.number, call, call.params, situation, tool.homes)
        known = self._outcomes.get(key)
        if known is None:
            found = self.judged(call, situation, pair).outcome
            known = self._one_outcome.setdefault(found, found)
            _bound(self._outcomes)
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
        facts = simulated_facts(caller.user)
        pair = None if timed else self._pair(caller, call.at)
        return Situation(caller, doubtful, standing.user, facts, facts.home or "", pair)

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
        for table in (self._pairs, self._situations, self._alike, self._effects, self._sides, self._outcomes):
            table.clear()
        for side in (self._before, self._after):
            if side is not None:
                side.forget()

    def _add_tool(self, call: RecordedCall, situation: Situation, pair: Pair) -> ToolFacts:
        name, host = call.tool, situation.facts.host
        after = pair.after.relevant(name, host)
        before = after if pair.before is None or pair.same else pair.before.relevant(name, host)
        alike = self._numbered((pair.before is None, before, after))
        paths = [rules for rules in (before.paths, after.paths) if rules is not None]
        effects, judged = self._said_blind(call, situation, pair, same=before == after)
        known = tool_of(host, name)
        foreign = not known.core and not known.servers
        numbers = [self._numbered(("side", relevant)) for relevant in (before, after)]
        facts = ToolFacts(foreign, alike, *numbers, effects, judged, HomeNames(paths) if paths else None)
        _bound(pair.tools, _MOST_TOOLS)
        pair.tools[name] = facts
        return facts

    def _numbered(self, what: object) -> int:
        return self._alike.setdefault(what, next(self._numbers))

    def _said_blind(
        self, call: RecordedCall, situation: Situation, pair: Pair, *, same: bool
    ) -> tuple[Effects, Judged] | tuple[None, None]:
        after = pair.after.judge_blind(call.tool, call.user, call.at, situation.facts)
        if after is None:
            return None, None
        now = (after.outcome.effect, after.discreet)
        if pair.before is None or same:
            return self._said(None if pair.before is None else now, now), after
        before = pair.before.judge_blind(call.tool, call.user, call.at, situation.facts)
        return (None, None) if before is None else (self._said((before.outcome.effect, before.discreet), now), after)

    def _decided(self, call: RecordedCall, situation: Situation, pair: Pair, tool: ToolFacts, key: _Key) -> Effects:
        after = self._side(tool.after, pair.after, call, situation, key)
        if pair.before is None:
            return self._said(None, after)
        return self._said(self._side(tool.before, pair.before, call, situation, key), after)

    def _side(
        self, number: int, judge: PolicyJudge, call: RecordedCall, situation: Situation, key: _Key
    ) -> tuple[Effect, bool]:
        """What policies of that number say to a call: its effect, and whether it is discreet."""
        place = (number, *key[1:])
        known = self._sides.get(place)
        if known is None:
            judged = judge.judge(call.tool, call.params or {}, call.user, call.at, situation.facts)
            known = (judged.outcome.effect, judged.discreet)
            _bound(self._sides)
            self._sides[place] = known
        return known

    def _said(self, before: tuple[Effect, bool] | None, after: tuple[Effect, bool]) -> Effects:
        effect = None if before is None else before[0]
        discreet = after[1] or (before is not None and before[1])
        said = Effects(effect, after[0], turn_of(effect, after[0]), discreet)
        return self._one_effects.setdefault(said, said)

    def _key(
        self, number: int, call: RecordedCall, params: Mapping[str, Any], situation: Situation, homes: HomeNames | None
    ) -> _Key:
        data = orjson.dumps(params, option=orjson.OPT_SORT_KEYS)
        if len(data) > _MOST_KEY_BYTES:
            data = blake2b(data, digest_size=16).digest()
        if homes is None:
            return number, call.tool, data, None
        free = self._homeless.get((call.tool, data))
        if free is None:
            free = names_no_home(params, tool_of(situation.facts.host, call.tool))
            _bound(self._homeless)
            self._homeless[call.tool, data] = free
        return number, call.tool, data, homes.likeness(situation.home) if free else situation.home


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


def _bound(table: dict[Any, Any], most: int = _MOST_ANSWERS) -> None:
    if len(table) >= most:
        table.clear()
