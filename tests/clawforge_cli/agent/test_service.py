"""Deciding from what is in force; whatever is missing or broken ends in deny."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signing_world import DEV, NOON, SigningWorld, elevation, policy
from strategies import resource

from clawforge.decide.request import InstanceFacts
from clawforge.resource.policy_test import Effect
from clawforge.trust import Held, accept_answer, held
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.protocol import CheckRequest
from clawforge_cli.agent.service import AgentService

CACHED = {"mode": "cached", "lease": "5m", "maxStale": "1h"}
BLOCK = {"mode": "block", "lease": "5m", "maxStale": "1h"}


MINUTE = dt.timedelta(minutes=1)


class Bench:
    """A service over a world, with time in the test's hands."""

    def __init__(self, world: SigningWorld) -> None:
        self.world = world
        self.moment = NOON
        clock = Clock(NOON, wall=lambda: self.moment, monotonic=lambda: 0.0)
        self.service = AgentService(clock, InstanceFacts(workspace="/w", home="/home/dev"))

    def holding(self) -> Held:
        state = accept_answer(self.world.enrolled(DEV, self.moment), self.world.full(DEV, self.moment), self.moment)
        found = held(state)
        assert found is not None
        return found

    def adopt(self) -> Bench:
        self.service.adopt(self.holding())
        return self

    def code(self, tool: str = "read", **more: Any) -> tuple[Effect, str]:
        decision = self.service.decide(CheckRequest(tool=tool, **more))
        return decision.effect, decision.reasons[0].code


def test_without_a_policy_everything_is_denied() -> None:
    bench = Bench(SigningWorld())
    assert bench.code() == (Effect.DENY, "no-policy")
    bench.adopt().service.adopt_nothing("The state is damaged.")
    assert bench.code() == (Effect.DENY, "no-policy")


def test_the_policy_decides_and_names_itself() -> None:
    bench = Bench(SigningWorld([policy(tools={"deny": ["exec"]})])).adopt()
    assert bench.code("read")[0] is Effect.ALLOW
    decision = bench.service.decide(CheckRequest(tool="exec", params={"command": "ls"}))
    assert decision.effect is Effect.DENY
    assert decision.reasons[0].resource == "Policy/default"
    assert decision.revision == 1
    assert decision.digest is not None


@pytest.mark.parametrize(
    ("offline", "minutes", "effect"),
    [(CACHED, 4, "allow"), (CACHED, 59, "allow"), (CACHED, 60, "deny"), (BLOCK, 4, "allow"), (BLOCK, 5, "deny")],
)
def test_offline_behaviour(offline: dict[str, str], minutes: int, effect: str) -> None:
    bench = Bench(SigningWorld([policy(offline=offline)])).adopt()
    bench.moment = NOON + dt.timedelta(minutes=minutes)
    found, code = bench.code()
    assert found == effect
    assert code == ("policy-expired" if effect == "deny" else "allowed")


def test_beyond_the_horizon_everything_is_denied() -> None:
    bench = Bench(SigningWorld([policy(offline={"maxStale": "30d"})])).adopt()
    bench.moment = NOON + dt.timedelta(days=6)
    assert bench.code()[0] is Effect.ALLOW
    bench.moment = NOON + dt.timedelta(days=7)
    assert bench.code() == (Effect.DENY, "policy-expired")


def test_schedules_and_contexts_switch_without_the_server() -> None:
    night = resource(
        "Policy",
        "night",
        {
            "mode": "overlay",
            "appliesTo": {"contexts": ["work"]},
            "schedule": {"timezone": "UTC", "windows": [{"cron": "0 18 * * *", "duration": "12h"}]},
            "tools": {"deny": ["read"]},
        },
    )
    bench = Bench(SigningWorld([policy(), night])).adopt()
    assert bench.code(context="work")[0] is Effect.ALLOW
    bench.moment = NOON.replace(hour=19)
    assert bench.code(context="work") == (Effect.DENY, "tool-denied")
    assert bench.code()[0] is Effect.ALLOW


def test_a_kill_stops_calls_at_once_and_by_scope() -> None:
    world = SigningWorld()
    world.set_kill("tool:exec")
    bench = Bench(world).adopt()
    assert bench.code("exec", params={"command": "ls"}) == (Effect.DENY, "kill-switch")
    assert bench.code("read")[0] is Effect.ALLOW
    world.set_kill("group:eng")
    bench.service.adopt_kill(bench.holding().kill)
    assert bench.code("read") == (Effect.DENY, "kill-switch")
    world.set_kill("group:finance")
    bench.service.adopt_kill(bench.holding().kill)
    assert bench.code("read")[0] is Effect.ALLOW


