"""Invariants, who-can, access diffs and idle policies against enumeration."""

from __future__ import annotations

import os
from typing import Any

from brute_force import CALLS, HOME, MOMENTS, WEEK, WORKSPACE, meetings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import COMMANDS, DOMAINS, GLOBS, SELECTORS, orgs, resource, some

from clawforge.analysis.asking import who_can
from clawforge.analysis.calls import calls_of
from clawforge.analysis.invariants import Violation, prove_all
from clawforge.analysis.level import Level, level_of
from clawforge.analysis.verdict import Answer
from clawforge.decide.call import tool_of
from clawforge.decide.catalogue import DEFAULT_HOST, catalogue
from clawforge.decide.decider import Decider
from clawforge.decide.names import NameMatcher
from clawforge.decide.request import InstanceFacts, Request
from clawforge.lint.context import LintContext
from clawforge.lint.proof import Proofs
from clawforge.resolve.org import OrgModel, Resolution
from clawforge.resolve.selector import compile_selector
from clawforge.resource.invariant import Invariant
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy
from clawforge.resource.targeting import Enforcement

CASES = int(os.environ.get("CLAWFORGE_ORACLE_CASES", "100"))
SETTINGS = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))


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
def invariants(draw: st.DrawFn) -> Resource:
    demand = {"forbid": draw(FORBIDS)} if draw(st.booleans()) else {"require": draw(REQUIRES)}
    return resource("Invariant", "demand", {"appliesTo": draw(SELECTORS), **demand})


def forbidden_calls(invariant: Invariant) -> list[int]:
    """Indexes of the calls of the list that an invariant forbids, by the decider's own reading of them."""
    forbid = invariant.spec.forbid
    assert forbid is not None
    matcher = NameMatcher(catalogue().expand_all(forbid.tools))
    narrowed = bool(forbid.commands or forbid.paths or forbid.hosts)
    return [
        index
        for index, (tool, _) in enumerate(CALLS)
        if tool_of(DEFAULT_HOST, tool).found_by(matcher) is not None and not narrowed
    ]


@given(orgs(count=4), invariants())
@SETTINGS
def test_an_invariant_holds_exactly_if_nobody_violates_it(resources: list[Resource], invariant: Resource) -> None:
    assert isinstance(invariant, Invariant)
    (proof,) = prove_all([*resources, invariant], WEEK)
    model = OrgModel(resources)
    selector = compile_selector(invariant.spec.applies_to, model.membership.user_name)
    if proof.violation is not None:
        check_violation(model, selector, invariant, proof.violation)
    if proof.holds is not Answer.YES:
        return
    worst = Level.REDACT if (invariant.spec.forbid or invariant.spec.require).effect == "allow" else Level.ASK
    for subject, at, resolution, _ in meetings((model, model), [*resources, invariant], MOMENTS, every=True):
        possible, excepted = selector.possible(model.facts(subject))
        if not possible or not selector.through(subject.agent, subject.context, excepted=excepted):
            continue
        if invariant.spec.forbid is not None:
            got = levels(resolution, at)
            for index in forbidden_calls(invariant):
                assert got[index] > worst, (subject, at, CALLS[index], got[index])
        else:
            found = calls_of(invariant).violation(resolution.effective, subject.user, at)
            assert found is None, (subject, at, found)


def check_violation(model: OrgModel, selector: Any, invariant: Invariant, violation: Violation) -> None:
    subject = violation.subject
    possible, excepted = selector.possible(model.facts(subject))
    assert possible
    assert selector.through(subject.agent, subject.context, excepted=excepted)
    decider = Decider(model.resolve(subject, violation.at).effective)
    example = violation.example
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


@given(orgs(count=4))
@SETTINGS
def test_who_can_agrees_with_the_decider(resources: list[Resource]) -> None:
    model = OrgModel(resources)
    at = MOMENTS[1]
    for tool in TOOLS_ASKED:
        for group in who_can(resources, tool, at):
            subjects = [group.newcomer] if group.newcomer is not None else [user_subject(name) for name in group.users]
            for subject in subjects:
                subject = subject.model_copy(
                    update={"agent": group.agent or subject.agent, "context": group.context or subject.context}
                )
                resolution = model.resolve(subject, at)
                got = [level for (name, _), level in zip(CALLS, levels(resolution, at), strict=True) if name == tool]
                assert min(got) >= group.level, (tool, subject, got, group.level)
                assert resolution.base == group.base


def user_subject(name: str) -> Any:
    from clawforge.resolve.subject import Subject

    return Subject(user=name)


@given(orgs(count=4))
@SETTINGS
def test_policies_that_are_called_idle_change_nothing(resources: list[Resource]) -> None:
    proofs = Proofs(LintContext.of(resources))
    unreachable = {policy.address for policy in proofs.unreachable_bases()}
    reached = {
        resolution.base
        for _, _, resolution, _ in meetings((OrgModel(resources), OrgModel(resources)), resources, MOMENTS, every=True)
    }
    assert not unreachable & reached
    for policy in proofs.policies:
        if not proofs.is_idle(policy):
            continue
        spec = policy.spec.model_copy(update={"enforcement": Enforcement.OBSERVE})
        other = [policy.model_copy(update={"spec": spec}) if item is policy else item for item in resources]
        assert isinstance(policy, Policy)
        for subject, at, ours, theirs in meetings((OrgModel(resources), OrgModel(other)), resources, MOMENTS):
            assert levels(ours, at) == levels(theirs, at), (policy.address, subject, at)
