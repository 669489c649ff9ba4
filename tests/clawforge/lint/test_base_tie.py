"""Ties of base policies, against the resolver asked for every declared user, agent, context and moment."""

from __future__ import annotations

import datetime as dt
import time
from itertools import product
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from strategies import AGENTS, CONTEXTS, SCHEDULES, WEEK, orgs, resource

from clawforge.diagnostic import Severity
from clawforge.lint.coincidence import may_coincide
from clawforge.lint.context import LintContext
from clawforge.lint.registry import RULES
from clawforge.resolve.combine import most_specific_bases
from clawforge.resolve.org import OrgModel
from clawforge.resolve.selector import specificity
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.schedule import boundaries, is_open
from clawforge.resource.targeting import Enforcement, Schedule
from clawforge.resource.user import User

RULE = next(rule for rule in RULES if rule.id == "base-tie")


def policy(name: str, applies_to: Any, **spec: Any) -> Resource:
    return resource("Policy", name, {"appliesTo": applies_to, **spec})


def user(name: str) -> Resource:
    return resource("User", name, {"email": f"{name}@acme.example"})


def group(name: str, *users: str) -> Resource:
    return resource("Group", name, {"members": {"users": list(users)}})


def tied(*resources: Resource) -> list[str]:
    return sorted(finding.address.partition("/")[2] for finding in RULE.check(LintContext.of(resources)))


NIGHT = {"windows": [{"cron": "0 20 * * *", "duration": "10h"}]}
DAY = {"windows": [{"cron": "0 6 * * *", "duration": "14h"}]}
LATE = {"windows": [{"cron": "0 22 * * 5", "duration": "1h"}]}
IN_2030 = {"windows": [{"from": "2030-01-01T00:00:00Z", "until": "2030-02-01T00:00:00Z"}]}
IN_2031 = {"windows": [{"from": "2031-01-01T00:00:00Z"}]}


@pytest.mark.parametrize(
    ("left", "right", "tie"),
    [
        ("everyone", "everyone", True),
        ("everyone", {"groups": ["a"]}, False),
        ({"groups": ["a"]}, {"groups": ["a"]}, True),
        ({"groups": ["a"]}, {"groups": ["b"]}, False),
        ({"groups": ["a", "b"]}, {"groups": ["b", "c"]}, True),
        ({"groups": ["a"]}, {"groups": ["a"], "contexts": ["work"]}, False),
        ({"groups": ["a"], "contexts": ["home"]}, {"groups": ["a"], "contexts": ["work"]}, False),
        ({"groups": ["a"], "contexts": ["home", "work"]}, {"groups": ["a"], "contexts": ["work"]}, True),
        ({"groups": ["a"], "roles": ["owner"]}, {"groups": ["a"], "contexts": ["work"]}, True),
        ({"tags": {"env": ["prod"]}}, {"tags": {"env": ["prod", "dev"]}}, True),
        ({"tags": {"env": ["prod"]}}, {"tags": {"env": ["dev"]}}, False),
        ({"tags": {"env": ["prod"]}}, {"tags": {"site": ["x"]}}, False),
        ({"tags": {"env": ["prod"], "site": ["x"]}}, {"tags": {"env": ["prod"], "site": ["y"]}}, False),
        ({"instances": ["i"]}, {"instances": ["i", "j"]}, True),
        ({"users": ["u"], "agents": ["main"]}, {"users": ["u"], "agents": ["helper"]}, False),
        ({"users": ["u"], "agents": ["main"]}, {"users": ["v"], "agents": ["main"]}, False),
        ({"groups": ["a"]}, {"groups": ["a"], "except": {"groups": ["a"]}}, False),
        ({"groups": ["a", "b"]}, {"groups": ["a", "b"], "except": {"groups": ["a"]}}, True),
        ({"groups": ["a"]}, {"groups": ["a"], "except": {"users": ["u"]}}, True),
        ({"users": ["alice"]}, {"users": ["alice"], "except": {"groups": ["hers"]}}, False),
        ({"groups": ["hers"]}, {"groups": ["also-hers"]}, True),
        ({"roles": ["owner"]}, {"roles": ["auditor"]}, False),
    ],
)
def test_overlap_of_two_selectors(left: Any, right: Any, tie: bool) -> None:
    people = [user("alice"), group("hers", "alice"), group("also-hers", "alice")]
    assert tied(policy("p", left), policy("q", right), *people) == (["q"] if tie else [])


@pytest.mark.parametrize(
    ("fields", "tie"),
    [
        ({}, True),
        ({"priority": 101}, False),
        ({"mode": "overlay"}, False),
        ({"mode": "guardrail"}, False),
        ({"enforcement": "warn"}, False),
        ({"schedule": NIGHT}, True),
    ],
)
def test_only_enforced_bases_of_one_priority_tie(fields: dict[str, Any], tie: bool) -> None:
    assert tied(policy("p", "everyone"), policy("q", "everyone", **fields)) == (["q"] if tie else [])


