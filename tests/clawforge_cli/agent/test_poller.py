"""Polling a real HTTP server with real keys and a real state directory; only time is in the test's hands."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agent_server import CREDENTIAL, AgentServer
from signing_world import DEV, NOON, SigningWorld, policy
from strategies import resource

from clawforge.decide.request import InstanceFacts
from clawforge.errors import UnauthenticatedError
from clawforge.secret import Secret
from clawforge.trust import Answer
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.enrolment import enrol
from clawforge_cli.agent.poller import Poller, poll_interval
from clawforge_cli.agent.protocol import CheckRequest
from clawforge_cli.agent.service import AgentService
from clawforge_cli.agent.store import Store
from clawforge_cli.agent.transport import AgentTransport

MINUTE = dt.timedelta(minutes=1)
OFFLINE = {"mode": "cached", "lease": "5m", "maxStale": "1h"}


class Machine:
    """One machine's agent without its process: `start` is a start of it, `crash` its end without goodbye."""

    def __init__(self, directory: Path, server: AgentServer) -> None:
        self.directory = directory
        self.server = server
        self.wall = NOON
        self.monotonic = 0.0
        self.messages: list[str] = []
        self.versions = {"host": "2026.9.6"}
        server.clock = lambda: self.server_time
        self.server_time = NOON
        self.store = Store.open(directory)
        if self.store.read() is None:
            transport = AgentTransport(server.url)
            state = enrol(
                transport,
                server.token,
                insecure_http=False,
                host="openclaw",
                host_version=None,
                workspace=None,
                now=NOON,
            )
            self.store.write(state)
            transport.close()
        self.start()

    def start(self) -> None:
        state = self.store.read()
        assert state is not None
        clock = Clock(state.trust.high_water, wall=lambda: self.wall, monotonic=lambda: self.monotonic)
        self.service = AgentService(clock, InstanceFacts(versions=self.versions))
        self.transport = AgentTransport(state.server, timeout=2)
        self.poller = Poller(
            state,
            store=self.store,
            transport=self.transport,
            service=self.service,
            clock=clock,
            report=self.messages.append,
            jitter=lambda: 1.0,
            monotonic=lambda: self.monotonic,
        )
        self.poller.load()

    def crash(self) -> None:
        self.transport.close()
        self.store.close()

    def restart(self) -> None:
        self.crash()
        self.store = Store.open(self.directory)
        self.start()

    def wait(self, span: dt.timedelta) -> None:
        self.wall += span
        self.server_time += span
        self.monotonic += span.total_seconds()

    def code(self, tool: str = "read") -> str:
        return self.service.decide(CheckRequest(tool=tool)).reasons[0].code


@pytest.fixture
def server() -> Iterator[AgentServer]:
    with AgentServer(SigningWorld([policy(offline=OFFLINE, tools={"deny": ["exec"]})])) as running:
        yield running


@pytest.fixture
def machine(tmp_path: Path, server: AgentServer) -> Iterator[Machine]:
    made = Machine(tmp_path / "agent", server)
    yield made
    made.crash()


def test_the_first_poll_brings_a_policy_and_the_next_only_a_lease(machine: Machine, server: AgentServer) -> None:
    assert machine.code() == "no-policy"
    pause = machine.poller.poll_once()
    assert machine.code() == "allowed"
    assert machine.code("exec") == "tool-denied"
    assert pause == 0.5
    machine.wait(MINUTE)
    assert machine.poller.poll_once() == 30.0
    first, second = server.polls
    assert "If-None-Match" not in first
    assert "ClawForge-Acknowledged" not in first
    digest = second["ClawForge-Acknowledged"]
    assert second["If-None-Match"] == f'"{digest}"'
    state = machine.store.read()
    assert state is not None
    assert state.trust.seen is not None
    assert (state.trust.seen.bundle, state.trust.seen.issued_at) == (digest, NOON + MINUTE)
    assert machine.messages == ["Enforcing revision 1 for dev (instance i-1)"]


def test_a_change_arrives_and_is_announced(machine: Machine, server: AgentServer) -> None:
    machine.poller.poll_once()
    server.world.publish(policy(tools={"deny": ["read"]}))
    machine.poller.poll_once()
    assert machine.code("read") == "tool-denied"
    assert machine.messages[-1] == "Enforcing revision 2 for dev (instance i-1)"


def test_without_the_server_the_last_good_policy_holds_until_it_expires(machine: Machine, server: AgentServer) -> None:
    machine.poller.poll_once()
    server.refuse = 503
    for _ in range(59):
        machine.wait(MINUTE)
        machine.poller.poll_once()
        assert machine.code() == "allowed"
    machine.wait(MINUTE)
    machine.poller.poll_once()
    assert machine.code() == "policy-expired"
    server.refuse = None
    machine.poller.poll_once()
    assert machine.code() == "allowed"
    assert machine.messages[-1] == "The control plane answers again."
    assert len(machine.messages) == 3


