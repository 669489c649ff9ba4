"""Suggesting narrower policies, and trying them on the very calls that they were made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clawforge.analysis.replay.answers import Enrolment, ReplayState
from clawforge.analysis.replay.recorded_call import Misread, RecordedCall
from clawforge.analysis.replay.replay import Replayer
from clawforge.analysis.replay.report import Turn
from clawforge.analysis.replay.tally import Tally
from clawforge.analysis.suggest.command_patterns import MOST_VARIANTS
from clawforge.analysis.suggest.narrowing import Narrower, Suggestion, narrowed
from clawforge.analysis.suggest.part import Part
from clawforge.analysis.suggest.uses import UseCollector
from clawforge.position import Positions
from clawforge.resolve.org import OrgModel
from clawforge.resource.meta import Resource
from clawforge.resource.policy_test import Effect

ReadCalls = Callable[[], Iterable[RecordedCall | Misread]]
"""The calls from the beginning, as often as they are asked for."""

_SECTIONS = {"tool": Part.TOOLS, "mcp": Part.MCP, "exec": Part.EXEC, "network": Part.NETWORK}
_STOPPED = "calls that passed would be stopped"


@dataclass(frozen=True, slots=True)
class Suggested:
    """Suggestions, sorted by policy, and what replaying the calls under all of them found: no call turns out
    differently, unless it was recorded as denied."""

    suggestions: tuple[Suggestion, ...]
    tally: Tally


def suggest(
    read_calls: ReadCalls,
    resources: Sequence[Resource],
    positions: Positions,
    *,
    only: str | None = None,
    variants: int = MOST_VARIANTS,
    enrolments: Mapping[str, Enrolment] | None = None,
) -> Suggested:
    """What base policies, or `only` the one of an address, could be narrowed to after what calls used."""
    present = ReplayState(OrgModel(resources), positions)
    collector = UseCollector(present, resources, enrolments)
    collector.take(read_calls())
    narrower = Narrower(resources, variants)
    wanted = [address for address in sorted(collector.by_policy) if only in (None, address)]
    found = narrower.kept([narrower.suggest(address, collector.by_policy[address]) for address in wanted])
    while True:
        proposed = ReplayState(OrgModel(narrowed(resources, found)), positions)
        replayer = Replayer(present, proposed, enrolments)
        replayer.take(_that_passed(read_calls()))
        culprits = _culprits(replayer.tally, found)
        if not culprits:
            return Suggested(tuple(found), replayer.tally)
        # Each round takes at least one section out of at least one suggestion.
        found = [item.without(culprits.get(item.address, ()), _STOPPED) for item in found]


def _that_passed(calls: Iterable[RecordedCall | Misread]) -> Iterator[RecordedCall | Misread]:
    return (call for call in calls if isinstance(call, Misread) or call.recorded is not Effect.DENY)


def _culprits(tally: Tally, suggestions: Sequence[Suggestion]) -> dict[str, set[Part]]:
    """The suggested sections that make calls turn out differently: those of the policy that a reason names, and of all
    if it names none of them."""
    found: dict[str, set[Part]] = {}
    by_address = {item.address: {narrowing.part for narrowing in item.narrowings} for item in suggestions}
    for turn, outcome in tally.reasons:
        part = None if turn is Turn.LOOSENED else _SECTIONS.get(outcome.code.partition("-")[0])
        concerned = {part} if part is not None else set(Part)
        named = by_address.get(outcome.resource or "", set()) & concerned
        if named and outcome.resource is not None:
            found.setdefault(outcome.resource, set()).update(named)
            continue
        for address, parts in by_address.items():
            if parts & concerned:
                found.setdefault(address, set()).update(parts & concerned)
    return found
