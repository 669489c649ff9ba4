"""Verdicts held against enumeration: what is claimed to happen does, what is claimed not to happen never does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from brute_force import MOMENTS, WEEK, differences
from hypothesis import strategies as st
from strategies import orgs

from clawforge.analysis.level import level_of
from clawforge.analysis.search import Witness
from clawforge.analysis.verdict import Answer, Judged, judge
from clawforge.analysis.world import World
from clawforge.decide.decider import Decider
from clawforge.decide.request import InstanceFacts, Request
from clawforge.resource.meta import Resource


def holds(world: World, witness: Witness) -> bool:
    """Whether the witness's call really has the levels that it claims, by the decider."""
    call = witness.call
    if call.setting is not None or "too large" in call.example.note:
        return True
    example = call.example
    facts = InstanceFacts(
        versions=None if example.versions is None else dict(example.versions),
        out_of_range_since=example.out_of_range_since,
        home=example.home,
        workspace=example.workspace,
    )
    subject = witness.subject
    request = Request(
        tool=call.tool,
        params=dict(example.params),
        user=subject.user,
        instance=subject.instance,
        agent=subject.agent,
        context=subject.context,
        at=witness.at,
    )
    got = []
    for side in world.sides:
        decider = Decider(side.resolve(subject, witness.at).effective)
        got.append(level_of(decider.decide(request, facts=facts, elevated=call.elevated)))
    assert got == [call.before, call.after], (witness, got)
    return True


def check(before: list[Resource], after: list[Resource], moments: Sequence[dt.datetime] = MOMENTS) -> Judged:
    world = World(before, after, WEEK)
    judged = judge(world)
    for direction in (judged.looser, judged.tighter):
        if direction.witness is not None:
            assert holds(world, direction.witness)
    if Answer.NO in (judged.loosens, judged.tightens):
        found = differences(before, after, moments)
        if judged.looser.is_excluded:
            assert found.looser is None, found.looser
        if judged.tighter.is_excluded:
            assert found.tighter is None, found.tighter
    return judged


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[Resource], list[Resource]]:
    """Two states that share most."""
    pool = draw(orgs(count=4))
    other = {item.address: item for item in draw(orgs(count=2))}
    chance = draw(st.randoms(use_true_random=False))
    before = [item for item in pool if chance.random() < 0.8]
    after = [other.get(item.address, item) if chance.random() < 0.3 else item for item in before]
    after = [item for item in after if chance.random() < 0.9]
    if chance.random() < 0.5:
        after += [item for item in other.values() if item.address not in {one.address for one in after}][:2]
    return sound(before), sound(after)


def sound(resources: list[Resource]) -> list[Resource]:
    """Without policies whose parents are missing."""
    kept = {item.address: item for item in resources}
    while True:
        broken = [
            address
            for address, item in kept.items()
            if item.kind == "Policy" and any(parent not in kept for parent in item.spec.extends)
        ]
        if not broken:
            return list(kept.values())
        for address in broken:
            del kept[address]
