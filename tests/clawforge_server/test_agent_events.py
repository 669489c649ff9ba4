"""Agents' event streams: what they say, that they resume, stay bounded, and end with the credential."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from event_reader import EVENTS, Event, Reader, reading, stalled
from server_process import ServerProcess, apply, company, resource, server_process

from clawforge.decide.request import KillOrder
from clawforge.dsse import read_envelope
from clawforge.errors import UnavailableError
from clawforge.keys import KeySet, decode_public_key, open_key_set
from clawforge.lease import Lease, open_lease, read_lease_header
from clawforge_server.state.event_streams import EventStream, EventStreams
from clawforge_server.state.offers import Offer

SHORT = resource("Policy", "default", appliesTo="everyone", offline={"mode": "cached", "lease": "3s", "maxStale": "1h"})
OTHER = resource("Policy", "other", appliesTo={"users": ["gone"]})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("events") / "data") as found:
        yield found


def enroll(owner: httpx.Client, **more: Any) -> dict[str, Any]:
    token = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev", **more}).json()["token"]
    answer = owner.post("/v1/enroll", json={"token": token})
    assert answer.status_code == 201, answer.text
    agent: dict[str, Any] = answer.json()
    return agent


def keys(agent: dict[str, Any]) -> KeySet:
    return open_key_set(read_envelope(agent["keys"]), decode_public_key(agent["rootKey"]), org="acme")


def lease(agent: dict[str, Any], event: Event) -> Lease:
    found = open_lease(read_envelope(event.data["lease"]), keys(agent))
    assert (found.instance, found.bundle, found.serial) == (
        agent["instance"],
        event.data["digest"],
        event.data["serial"],
    )
    assert event.id == f"{found.epoch}-{found.serial}"
    return found


def wanted(server: ServerProcess, agent: dict[str, Any]) -> str:
    with server.client(agent["credential"]) as client:
        return client.get("/v1/agent/policy").headers["etag"].strip('"')


def test_a_stream_tells_the_present_state_and_then_what_changes(server: ServerProcess) -> None:
    with server.client() as owner:
        apply(owner, company())
        agent = enroll(owner)
        with reading(server, agent["credential"]) as reader:
            assert reader.headers["content-type"].startswith("text/event-stream")
            assert (reader.headers["x-accel-buffering"], reader.headers["cache-control"]) == ("no", "no-store")
            (first,) = reader.wait(1)
            assert first.name == "policy"
            assert lease(agent, first).kill == ()
            assert first.data["digest"] == wanted(server, agent)
            apply(owner, company(OTHER))
            apply(owner, company(OTHER, deny=["read"]))
            second = reader.wait(2)[1]
            assert (second.name, second.data["revision"] - first.data["revision"]) == ("policy", 2), (
                "what concerns others wakes nobody"
            )
            assert lease(agent, second).counters > lease(agent, first).counters
            assert second.data["digest"] == wanted(server, agent)
            assert "retry: 2000" in reader.remarks


def test_only_the_streams_of_who_shall_ask_are_told_so(server: ServerProcess) -> None:
    with server.client() as owner:
        apply(owner, company())
        asked, other = enroll(owner), enroll(owner)
        with reading(server, asked["credential"]) as first, reading(server, other["credential"]) as second:
            (before,) = first.wait(1)
            second.wait(1)
            for count in (2, 3):
                body = {"instances": [asked["instance"]]}
                assert owner.post("/v1/orgs/acme/fleet/refreshes", json=body).status_code == 200
                told = first.wait(count)[-1]
                assert (told.name, told.id, told.data["digest"]) == ("refresh", before.id, before.data["digest"])
                assert lease(asked, told).bundle == before.data["digest"]
            apply(owner, company(OTHER, deny=["read"]))
            assert [event.name for event in second.wait(2)] == ["policy", "policy"]


def test_the_server_and_a_poll_agree_for_every_class(server: ServerProcess) -> None:
    """The digest of an event is worked out without building the bundle."""
    strict = resource("Policy", "strict", appliesTo={"tags": {"env": ["prod"]}}, tools={"allow": ["read"]})
    with server.client() as owner:
        apply(owner, company(strict))
        for options in ({}, {"tags": {"env": "prod"}}, {"groups": ["eng"]}):
            agent = enroll(owner, **options)
            with reading(server, agent["credential"]) as reader:
                assert reader.wait(1)[0].data["digest"] == wanted(server, agent), options


def test_a_reader_that_comes_back_is_told_whether_it_missed_anything(server: ServerProcess) -> None:
    with server.client() as owner:
        apply(owner, company())
        agent = enroll(owner)

        def first(after: str | None) -> Event:
            with reading(server, agent["credential"], after) as reader:
                return reader.wait(1)[0]

        before = first(None)
        assert first(before.id).name == "lease"
        apply(owner, company(deny=["read"]))
        missed = first(before.id)
        assert (missed.name, missed.data["digest"]) == ("policy", wanted(server, agent))
        assert first(missed.id).name == "lease"
        for strange in ("1-999999", "9-1", "nonsense", "1-1-1", ""):
            assert first(strange).name == "policy", strange
        with server.client(agent["credential"]) as client:
            assert client.get(f"{EVENTS}?after=nonsense").status_code == 400
            head = client.head(EVENTS)
            assert (head.status_code, head.headers["content-type"][:17]) == (200, "text/event-stream")


def test_a_stream_alone_keeps_the_lease_fresh(server: ServerProcess) -> None:
    with server.client() as owner:
        apply(owner, [*company()[:-1], SHORT])
        agent = enroll(owner)
        with reading(server, agent["credential"]) as reader:
            events = reader.wait(4)
    assert [event.name for event in events] == ["policy", "lease", "lease", "lease"]
    issued = [lease(agent, event).issued_at for event in events]
    assert issued == sorted(issued)
    assert issued[-1] > issued[0]


def test_a_kill_is_told_and_its_end(server: ServerProcess) -> None:
    with server.client() as owner:
        apply(owner, company())
        agent = enroll(owner)
        with reading(server, agent["credential"]) as reader:
            reader.wait(1)
            body = {"scope": "org", "reason": "incident"}
            made = owner.post("/v1/orgs/acme/overlays", json=body)
            assert made.status_code == 201, made.text
            killed = reader.wait(2)[1]
            assert killed.name == "kill"
            assert [order.scope for order in lease(agent, killed).kill] == ["org"]
            assert same_everywhere(server, agent, lease(agent, killed))
            (shown,) = owner.get("/v1/orgs/acme/overlays").json()["overlays"]
            ended = owner.delete(f"/v1/orgs/acme/overlays/{shown['id']}", params={"reason": "over"})
            assert ended.status_code == 200, ended.text
            released = reader.wait(3)[2]
            assert (released.name, lease(agent, released).kill) == ("kill", ())
            assert same_everywhere(server, agent, lease(agent, released))


def same_everywhere(server: ServerProcess, agent: dict[str, Any], told: Lease) -> bool:
    """Whether polls, on both paths, and heartbeats say what a stream said."""
    with server.client(agent["credential"]) as client:
        full = client.get("/v1/agent/policy")
        held = {"If-None-Match": full.headers["etag"]}
        polls = [full, *(client.get("/v1/agent/policy", headers=held) for _ in range(3))]
        beats = [client.post("/v1/agent/heartbeat", json={}).json()["lease"] for _ in range(2)]
    envelopes = [*(read_lease_header(poll.headers["ClawForge-Lease"]) for poll in polls), *beats]
    leases = [open_lease(read_envelope(item), keys(agent)) for item in envelopes]
    time_apart = {"issued_at": told.issued_at, "until": told.until}
    return all(item.model_copy(update=time_apart) == told for item in leases)


OFFER = Offer(1, 7, 3, "sha256:" + "a" * 64, 300, (), "sha256:" + "0" * 64)
KILLED = OFFER._replace(serial=8, kill=(KillOrder(scope="org", reason="incident"),))
NARROWED = OFFER._replace(serial=9, digest="sha256:" + "b" * 64)


@pytest.mark.parametrize(
    ("told", "offers", "names"),
    [
        (None, [OFFER], ["policy"]),
        (None, [KILLED], ["kill", "policy"]),
        ((1, 7), [OFFER], ["lease"]),
        ((1, 6), [KILLED], ["kill", "policy"]),
        ((1, 7), [OFFER, KILLED], ["lease", "kill"]),
        ((1, 7), [OFFER, KILLED, OFFER._replace(serial=9)], ["lease", "kill", "kill"]),
        ((1, 7), [OFFER, NARROWED._replace(kill=KILLED.kill)], ["lease", "kill", "policy"]),
        ((1, 7), [OFFER, OFFER._replace(serial=8, overlays="sha256:" + "1" * 64)], ["lease", "policy"]),
        ((1, 7), [OFFER, OFFER._replace(serial=8)], ["lease", "lease"]),
    ],
)
def test_events_are_named_by_what_changed(told: Any, offers: list[Offer], names: list[str]) -> None:
    async def run() -> str:
        stream = EventStream("acme", "i-1", "hash", told, 0.0)
        text = b""
        for offer in offers:
            stream.tell(offer, b"{}", 1.0)
            text += (await stream.chunk())[0]
        return text.decode()

    found = asyncio.run(run())
    assert [line[7:] for line in found.splitlines() if line.startswith("event: ")] == names
    assert found.endswith(f"id: 1-{offers[-1].serial}\nevent: {names[-1]}\ndata: {{}}\n\n")


def test_who_shall_ask_is_told_so_beside_what_changed_and_once() -> None:
    async def run() -> str:
        stream = EventStream("acme", "i-1", "hash", (1, 7), 0.0)
        stream.tell(OFFER, b"{}", 1.0, asked=frozenset({"refresh"}))
        text = (await stream.chunk())[0]
        stream.tell(OFFER, b"{}", 2.0, asked=frozenset({"refresh"}))
        # It was not read yet, and what comes now must not undo it.
        stream.tell(NARROWED, b"{}", 3.0, asked=frozenset({"message"}))
        text += (await stream.chunk())[0]
        stream.tell(NARROWED, b"{}", 4.0)
        return (text + (await stream.chunk())[0]).decode()

    names = [line[7:] for line in asyncio.run(run()).splitlines() if line.startswith("event: ")]
    assert names == ["refresh", "policy", "message", "refresh", "lease"]


def test_a_slow_reader_is_told_the_newest_state_alone() -> None:
    async def run() -> tuple[bytes, bool, bytes, bool]:
        stream = EventStream("acme", "i-1", "hash", (1, 7), 0.0)
        for number in range(1_000):
            stream.tell(NARROWED._replace(serial=10 + number), b"%d" % number, 1.0)
            stream.ping(1.0)
        first = await stream.chunk()
        stream.ping(2.0)
        stream.end("shutdown")
        stream.end("replaced")
        return (*first, *await stream.chunk())

    first, is_last, second, ends = asyncio.run(run())
    assert (first, is_last) == (b"id: 1-1009\nevent: policy\ndata: 999\n\n", False)
    assert (second, ends) == (b": ping\n\nevent: end\ndata: shutdown\n\n", True)


def test_there_is_room_for_so_many_streams() -> None:
    streams = EventStreams(most=3, most_of_one=2)
    made = [EventStream("acme", f"i-{number}", "hash", None, 0.0) for number in (1, 1, 1, 2)]
    for stream in made[:3]:
        streams.add(stream)
    assert [stream.ended for stream in made] == ["replaced", None, None, None]
    with pytest.raises(UnavailableError):
        streams.add(made[3])
    for stream in (made[0], made[0]):
        streams.remove(stream)
    streams.add(made[3])
    assert list(streams.by_org["acme"]) == made[1:]
    for stream in made[1:]:
        streams.remove(stream)
    assert not streams.by_org


def ends(reader: Reader, code: str) -> None:
    assert reader.ended.wait(12)
    assert (reader.events[-1].name, reader.events[-1].text) == ("end", code)


def test_a_stream_ends_with_its_credential(server: ServerProcess) -> None:
    with server.client() as owner:
        apply(owner, company())
        revoked, rotated, left = enroll(owner), enroll(owner), enroll(owner)
        with (
            reading(server, revoked["credential"]) as first,
            reading(server, rotated["credential"]) as second,
            reading(server, left["credential"]) as third,
        ):
            for reader in (first, second, third):
                reader.wait(1)
            assert owner.delete(f"/v1/orgs/acme/instances/{revoked['instance']}").status_code == 204
            ends(first, "credential-ended")
            with server.client(rotated["credential"]) as client:
                fresh = client.post("/v1/agent/credential").json()["credential"]
            with server.client(fresh) as client:
                assert client.get("/v1/agent/policy").status_code == 200
            ends(second, "credential-ended")
            with server.client(revoked["credential"]) as client:
                assert client.get(EVENTS).status_code == 401
            assert not third.ended.is_set(), "others go on"
            apply(owner, company(deny=["read"]))
            assert third.wait(2)[1].name == "policy"


def test_only_an_instance_is_told(server: ServerProcess) -> None:
    with server.client() as owner:
        apply(owner, company())
        assert owner.get(EVENTS).status_code == 401
        agent = enroll(owner)
        with server.client(agent["credential"]) as client:
            answer = client.get(EVENTS, params={"instance": "other", "after": "x"})
            assert answer.status_code == 400


def test_the_newest_streams_of_an_instance_stay(server: ServerProcess) -> None:
    with server.client() as owner:
        apply(owner, company())
        agent = enroll(owner)
        with reading(server, agent["credential"]) as first:
            first.wait(1)
            with reading(server, agent["credential"]) as second:
                second.wait(1)
                with reading(server, agent["credential"]) as third:
                    third.wait(1)
                    ends(first, "replaced")
                    apply(owner, company(deny=["read"]))
                    assert second.wait(2)[1].name == third.wait(2)[1].name == "policy"


def test_a_server_that_stops_ends_its_streams(running: ServerProcess) -> None:
    with running.client() as owner:
        apply(owner, company())
        agent = enroll(owner)
        with reading(running, agent["credential"]) as reader:
            reader.wait(1)
            assert running.stop() == 0
            ends(reader, "shutdown")


@pytest.mark.timeout(120)
def test_five_hundred_readers_that_stall_cost_little_and_hold_nothing_up(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    with server_process(tmp_path / "data") as server, server.client() as owner:
        apply(owner, company())
        bodies = [{"user": "dev", "uses": 84}] * 3
        tokens = [owner.post("/v1/orgs/acme/enrollments", json=body).json()["token"] for body in bodies]
        agents = [owner.post("/v1/enroll", json={"token": token}).json() for token in tokens * 84][:251]
        process = psutil.Process(server.process.pid)
        before = process.memory_info().rss
        readers = [stalled(server, agent["credential"]) for agent in agents[1:] for _ in range(2)]
        with reading(server, agents[0]["credential"]) as awake:
            awake.wait(1)
            for number in range(10):
                apply(owner, company(deny=[f"tool-{number}"]))
                awake.wait(number + 2)
            assert len(process.net_connections()) > 500
            grown = process.memory_info().rss - before
        for connection in readers:
            connection.close()
        deadline = time.monotonic() + 20
        while len(process.net_connections()) > 20 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert len(process.net_connections()) <= 20, "who hung up is let go"
    assert grown < 50 * 1024 * 1024
