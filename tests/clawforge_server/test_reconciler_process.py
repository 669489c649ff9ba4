"""Leases on a real server: many who want one at once, a holder that slept, and a server that was killed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from reconcile_world import FIRST, SECOND, fence, lease_body
from server_process import ServerProcess, apply, company, make_plan, proposal, server_process

AT_ONCE = 12
PATH = "/v1/orgs/acme/reconcilers/main/lease"
JUMPING = (str(Path(__file__).with_name("jumping_server.py")),)
FENCELESS = (str(Path(__file__).with_name("fenceless_server.py")),)


def pass_seconds(server: ServerProcess, seconds: int) -> None:
    """On the server's clock."""
    ahead = server.data.with_name(f"{server.data.name}.jump")
    passed = int(ahead.read_text()) if ahead.exists() else 0
    ahead.with_suffix(".new").write_text(str(passed + seconds))
    ahead.with_suffix(".new").replace(ahead)


def lease(client: httpx.Client, holder: int, **more: Any) -> httpx.Response:
    return client.post(PATH, json=lease_body(holder, **more))


def send(client: httpx.Client, plan: dict[str, Any], number: int) -> httpx.Response:
    path = f"/v1/orgs/acme/plans/{plan['id']}/apply"
    headers = {"If-Match": f'"{plan["base"]["revision"]}"'}
    return client.post(path, json={"plan": plan, "fence": fence(number)}, headers=headers)


async def race(server: ServerProcess) -> list[httpx.Response]:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60, trust_env=False) as client:
        return await asyncio.gather(*(client.post(PATH, json=lease_body(number)) for number in range(AT_ONCE)))


def sleep_and_wake(data: Path, program: Sequence[str]) -> None:
    """One holder sleeps after planning, the other takes over and applies; then the first one wakes up."""
    with server_process(data, program=program) as server, server.client() as client:
        apply(client, company())
        first = lease(client, 1).json()["fence"]
        asleep = make_plan(client, proposal(company(deny=["exec", "write"]), commit=FIRST, fence=fence(first)))
        also = make_plan(client, proposal(company(deny=["exec", "read"]), commit=SECOND, fence=fence(first)))
        pass_seconds(server, 30)
        second = lease(client, 2).json()["fence"]
        assert second == first + 1
        refused = send(client, asleep, first)
        assert (refused.status_code, refused.json().get("code")) == (409, "lease-lost")
        assert send(client, also, second).status_code == 200
        assert client.get("/v1/orgs/acme/state").json()["revision"] == 2
        (found,) = client.get("/v1/orgs/acme/reconcilers").json()["reconcilers"]
        assert found["last"] == {"commit": SECOND, "revision": 2}


def test_one_of_many_gets_the_lease_and_the_server_remembers_who(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with server_process(data, program=JUMPING) as server:
        with server.client() as client:
            apply(client, company())
        answers = asyncio.run(race(server))
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"lease-held"}
        (holder,) = [number for number, answer in enumerate(answers) if answer.status_code == 200]
        server.kill()
    with server_process(data, program=JUMPING) as server, server.client() as client:
        # The first answer of this server comes well within a term: nobody else gets in.
        kept = lease(client, holder, fence=1).json()
        assert kept["fence"] == 1
        assert lease(client, holder + 1).status_code == 409
        pass_seconds(server, 30)
        assert lease(client, holder + 1).json()["fence"] == 2


def test_a_holder_that_slept_changes_nothing_when_it_wakes_up(tmp_path: Path) -> None:
    sleep_and_wake(tmp_path / "data", JUMPING)


def test_a_server_that_does_not_look_at_fences_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="200, None"):
        sleep_and_wake(tmp_path / "data", FENCELESS)
