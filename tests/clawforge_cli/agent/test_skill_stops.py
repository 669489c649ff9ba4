"""Skills that were stopped or whose approval ended, against the agent's own poller, decisions and state directory."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from agent_server import AgentServer
from server_process import ServerProcess, apply, company, free_port, resource, server_process
from signing_world import DEV, SigningWorld
from strategies import resource as parsed

import clawforge.resolve.targets
from clawforge.decide.request import InstanceFacts
from clawforge.secret import Secret
from clawforge_cli.agent.clock import Clock, wall_clock
from clawforge_cli.agent.enrolment import enrol
from clawforge_cli.agent.poller import Poller
from clawforge_cli.agent.protocol import CheckRequest
from clawforge_cli.agent.service import AgentService
from clawforge_cli.agent.store import Store
from clawforge_cli.agent.transport import AgentTransport

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
LAST_DAY = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)


def approval(name: str, **spec: Any) -> dict[str, Any]:
    spec = {"appliesTo": "everyone", "key": "pdf", "digest": A, "status": "approved", "reviewedBy": "dev", **spec}
    return resource("SkillApproval", name, **{key: value for key, value in spec.items() if value is not None})


BASE = company()[:-1]
CAREFUL = resource(
    "Policy",
    "default",
    appliesTo="everyone",
    tools={"deny": ["exec"]},
    skills={"requireApproval": True},
    offline={"lease": "1s", "maxStale": "100h"},
)
"""So short a lease that no poll waits for news."""
APPROVED = [*BASE, CAREFUL, approval("pdf"), approval("pdf-b", digest=B), approval("notes", key="notes")]


class Machine:
    """One machine's agent without its process. `wall` says what time it is there, the real time if left out."""

    def __init__(self, directory: Path, server: str, token: str, wall: Any = wall_clock) -> None:
        transport = AgentTransport(server, timeout=5)
        self.store = Store.open(directory)
        options = {"insecure_http": False, "host": "openclaw", "host_version": None, "workspace": None}
        state = enrol(transport, token, now=wall(), **options)
        self.store.write(state)
        clock = Clock(state.trust.high_water, wall=wall, monotonic=lambda: wall().timestamp())
        self.service = AgentService(clock, InstanceFacts())
        self.transport = transport
        parts = {"store": self.store, "transport": transport, "service": self.service, "clock": clock}
        self.poller = Poller(state, report=lambda _: None, **parts)
        self.poller.load()

    def code(self, **params: str) -> str:
        """Why the agent decides as it does about loading a skill."""
        return self.service.decide(CheckRequest(tool="skill", params=params)).reasons[0].code

    def stop(self) -> None:
        self.transport.close()
        self.store.close()


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("plane") / "data") as server:
        yield server


@contextmanager
def machine_of(owner: httpx.Client, server: str, directory: Path) -> Iterator[Machine]:
    token = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    made = Machine(directory, server, token)
    try:
        made.poller.poll_once()
        yield made
    finally:
        made.stop()


@pytest.fixture
def owner(plane: ServerProcess) -> Iterator[httpx.Client]:
    """The owner's client, of an org that approves two contents of one skill."""
    with plane.client() as client:
        apply(client, APPROVED)
        yield client
        for item in client.get("/v1/orgs/acme/skills").json()["revocations"]:
            client.post(f"/v1/orgs/acme/skills/revocations/{item['id']}/lift", json={"reason": "the test is over"})


@pytest.fixture
def machine(plane: ServerProcess, owner: httpx.Client, tmp_path: Path) -> Iterator[Machine]:
    with machine_of(owner, plane.url, tmp_path / "agent") as made:
        assert (made.code(key="pdf", digest=A), made.code(key="pdf", digest=B)) == ("allowed", "allowed")
        yield made


