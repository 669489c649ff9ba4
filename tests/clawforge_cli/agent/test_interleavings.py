"""Two elevations, a kill and a schedule boundary in every order: real signatures, a real agent, and six lines that say
what must be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import permutations

import pytest
from signing_world import DEV, NOON, SigningWorld, elevation, policy
from strategies import resource

from clawforge.decide.request import InstanceFacts
from clawforge.resolve.org import OrgModel
from clawforge.resource.policy_test import Effect
from clawforge.trust import Held, TrustState, accept_answer, held
from clawforge_cli.agent import service as service_module
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.protocol import CheckRequest
from clawforge_cli.agent.service import AgentService

EVENTS = ("first begins", "first ends", "second begins", "second ends", "kill on", "kill off", "night begins")
PAIRS = (("first begins", "first ends"), ("second begins", "second ends"), ("kill on", "kill off"))
TOOLS = ("exec", "read", "write", "gateway")
MINUTE = dt.timedelta(minutes=1)


def orders() -> tuple[tuple[str, ...], ...]:
    """Every order in which what ends has begun before."""
    return tuple(
        order
        for order in permutations(EVENTS)
        if all(order.index(before) < order.index(after) for before, after in PAIRS)
    )


def documented(past: frozenset[str], tool: str) -> bool:
    """What docs/agent-protocol.md says: kill above all, guardrails above elevations, these above the rest.

    The base denies `exec`, from the night on an overlay denies `read`, a guardrail always denies `gateway`. The first
    elevation lifts `exec`, the second `exec`, `read` and `gateway`.
    """
    first, second = ({f"{name} begins", f"{name} ends"} & past == {f"{name} begins"} for name in ("first", "second"))
    if ("kill on" in past and "kill off" not in past) or tool == "gateway":
        return False
    if tool == "exec":
        return first or second
    return tool == "write" or second or "night begins" not in past


@cache
def org(night: int) -> OrgModel:
    """The org whose night begins so many minutes after noon."""
    window = {"from": (NOON + night * MINUTE).isoformat()}
    overlay = {
        "mode": "overlay",
        "appliesTo": "everyone",
        "tools": {"deny": ["read"]},
        "schedule": {"windows": [window]},
    }
    guardrail = {"mode": "guardrail", "appliesTo": "everyone", "tools": {"deny": ["gateway"]}}
    return OrgModel(
        [
            policy(tools={"deny": ["exec"]}),
            resource("Policy", "night", overlay),
            resource("Policy", "control", guardrail),
        ]
    )


@dataclass
class Story:
    """One order, an event a minute from the first minute after noon on. The first elevation and the day end by the
    agent's own clock, and nobody says a word then; the second elevation the server takes back before its time."""

    order: tuple[str, ...]
    heard: dict[object, tuple[TrustState, Held]]
    """What agents believe who heard the same so far: many orders begin alike."""

    def __post_init__(self) -> None:
        self.world = SigningWorld()
        self.world.model = org(self.minute("night begins"))
        self.now = NOON
        self.clock = Clock(NOON, wall=lambda: self.now, monotonic=self.seconds)
        self.service = AgentService(self.clock, InstanceFacts(workspace="/w", home="/home/dev"))
        self.state: TrustState = self.world.enrolled(DEV, NOON)
        self.listen()

    def seconds(self) -> float:
        return (self.now - NOON).total_seconds()

    def minute(self, event: str) -> int:
        return self.order.index(event) + 1

    def listen(self, *, changed: bool = True) -> None:
        """A full answer, or one that says "not modified" and brings a lease alone."""
        same = (self.minute("night begins"), self.order[: round(self.seconds() / 60)], self.world.overlays)
        if same not in self.heard:
            answer = self.world.full(DEV, self.now) if changed else self.world.unchanged(DEV, self.now)
            state = accept_answer(self.state, answer, self.now)
            found = held(state)
            assert found is not None
            self.heard[same] = (state, found)
        self.state, holding = self.heard[same]
        self.clock.learn(holding.lease.issued_at)
        self.service.adopt(holding)

    def happens(self, event: str) -> None:
        name, _, what = event.partition(" ")
        if name == "kill":
            self.world.set_kill(*(("org",) if what == "on" else ()))
        elif what == "begins" and name != "night":
            begin, end = self.minute(event), self.minute("first ends") if name == "first" else 60
            number, tools = (1, ("exec",)) if name == "first" else (2, ("exec", "read", "gateway"))
            made = elevation(number, tools=tools, minutes=(begin, end))
            self.world.set_overlays(*self.world.overlays, made)
        elif event == "second ends":
            self.world.set_overlays(*(item for item in self.world.overlays if item.id != "el-2"))
        else:
            return
        self.listen(changed=name != "kill")

    def play(self) -> Iterator[tuple[frozenset[str], str, bool]]:
        """After every event what has happened, a tool, and whether it may be called."""
        for number, event in enumerate(self.order, start=1):
            self.now = NOON + number * MINUTE
            self.happens(event)
            for tool in TOOLS:
                params = {"command": "make"} if tool == "exec" else {}
                decision = self.service.decide(CheckRequest(tool=tool, params=params))
                yield frozenset(self.order[:number]), tool, decision.effect is Effect.ALLOW


def differences(story: Story) -> list[str]:
    """Where the agent does something else than is documented."""
    return [
        f"{tool} after {sorted(past)}" for past, tool, passes in story.play() if passes is not documented(past, tool)
    ]


def test_every_order_gives_the_documented_result() -> None:
    heard: dict[object, tuple[TrustState, Held]] = {}
    found = {order: wrong for order in orders() if (wrong := differences(Story(order, heard)))}
    assert len(orders()) == 630
    assert found == {}


def test_an_agent_whose_elevations_win_over_kills_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = service_module.decide_lifted

    def wrong(*arguments: object, **options: object) -> object:
        decision = real(*arguments, **options)  # type: ignore[arg-type]
        if decision.obligations.record:
            return decision.model_copy(update={"effect": Effect.ALLOW})
        return decision

    monkeypatch.setattr(service_module, "decide_lifted", wrong)
    assert any(differences(Story(order, {})) for order in orders()[:60])
