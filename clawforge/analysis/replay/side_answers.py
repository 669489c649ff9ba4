"""What policies say to calls, each kind of call decided once for all policies that cannot differ on it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from clawforge.analysis.replay.home_names import HomeNames, names_no_home
from clawforge.analysis.replay.policy_judge import PolicyJudge
from clawforge.analysis.replay.recorded_call import RecordedCall
from clawforge.analysis.replay.relevance import Relevant
from clawforge.decide.call import tool_of
from clawforge.decide.request import InstanceFacts
from clawforge.effective import EffectivePaths
from clawforge.resource.policy_test import Effect

MOST_ANSWERS = 200_000
"""Entries of a table: losing them costs time, keeping every one would cost memory without bound."""
_MOST_KEY_BYTES = 192


class Said(NamedTuple):
    """An effect; `discreet`: sensitive values were found in the call."""

    effect: Effect
    discreet: bool


class SideTool(NamedTuple):
    """A tool under one policy. Policies that cannot differ on its calls share the number; `homes` is there if it can
    matter where the caller's home is."""

    number: int
    relevant: Relevant
    homes: HomeNames | None


Place = tuple[str, bytes, object]
"""A kind of call: its tool, its parameters, and as far as it matters where the caller's home is."""


class SideAnswers:
    """Answers that the policies of both states share."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._numbered: dict[Relevant, int] = {}
        self._said: dict[tuple[int, Place], Said] = {}
        self._homeless: dict[tuple[str, bytes], bool] = {}

    def tool(self, judge: PolicyJudge, name: str, host: str) -> SideTool:
        """What is known of every call of a tool under a policy."""
        relevant = judge.relevant(name, host)
        number = self._numbered.get(relevant)
        if number is None:
            number = self._numbered[relevant] = next(self._numbers)
        return SideTool(number, relevant, homes_of(relevant.paths))

    def said(self, tool: SideTool, judge: PolicyJudge, call: RecordedCall, facts: InstanceFacts, data: bytes) -> Said:
        """What a policy says to a call whose parameters are known; `data` is the key of these."""
        params = call.params or {}
        key = (tool.number, self.place(call.tool, params, data, facts, tool.homes))
        known = self._said.get(key)
        if known is None:
            judged = judge.judge(call.tool, params, call.user, call.at, facts)
            known = Said(judged.outcome.effect, judged.discreet)
            bound(self._said)
            self._said[key] = known
        return known

    def place(
        self, tool: str, params: Mapping[str, Any], data: bytes, facts: InstanceFacts, homes: HomeNames | None
    ) -> Place:
        """The kind of a call to policies whose rules about files are those of `homes`."""
        if homes is None:
            return tool, data, None
        free = self._homeless.get((tool, data))
        if free is None:
            free = names_no_home(params, tool_of(facts.host, tool))
            bound(self._homeless)
            self._homeless[tool, data] = free
        home = facts.home or ""
        return tool, data, homes.likeness(home) if free else home

    def forget(self) -> None:
        """Let go of everything; numbers are not given again."""
        self._numbered.clear()
        self._said.clear()


def homes_of(*rules: EffectivePaths | None) -> HomeNames | None:
    """Which homes are alike to rules about files; None if there are none that look at a call."""
    paths = [each for each in rules if each is not None]
    return HomeNames(paths) if paths else None


def params_key(params: Mapping[str, Any]) -> bytes:
    """Bytes that stand for parameters, however their members are ordered: themselves if they are short."""
    data = orjson.dumps(params, option=orjson.OPT_SORT_KEYS)
    return data if len(data) <= _MOST_KEY_BYTES else blake2b(data, digest_size=16).digest()


def bound(table: dict[Any, Any], most: int = MOST_ANSWERS) -> None:
    """Empty a table that is full."""
    if len(table) >= most:
        table.clear()
