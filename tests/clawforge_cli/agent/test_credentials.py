"""The agent's credential against a real control plane: it changes by itself, and no crash locks the agent out."""

from __future__ import annotations

import datetime as dt
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from agent_server import AgentServer
from server_process import ServerProcess, apply, company, resource, server_process
from signing_world import SigningWorld

from clawforge.decide.request import InstanceFacts
from clawforge.secret import Secret
from clawforge_cli.agent.clock import Clock, wall_clock
from clawforge_cli.agent.credential import ROTATE_AFTER, is_due
from clawforge_cli.agent.enrolment import enrol
from clawforge_cli.agent.poller import Poller
from clawforge_cli.agent.protocol import CheckRequest
from clawforge_cli.agent.service import AgentService
from clawforge_cli.agent.store import AgentState, Store
from clawforge_cli.agent.transport import AgentTransport

DOOMED = Path(__file__).with_name("doomed_agent.py")
IMPATIENT = resource("Policy", "default", appliesTo="everyone", offline={"lease": "1s", "maxStale": "1h"})
"""So short a lease that no poll waits for news."""
DAY = dt.timedelta(days=1)


class Machine:
    """One machine's agent without its process."""

    def __init__(self, directory: Path, server: str, token: str) -> None:
        self.directory = directory
        self.messages: list[str] = []
        transport = AgentTransport(server)
        self.store = Store.open(directory)
        self.store.write(
            enrol(
                transport,
                token,
                insecure_http=False,
                host="openclaw",
                host_version=None,
                workspace=None,
                now=wall_clock(),
            )
        )
        transport.close()
        self.start()

    @property
    def state(self) -> AgentState:
        found = self.store.read()
        assert found is not None
        return found

    def start(self) -> None:
        clock = Clock(self.state.trust.high_water)
        self.service = AgentService(clock, InstanceFacts())
        self.transport = AgentTransport(self.state.server, timeout=5)
        self.poller = Poller(
            self.state,
            store=self.store,
            transport=self.transport,
            service=self.service,
            clock=clock,
            report=self.messages.append,
        )
        self.poller.load()

    def stop(self) -> None:
        self.transport.close()
        self.store.close()

    def restart(self, **changes: Any) -> None:
        self.stop()
        self.store = Store.open(self.directory)
        if changes:
            self.store.write(self.state.model_copy(update=changes))
        self.start()

    def restarted(self) -> Machine:
        self.restart()
        return self

    def grow_old(self) -> None:
        self.restart(credential_since=wall_clock() - ROTATE_AFTER)

    def message(self) -> str:
        decision = self.service.decide(CheckRequest(tool="read"))
        return "allowed" if decision.effect.value == "allow" else str(decision.reasons[0].message)


def until_the_next_second() -> None:
    time.sleep(1.05 - time.time() % 1)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("plane") / "data") as server:
        with server.client() as owner:
            apply(owner, [*company()[:-1], IMPATIENT])
        yield server


@pytest.fixture
def owner(plane: ServerProcess) -> Iterator[httpx.Client]:
    with plane.client() as client:
        yield client


def join(owner: httpx.Client, plane: ServerProcess, directory: Path, **body: Any) -> Machine:
    minted = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev", **body})
    assert minted.status_code == 201, minted.text
    return Machine(directory, plane.url, minted.json()["token"])


@pytest.fixture
def machine(owner: httpx.Client, plane: ServerProcess, tmp_path: Path) -> Iterator[Machine]:
    made = join(owner, plane, tmp_path / "agent")
    yield made
    made.stop()


def status(plane: ServerProcess, credential: str) -> int:
    headers = {"Authorization": f"Bearer {credential}"}
    return httpx.get(f"{plane.url}/v1/agent/policy", headers=headers, trust_env=False).status_code


def reuses(owner: httpx.Client) -> int:
    log = owner.get("/v1/orgs/acme/audit", params={"limit": 1000}).json()["events"]
    return sum(item["detail"].get("code") == "credential-reused" for item in log)


def test_a_young_credential_stays(machine: Machine) -> None:
    before = machine.state.credential
    for _ in range(3):
        machine.poller.poll_once()
    assert (machine.state.credential, machine.state.next_credential) == (before, None)


def test_an_old_one_is_replaced_and_dead(machine: Machine, plane: ServerProcess) -> None:
    machine.poller.poll_once()
    old = machine.state.credential
    machine.grow_old()
    assert machine.poller.poll_once() == 0.5
    offered = machine.state.next_credential
    assert offered is not None
    assert (machine.state.credential, machine.message()) == (old, "allowed")
    machine.poller.poll_once()
    state = machine.state
    assert (state.credential, state.next_credential) == (offered, None)
    assert not is_due(state, wall_clock())
    assert stat.S_IMODE(machine.store.path.stat().st_mode) == 0o600
    assert (status(plane, old), status(plane, offered)) == (401, 200)
    assert machine.messages == [machine.messages[0]] * len(machine.messages)
    assert all(secret not in text for secret in (old, offered) for text in (*machine.messages, repr(state)))


def test_one_that_the_server_does_not_know_is_dropped_once_the_old_one_works(machine: Machine) -> None:
    old = machine.state.credential
    machine.restart(next_credential="cf_instance_that-lapsed")
    machine.poller.poll_once()
    assert (machine.state.credential, machine.state.next_credential) == (old, None)
    assert machine.message() == "allowed"


def test_both_are_kept_while_neither_is_taken(machine: Machine, owner: httpx.Client) -> None:
    machine.restart(credential="cf_instance_one", next_credential="cf_instance_two")
    machine.poller.poll_once()
    assert (machine.state.credential, machine.state.next_credential) == ("cf_instance_one", "cf_instance_two")