def revoke(owner: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = owner.post("/v1/orgs/acme/skills/revocations", json={"key": "pdf", "reason": "reads cookies", **body})
    assert answer.status_code == 201, answer.text
    revocation: dict[str, Any] = answer.json()
    return revocation


def test_a_digest_is_stopped_by_the_next_poll_under_any_name(owner: httpx.Client, machine: Machine) -> None:
    revocation = revoke(owner, digest=A)
    machine.poller.poll_once()
    assert machine.code(key="pdf", digest=A) == "skill-revoked"
    assert machine.code(key="pdf") == "skill-revoked", "what a call does not say counts as what was revoked"
    assert machine.code(key="notes", digest=A) == "skill-revoked"
    assert machine.code(key="pdf", digest=B) == "allowed"
    assert revoke(owner, digest=A) == revocation
    lifted = owner.post(f"/v1/orgs/acme/skills/revocations/{revocation['id']}/lift", json={"reason": "it is harmless"})
    assert lifted.status_code == 204
    machine.poller.poll_once()
    assert machine.code(key="pdf", digest=A) == "allowed"
    again = owner.post(f"/v1/orgs/acme/skills/revocations/{revocation['id']}/lift", json={"reason": "x"})
    assert (again.status_code, again.json()["code"]) == (404, "unknown-revocation")


def test_a_key_is_stopped_with_every_content(owner: httpx.Client, machine: Machine) -> None:
    revoke(owner)
    machine.poller.poll_once()
    assert [machine.code(key="pdf", digest=digest) for digest in (A, B)] == ["skill-revoked"] * 2
    assert machine.code(key="PDF", digest=B) == "skill-revoked"
    assert machine.code(key="notes", digest=A) == "allowed"


def test_a_waiting_poll_ends_with_the_revocation(owner: httpx.Client, machine: Machine, plane: ServerProcess) -> None:
    held = machine.poller._holding
    assert held is not None
    credential = Secret(machine.poller._state.credential)

    timer = threading.Timer(0.3, lambda: revoke(owner))
    timer.start()
    answer = machine.transport.poll(credential, held=held.digest, enforcing=held.digest, wait=30)
    timer.join()
    assert answer.bundle is not None


def test_no_apply_erases_it_and_the_files_take_its_place(owner: httpx.Client, machine: Machine) -> None:
    by_key, by_digest = revoke(owner), revoke(owner, key="notes", digest=A)
    apply(owner, [*APPROVED, approval("pdf-c", digest="sha256:" + "c" * 64)])
    machine.poller.poll_once()
    assert machine.code(key="pdf", digest="sha256:" + "c" * 64) == "skill-revoked"
    # These say less than was stopped by hand: only one content, only some people, only at times.
    narrower = (
        approval("one", status="revoked", digest=B),
        approval("some", status="revoked", digest=None, appliesTo={"users": ["gone"]}),
        approval("then", status="revoked", digest=None, schedule={"windows": [{"until": "2020-01-01T00:00:00Z"}]}),
    )
    apply(owner, [*APPROVED, *narrower])
    listed = owner.get("/v1/orgs/acme/skills").json()["revocations"]
    assert [item["id"] for item in listed] == [by_key["id"], by_digest["id"]]
    apply(owner, [*APPROVED, approval("pdf-revoked", status="revoked", digest=None)])
    listed = owner.get("/v1/orgs/acme/skills").json()["revocations"]
    assert [item["id"] for item in listed] == [by_digest["id"]]
    machine.poller.poll_once()
    assert machine.code(key="pdf", digest=B) == "skill-revoked"
    told = owner.post("/v1/orgs/acme/skills/revocations", json={"key": "pdf", "digest": A, "reason": "once more"})
    assert (told.status_code, told.json()["code"]) == (409, "skill-revoked")
    log = owner.get("/v1/orgs/acme/audit", params={"limit": 1000}).json()["events"]
    ended = [item for item in log if item["action"] == "skills:codify"]
    assert [(item["target"], item["detail"]["reason"]) for item in ended] == [
        (f"skill-revocation/{by_key['id']}", "SkillApproval/pdf-revoked says so now")
    ]
    # What the files say is theirs from then on: without it the approval counts again.
    apply(owner, APPROVED)
    machine.poller.poll_once()
    assert (machine.code(key="pdf", digest=B), machine.code(key="pdf", digest=A)) == ("allowed", "skill-revoked")


def test_it_survives_a_crash_of_the_server(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    with server_process(data, port) as server, server.client() as owner:
        apply(owner, APPROVED)
        revoke(owner, digest=A)
        server.kill()
    with (
        server_process(data, port) as server,
        server.client() as owner,
        machine_of(owner, server.url, tmp_path / "agent") as machine,
    ):
        assert machine.code(key="pdf", digest=A) == "skill-revoked"
        assert machine.code(key="pdf", digest=B) == "allowed"


def offline_codes(zone: str, tmp_path: Path, moments: list[dt.datetime]) -> list[str]:
    """What an agent says at these moments that last heard of its control plane the day before. Its approval is for the
    20th in the zone of the org."""
    resources = [
        parsed("Organization", "acme", {"timezone": zone}),
        parsed("Policy", "default", CAREFUL["spec"]),
        parsed("SkillApproval", "pdf", approval("pdf", reviewBy="2026-11-20")["spec"]),
    ]
    wall = [LAST_DAY - dt.timedelta(days=1)]
    with AgentServer(SigningWorld(resources), DEV) as server:
        server.clock = lambda: wall[0]
        machine = Machine(tmp_path / "agent", server.url, server.token, wall=lambda: wall[0])
        try:
            machine.poller.poll_once()
            server.refuse = 503
            found = []
            for moment in moments:
                wall[0] = moment
                machine.poller.poll_once()
                found.append(machine.code(key="pdf", digest=A))
            return found
        finally:
            machine.stop()


MIDNIGHT = {
    "UTC": dt.datetime(2026, 11, 21, 0, 0, tzinfo=dt.UTC),
    "Pacific/Auckland": dt.datetime(2026, 11, 20, 11, 0, tzinfo=dt.UTC),
    "America/Los_Angeles": dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC),
}
SECOND = dt.timedelta(seconds=1)


def check_expiry(zone: str, tmp_path: Path) -> None:
    end = MIDNIGHT[zone]
    codes = offline_codes(zone, tmp_path, [end - SECOND, end, end + 3600 * SECOND])
    assert codes == ["allowed", "skill-not-approved", "skill-not-approved"]


@pytest.mark.parametrize("zone", MIDNIGHT)
def test_an_approval_ends_offline_with_its_last_day_in_the_zone_of_the_org(zone: str, tmp_path: Path) -> None:
    check_expiry(zone, tmp_path)


def test_an_approval_that_never_ends_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clawforge.resolve.targets, "_lapse", lambda *_: None)
    with pytest.raises(AssertionError):
        check_expiry("UTC", tmp_path)
