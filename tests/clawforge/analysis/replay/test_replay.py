"""Counting: parts add up, reports are small and give nothing away, limits fail closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import WEEK, resource

from clawforge.analysis.replay.answers import Enrolment, ReplayState
from clawforge.analysis.replay.limits import ReplayLimits
from clawforge.analysis.replay.recorded_call import Doubt, Fault, Misread, RecordedCall
from clawforge.analysis.replay.replay import replay
from clawforge.analysis.replay.report import ReplayReason, ReplayReport, Turn, TurnedCalls
from clawforge.analysis.replay.summary import report_of
from clawforge.analysis.replay.tally import Tally, turn_of
from clawforge.errors import InputError
from clawforge.position import ResourcePosition
from clawforge.resolve.org import OrgModel
from clawforge.resource.policy_test import Effect

ALLOW, ASK, DENY = Effect.ALLOW, Effect.ASK, Effect.DENY


def state(*specs: dict[str, Any], **more: Any) -> ReplayState:
    policies = [
        resource("Policy", f"p-{number}", {"appliesTo": "everyone", **spec}) for number, spec in enumerate(specs)
    ]
    return ReplayState(OrgModel([*policies, *more.get("beside", ())]), more.get("positions", {}))


OPEN = state({"exec": {"mode": "full"}})
SHUT = state({"exec": {"mode": "allowlist", "allow": ["git **"]}, "tools": {"ask": ["message"], "deny": ["browser"]}})
TOOLS: tuple[tuple[str, dict[str, Any] | None], ...] = (
    ("exec", {"command": "git status"}),
    ("exec", {"command": "rm -rf /"}),
    ("exec", {"command": "make"}),
    ("exec", None),
    ("message", {"text": "x"}),
    ("message", None),
    ("browser", None),
    ("frobnicate", {}),
)
ITEMS = st.builds(
    lambda line, user, what, day, recorded, instance: RecordedCall(
        line, user, *what, WEEK + dt.timedelta(days=day), instance, recorded=recorded
    ),
    st.integers(1, 50),
    st.sampled_from(("alice", "bob", "carol")),
    st.sampled_from(TOOLS),
    st.integers(0, 6),
    st.none() | st.sampled_from(Effect),
    st.none() | st.just("i-1"),
) | st.builds(Misread, st.integers(1, 50), st.sampled_from(Fault))


def calls(*items: tuple[str, str, dict[str, Any] | None]) -> list[RecordedCall]:
    return [RecordedCall(line, user, tool, params, WEEK) for line, (user, tool, params) in enumerate(items, start=1)]


def report(items: Sequence[RecordedCall | Misread], before: ReplayState | None, after: ReplayState) -> ReplayReport:
    return report_of(replay(items, before, after), "calls", compared=before is not None)


def test_which_way_a_call_turns() -> None:
    effects: tuple[Effect | None, ...] = (ALLOW, ASK, DENY)
    found = {(before, after): turn_of(before, after) for before in effects for after in Effect}
    assert {key for key, turn in found.items() if turn is Turn.BLOCKED} == {(ALLOW, DENY), (ASK, DENY)}
    assert {key for key, turn in found.items() if turn is Turn.ASKED} == {(ALLOW, ASK)}
    assert {key for key, turn in found.items() if turn is Turn.LOOSENED} == {(DENY, ALLOW), (DENY, ASK), (ASK, ALLOW)}
    assert [turn_of(None, after) for after in (ALLOW, ASK, DENY)] == [None, Turn.ASKED, Turn.BLOCKED]


def test_what_a_change_blocks_and_asks_about_and_lets_through() -> None:
    items = calls(
        ("alice", "exec", {"command": "make"}),
        ("bob", "exec", {"command": "make"}),
        ("bob", "exec", {"command": "git status"}),
        ("carol", "message", {"text": "x"}),
        ("carol", "exec", None),
    )
    tightened, loosened = report(items, OPEN, SHUT), report(items, SHUT, OPEN)
    assert tightened.blocked == TurnedCalls(calls=2, people=2, names=("alice", "bob"))
    assert tightened.asked == TurnedCalls(calls=1, people=1, names=("carol",))
    assert tightened.loosened == TurnedCalls()
    assert (tightened.calls, tightened.replayed, tightened.unrecorded) == (5, 4, 1)
    assert [(item.turn, item.code, item.calls) for item in tightened.reasons] == [
        (Turn.BLOCKED, "exec-not-allowed", 2),
        (Turn.ASKED, "tool-ask", 1),
    ]
    assert loosened.loosened == TurnedCalls(calls=3, people=3, names=("alice", "bob", "carol"))
    assert loosened.blocked == TurnedCalls()


@settings(deadline=None)
@given(st.lists(ITEMS, max_size=30), st.data())
def test_parts_add_up_to_the_whole_in_any_order(items: list[RecordedCall | Misread], data: st.DataObject) -> None:
    numbered = [item._replace(line=line) for line, item in enumerate(items, start=1)]
    whole = replay(numbered, OPEN, SHUT)
    parts: list[list[RecordedCall | Misread]] = [[], [], []]
    for item in numbered:
        parts[data.draw(st.integers(0, 2))].append(item)
    merged = Tally()
    for part in data.draw(st.permutations(parts)):
        merged.merge(replay(part, OPEN, SHUT))
    assert report_of(merged, "x", compared=True) == report_of(whole, "x", compared=True)
    assert merged == whole
    misread = sum(isinstance(item, Misread) for item in items)
    assert whole.calls + misread == len(items)
    assert sum(whole.transitions.values()) == whole.replayed
    assert sum(lines.count for what, lines in whole.remarks.items() if isinstance(what, Fault)) == misread


def test_the_report_is_small_whatever_was_replayed() -> None:
    """Ten thousand people, each with a policy of their own, calling tools with long names."""
    names = [f"user-{number:05}" for number in range(2_000)]
    policies = [
        resource("Policy", f"p-{name}", {"appliesTo": {"users": [name]}, "tools": {"allow": []}}) for name in names
    ]
    positions = {item.address: ResourcePosition(file="x" * 4_000, line=1) for item in policies}
    after = ReplayState(OrgModel(policies), positions)
    items = [RecordedCall(line, name, "y" * 256, {"p": "z"}, WEEK) for line, name in enumerate(names, start=1)]
    items += [Misread(line, fault) for fault in Fault for line in range(100)]
    found = report(items, state({}), after)
    assert (found.blocked.calls, found.blocked.people, len(found.blocked.names)) == (2_000, 2_000, 20)
    assert (len(found.reasons), found.further_reasons, len(found.samples)) == (10, 1_990, 10)
    assert all(len(remark.lines) == 5 for remark in found.skipped)
    assert len(found.model_dump_json()) < 150_000
    assert ReplayReport.model_validate_json(found.model_dump_json(by_alias=True)) == found


KEY = "AKIA" + "IOSFODNN7EXAMPLQ"


@pytest.mark.parametrize(
    ("tool", "params"),
    [
        ("exec", {"command": f"curl -H 'X: {KEY}' https://example.com"}),
        ("exec", {"command": f"{KEY} {KEY}"}),
        ("exec", {"command": "x", KEY: "y"}),
        ("read", {"path": f"/srv/{KEY}/x"}),
        ("web_fetch", {"url": f"https://{KEY.lower()}.example/{KEY}"}),
        ("frobnicate", {KEY: 1}),
    ],
)
@pytest.mark.parametrize("rules", [[], [{"id": "keys", "detector": "aws-access-key", "action": "log"}]])
def test_samples_hold_nothing_that_a_detector_finds(
    tool: str, params: dict[str, Any], rules: list[dict[str, Any]]
) -> None:
    """Whether or not a rule of the org looks for it, or only did before."""
    beside = [resource("DlpRuleSet", "d", {"appliesTo": "everyone", "rules": rules})] if rules else []
    shut: dict[str, Any] = {"tools": {"allow": ["pdf"]}, "exec": {"mode": "allowlist"}, "paths": {"deny": ["/**"]}}
    for before, after in (
        (state({}), state(shut, beside=beside)),
        (state({}, beside=beside), state(shut)),
        (None, state(shut)),
        (None, state({**shut, "tools": {}}, beside=beside)),
    ):
        found = report(calls(("alice", tool, params)), before, after)
        assert KEY.lower() not in found.model_dump_json().lower()


def test_samples_tell_what_would_have_been_done_and_not_with_what() -> None:
    found = report(
        calls(
            ("alice", "exec", {"command": "git push origin main --token=hunter2; psql -c 'select secret'"}),
            ("alice", "write", {"path": "/etc/hosts", "content": "private text"}),
            ("alice", "web_fetch", {"url": "https://user:pw@example.com/a?token=hunter2"}),
            ("alice", "message", {"to": "bob", "text": "private text"}),
            ("alice", "browser", None),
        ),
        None,
        state({"tools": {"allow": []}}),
    )
    texts = {(sample.tool, sample.call) for sample in found.samples}
    assert len(texts) == 2
    everything = [
        report(calls(("alice", tool, params)), None, state({"tools": {"allow": []}})).samples[0].call
        for tool, params in (
            ("exec", {"command": "git push origin main --token=hunter2; psql -c 'select secret'"}),
            ("write", {"path": "/etc/hosts", "content": "private text"}),
            ("web_fetch", {"url": "https://user:pw@example.com/a?token=hunter2"}),
            ("message", {"to": "bob", "text": "private text"}),
            ("browser", None),
        )
    ]
    assert everything == ["git push …; psql …", "/etc/hosts", "example.com", "text, to", "(arguments not recorded)"]


def test_whose_groups_are_not_known_is_said_only_where_it_could_matter() -> None:
    call = RecordedCall(1, "alice", "exec", {"command": "ls"}, WEEK, "i-1")
    by_tag = state({}, {"appliesTo": {"tags": {"env": ["prod"]}}, "tools": {"deny": ["exec"]}})
    assert Doubt.UNKNOWN_ENROLMENT not in replay([call], OPEN, SHUT).remarks
    assert Doubt.UNKNOWN_ENROLMENT in replay([call], OPEN, by_tag).remarks
    assert Doubt.UNKNOWN_ENROLMENT in replay([call], by_tag, OPEN).remarks
    known = replay([call], OPEN, by_tag, enrolments={"i-1": Enrolment(tags=(("env", "prod"),))})
    assert Doubt.UNKNOWN_ENROLMENT not in known.remarks
    assert known.transitions[ALLOW, DENY] == 1
    assert Doubt.UNKNOWN_ENROLMENT not in replay([call._replace(groups=())], OPEN, by_tag).remarks


def test_a_reason_says_where_it_is_written() -> None:
    positions = {"Policy/p-0": ResourcePosition(file="p.yaml", line=3, fields={"/spec/tools/deny/0": 9})}
    after = state({"tools": {"deny": ["browser"]}}, positions=positions)
    (reason,) = report(calls(("alice", "browser", None)), OPEN, after).reasons
    assert isinstance(reason, ReplayReason)
    assert orjson.loads(reason.model_dump_json(by_alias=True)) == {
        "turn": "blocked",
        "effect": "deny",
        "code": "tool-denied",
        "resource": "Policy/p-0",
        "path": "/spec/tools/deny/0",
        "position": {"file": "p.yaml", "line": 9},
        "calls": 1,
    }


def found_with(blocked: int, people: int, replayed: int = 1_000) -> ReplayReport:
    return ReplayReport(
        source="x",
        compared=True,
        calls=replayed,
        replayed=replayed,
        blocked=TurnedCalls(calls=blocked, people=people),
    )


@pytest.mark.parametrize(
    ("limits", "blocked", "people", "exceeded"),
    [
        (ReplayLimits("0"), 0, 0, 0),
        (ReplayLimits("0"), 1, 1, 1),
        (ReplayLimits("10"), 10, 1, 0),
        (ReplayLimits("10"), 11, 1, 1),
        (ReplayLimits("1%"), 10, 1, 0),
        (ReplayLimits("1%"), 11, 1, 1),
        (ReplayLimits("0.1%"), 1, 1, 0),
        (ReplayLimits("0.099999%"), 1, 1, 1),
        (ReplayLimits("100%"), 1_000, 9, 0),
        (ReplayLimits(None, 3), 1_000, 3, 0),
        (ReplayLimits(None, 3), 1_000, 4, 1),
        (ReplayLimits("1", 3), 2, 4, 2),
    ],
)
def test_limits(limits: ReplayLimits, blocked: int, people: int, exceeded: int) -> None:
    assert len(limits.judge(found_with(blocked, people)).exceeded) == exceeded


def test_nothing_replayed_keeps_no_limit() -> None:
    assert ReplayLimits("100%").judge(found_with(0, 0, replayed=0)).exceeded
    assert not ReplayLimits().are_set


@pytest.mark.parametrize("amount", ["", "-1", "1.5", "five", "1e3", "٣", "10 %", "%", "1" * 16, "1000%", "1.5%%"])
def test_a_limit_that_is_no_number_is_refused(amount: str) -> None:
    with pytest.raises(InputError, match="is no number of calls"):
        ReplayLimits(amount)
