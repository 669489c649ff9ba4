"""Credentials of instances: one replaces another without a gap, and a copy of the old one is noticed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from server_process import company

from clawforge_server.control_plane import make_control_plane


@pytest.fixture
def enrolled(api: Any) -> dict[str, Any]:
    api.apply(company())
    document: dict[str, Any] = api.enroll()
    return document


def poll(api: Any, credential: str, **options: Any) -> Any:
    return api.get("/v1/agent/policy", token=credential, **options)


def rotate(api: Any, credential: str) -> str:
    answer = api.post("/v1/agent/credential", token=credential)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["credential"])


def refusals(api: Any, code: str) -> list[dict[str, Any]]:
    return [item for item in api.audit() if item["outcome"] == "refused" and item["detail"].get("code") == code]


def test_the_old_one_works_until_the_new_one_is_used(api: Any, enrolled: dict[str, Any], problem: Any) -> None:
    old = enrolled["credential"]
    assert poll(api, old).status_code == 200
    new = rotate(api, old)
    assert poll(api, old).status_code == 200
    assert poll(api, new).status_code == 200
    problem(poll(api, old), 401, "credential-reused")
    assert poll(api, new).status_code == 200
    steps = [item["detail"]["step"] for item in api.audit() if item["action"] == "instances:rotate"]
    assert steps == ["offered", "replaced"]


def test_an_answer_that_is_lost_costs_nothing(api: Any, enrolled: dict[str, Any], problem: Any) -> None:
    old = enrolled["credential"]
    lost = rotate(api, old)
    new = rotate(api, old)
    problem(poll(api, lost), 401, "unknown-instance")
    assert poll(api, new).status_code == 200
    problem(poll(api, lost), 401, "unknown-instance")
    assert refusals(api, "credential-reused") == []


def test_one_that_is_never_used_lapses(api: Any, enrolled: dict[str, Any], problem: Any) -> None:
    old = enrolled["credential"]
    new = rotate(api, old)
    api.clock.move(minutes=10)
    problem(poll(api, new), 401, "unknown-instance")
    assert poll(api, old).status_code == 200
    again = rotate(api, old)
    api.clock.move(minutes=9, seconds=59)
    assert poll(api, again).status_code == 200


def test_a_copy_of_an_old_one_is_in_the_log_once_an_hour(api: Any, enrolled: dict[str, Any], problem: Any) -> None:
    first = enrolled["credential"]
    second = rotate(api, first)
    poll(api, second)
    third = rotate(api, second)
    poll(api, third)
    for stolen in (first, second):
        for _ in range(3):
            problem(poll(api, stolen, address="203.0.113.9"), 401, "credential-reused")
    found = refusals(api, "credential-reused")
    assert [item["actor"] for item in found] == [f"instance:{enrolled['instance']}"] * 2
    assert found[0]["address"] == "203.0.113.9"
    assert all(secret not in str(api.audit()) for secret in (first, second, third))
    api.clock.move(hours=1)
    problem(poll(api, first), 401, "credential-reused")
    assert len(refusals(api, "credential-reused")) == 3
    assert poll(api, third).status_code == 200


def test_a_stolen_old_one_gets_no_new_one(api: Any, enrolled: dict[str, Any], problem: Any) -> None:
    old = enrolled["credential"]
    new = rotate(api, old)
    poll(api, new)
    problem(api.post("/v1/agent/credential", token=old), 401, "credential-reused")
    assert poll(api, new).status_code == 200


def test_both_are_dead_when_the_instance_is_revoked(api: Any, enrolled: dict[str, Any], problem: Any) -> None:
    old = enrolled["credential"]
    new = rotate(api, old)
    assert api.delete(f"/v1/orgs/acme/instances/{enrolled['instance']}?reason=lost+laptop").status_code == 204
    for credential in (old, new):
        problem(poll(api, credential), 401, "instance-revoked")
        problem(api.post("/v1/agent/credential", token=credential), 401, "instance-revoked")
    (listed,) = api.get("/v1/orgs/acme/instances").json()["instances"]
    assert (listed["state"], listed["reason"]) == ("revoked", "lost laptop")
    revocation = next(item for item in api.audit() if item["action"] == "instances:revoke")
    assert revocation["detail"]["reason"] == "lost laptop"


def test_an_open_poll_with_the_old_one_ends_when_the_new_one_is_used(api: Any, enrolled: dict[str, Any]) -> None:
    old = enrolled["credential"]
    held = poll(api, old).headers["etag"]
    new = rotate(api, old)

    async def both() -> int:
        async with api.client(old) as waiting, api.client(new) as using:
            headers = {"If-None-Match": held}
            open_poll = asyncio.create_task(waiting.get("/v1/agent/policy?wait=30", headers=headers))
            await asyncio.sleep(0.2)
            assert (await using.get("/v1/agent/policy")).status_code == 200
            return int((await asyncio.wait_for(open_poll, 2)).status_code)

    assert api.run(both()) == 401


def test_another_replica_forgets_what_was_revoked_here(api: Any, enrolled: dict[str, Any]) -> None:
    from clawforge_server.auth.secrets import credential_hash
    from clawforge_server.service.instance_credentials import recognise_credential

    async def second() -> Any:
        return make_control_plane(api.plane.store, api.clock)

    other = api.run(second())
    other.credentials.catch_up()
    sha256 = credential_hash(enrolled["credential"])
    recognise_credential(other, sha256)
    assert other.instances.peek(sha256) is not None
    assert api.delete(f"/v1/orgs/acme/instances/{enrolled['instance']}").status_code == 204
    changed = other.credentials.catch_up()
    other.instances.forget_orgs(changed)
    assert changed == {"acme"}
    assert other.instances.peek(sha256) is None
