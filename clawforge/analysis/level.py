"""How freely a call passes, and which pairs of before and after some call can have.

A section of a policy (tools, commands, paths, ...) is looked at by itself: which pairs (level before, level after) do
calls have in it? There are at most sixteen, each with an example. A call is as free as its strictest section says, and
the parameters that the sections look at can be chosen one by one, so the pairs of whole calls are the products of the
pairs of sections. Whether a change loosens anything is then a look at a handful of pairs, and the answer is exact.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from clawforge.resource.policy_test import Effect

if TYPE_CHECKING:
    from clawforge.decide.request import Decision


class Level(IntEnum):
    """From free to refused. `REDACT`: the call is made without what must not leave."""

    ALLOW = 0
    REDACT = 1
    ASK = 2
    DENY = 3

    @property
    def word(self) -> str:
        """As people and plans write it."""
        return self.name.lower()


Pair = tuple[Level, Level]
"""Before and after."""

_OF_EFFECT = {Effect.ALLOW: Level.ALLOW, Effect.ASK: Level.ASK, Effect.DENY: Level.DENY}


def level_of(decision: Decision) -> Level:
    """How freely a decided call passes."""
    level = _OF_EFFECT[decision.effect]
    redacts = decision.obligations.params is not None or bool(decision.obligations.redactions)
    return Level.REDACT if level is Level.ALLOW and redacts else level


@dataclass(frozen=True, slots=True)
class Example:
    """What a call needs to have a certain pair: parameters, and facts about the machine where those matter. `hidden`
    names parameters that look like secrets, which is why they are there; documents and people get the note instead."""

    params: Mapping[str, Any] = field(default_factory=dict)
    home: str | None = None
    workspace: str | None = None
    versions: Mapping[str, str] | None = None
    out_of_range_since: dt.datetime | None = None
    note: str = ""
    hidden: frozenset[str] = frozenset()

    @property
    def shown(self) -> dict[str, Any]:
        """The parameters that may be shown."""
        return {name: value for name, value in self.params.items() if name not in self.hidden}

    def joined(self, other: Example) -> Example:
        """Both needs in one call."""
        if other is PLAIN:
            return self
        if self is PLAIN:
            return other
        return Example(
            params={**self.params, **other.params},
            home=self.home or other.home,
            workspace=self.workspace or other.workspace,
            versions=_both(self.versions, other.versions),
            out_of_range_since=self.out_of_range_since or other.out_of_range_since,
            note=self.note or other.note,
            hidden=self.hidden | other.hidden,
        )


def _both(ours: Mapping[str, str] | None, theirs: Mapping[str, str] | None) -> Mapping[str, str] | None:
    return ours if theirs is None else {**(ours or {}), **theirs}


PLAIN = Example()
"""Any call."""

Outcomes = Mapping[Pair, Example]
"""Every pair that some call has in a section, with an example of such a call."""

FREE: Outcomes = {(Level.ALLOW, Level.ALLOW): PLAIN}
"""The section has nothing to say."""


def product(left: Outcomes, right: Outcomes) -> Outcomes:
    """The pairs of calls of which one section says `left` and another says `right`."""
    if right is FREE:
        return left
    if left is FREE:
        return right
    found: dict[Pair, Example] = {}
    for (before, after), example in left.items():
        for (other_before, other_after), other in right.items():
            pair = (max(before, other_before), max(after, other_after))
            if pair not in found:
                found[pair] = example.joined(other)
    return found


def within(part: Outcomes, outcomes: Outcomes) -> Outcomes:
    """The pairs of those of these calls that are also what `part` says; its parameters are kept as they are there."""
    found: dict[Pair, Example] = {}
    for (before, after), example in part.items():
        for (other_before, other_after), other in outcomes.items():
            pair = (max(before, other_before), max(after, other_after))
            if pair not in found:
                joined = example.joined(other)
                found[pair] = replace(joined, params={**joined.params, **example.params})
    return found


def united(parts: Iterable[Outcomes]) -> Outcomes:
    """The pairs of calls that are of any of these sorts; the first example of a pair is kept."""
    found: dict[Pair, Example] = {}
    for part in parts:
        for pair, example in part.items():
            found.setdefault(pair, example)
    return found


def looser(outcomes: Outcomes) -> tuple[Pair, Example] | None:
    """The pair that gained most freedom, with its example; None if no call did."""
    return _most(outcomes, 1)


def tighter(outcomes: Outcomes) -> tuple[Pair, Example] | None:
    """The pair that lost most freedom, with its example; None if no call did."""
    return _most(outcomes, -1)


def _most(outcomes: Outcomes, sign: int) -> tuple[Pair, Example] | None:
    found = [(sign * (pair[0] - pair[1]), pair) for pair in outcomes if sign * (pair[0] - pair[1]) > 0]
    if not found:
        return None
    pair = max(found, key=lambda item: (item[0], -item[1][1]))[1]
    return pair, outcomes[pair]


def freest(outcomes: Outcomes) -> Pair:
    """The most that some call gets, on each side by itself."""
    return min(pair[0] for pair in outcomes), min(pair[1] for pair in outcomes)


def with_note(example: Example, note: str) -> Example:
    """The same with a remark for people."""
    return replace(example, note=note)
