"""Every fault of the way to the server, in every situation of an agent: no call passes that the policy forbids.

The agent's own poller, transport, state file and clock talk to a real HTTP server. What must be is said here by a
table of a few lines, which knows nothing of leases and signatures. `pytest -s` prints what was asked and passed.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from faulty_server import Fault, FaultyServer, wrongs
from signing_world import DEV, NOON, SigningWorld, elevation, policy
from strategies import resource

from clawforge import trust as trust_module
from clawforge.decide.request import InstanceFacts
from clawforge.errors import UnavailableError, UntrustedError
from clawforge.lease import Freshness
from clawforge.overlay import elevated as elevated_module
from clawforge.resource.policy_test import Effect
from clawforge.trust import Answer
from clawforge_cli.agent import service as service_module
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.enrolment import enrol
from clawforge_cli.agent.poller import Poller
from clawforge_cli.agent.protocol import CheckRequest
from clawforge_cli.agent.service import AgentService
from clawforge_cli.agent.store import Store
from clawforge_cli.agent.transport import AgentTransport

MINUTE = dt.timedelta(minutes=1)
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
    Step(31, clock=-1440),
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


def test_no_fault_lets_a_call_pass_that_the_policy_forbids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = {
        (fault, phase): play(fault, phase, tmp_path / f"{fault.name}-{phase.name}")
        for fault in Fault
        for phase in Phase
    }
    print("\n" + table(cells))
    assert {key: cell.forbidden for key, cell in cells.items() if cell.forbidden} == {}
    # It is no proof that nothing passes: what the policy permits goes on, as long as it may without word.
    assert {key: cell.withheld for key, cell in cells.items() if cell.withheld} == {}
    assert [key for key, cell in cells.items() if not cell.recovered] == []
    for fault in Fault:
        assert cells[fault, Phase.RUNNING].passed > 0
        assert cells[fault, Phase.ELEVATED].passed > cells[fault, Phase.RUNNING].passed


# --- agents that are wrong, each in one way; the matrix must tell them from ours ------------------------------------


def _kill_forgotten_on_an_empty_answer(patch: pytest.MonkeyPatch) -> None:
    """An answer without news is taken for one without kills, as the public plugin does (THREATS 2.17)."""
    real = Poller._failed

    def failed(self: Poller, error: Any) -> float:
        if isinstance(error, UntrustedError | UnavailableError):
            self._service.adopt_kill(())
        return real(self, error)

    patch.setattr(Poller, "_failed", failed)


def _html_taken_for_not_modified(patch: pytest.MonkeyPatch) -> None:
    """Whatever cannot be read counts as "nothing changed", and so as word from the server."""
    real = Poller._failed

    def failed(self: Poller, error: Any) -> float:
        holding = self._holding
        if holding is not None and not isinstance(error, UnavailableError):
            lease = holding.lease.model_copy(update={"issued_at": self._clock.now(), "until": NOON + 999 * MINUTE})
            self._service.adopt(type(holding)(holding.bundle, holding.digest, lease, holding.kill))
        return real(self, error)

    patch.setattr(Poller, "_failed", failed)


def _old_answers_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trust_module, "_check_not_older", lambda lease, seen: None)


def _signatures_not_checked(patch: pytest.MonkeyPatch) -> None:
    from clawforge import bundle as bundle_module
    from clawforge import lease as lease_module

    for module in (bundle_module, lease_module):
        patch.setattr(module, "verify", lambda envelope, trusted, wanted: base64.b64decode(envelope.payload))


def _leases_never_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(service_module, "freshness", lambda lease, offline, now: Freshness.FRESH)


def _elevations_end_only_when_the_server_says_so(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(elevated_module, "is_in_force", lambda overlay, present: overlay.from_ <= present.latest)


def _without_a_policy_everything_goes(patch: pytest.MonkeyPatch) -> None:
    real = service_module._denial

    def denial(code: str, message: str) -> Any:
        denied = real(code, message)
        return denied.model_copy(update={"effect": Effect.ALLOW}) if code == "no-policy" else denied

    patch.setattr(service_module, "_denial", denial)


@pytest.mark.parametrize(
    ("mutation", "fault", "phase"),
    [
        (_kill_forgotten_on_an_empty_answer, Fault.EMPTY, Phase.KILLED),
        (_kill_forgotten_on_an_empty_answer, Fault.HTML, Phase.KILLED),
        (_html_taken_for_not_modified, Fault.HTML, Phase.RUNNING),
        (_old_answers_believed, Fault.OLD, Phase.KILLED),
        (_old_answers_believed, Fault.OLD, Phase.RUNNING),
        (_signatures_not_checked, Fault.FORGED, Phase.RUNNING),
        (_leases_never_end, Fault.DOWN, Phase.EXPIRED),
        (_elevations_end_only_when_the_server_says_so, Fault.ERROR, Phase.ELEVATED),
        (_without_a_policy_everything_goes, Fault.DOWN, Phase.START),
    ],
)
def test_the_matrix_finds_an_agent_that_is_wrong(
    mutation: Callable[[pytest.MonkeyPatch], None],
    fault: Fault,
    phase: Phase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutation(monkeypatch)
    assert play(fault, phase, tmp_path / "agent").forbidden > 0
