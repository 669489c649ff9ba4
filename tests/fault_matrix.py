"""An agent with time in the test's hands, put through a fault in a situation; and what the policy permits there.

The agent's own poller, transport, state file and clock talk to a real HTTP server. What must be is said here by a
table of a few lines, which knows nothing of leases and signatures.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from faulty_server import Fault, FaultyServer, wrongs
from signing_world import DEV, NOON, SigningWorld, elevation, policy
from strategies import resource

from clawforge.decide.request import InstanceFacts
from clawforge.resource.policy_test import Effect
from clawforge.trust import Answer
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.enrolment import enrol
from clawforge_cli.agent.poller import Poller
from clawforge_cli.agent.protocol import CheckRequest
from clawforge_cli.agent.service import AgentService
from clawforge_cli.agent.store import Store
from clawforge_cli.agent.transport import AgentTransport

MINUTE = dt.timedelta(minutes=1)
YEAR = 366 * 24 * 60
CACHED = {"mode": "cached", "lease": "5m", "maxStale": "1h"}
BLOCK = {"mode": "block", "lease": "5m", "maxStale": "1h"}
TOOLS = ("read", "exec", "gateway")
GUARDRAIL = resource(
    "Policy", "control", {"appliesTo": "everyone", "mode": "guardrail", "tools": {"deny": ["gateway"]}}
)


class Phase(StrEnum):
    """The situation in which the fault begins."""

    START = "start"
    RUNNING = "running"
    KILLED = "killed"
    ELEVATED = "elevated"
    EXPIRED = "lease expired"


def permitted(phase: Phase, tool: str, minute: float) -> bool:
    """Whether the policy lets a call pass so many minutes after the fault began: the whole of what must be."""
    if phase in {Phase.START, Phase.KILLED, Phase.EXPIRED} or minute >= 60:
        return False
    return tool == "read" or (tool == "exec" and phase is Phase.ELEVATED and minute < 30)


@dataclass(frozen=True)
class Step:
    """A moment after the fault began, in minutes, and what happens then besides a poll."""

    minute: float
    restart: bool = False
    clock: float | None = None
    """Where the machine's own clock is set to, in minutes; only its monotonic one then knows better."""


STEPS = (
    Step(0),
    Step(1),
    Step(6, restart=True),
    Step(29),
    Step(30),
    Step(31, clock=-10 * YEAR),
    Step(59),
    Step(60),
    Step(61, clock=5),
    Step(300, restart=True, clock=5),
)
SHORT = tuple(step for step in STEPS if step.minute in {1, 30, 60})
"""For a fault that costs seconds."""


class Laptop:
    """One machine with time in the test's hands."""

    def __init__(self, directory: Path, server: FaultyServer) -> None:
        self.directory, self.server = directory, server
        self.wall, self.monotonic = NOON, 0.0
        self.true_time = NOON
        server.clock = lambda: self.true_time
        self.store = Store.open(directory)
        self.transport = self._transport()
        self.store.write(
            enrol(
                self.transport,
                server.token,
                insecure_http=False,
                host="openclaw",
                host_version=None,
                workspace=None,
                now=NOON,
            )
        )
        self.start()

    def _transport(self) -> AgentTransport:
        return AgentTransport(self.server.url, timeout=0.4, deadline=0.4)

    def start(self) -> None:
        state = self.store.read()
        assert state is not None
        clock = Clock(state.trust.high_water, wall=lambda: self.wall, monotonic=lambda: self.monotonic)
        self.service = AgentService(clock, InstanceFacts(workspace="/w", home="/home/dev"))
        self.poller = Poller(
            state,
            store=self.store,
            transport=self.transport,
            service=self.service,
            clock=clock,
            report=lambda _: None,
            jitter=lambda: 1.0,
            monotonic=lambda: self.monotonic,
        )
        self.poller.load()

    def restart(self) -> None:
        """A crash without goodbye, and the next start; the monotonic clock begins anew."""
        self.stop()
        self.monotonic = 0.0
        self.store = Store.open(self.directory)
        self.transport = self._transport()
        self.start()

    def stop(self) -> None:
        self.transport.close()
        self.store.close()

    def pass_time(self, span: dt.timedelta, clock: dt.datetime | None = None) -> None:
        self.true_time += span
        self.monotonic += span.total_seconds()
        self.wall = self.true_time if clock is None else clock

    def passes(self, tool: str) -> bool:
        params = {"command": "make"} if tool == "exec" else {}
        return self.service.decide(CheckRequest(tool=tool, params=params)).effect is Effect.ALLOW


