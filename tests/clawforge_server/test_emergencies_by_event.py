"""Emergencies by event stream, on a real server that is killed in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from event_reader import Event, Reader, reading
from server_process import apply, company, free_port, resource, server_process

from clawforge.dsse import read_envelope
from clawforge.keys import decode_public_key, open_key_set
from clawforge.lease import Lease, open_lease

OVERLAYS, ELEVATIONS = "/v1/orgs/acme/overlays", "/v1/orgs/acme/elevations"
GLASS = resource("ElevationPolicy", "glass", appliesTo="everyone", grants=[{"name": "shell", "tools": ["exec"]}])


def enroll(owner: httpx.Client) -> dict[str, Any]:
    token = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    agent: dict[str, Any] = owner.post("/v1/enroll", json={"token": token}).json()
    return agent


def lease(agent: dict[str, Any], event: Event) -> Lease:
    keys = open_key_set(read_envelope(agent["keys"]), decode_public_key(agent["rootKey"]), org="acme")
    return open_lease(read_envelope(event.data["lease"]), keys)


def scopes(agent: dict[str, Any], event: Event) -> list[str]:
    return [order.scope for order in lease(agent, event).kill]


def until(reader: Reader, wanted: Callable[[Event], bool]) -> Event:
    """The first event that is as wanted."""
    count = 1
    while not wanted(reader.wait(count)[count - 1]):
        count += 1
    return reader.wait(count)[count - 1]


def test_a_stream_is_told_of_kills_and_of_what_is_lifted_also_after_a_crash(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    with server_process(data, port) as server, server.client() as owner:
        apply(owner, company(GLASS))
        agent = enroll(owner)
        with reading(server, agent["credential"]) as reader:
            assert scopes(agent, reader.wait(1)[0]) == []
            kill = owner.post(OVERLAYS, json={"scope": "org", "reason": "worm"}).json()["overlay"]
            on = reader.wait(2)[1]
            assert (on.name, scopes(agent, on)) == ("kill", ["org"])
            owner.post(OVERLAYS, json={"scope": "tool:exec", "reason": "odd", "ttl": 1})
            assert scopes(agent, reader.wait(3)[2]) == ["org", "tool:exec"]
            assert scopes(agent, reader.wait(4)[3]) == ["org"], "it ended by itself"
        server.kill()
    with (
        server_process(data, port) as server,
        server.client() as owner,
        reading(server, agent["credential"], on.id) as reader,
    ):
        again = reader.wait(1)[0]
        assert scopes(agent, again) == ["org"]
        assert lease(agent, again).counters > lease(agent, on).counters
        assert owner.delete(f"{OVERLAYS}/{kill['id']}?reason=cleaned").status_code == 200
        off = until(reader, lambda event: scopes(agent, event) == [])
        assert off.name == "kill"
        given = owner.post(ELEVATIONS, json={"grant": "shell", "user": "dev", "reason": "x", "ttl": 2})
        assert given.status_code == 201, given.text
        plain = lease(agent, off).overlays
        lifted = until(reader, lambda event: lease(agent, event).overlays != plain)
        assert lifted.name == "policy", "there is another bundle to fetch"
        over = until(reader, lambda event: lease(agent, event).counters > lease(agent, lifted).counters)
        assert (over.name, lease(agent, over).overlays) == ("policy", plain)
