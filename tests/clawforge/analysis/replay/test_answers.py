"""A replay, which decides each kind of call once, says of every call what deciding it alone says."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_world import CALLABLE, CALLERS, ENROLMENTS, HOME_GLOBS, PARAMS, PATHS, Alone, calls, states
from strategies import (
    WEEK,
    resource,
)

from clawforge.analysis.replay.answers import Answers, ReplayState
from clawforge.analysis.replay.recorded_call import RecordedCall
from clawforge.analysis.replay.tally import turn_of
from clawforge.resolve.org import OrgModel
from clawforge.resource.meta import Resource
from clawforge.resource.policy_test import Effect


@settings(max_examples=40, deadline=None)
@given(st.none() | states(), states(), st.lists(calls(), min_size=4, max_size=6))
def test_every_answer_is_that_of_the_decider(
    before: list[Resource] | None, after: list[Resource], callers: list[RecordedCall]
) -> None:
    answers = Answers(
        None if before is None else ReplayState(OrgModel(before), {}), ReplayState(OrgModel(after), {}), ENROLMENTS
    )
    now, earlier = Alone(after), None if before is None else Alone(before)
    for caller in callers:
        for tool, params in CALLABLE:
            call = caller._replace(tool=tool, params=params)
            situation, pair = answers.place(call)
            facts = answers.tool(call, situation, pair)
            effects = answers.effects(call, situation, pair, facts)
            wanted = now.decide(call, tool, params)
            then = None if earlier is None else earlier.decide(call, tool, params).effect
            assert effects is not None
            assert effects[:3] == (then, wanted.effect, turn_of(then, wanted.effect)), call
            outcome = answers.outcome(call, situation, pair)
            assert outcome.effect is wanted.effect
            if facts.judged is None:
                reason = wanted.reasons[0]
                assert (outcome.code, outcome.resource, outcome.path) == (reason.code, reason.resource, reason.path)


@settings(max_examples=40, deadline=None)
@given(states(), st.lists(calls(), min_size=2, max_size=3))
def test_what_is_said_without_parameters_holds_for_any(state: list[Resource], callers: list[RecordedCall]) -> None:
    answers = Answers(None, ReplayState(OrgModel(state), {}), ENROLMENTS)
    alone = Alone(state)
    for caller in callers:
        for tool in dict.fromkeys(tool for tool, _ in CALLABLE):
            call = caller._replace(tool=tool, params=None)
            situation, pair = answers.place(call)
            effects = answers.effects(call, situation, pair, answers.tool(call, situation, pair))
            if effects is not None:
                for params in PARAMS:
                    assert alone.decide(call, tool, params).effect is effects.after, (call, params)


DIFFERENCES: tuple[dict[str, Any], ...] = (
    {},
    {"tools": {"ask": ["read", "web_*"]}},
    {"tools": {"deny": ["read", "web_*"]}},
    {"tools": {"allow": ["exec"]}},
    {"mcp": {"allow": ["jira-*"]}},
    {"exec": {"mode": "ask"}},
    {"exec": {"mode": "ask", "deny": ["git push **"]}},
    {"exec": {"mode": "ask", "allow": ["git **"]}},
    {"exec": {"mode": "allowlist"}},
    {"exec": {"mode": "allowlist", "allow": ["ls **"]}},
    {"exec": {"mode": "deny"}},
    {"exec": {"deny": ["ls **"]}},
    {"paths": {"deny": ["~/.ssh/**"]}},
    {"paths": {"readOnly": ["/etc/**"]}},
    {"paths": {"workspaceOnly": True}},
    {"network": {"deny": ["example.com"]}},
    {"network": {"privateAddresses": "deny"}},
    {"network": {"allow": []}},
    {"skills": {"requireApproval": True}},
    {"skills": {"sources": ["registry/*"]}},
    {"tools": {"ask": ["read"]}, "paths": {"deny": ["~/.ssh/**"]}},
    {"tools": {"deny": ["read"]}, "paths": {"deny": ["~/.ssh/**"]}},
)
DLP: tuple[dict[str, Any], ...] = tuple(
    {"detector": "private-key", "action": action, "tools": tools}
    for action, tools in (("block", ["read"]), ("ask", []), ("redact", ["message"]), ("log", []))
)


@pytest.mark.parametrize("before", [False, True])
def test_callers_whose_policies_differ_in_one_section_get_their_own_answers(before: bool) -> None:
    """One file of calls by everybody, so that each answer could be taken for somebody else's."""
    state: list[Resource] = []
    for number, sections in enumerate(DIFFERENCES):
        spec = {"appliesTo": {"groups": [f"g-{number}"]}, "tools": {"allow": ["*"]}, **sections}
        state.append(resource("Policy", f"p-{number}", spec))
    for number, rule in enumerate(DLP):
        rules = [{"id": "keys", **rule}]
        state.append(resource("DlpRuleSet", f"d-{number}", {"appliesTo": {"groups": [f"d-{number}"]}, "rules": rules}))
    groups = [(f"g-{number}",) for number in range(len(DIFFERENCES))]
    groups += [("g-0", f"d-{number}") for number in range(len(DLP))]
    earlier = [item for item in state if item.metadata.name not in ("p-11", "d-1")]
    answers = Answers(ReplayState(OrgModel(earlier), {}) if before else None, ReplayState(OrgModel(state), {}))
    now, then = Alone(state), Alone(earlier)
    for tool, params in CALLABLE:
        for given_groups in groups:
            call = RecordedCall(1, "alice", tool, params, WEEK, groups=given_groups)
            situation, pair = answers.place(call)
            effects = answers.effects(call, situation, pair, answers.tool(call, situation, pair))
            assert effects is not None
            assert effects.after is now.decide(call, tool, params).effect, call
            if before:
                assert effects.before is then.decide(call, tool, params).effect, call
            blind = answers.effects(call._replace(params=None), situation, pair, pair.tools[tool])
            for others in PARAMS if blind is not None else ():
                assert blind is not None
                assert blind.after is now.decide(call, tool, others).effect, (call, others)


