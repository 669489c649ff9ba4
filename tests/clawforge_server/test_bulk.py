"""The same for many instances: a result and a record for each, and nothing that one of them spoils for the others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from server_app import Api
from server_process import company, resource

from clawforge.dsse import read_envelope
from clawforge.keys import decode_public_key, open_key_set
from clawforge.message import open_message
from clawforge_server.service.audit_retention import tend_ledger

FLEET = "/v1/orgs/acme/fleet"
NARROW = [
    resource("Role", "hand", permissions=["instances:revoke", "instances:refresh", "instances:message"]),
    resource("RoleBinding", "hand", role="hand", subjects={"users": ["ann"]}, scope={"groups": ["eng"]}),
    *(resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bea")),
]


def bulk(api: Api, what: str, *names: str, **options: Any) -> dict[str, tuple[str, str | None]]:
    more = {"revocations": {"reason": "lost"}, "messages": {"text": "Mind the gap"}}
    body = {"instances": list(names)} | more.get(what, {})
    answer = api.post(f"{FLEET}/{what}", json=body, **options)
    assert answer.status_code == 200, answer.text
    return {item["instance"]: (item["outcome"], item["code"]) for item in answer.json()["results"]}


def test_each_is_revoked_by_itself(api: Api) -> None:
    api.apply(company(*NARROW))
    inside, outside = api.enroll(groups=["eng"]), api.enroll("bea")
    token = api.session("user:ann")["accessToken"]
    names = (outside["instance"], "nobody", inside["instance"], inside["instance"])
    before = len(api.audit())
    assert bulk(api, "revocations", *names, token=token) == {
        outside["instance"]: ("failed", "outside-scope"),
        "nobody": ("failed", "outside-scope"),
        inside["instance"]: ("done", None),
    }
    assert api.get("/v1/agent/policy", token=inside["credential"]).status_code == 401
    assert api.get("/v1/agent/policy", token=outside["credential"]).status_code == 200
    records = api.audit()[before:]
    assert [(item["action"], item["outcome"]) for item in records] == [
        ("instances:revoke", "refused"),
        ("instances:revoke", "refused"),
        ("instances:revoke", "done"),
    ]
    assert records[-1]["detail"]["reason"] == "lost"
    assert bulk(api, "revocations", inside["instance"]) == {inside["instance"]: ("failed", "unknown-instance")}


@pytest.mark.parametrize(
    "body", [{}, {"instances": []}, {"instances": ["i"], "reason": " "}, {"instances": ["i"] * 1_001, "reason": "x"}]
)
def test_who_names_nobody_or_too_many_is_refused(api: Api, problem: Any, body: dict[str, Any]) -> None:
    api.apply(company())
    problem(api.post(f"{FLEET}/revocations", json=body), 422, "invalid-request")


def test_only_those_in_reach_that_are_in_are_asked(api: Api) -> None:
    api.apply(company(*NARROW))
    inside, outside = api.enroll(groups=["eng"])["instance"], api.enroll("bea")["instance"]
    waiting = api.enroll(requireApproval=True, groups=["eng"])["instance"]
    token = api.session("user:ann")["accessToken"]
    assert bulk(api, "refreshes", inside, outside, waiting, token=token) == {
        inside: ("done", None),
        outside: ("failed", "outside-scope"),
        waiting: ("failed", "unknown-instance"),
    }
    record = api.audit()[-1]
    assert (record["action"], record["detail"]) == (
        "instances:refresh",
        {"instances": [inside], "count": 1, "failed": 2},
    )


def test_who_waits_for_news_is_answered_and_nobody_else(api: Api) -> None:
    api.apply(company())
    asked, other = api.enroll(), api.enroll()
    tags = {
        item["instance"]: api.get("/v1/agent/policy", token=item["credential"]).headers["etag"]
        for item in (asked, other)
    }

    async def poll(item: dict[str, Any]) -> int:
        async with api.client(item["credential"]) as client:
            headers = {"If-None-Match": tags[item["instance"]]}
            return (await client.get("/v1/agent/policy?wait=30", headers=headers)).status_code

    async def race() -> tuple[int, bool]:
        first, second = asyncio.create_task(poll(asked)), asyncio.create_task(poll(other))
        await asyncio.sleep(0.2)
        assert not first.done()
        async with api.client() as client:
            answer = await client.post(f"{FLEET}/refreshes", json={"instances": [asked["instance"]]})
            assert answer.status_code == 200
        status = await asyncio.wait_for(first, 10)
        waits = not second.done()
        second.cancel()
        return status, waits

    assert api.run(race()) == (304, True)


def heard(api: Api, enrolled: dict[str, Any], **report: Any) -> list[tuple[int, str, str]]:
    """What a heartbeat brings, as a real agent verifies it."""
    answer = api.post("/v1/agent/heartbeat", token=enrolled["credential"], json=report)
    assert answer.status_code == 200, answer.text
    keys = open_key_set(read_envelope(enrolled["keys"]), decode_public_key(enrolled["rootKey"]), org="acme")
    envelopes = map(read_envelope, answer.json().get("messages", []))
    found = [open_message(item, keys, org="acme", instance=enrolled["instance"]) for item in envelopes]
    return [(item.number, item.text, item.by) for item in found]


def test_a_message_comes_with_heartbeats_until_it_is_noted(api: Api) -> None:
    api.apply(company(*NARROW))
    inside, outside, waiting = api.enroll(groups=["eng"]), api.enroll("bea"), api.enroll(requireApproval=True)
    token = api.session("user:ann")["accessToken"]
    tag = {"If-None-Match": api.get("/v1/agent/policy", token=inside["credential"]).headers["etag"]}
    names = (inside["instance"], outside["instance"], waiting["instance"])
    assert bulk(api, "messages", *names, token=token) == {
        names[0]: ("done", None),
        names[1]: ("failed", "outside-scope"),
        names[2]: ("failed", "unknown-instance"),
    }
    record = api.audit()[-1]
    assert (record["action"], record["detail"]) == (
        "instances:message",
        {"instances": [names[0]], "count": 1, "failed": 2, "message": 1, "text": "Mind the gap"},
    )
    polled = api.get("/v1/agent/policy", token=inside["credential"], headers=tag)
    assert (polled.status_code, polled.headers["clawforge-message"]) == (304, "1")
    assert heard(api, outside) == []
    for _ in range(2):
        assert heard(api, inside) == [(1, "Mind the gap", "user:ann")]
    bulk(api, "messages", names[0])
    assert [number for number, *_ in heard(api, inside, noted=1)] == [2]
    assert heard(api, inside, noted=2) == []
    polled = api.get("/v1/agent/policy", token=inside["credential"], headers=tag)
    assert "clawforge-message" not in polled.headers


def test_messages_outlive_the_server_and_end_after_a_week(api: Api) -> None:
    api.apply(company())
    first, second = api.enroll(), api.enroll()
    bulk(api, "messages", first["instance"], second["instance"])
    assert heard(api, first, noted=1) == []
    api.plane.messages.flush()
    # As after a start: nothing is in memory.
    api.plane.messages._waiting.clear()
    assert (len(heard(api, first)), len(heard(api, second))) == (0, 1)
    api.clock.move(days=8)
    assert heard(api, second) == []


def kept(api: Api) -> tuple[list[int], list[tuple[str, int]], int]:
    """Which messages and deliveries the store has, and how many are in memory."""
    with api.plane.store.transaction() as transaction:
        connection = transaction.fleet_messages._connection
        messages = connection.exec_driver_sql("SELECT number FROM fleet_messages ORDER BY 1").scalars().all()
        rows = connection.exec_driver_sql("SELECT instance, number FROM fleet_deliveries ORDER BY 1, 2").all()
    waiting = api.plane.messages._waiting.get("acme", {})
    return list(messages), [tuple(row) for row in rows], sum(map(len, waiting.values()))


def test_what_is_too_old_to_be_told_is_let_go_of_and_no_number_comes_again(api: Api) -> None:
    api.apply(company())
    name, other = api.enroll()["instance"], api.enroll()["instance"]
    bulk(api, "messages", name, other)
    bulk(api, "messages", name)
    tend_ledger(api.plane, "acme")
    assert kept(api) == ([1, 2], sorted([(name, 1), (name, 2), (other, 1)]), 3)
    api.clock.move(days=6)
    bulk(api, "messages", other)
    api.clock.move(days=1)
    tend_ledger(api.plane, "acme")
    assert kept(api) == ([3], [(other, 3)], 1)
    api.clock.move(days=8)
    tend_ledger(api.plane, "acme")
    # The last one stays, or the next would be the first again, which agents were told.
    assert kept(api) == ([3], [(other, 3)], 0)
    bulk(api, "messages", name)
    tend_ledger(api.plane, "acme")
    assert kept(api) == ([4], [(name, 4)], 1)


def test_whoever_sends_another_lets_go_of_what_waits_in_vain(api: Api) -> None:
    api.apply(company())
    name, other = api.enroll()["instance"], api.enroll()["instance"]
    bulk(api, "messages", name, other)
    api.clock.move(days=8)
    bulk(api, "messages", name)
    assert kept(api)[2] == 1


def test_whom_nobody_can_tell_is_said_one_by_one(api: Api) -> None:
    api.apply(company())
    plugin = api.post("/v1/orgs/acme/enrollments", json={"user": "dev", "instance": "old"}).json()["token"]
    body = {"token": plugin, "email": "dev@acme.example", "name": "Dev"}
    assert api.post("/api/v1/auth/enroll", token="", json=body).status_code == 201
    name = api.enroll()["instance"]
    assert bulk(api, "messages", "old", "nobody") == {
        "old": ("failed", "cannot-be-told"),
        "nobody": ("failed", "unknown-instance"),
    }
    for _ in range(16):
        assert bulk(api, "messages", name) == {name: ("done", None)}
    assert bulk(api, "messages", name) == {name: ("failed", "too-many-messages")}


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 1_001, "a\x1b[2Jb", "a\tb", 7])
def test_what_is_no_message_is_refused(api: Api, problem: Any, text: Any) -> None:
    api.apply(company())
    problem(api.post(f"{FLEET}/messages", json={"instances": ["i"], "text": text}), 422, "invalid-request")


def test_who_waits_for_news_hears_at_once_that_there_is_a_message(api: Api) -> None:
    api.apply(company())
    asked = api.enroll()
    tag = api.get("/v1/agent/policy", token=asked["credential"]).headers["etag"]

    async def race() -> str:
        async with api.client(asked["credential"]) as client:
            poll = asyncio.create_task(client.get("/v1/agent/policy?wait=30", headers={"If-None-Match": tag}))
            await asyncio.sleep(0.2)
            async with api.client() as owner:
                await owner.post(f"{FLEET}/messages", json={"instances": [asked["instance"]], "text": "now"})
            return str((await asyncio.wait_for(poll, 10)).headers["clawforge-message"])

    assert api.run(race()) == "1"