def test_a_restart_offline_goes_on_with_the_last_good_policy(machine: Machine, server: AgentServer) -> None:
    machine.poller.poll_once()
    server.refuse = 500
    machine.wait(30 * MINUTE)
    machine.restart()
    assert machine.code() == "allowed"
    assert machine.code("exec") == "tool-denied"
    machine.wait(30 * MINUTE)
    assert machine.code() == "policy-expired"
    machine.restart()
    assert machine.code() == "policy-expired"


def test_a_clock_set_back_extends_nothing(machine: Machine, server: AgentServer) -> None:
    machine.poller.poll_once()
    server.refuse = 500
    machine.wait(45 * MINUTE)
    machine.poller.poll_once()
    machine.wall = NOON - 10 * MINUTE
    assert machine.code() == "allowed"
    machine.restart()
    machine.monotonic += 14 * 60
    assert machine.code() == "allowed"
    machine.monotonic += 61
    assert machine.code() == "policy-expired"


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_years_off_never_opens(machine: Machine, server: AgentServer, years: int) -> None:
    server.world.publish(policy(offline={"mode": "block", "lease": "1m"}))
    machine.poller.poll_once()
    machine.wall += years * dt.timedelta(days=365)
    server.refuse = 500
    machine.poller.poll_once()
    machine.monotonic += 61
    assert machine.code() == "policy-expired"
    machine.poller.poll_once()
    machine.restart()
    assert machine.code() == "policy-expired"


def test_an_orderly_end_remembers_how_late_it_was(machine: Machine, server: AgentServer) -> None:
    machine.poller.poll_once()
    machine.monotonic += 3600
    machine.poller.finish()
    machine.restart()
    assert machine.code() == "policy-expired"


def test_a_clock_that_once_ran_ahead_does_not_refuse_for_ever(machine: Machine, server: AgentServer) -> None:
    machine.poller.poll_once()
    machine.wall += dt.timedelta(days=3650)
    assert machine.code() == "policy-expired"
    server.refuse = 500
    machine.poller.poll_once()
    machine.wall -= dt.timedelta(days=3650)
    machine.wait(2 * MINUTE)
    server.refuse = None
    machine.restart()
    machine.poller.poll_once()
    assert machine.code() == "allowed"


def test_a_refused_credential_keeps_the_policy_and_says_so_once(machine: Machine, server: AgentServer) -> None:
    machine.poller.poll_once()
    server.refuse = 401
    for _ in range(3):
        machine.poller.poll_once()
    assert machine.code() == "allowed"
    assert [text for text in machine.messages if "credential" in text] == machine.messages[1:]
    assert len(machine.messages) == 2


def test_after_key_rotation_a_304_is_asked_again_in_full(machine: Machine, server: AgentServer) -> None:
    machine.poller.poll_once()
    server.world.rotate("second")
    machine.poller.poll_once()
    assert machine.code() == "allowed"
    assert ["If-None-Match" in poll for poll in server.polls] == [False, True, False]
    server.world.recover("third")
    machine.poller.poll_once()
    state = machine.store.read()
    assert state is not None
    assert state.trust.seen is not None
    assert state.trust.seen.counters == (2, 1)


def tampered(change: Any) -> Any:
    return lambda status, answer: (status, change(answer))


@pytest.mark.parametrize(
    "tamper",
    [
        tampered(lambda answer: replace(answer, lease=None)),
        tampered(lambda answer: replace(answer, lease=SigningWorld(org="other").full(DEV, NOON).lease)),
        tampered(lambda answer: Answer(lease=answer.lease, keys={}, bundle={})),
        lambda status, answer: (200, Answer(lease=answer.lease, keys=[], bundle="text")),
        lambda status, answer: (204, answer),
        lambda status, answer: (302, answer),
    ],
)
def test_answers_that_cannot_be_trusted_change_nothing(machine: Machine, server: AgentServer, tamper: Any) -> None:
    machine.poller.poll_once()
    before = machine.store.path.read_bytes()
    server.world.publish(policy())
    server.tamper = tamper
    machine.poller.poll_once()
    assert machine.code("exec") == "tool-denied"
    state = machine.store.read()
    assert state is not None
    assert state.trust.in_force is not None
    assert state.trust.in_force.bundle.payload in before.decode()
    assert len(machine.messages) == 2


def test_a_kill_counts_even_if_its_bundle_is_broken(machine: Machine, server: AgentServer) -> None:
    machine.poller.poll_once()
    server.world.publish(policy())
    server.world.set_kill("org")
    server.tamper = tampered(lambda answer: replace(answer, bundle={"broken": True}))
    machine.poller.poll_once()
    assert machine.code() == "kill-switch"
    machine.restart()
    assert machine.code() == "kill-switch"
    server.tamper = None
    server.refuse = 500
    machine.poller.poll_once()
    assert machine.code() == "kill-switch"
    server.refuse = None
    server.world.set_kill()
    machine.poller.poll_once()
    assert machine.code() == "allowed"


