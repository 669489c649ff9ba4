"""Invariants held against known subjects: what is said is shown by the decider, and what the decider shows is said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pytest
from brute_force import CALLS, HOME, MOMENTS, WEEK, WORKSPACE
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import AGENTS, CONTEXTS, SUBJECTS, invariants, orgs, resource

from clawforge.analysis.calls import ForbiddenCalls
from clawforge.analysis.invariant_subject import InvariantCheck, SubjectViolation
from clawforge.analysis.level import Level, level_of
from clawforge.decide.call import tool_of
from clawforge.decide.catalogue import DEFAULT_HOST, catalogue
from clawforge.decide.decider import Decider
from clawforge.decide.names import NameMatcher
from clawforge.decide.request import InstanceFacts, Request
from clawforge.decide.simulate import simulated_facts
from clawforge.resolve.org import OrgModel
from clawforge.resolve.selector import compile_selector
from clawforge.resolve.subject import Subject
from clawforge.resource.invariant import Bound, Invariant
from clawforge.resource.meta import Resource
from clawforge.resource.schedule import is_open

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def checks(resources: Sequence[Resource], since: dt.datetime = NOON) -> InvariantCheck:
    found = [item for item in resources if isinstance(item, Invariant)]
    return InvariantCheck(OrgModel([item for item in resources if item not in found]), found, since)


def violated(check: InvariantCheck, **subject: Any) -> dict[str, SubjectViolation]:
    return {item.invariant.metadata.name: item for item in check.violations(Subject(**{"user": "ada", **subject}))}


# --- against the decider ------------------------------------------------------------------------------------------


def ways(model: OrgModel, invariant: Invariant, subject: Subject) -> Iterator[tuple[Subject, dt.datetime]]:
    """The subject through every agent, in every context and at some moments at which the invariant speaks of it."""
    selector = compile_selector(invariant.spec.applies_to, model.membership.user_name)
    for agent, context, at in product((None, *AGENTS), (None, *CONTEXTS), MOMENTS):
        through = subject.model_copy(update={"agent": agent, "context": context})
        if concerns(model, selector, invariant, through, at):
            yield through, at


def concerns(model: OrgModel, selector: Any, invariant: Invariant, through: Subject, at: dt.datetime) -> bool:
    schedule = invariant.spec.schedule
    possible, excepted = selector.possible(model.facts(through))
    spoken = possible and selector.through(through.agent, through.context, excepted=excepted)
    return spoken and (schedule is None or is_open(schedule, at))


def level(
    model: OrgModel, subject: Subject, at: dt.datetime, tool: str, params: Any, facts: InstanceFacts | None = None
) -> Level:
    request = Request(
        tool=tool, params=dict(params), user=subject.user, agent=subject.agent, context=subject.context, at=at
    )
    known = facts or InstanceFacts(versions=None, home=HOME, workspace=WORKSPACE)
    return level_of(Decider(model.resolve(subject, at).effective).decide(request, facts=known))


def worst_of(invariant: Invariant) -> Level:
    """The strictest level of a call that passes as freely as the invariant speaks of."""
    demand = invariant.spec.forbid or invariant.spec.require
    assert demand is not None
    return Level.REDACT if demand.effect is Bound.ALLOW else Level.ASK


def shown_by_enumeration(model: OrgModel, invariant: Invariant, subject: Subject) -> object | None:
    """A moment and call at which the decider itself shows that the invariant is violated; by names alone."""
    forbid, require, worst = invariant.spec.forbid, invariant.spec.require, worst_of(invariant)
    if forbid is not None and not (forbid.commands or forbid.paths or forbid.hosts):
        wanted = NameMatcher(catalogue().expand_all(forbid.tools))
        calls = [call for call in CALLS if tool_of(DEFAULT_HOST, call[0]).found_by(wanted) is not None]
        for through, at in ways(model, invariant, subject):
            for tool, params in calls:
                if level(model, through, at, tool, params) <= worst:
                    return through, at, tool, params
    elif require is not None and require.params is not None:
        for through, at in ways(model, invariant, subject):
            for tool in catalogue().expand_all(require.tools):
                if level(model, through, at, tool, require.params, simulated_facts(through.user)) > worst:
                    return through, at, tool
    return None


def confirm(model: OrgModel, found: SubjectViolation) -> None:
    """The violation is one: of this subject, at a moment that counts, and decided so."""
    violation, invariant = found.violation, found.invariant
    assert violation is not None
    subject, at, example = violation.subject, violation.at, violation.example
    selector = compile_selector(invariant.spec.applies_to, model.membership.user_name)
    assert concerns(model, selector, invariant, subject, at)
    facts = InstanceFacts(versions=None, home=example.home or HOME, workspace=example.workspace or WORKSPACE)
    effective = model.resolve(subject, at).effective
    bare = effective.model_copy(update={"dlp": type(effective.dlp)(), "versions": type(effective.versions)()})
    request = Request(tool=violation.tool, params=dict(example.params), user=subject.user, at=at)
    if invariant.spec.forbid is not None:
        assert level_of(Decider(bare).decide(request, facts=facts)) <= worst_of(invariant), found
        return
    assert invariant.spec.require is not None
    if invariant.spec.require.params is None:
        for tool, params in CALLS:
            if tool == violation.tool:
                assert level(model, subject, at, tool, params) > worst_of(invariant), (found, params)


@settings(max_examples=60, deadline=None)
@given(orgs(count=4), invariants(), st.lists(SUBJECTS, min_size=1, max_size=3))
def test_what_is_said_is_so_and_what_is_so_is_said(
    resources: list[Resource], demands: list[Resource], subjects: list[Subject]
) -> None:
    model = OrgModel(resources)
    check = checks([*resources, *demands], WEEK)
    for subject in subjects:
        plain = subject.model_copy(update={"agent": None, "context": None})
        found = {item.invariant.address: item for item in check.violations(plain)}
        assert found == {
            item.invariant.address: item for item in checks([*resources, *demands], WEEK).violations(plain)
        }, "what was looked at before changes no answer"
        if model.facts(plain).suspended:
            assert not found
            continue
        for item in found.values():
            if item.violation is not None:
                confirm(model, item)
            else:
                assert item.doubt
        for demand in demands:
            assert isinstance(demand, Invariant)
            shown = shown_by_enumeration(model, demand, plain)
            assert shown is None or demand.address in found, shown


# --- examples -----------------------------------------------------------------------------------------------------

POLICIES = [
    resource("Policy", "all", {"appliesTo": "everyone", "tools": {"deny": ["exec"]}}),
    resource("Policy", "prod", {"appliesTo": {"tags": {"env": ["prod"]}}}),
    resource("Policy", "at-work", {"appliesTo": {"contexts": ["work"]}, "mode": "overlay", "tools": {"ask": ["read"]}}),
    resource("Group", "contractors"),
]
NO_SHELL = resource("Invariant", "no-shell", {"appliesTo": {"groups": ["contractors"]}, "forbid": {"tools": ["exec"]}})
READS = resource("Invariant", "reads", {"appliesTo": "everyone", "require": {"tools": ["read"]}})


def test_a_violation_names_subject_moment_and_call() -> None:
    check = checks([*POLICIES, NO_SHELL])
    assert violated(check, groups=("contractors",)) == {}
    assert violated(check, tags={"env": "prod"}) == {}
    found = violated(check, instance="i-1", groups=("contractors",), tags={"env": "prod"})["no-shell"].violation
    assert found is not None
    assert (found.subject.instance, found.at, found.tool, found.level) == ("i-1", NOON, "exec", Level.ALLOW)


def test_every_context_counts_unless_the_invariant_says_which() -> None:
    found = violated(checks([*POLICIES, READS]))["reads"].violation
    assert found is not None
    assert (found.subject.context, found.tool, found.level) == ("work", "read", Level.ASK)
    at_home = resource("Invariant", "reads", {"appliesTo": {"contexts": ["home"]}, "require": {"tools": ["read"]}})
    assert violated(checks([*POLICIES, at_home])) == {}
    shell = {"appliesTo": {"contexts": ["home"], "agents": ["helper"]}, "require": {"tools": ["exec"]}}
    found = violated(checks([*POLICIES, resource("Invariant", "shell", shell)]))["shell"].violation
    assert found is not None
    assert (found.subject.context, found.subject.agent) == ("home", "helper")
    asking = {"appliesTo": "everyone", "require": {"tools": ["read"], "effect": "ask"}}
    assert violated(checks([*POLICIES, resource("Invariant", "reads", asking)])) == {}


def test_nothing_is_asked_of_suspended_people() -> None:
    ada = resource("User", "ada", {"email": "ada@acme.example", "state": "suspended"})
    assert violated(checks([*POLICIES, READS, ada])) == {}


def test_an_invariant_with_a_schedule_holds_then_only() -> None:
    night = {"windows": [{"from": "2026-11-21T00:00:00Z", "until": "2026-11-22T00:00:00Z"}]}
    spec = {"appliesTo": "everyone", "forbid": {"tools": ["read"]}, "schedule": night}
    check = checks([*POLICIES, resource("Invariant", "night", spec)])
    found = violated(check)["night"].violation
    assert found is not None
    assert found.at == dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    later = checks([*POLICIES, resource("Invariant", "night", spec)], dt.datetime(2026, 11, 22, tzinfo=dt.UTC))
    assert violated(later) == {}


def test_what_cannot_be_decided_is_a_doubt() -> None:
    crons = [
        resource(
            "Policy",
            f"night-{hour}",
            {
                "appliesTo": "everyone",
                "mode": "overlay",
                "tools": {"ask": ["message"]},
                "schedule": {"windows": [{"cron": f"0 {hour} 1 * *", "duration": "30m"}]},
            },
        )
        for hour in range(8)
    ]
    (found,) = violated(checks([*POLICIES, *crons, READS])).values()
    assert found.violation is None
    assert "schedules" in found.doubt


def test_schedules_that_may_meet_some_day_are_a_doubt() -> None:
    january = {"windows": [{"cron": "*/30 3 * 1 *", "duration": "10m"}]}
    overlay = {"appliesTo": "everyone", "mode": "overlay", "tools": {"deny": ["read"]}, "schedule": january}
    mondays = {"appliesTo": "everyone", "require": {"tools": ["read"], "effect": "ask"}}
    mondays["schedule"] = {"windows": [{"cron": "0 3 * * 1", "duration": "1h"}]}
    check = checks([*POLICIES, resource("Policy", "january", overlay), resource("Invariant", "mondays", mondays)])
    found = violated(check)["mondays"]
    assert (found.violation, "together" in found.doubt) == (None, True)


def test_people_of_one_class_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    real = ForbiddenCalls.violation

    def counted(self: ForbiddenCalls, *arguments: Any) -> Any:
        looked.append(arguments)
        return real(self, *arguments)

    monkeypatch.setattr(ForbiddenCalls, "violation", counted)
    check = checks([*POLICIES, NO_SHELL])
    for number in range(200):
        tags = {"env": "prod", "seat": str(number)}
        found = violated(check, user=f"u-{number}", instance=f"i-{number}", groups=("contractors",), tags=tags)
        violation = found["no-shell"].violation
        assert violation is not None
        assert violation.subject.instance == f"i-{number}"
    # Once in the context that a policy names, and once in any other.
    assert len(looked) <= 2
