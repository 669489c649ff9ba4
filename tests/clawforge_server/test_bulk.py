"""The same for many instances: a result and a record for each, and nothing that one of them spoils for the others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from server_app import Api
from server_process import company, resource

FLEET = "/v1/orgs/acme/fleet"
NARROW = [
    resource("Role", "hand", permissions=["instances:revoke", "instances:refresh"]),
    resource("RoleBinding", "hand", role="hand", subjects={"users": ["ann"]}, scope={"groups": ["eng"]}),
    *(resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bea")),
]


def bulk(api: Api, what: str, *names: str, **options: Any) -> dict[str, tuple[str, str | None]]:
    body = {"instances": list(names)} | ({"reason": "lost"} if what == "revocations" else {})
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