def test_a_kill_that_cannot_be_stored_is_not_taken_back_by_an_older_answer(
    machine: Machine, server: AgentServer
) -> None:
    machine.poller.poll_once()
    older = server.poll(None)
    (machine.directory / "state.json.new").mkdir()
    server.world.set_kill("org")
    machine.poller.poll_once()
    assert machine.code() == "kill-switch"
    server.tamper = lambda status, answer: older
    machine.poller.poll_once()
    assert machine.code() == "kill-switch"
    assert "were seen" in machine.messages[-1]
    server.tamper = None
    server.world.set_kill()
    (machine.directory / "state.json.new").rmdir()
    machine.poller.poll_once()
    assert machine.code() == "allowed"


def test_what_cannot_be_stored_is_not_believed_except_a_kill(machine: Machine, server: AgentServer) -> None:
    machine.poller.poll_once()
    (machine.directory / "state.json.new").mkdir()
    server.world.publish(policy())
    machine.poller.poll_once()
    assert machine.code("exec") == "tool-denied"
    assert "cannot be stored" in machine.messages[-1]
    server.world.set_kill("org")
    machine.poller.poll_once()
    assert machine.code() == "kill-switch"


def test_a_stored_policy_that_does_not_hold_together_is_not_used(machine: Machine, server: AgentServer) -> None:
    machine.poller.poll_once()
    state = machine.store.read()
    assert state is not None
    assert state.trust.in_force is not None
    broken = state.trust.in_force.model_copy(update={"bundle": state.trust.in_force.lease})
    trust = state.trust.model_copy(update={"in_force": broken})
    machine.store.write(state.model_copy(update={"trust": trust}))
    machine.restart()
    assert machine.code() == "no-policy"
    machine.poller.poll_once()
    assert machine.code() == "allowed"


def test_a_server_that_can_wait_is_asked_to(machine: Machine, server: AgentServer) -> None:
    for _ in range(3):
        machine.poller.poll_once()
    server.refuse = 503
    machine.poller.poll_once()
    machine.poller.poll_once()
    assert server.paths == ["/v1/agent/policy", *["/v1/agent/policy?wait=30"] * 3, "/v1/agent/policy"]


def test_the_time_that_a_server_waited_is_not_waited_again(machine: Machine, server: AgentServer) -> None:
    machine.poller.poll_once()

    def slow(status: int, answer: Answer) -> tuple[int, Answer]:
        machine.monotonic += 29.75
        return status, answer

    server.tamper = slow
    assert machine.poller.poll_once() == 0.5
    server.tamper = None
    assert machine.poller.poll_once() == 30.0


def test_pauses_grow_with_failures_and_stay_bounded(machine: Machine, server: AgentServer) -> None:
    server.refuse = 503
    pauses = [machine.poller.poll_once() for _ in range(9)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


@pytest.mark.parametrize(
    ("offline", "seconds"),
    [({}, 30.0), ({"lease": "30s"}, 10.0), ({"lease": "1h", "maxStale": "6s"}, 2.0), ({"lease": "1s"}, 0.5)],
)
def test_the_pace_follows_the_shortest_lease(
    tmp_path: Path, server: AgentServer, offline: dict[str, str], seconds: float
) -> None:
    server.world.publish(policy(offline=offline))
    machine = Machine(tmp_path / "other", server)
    assert machine.poller.poll_once() == 0.5
    assert machine.poller.poll_once() == seconds
    assert poll_interval(None) == 0.5
    machine.crash()


def test_versions_out_of_range_are_noted_and_survive_restarts(machine: Machine, server: AgentServer) -> None:
    target = resource(
        "VersionTarget",
        "hosts",
        {
            "appliesTo": "everyone",
            "components": {"host": {"range": ">=2027.1"}},
            "grace": "10m",
            "enforcement": "block",
        },
    )
    server.world.publish(policy(), target)
    machine.poller.poll_once()
    assert machine.code() == "allowed"
    machine.wait(9 * MINUTE)
    machine.poller.poll_once()
    machine.restart()
    machine.poller.poll_once()
    assert machine.code() == "allowed"
    machine.wait(2 * MINUTE)
    machine.poller.poll_once()
    assert machine.code() == "version-blocked"
    machine.versions = {"host": "2027.2"}
    machine.restart()
    assert machine.code() == "allowed"
    state = machine.store.read()
    assert state is not None
    assert state.out_of_range_since is None


def test_the_loop_ends_when_told_to(machine: Machine) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=machine.poller.run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def test_a_wrong_credential_is_refused_by_the_server(server: AgentServer) -> None:
    transport = AgentTransport(server.url)
    with pytest.raises(UnauthenticatedError):
        transport.poll(Secret("wrong" + CREDENTIAL), held=None, enforcing=None)
    transport.close()