def test_what_cannot_be_stored_is_never_used(machine: Machine, plane: ServerProcess) -> None:
    machine.poller.poll_once()
    old = machine.state.credential
    machine.grow_old()
    blocker = machine.directory / "state.json.new"
    blocker.mkdir()
    for _ in range(3):
        machine.poller.poll_once()
    blocker.rmdir()
    assert machine.state.credential == old
    assert status(plane, old) == 200
    machine.restart()
    machine.poller.poll_once()
    machine.poller.poll_once()
    assert machine.state.credential != old
    assert status(plane, machine.state.credential) == 200


def test_killed_between_any_two_steps_it_is_never_locked_out(
    owner: httpx.Client, plane: ServerProcess, tmp_path: Path
) -> None:
    step, replaced, noted = 0, 0, reuses(owner)
    while True:
        step += 1
        machine = join(owner, plane, tmp_path / f"agent-{step}")
        machine.poller.poll_once()
        first = machine.state.credential
        machine.restart(credential_since=wall_clock() - ROTATE_AFTER)
        machine.stop()
        doomed = subprocess.run(
            [sys.executable, str(DOOMED), str(machine.directory), str(step)], capture_output=True, check=False
        )
        machine.store = Store.open(machine.directory)
        replaced += machine.state.credential != first
        machine.start()
        for _ in range(3):
            machine.poller.poll_once()
        state = machine.state
        assert machine.message() == "allowed", f"locked out after step {step}: {machine.messages}"
        assert (state.next_credential, state.credential == first) == (None, False), f"step {step}"
        assert status(plane, state.credential) == 200
        machine.stop()
        if doomed.returncode == 0:
            break
        assert doomed.returncode == -signal.SIGKILL, doomed.stderr.decode()
    assert step > 8, "too few steps: the agent did nothing"
    assert 0 < replaced < step
    assert reuses(owner) == noted


def test_a_server_that_gives_none_is_not_asked_all_the_time(tmp_path: Path) -> None:
    with AgentServer(SigningWorld()) as server:
        machine = Machine(tmp_path / "agent", server.url, server.token)
        machine.grow_old()
        for _ in range(4):
            machine.poller.poll_once()
        assert [text for text in machine.messages if "was not replaced" in text] == machine.messages[1:]
        assert len(machine.messages) == 2
        assert machine.message() == "allowed"
        machine.stop()


def test_who_waits_for_an_approval_denies_and_goes_on_asking(
    owner: httpx.Client, plane: ServerProcess, tmp_path: Path
) -> None:
    machine = join(owner, plane, tmp_path / "agent", requireApproval=True)
    pauses = [machine.poller.poll_once() for _ in range(8)]
    assert "waits for an approval" in machine.message()
    assert len(machine.messages) == 1
    assert max(pauses) <= 30.0
    assert pauses[-1] > pauses[0]
    name = machine.state.trust.instance
    assert owner.post(f"/v1/orgs/acme/instances/{name}/approvals", json={}).status_code == 200
    machine.poller.poll_once()
    assert machine.message() == "allowed"
    machine.stop()


def test_who_is_turned_away_denies(owner: httpx.Client, plane: ServerProcess, tmp_path: Path) -> None:
    machine = join(owner, plane, tmp_path / "agent", requireApproval=True)
    machine.poller.poll_once()
    name = machine.state.trust.instance
    assert owner.post(f"/v1/orgs/acme/instances/{name}/rejections", json={}).status_code == 200
    assert machine.poller.poll_once() == 30.0
    assert "turned away" in machine.message()
    machine.stop()


def test_a_revoked_machine_denies_from_then_on(owner: httpx.Client, machine: Machine) -> None:
    machine.poller.poll_once()
    assert machine.message() == "allowed"
    assert owner.delete(f"/v1/orgs/acme/instances/{machine.state.trust.instance}?reason=lost").status_code == 204
    machine.poller.poll_once()
    assert "was revoked" in machine.message()
    machine.restart(server="http://127.0.0.1:9")
    assert "was revoked" in machine.message()
    machine.poller.poll_once()
    assert "was revoked" in machine.message()


def test_a_word_that_was_not_the_server_s_last_is_taken_back(machine: Machine) -> None:
    machine.poller.poll_once()
    machine.restart(ended="This instance was revoked.")
    assert machine.message() == "This instance was revoked."
    # Leases name whole seconds, and only one that was issued after all that was seen before takes the word back.
    until_the_next_second()
    machine.poller.poll_once()
    assert machine.message() == "allowed"
    assert machine.state.ended is None
    assert machine.restarted().message() == "allowed"


def test_a_machine_that_was_put_out_does_not_believe_what_it_heard_before(machine: Machine) -> None:
    machine.poller.poll_once()
    recorded = machine.transport.poll(Secret(machine.state.credential), held=None, enforcing=None, wait=0)
    machine.restart(ended="This instance was revoked.")
    machine.transport.poll = lambda *_, **__: recorded  # type: ignore[method-assign]
    machine.poller.poll_once()
    assert machine.message() == "This instance was revoked."
    assert machine.restarted().message() == "This instance was revoked."


@pytest.mark.parametrize(
    ("age", "due"),
    [(0 * DAY, False), (ROTATE_AFTER - DAY / 86_400, False), (ROTATE_AFTER, True), (4_000 * DAY, True), (-DAY, True)],
)
def test_age_decides_and_a_wrong_clock_only_makes_it_sooner(machine: Machine, age: dt.timedelta, due: bool) -> None:
    now = wall_clock()
    assert is_due(machine.state.model_copy(update={"credential_since": now - age}), now) is due
    assert not is_due(machine.state.model_copy(update={"credential_since": None}), now)