@pytest.mark.parametrize(
    ("left", "right", "tie"),
    [
        (NIGHT, DAY, False),
        (NIGHT, LATE, True),
        (DAY, LATE, False),
        (NIGHT, NIGHT, True),
        (NIGHT, {**DAY, "timezone": "Asia/Kolkata"}, True),
        (IN_2030, IN_2031, False),
        (IN_2030, NIGHT, True),
        (IN_2031, LATE, True),
    ],
)
def test_schedules_that_are_never_open_together_part_policies(left: Any, right: Any, tie: bool) -> None:
    assert tied(policy("p", "everyone", schedule=left), policy("q", "everyone", schedule=right)) == (
        ["q"] if tie else []
    )


def test_a_tie_below_a_policy_that_always_stands_before_is_none_for_that_user() -> None:
    people = [user("alice"), group("a", "alice"), group("b", "alice")]
    pair = [policy("p", {"groups": ["a"]}), policy("q", {"groups": ["b"]})]
    assert tied(*people, *pair) == ["q"]
    assert tied(*people, *pair, policy("own", {"users": ["alice"]})) == []
    assert tied(*people, *pair, policy("own", {"users": ["alice"]}, schedule=NIGHT)) == ["q"]
    assert tied(*people, *pair, policy("own", {"users": ["alice"], "agents": ["main"]})) == ["q"]


def test_suspended_users_tie_nothing() -> None:
    gone = resource("User", "alice", {"email": "a@acme.example", "state": "suspended"})
    assert (
        tied(
            gone,
            group("a", "alice"),
            group("b", "alice"),
            policy("p", {"groups": ["a"]}),
            policy("q", {"groups": ["b"]}),
        )
        == []
    )


def test_the_message_names_both_and_for_whom() -> None:
    (found,) = RULE.check(LintContext.of([policy("p", {"groups": ["a"]}), policy("q", {"groups": ["a"]})]))
    assert "Policy/q ties with Policy/p" in found.message
    assert "the group `a`" in found.message
    assert (found.pointer, found.related) == ("/spec/appliesTo", ("Policy/p",))


def test_many_policies_are_not_compared_each_with_each() -> None:
    contexts = [policy(f"p{n}", {"groups": ["a"], "contexts": [f"c{n}"]}) for n in range(2000)]
    started = time.process_time()
    assert tied(*contexts) == []
    assert time.process_time() - started < 5


def test_what_the_budget_leaves_out_is_said() -> None:
    hostile = [policy(f"p{n}", {"groups": ["a"], "except": {"groups": ["a"]}}) for n in range(800)]
    (found,) = RULE.check(LintContext.of(hostile))
    assert found.severity is Severity.WARNING
    assert "not all of them were compared" in found.message


MOMENTS = [WEEK + dt.timedelta(hours=hours) for hours in range(0, 24 * 12, 7)]


@settings(max_examples=80, deadline=None)
@given(orgs(count=6, modes=("base", "base", "overlay"), enforcements=("enforce", "enforce", "observe")))
def test_no_tie_that_a_declared_user_can_meet_is_missed(resources: list[Resource]) -> None:
    findings = list(RULE.check(LintContext.of(resources)))
    reported = {finding.address for finding in findings}
    model = OrgModel(resources)
    policies = {item.address: item for item in resources if isinstance(item, Policy)}
    for person in (item for item in resources if isinstance(item, User)):
        for agent, context, moment in product((None, *AGENTS), (None, *CONTEXTS), MOMENTS):
            facts = model.facts(Subject(user=person.metadata.name, agent=agent, context=context))
            matching = [policies[address] for address in model.matching(facts, moment) if address in policies]
            enforced = [item for item in matching if item.spec.enforcement is Enforcement.ENFORCE]
            ties = [item.address for item in most_specific_bases(enforced)]
            assert set(ties[1:]) <= reported
    for finding in findings:
        one, other = policies[finding.address].spec, policies[finding.related[0]].spec
        assert one.mode is other.mode is PolicyMode.BASE
        assert one.enforcement is other.enforcement is Enforcement.ENFORCE
        assert (specificity(one.applies_to), one.priority) == (specificity(other.applies_to), other.priority)


@settings(max_examples=80, deadline=None)
@given(SCHEDULES, SCHEDULES)
def test_schedules_that_are_open_together_are_seen(left: Any, right: Any) -> None:
    first, second = (Schedule.model_validate_json(orjson.dumps(item)) for item in (left, right))
    start, end = WEEK, WEEK + dt.timedelta(days=9)
    moments = [start, *boundaries(first, start, end), *boundaries(second, start, end)]
    together = any(is_open(first, moment) and is_open(second, moment) for moment in moments)
    assert may_coincide(first, second) == may_coincide(second, first)
    if together:
        assert may_coincide(first, second)


def test_an_open_schedule_meets_everything() -> None:
    assert may_coincide(None, None)
    assert may_coincide(None, Schedule.model_validate_json(b'{"windows": [{"cron": "0 0 1 1 *", "duration": "1h"}]}'))