@pytest.mark.parametrize("glob", ["~/.ssh/**", "$WORKSPACE/**", "/etc/**", *HOME_GLOBS])
def test_whose_home_it_is_counts_only_where_it_can(glob: str) -> None:
    state = [resource("Policy", "p", {"appliesTo": "everyone", "paths": {"deny": [glob]}})]
    answers = Answers(None, ReplayState(OrgModel(state), {}))
    alone = Alone(state)
    for tool in ("read", "grep", "write"):
        for path in (*PATHS, "/home/alice", "/home/dana/.ssh/id", "../../dana/.ssh/x", "/home/ALICE/workspace/a"):
            for user in (*CALLERS, "dana", "bobby@x.example"):
                call = RecordedCall(1, user, tool, {"path": path}, WEEK)
                situation, pair = answers.place(call)
                effects = answers.effects(call, situation, pair, answers.tool(call, situation, pair))
                assert effects is not None
                assert effects.after is alone.decide(call, tool, {"path": path}).effect, (user, path)


def test_schedules_switch_to_the_second() -> None:
    windows = [{"cron": "0 18 * * 1-5", "duration": "14h"}, {"cron": "*/40 9-11 * * *", "duration": "10m"}]
    schedule = {"timezone": "Europe/Berlin", "windows": windows}
    state = [
        resource("Policy", "base", {"appliesTo": "everyone"}),
        resource(
            "Policy",
            "hours",
            {"appliesTo": "everyone", "mode": "overlay", "schedule": schedule, "tools": {"deny": ["*"]}},
        ),
        resource(
            "SkillApproval", "s", {"appliesTo": "everyone", "key": "k", "status": "approved", "reviewBy": "2026-03-25"}
        ),
    ]
    answers = Answers(None, ReplayState(OrgModel(state), {}))
    alone = Alone(state)
    edges = {*(WEEK + dt.timedelta(minutes=10 * n) for n in range(6 * 24 * 9))}
    for at in sorted(at + dt.timedelta(seconds=second) for at in edges for second in (-1, 0, 1)):
        call = RecordedCall(1, "x", "read", {"path": "a"}, at.astimezone(ZoneInfo("Asia/Kolkata")))
        situation, pair = answers.place(call)
        effects = answers.effects(call, situation, pair, answers.tool(call, situation, pair))
        assert effects is not None
        assert effects.after is alone.decide(call, "read", {"path": "a"}).effect, at


def test_sharing_an_answer_needs_equal_policies_for_the_tool_and_not_equal_policies() -> None:
    state = [
        resource("User", "alice", {"email": "alice@acme.example"}),
        resource("User", "bob", {"email": "bob@acme.example"}),
        resource("Policy", "a", {"appliesTo": {"users": ["alice"]}, "tools": {"deny": ["browser"]}}),
        resource(
            "Policy", "b", {"appliesTo": {"users": ["bob"]}, "exec": {"deny": ["rm **"]}, "tools": {"ask": ["pdf"]}}
        ),
    ]
    answers = Answers(None, ReplayState(OrgModel(state), {}))

    def alike(user: str, tool: str) -> int:
        call = RecordedCall(1, user, tool, {}, MOMENT)
        situation, pair = answers.place(call)
        return answers.tool(call, situation, pair).alike

    assert alike("alice", "read") == alike("bob", "read")
    assert alike("alice", "exec") != alike("bob", "exec")
    assert alike("alice", "browser") != alike("bob", "browser")


def test_a_table_that_is_full_is_emptied_and_answers_stay_the_same(monkeypatch: Any) -> None:
    monkeypatch.setattr("clawforge.analysis.replay.answers._MOST_PAIRS", 2)
    monkeypatch.setattr("clawforge.analysis.replay.answers._MOST_TOOLS", 2)
    state = [
        resource("Policy", f"p-{number}", {"appliesTo": {"groups": [name]}, "tools": {"deny": denied}})
        for number, (name, denied) in enumerate((("eng", ["exec"]), ("fin", ["read"]), ("ops", ["write"])))
    ]
    answers = Answers(ReplayState(OrgModel(state), {}), ReplayState(OrgModel(state[:2]), {}))
    for _ in range(3):
        for group, tool, effect in (
            ("eng", "exec", Effect.DENY),
            ("eng", "read", Effect.ALLOW),
            ("fin", "read", Effect.DENY),
            ("fin", "exec", Effect.ALLOW),
            ("fin", "write", Effect.ALLOW),
            ("ops", "read", Effect.DENY),
        ):
            call = RecordedCall(1, "x", tool, {"path": "a"}, MOMENT, groups=(group,))
            situation, pair = answers.place(call)
            found = answers.effects(call, situation, pair, answers.tool(call, situation, pair))
            assert found is not None
            assert found.after is effect


def test_parameters_that_are_spelt_in_another_order_are_the_same_call() -> None:
    answers = Answers(None, ReplayState(OrgModel([resource("Policy", "p", EXEC)]), {}))
    for text in (b'{"command":"git status","x":{"a":1,"b":2}}', b'{"x":{"b":2,"a":1},"command":"git status"}'):
        call = RecordedCall(1, "x", "exec", orjson.loads(text), MOMENT)
        situation, pair = answers.place(call)
        answers.effects(call, situation, pair, answers.tool(call, situation, pair))
    assert len(answers._effects) == 1


EXEC = {"appliesTo": "everyone", "exec": {"mode": "allowlist", "allow": ["git **"]}}
MOMENT = WEEK
