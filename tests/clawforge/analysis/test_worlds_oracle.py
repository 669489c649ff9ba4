"""One world at a time: every invariant, every who-can, every idle policy and every removal of a resource in it, held
against an enumeration of everybody and everything through the decider."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from access_check import check_access
from brute_force import CALLS, HOME, MOMENTS, WEEK, WORKSPACE, meetings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import COMMANDS, DOMAINS, GLOBS, SELECTORS, orgs, resource, some
from verdict_check import check, sound

from clawforge.analysis.asking import who_can
from clawforge.analysis.calls import calls_of
from clawforge.analysis.comparison import OwnOutcomes
from clawforge.analysis.invariants import Violation, prove_all
from clawforge.analysis.level import Level, freest, level_of
from clawforge.analysis.sections.tools import ToolKind
from clawforge.analysis.verdict import Answer
from clawforge.analysis.world import World
from clawforge.decide.call import tool_of
from clawforge.decide.catalogue import DEFAULT_HOST, catalogue
from clawforge.decide.decider import Decider
from clawforge.decide.names import NameMatcher
from clawforge.decide.request import InstanceFacts, Request
from clawforge.lint.context import LintContext
from clawforge.lint.proof import Proofs
from clawforge.resolve.org import OrgModel, Resolution
from clawforge.resolve.selector import CompiledSelector, compile_selector
from clawforge.resolve.subject import Subject
from clawforge.resource.invariant import Invariant
from clawforge.resource.meta import Resource
from clawforge.resource.targeting import Enforcement

WORLDS = int(os.environ.get("CLAWFORGE_ORACLE_WORLDS", "45"))
ENOUGH = 20_000
"""Questions that the worlds of the suite put to both sides."""

asked = {"questions": 0}


class Met(NamedTuple):
    """Somebody at a moment, what they get, and the levels of all calls."""

    subject: Subject
    at: Any
    resolution: Resolution
    levels: list[Level]


def enumerate_world(resources: Sequence[Resource], invariants: Sequence[Resource]) -> list[Met]:
    model = OrgModel(resources)
    known: dict[tuple[str, Any], list[Level]] = {}
    found = []
    for subject, at, resolution, _ in meetings((model, model), [*resources, *invariants], MOMENTS[:3], every=True):
        key = (resolution.digest, at if resolution.effective.versions.targets else None)
        if key not in known:
            known[key] = levels(resolution, at)
        found.append(Met(subject, at, resolution, known[key]))
    return found


def levels(resolution: Resolution, at: Any) -> list[Level]:
    decider = Decider(resolution.effective)
    facts = InstanceFacts(versions=None, home=HOME, workspace=WORKSPACE)
    return [
        level_of(decider.decide(Request(tool=tool, params=params, user="user", at=at), facts=facts))
        for tool, params in CALLS
    ]


FORBIDS = st.fixed_dictionaries(
    {"tools": some(("exec", "read", "group:fs", "web_*", "mcp__*", "skill", "*", "group:plugins", "process"))},
    optional={
        "commands": some(COMMANDS),
        "paths": some(GLOBS),
        "hosts": some(DOMAINS),
        "effect": st.sampled_from(("allow", "ask")),
    },
).filter(lambda spec: sum(key in spec for key in ("commands", "paths", "hosts")) <= 1)

REQUIRES = st.fixed_dictionaries(
    {"tools": some(("exec", "read", "web_fetch", "message", "mcp__github__x"))},
    optional={"effect": st.sampled_from(("allow", "ask"))},
)


@st.composite
def demands(draw: st.DrawFn) -> list[Resource]:
    """Invariants, some of which hold."""
    found = []
    for number in range(12):
        demand = {"forbid": draw(FORBIDS)} if draw(st.booleans()) else {"require": draw(REQUIRES)}
        found.append(resource("Invariant", f"demand-{number}", {"appliesTo": draw(SELECTORS), **demand}))
    return found


@given(orgs(count=4), demands())
@settings(max_examples=WORLDS, deadline=None, suppress_health_check=list(HealthCheck))
def answers_agree_with_enumeration(resources: list[Resource], invariants: list[Resource]) -> None:
    everybody = enumerate_world(resources, invariants)
    check_invariants(resources, invariants, everybody)
    check_who_can(resources)
    check_idle(resources, everybody)
    check_removals(resources)


def test_every_answer_agrees_with_enumeration() -> None:
    asked["questions"] = 0
    answers_agree_with_enumeration()
    assert asked["questions"] >= ENOUGH * min(WORLDS, 45) // 45


def check_invariants(resources: list[Resource], invariants: list[Resource], everybody: list[Met]) -> None:
    model = OrgModel(resources)
    for proof in prove_all([*resources, *invariants], WEEK):
        invariant = proof.invariant
        selector = compile_selector(invariant.spec.applies_to, model.membership.user_name)
        if proof.violation is not None:
            check_violation(model, selector, invariant, proof.violation)
        concerned = [met for met in everybody if is_for(model, selector, met.subject)]
        asked["questions"] += 1 + len(concerned)
        if proof.holds is Answer.YES:
            for met in concerned:
                check_nobody_violates(invariant, met)


def is_for(model: OrgModel, selector: CompiledSelector, subject: Subject) -> bool:
    possible, excepted = selector.possible(model.facts(subject))
    return possible and selector.through(subject.agent, subject.context, excepted=excepted)


def check_nobody_violates(invariant: Invariant, met: Met) -> None:
    if invariant.spec.forbid is None:
        found = calls_of(invariant).violation(met.resolution.effective, met.subject.user, met.at)
        assert found is None, (met.subject, met.at, found)
        return
    worst = Level.REDACT if invariant.spec.forbid.effect == "allow" else Level.ASK
    for index in forbidden_calls(invariant):
        assert met.levels[index] > worst, (met.subject, met.at, CALLS[index], met.levels[index])


def forbidden_calls(invariant: Invariant) -> list[int]:
    """Indexes of the calls of the list that are surely forbidden, by names alone."""
    forbid = invariant.spec.forbid
    assert forbid is not None
    if forbid.commands or forbid.paths or forbid.hosts:
        return []
    matcher = NameMatcher(catalogue().expand_all(forbid.tools))
    return [index for index, (tool, _) in enumerate(CALLS) if tool_of(DEFAULT_HOST, tool).found_by(matcher) is not None]


def check_violation(model: OrgModel, selector: CompiledSelector, invariant: Invariant, violation: Violation) -> None:
    subject, example = violation.subject, violation.example
    assert is_for(model, selector, subject)
    decider = Decider(model.resolve(subject, violation.at).effective)
    request = Request(
        tool=violation.tool,
        params=dict(example.params),
        user=subject.user,
        agent=subject.agent,
        context=subject.context,
        at=violation.at,
    )
    facts = InstanceFacts(versions=None, home=example.home or HOME, workspace=example.workspace or WORKSPACE)
    level = level_of(decider.decide(request, facts=facts))
    if invariant.spec.forbid is not None:
        assert level <= violation.level, (violation, level)
    else:
        assert violation.level > Level.REDACT


TOOLS_ASKED = ("exec", "read", "web_fetch", "mcp__github__x", "plugin-tool", "skill", "message", "process")


def check_who_can(resources: list[Resource]) -> None:
    model = OrgModel(resources)
    at = MOMENTS[1]
    for tool in TOOLS_ASKED:
        for group in who_can(resources, tool, at):
            who = [group.newcomer] if group.newcomer is not None else [Subject(user=name) for name in group.users]
            for subject in who:
                asked["questions"] += 1
                through = subject.model_copy(
                    update={"agent": group.agent or subject.agent, "context": group.context or subject.context}
                )
                resolution = model.resolve(through, at)
                got = [level for (name, _), level in zip(CALLS, levels(resolution, at), strict=True) if name == tool]
                assert min(got) >= group.level, (tool, through, got, group.level)
                assert resolution.base == group.base
                check_freest(resolution, tool, group.level, at)


def check_freest(resolution: Resolution, tool: str, level: Level, at: Any) -> None:
    """Some call of the tool really gets the level, apart from DLP and versions."""
    outcomes = OwnOutcomes(resolution.effective).of(ToolKind(tool, tool))
    assert freest(outcomes)[0] is level
    example = outcomes[level, level]
    bare = resolution.effective.model_copy(
        update={"dlp": type(resolution.effective.dlp)(), "versions": type(resolution.effective.versions)()}
    )
    facts = InstanceFacts(versions=None, home=example.home or HOME, workspace=example.workspace or WORKSPACE)
    request = Request(tool=tool, params=dict(example.params), user="user", at=at)
    assert level_of(Decider(bare).decide(request, facts=facts)) is level


def check_idle(resources: list[Resource], everybody: list[Met]) -> None:
    proofs = Proofs(LintContext.of(resources))
    unreachable = {policy.address for policy in proofs.unreachable_bases}
    assert not unreachable & {met.resolution.base for met in everybody}
    for policy in proofs.policies:
        asked["questions"] += 2
        if not proofs.is_idle(policy):
            continue
        spec = policy.spec.model_copy(update={"enforcement": Enforcement.OBSERVE})
        other = [policy.model_copy(update={"spec": spec}) if item is policy else item for item in resources]
        for subject, at, ours, theirs in meetings((OrgModel(resources), OrgModel(other)), resources, MOMENTS):
            assert levels(ours, at) == levels(theirs, at), (policy.address, subject, at)


def check_removals(resources: list[Resource]) -> None:
    """The verdict and the access diff of removing one resource, for up to three of them."""
    for gone in [item for item in resources if item.kind not in ("Organization", "Enrollment")][:3]:
        before, after = sound(resources), sound([item for item in resources if item is not gone])
        check(before, after)
        asked["questions"] += 2 + check_access(World(before, after, WEEK))