def _elevated() -> Held:
    """A policy that denies `exec`, good for ten hours, and an elevation from the tenth minute to the thirtieth."""
    world = SigningWorld([policy(tools={"deny": ["exec"]}, offline={"lease": "10h", "maxStale": "10h"})])
    world.set_overlays(elevation(minutes=(10, 30)))
    return Bench(world).holding()


ELEVATED = _elevated()


def shell(bench: Bench) -> tuple[Effect, str]:
    return bench.code("exec", params={"command": "make"})


def test_an_elevation_begins_and_ends_without_the_server() -> None:
    world = SigningWorld(
        [policy(tools={"deny": ["exec"]}, offline={"mode": "cached", "lease": "5m", "maxStale": "1h"})]
    )
    world.set_overlays(elevation(minutes=(10, 30)))
    bench = Bench(world).adopt()
    for minute, effect in ((9, Effect.DENY), (10, Effect.ALLOW), (29, Effect.ALLOW), (30, Effect.DENY)):
        bench.moment = NOON + dt.timedelta(minutes=minute)
        assert shell(bench)[0] is effect
    bench.moment = NOON + dt.timedelta(minutes=29)
    decision = bench.service.decide(CheckRequest(tool="exec", params={"command": "make"}))
    assert [(record.code, record.resource) for record in decision.obligations.record] == [
        ("elevated", "elevation/el-1")
    ]


def test_a_kill_and_the_end_of_the_policy_win_over_an_elevation() -> None:
    world = SigningWorld([policy(tools={"deny": ["exec"]}, offline=BLOCK)])
    world.set_overlays(elevation())
    bench = Bench(world).adopt()
    assert shell(bench)[0] is Effect.ALLOW
    world.set_kill("tool:exec")
    bench.service.adopt_kill(bench.holding().kill)
    assert shell(bench) == (Effect.DENY, "kill-switch")
    bench.service.adopt_kill(())
    bench.moment = NOON + dt.timedelta(minutes=5)
    assert shell(bench) == (Effect.DENY, "policy-expired")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(-6_000_000, 6_000_000)), min_size=1, max_size=8))
def test_a_clock_that_is_set_opens_no_elevation(steps: list[tuple[int, int]]) -> None:
    """Minutes that really pass, and then how far off the machine's clock is set: up to eleven years either way."""
    bench = Bench(SigningWorld())
    passed, off = 0, 0
    clock = Clock(NOON, wall=lambda: NOON + (passed + off) * MINUTE, monotonic=lambda: passed * 60.0)
    clock.learn(NOON)
    bench.service = AgentService(clock, InstanceFacts(workspace="/w", home="/home/dev"))
    bench.service.adopt(ELEVATED)
    for minutes, jump in steps:
        passed, off = passed + minutes, jump
        if shell(bench)[0] is Effect.ALLOW:
            assert 10 <= passed < 30
        off = 0
        if all(jump <= 0 for _, jump in steps):
            assert (shell(bench)[0] is Effect.ALLOW) == (10 <= passed < 30)


def test_a_defect_denies() -> None:
    bench = Bench(SigningWorld()).adopt()
    bench.service.learn_facts(None)  # type: ignore[arg-type]
    bench.service._clock = None  # type: ignore[assignment]
    assert bench.code() == (Effect.DENY, "agent-error")


def test_answers_on_the_socket_are_documents() -> None:
    bench = Bench(SigningWorld()).adopt()
    answer = json.loads(bench.service.answer(b'{"tool":"read","params":{"path":"/w/x"}}\n'))
    assert answer["decision"]["effect"] == "allow"
    for line in (b"", b"{}", b"[1]", b"nonsense", b"\xff", b'{"tool":"x","user":"boss"}', b'{"tool":"x","at":"now"}'):
        refused = json.loads(bench.service.answer(line))
        assert refused["error"]["code"] == "bad-request"
        assert refused["decision"] is None


def test_deciders_are_kept_while_only_the_lease_changes() -> None:
    bench = Bench(SigningWorld()).adopt()
    bench.code()
    before = next(iter(bench.service._view.deciders.values()))
    bench.adopt().code()
    assert next(iter(bench.service._view.deciders.values())) is before
    bench.world.publish(policy(tools={"deny": ["read"]}))
    bench.adopt()
    assert bench.code()[0] is Effect.DENY