def _world(phase: Phase) -> tuple[SigningWorld, tuple[Answer, ...]]:
    """What the server holds, and genuine answers from before: they allow everything, and know no kill."""
    world = SigningWorld([policy(offline=CACHED)])
    # Before its first answer an agent has nothing to compare with but the time: what is replayed then is an hour old.
    said = NOON - 60 * MINUTE if phase is Phase.START else NOON
    recorded = (world.full(DEV, said), world.unchanged(DEV, said))
    offline = BLOCK if phase is Phase.EXPIRED else CACHED
    world.publish(policy(tools={"deny": ["exec"]}, offline=offline), GUARDRAIL)
    if phase is Phase.KILLED:
        recorded = (*recorded, world.full(DEV, NOON), world.unchanged(DEV, NOON + 10 * MINUTE))
        world.set_kill("org")
    if phase is Phase.ELEVATED:
        world.set_overlays(elevation(minutes=(0, 30)))
    if phase is Phase.EXPIRED:
        # All that there is was true once; it is too old.
        recorded = (*recorded, world.full(DEV, NOON - MINUTE), world.unchanged(DEV, NOON - MINUTE))
    return world, recorded


@dataclass
class Cell:
    """What one fault did in one situation."""

    asked: int = 0
    passed: int = 0
    forbidden: int = 0
    withheld: int = 0
    recovered: bool = False


def play(fault: Fault, phase: Phase, directory: Path) -> Cell:
    """One cell of the table. In the end the server is well again, and so is the agent."""
    world, recorded = _world(phase)
    cell = Cell()
    with FaultyServer(world) as server:
        laptop = Laptop(directory, server)
        try:
            if phase is not Phase.START:
                laptop.poller.poll_once()
            if phase is Phase.EXPIRED:
                laptop.pass_time(5 * MINUTE)
            wrong = wrongs(fault, recorded, world)
            server.answer_with(wrong)
            _suffer(laptop, phase, cell, SHORT if fault is Fault.SLOW else STEPS, len(wrong))
            server.answer_with(None)
            laptop.wall = laptop.true_time
            if phase is Phase.KILLED:
                world.set_kill()
            world.set_overlays()
            laptop.poller.poll_once()
            cell.recovered = [laptop.passes(tool) for tool in TOOLS] == [True, False, False]
        finally:
            laptop.stop()
    return cell


def _suffer(laptop: Laptop, phase: Phase, cell: Cell, steps: tuple[Step, ...], many: int) -> None:
    """At the first step all that can be wrong, `many` things, and then one a step."""
    began = laptop.true_time
    for step in steps:
        clock = None if step.clock is None else began + step.clock * MINUTE
        laptop.pass_time(began + step.minute * MINUTE - laptop.true_time, clock)
        if step.restart:
            laptop.restart()
        for _ in range(many if step is steps[0] else 1):
            laptop.poller.poll_once()
            for tool in TOOLS:
                passes, may = laptop.passes(tool), permitted(phase, tool, step.minute)
                cell.asked += 1
                cell.passed += passes
                cell.forbidden += passes and not may
                cell.withheld += may and not passes


def table(cells: dict[tuple[Fault, Phase], Cell]) -> str:
    """The cells as people read them: calls that passed, of those asked, and how many of them the policy forbids."""
    lines = ["fault        " + "".join(f"{phase:>20}" for phase in Phase)]
    for fault in Fault:
        found = [cells[fault, phase] for phase in Phase]
        lines.append(f"{fault:<13}" + "".join(f"{f'{c.passed}/{c.asked}, {c.forbidden} bad':>20}" for c in found))
    return "\n".join(lines)
