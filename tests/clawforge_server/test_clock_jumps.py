"""The server's clock jumps by ten years, to and fro: nothing crashes, and what has ended does not come back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from server_app import Api
from server_process import company, resource

YEARS = 3_653
STATE = "/v1/orgs/acme/state"
PEOPLE = [
    resource("User", "ann", email="ann@acme.example"),
    resource("RoleBinding", "admins", role="admin", subjects={"users": ["ann"]}),
]


def everything(api: Api, token: str | None) -> set[int]:
    paths = ("state", "revisions", "instances", "enrollments", "tokens", "sessions", "users", "keys", "audit")
    more = ("audit/checkpoints", "effective?user=dev", "whoami")
    return {api.get(f"/v1/orgs/acme/{path}", token=token).status_code for path in (*paths, *more)}


@pytest.mark.parametrize("jumps", [(YEARS, -YEARS), (-YEARS, YEARS), (YEARS, -2 * YEARS, YEARS)], ids=str)
def test_no_jump_of_the_clock_is_a_failure_or_an_open_door(api: Api, jumps: tuple[int, ...]) -> None:
    api.apply(company(*PEOPLE))
    revoked = api.post("/v1/orgs/acme/tokens", json={"name": "r", "permissions": ["state:read"]}).json()
    api.delete(f"/v1/orgs/acme/tokens/{revoked['id']}")
    left = api.session("user:ann")["accessToken"]
    assert api.delete("/v1/sessions/current", token=left).status_code == 204
    agent, gone = api.enroll(), api.enroll()
    assert api.delete(f"/v1/orgs/acme/instances/{gone['instance']}").status_code == 204
    for days in jumps:
        api.clock.move(days=days)
        assert everything(api, None) == {200}
        assert api.get("/v1/agent/policy", token=agent["credential"]).status_code == 200
        assert api.post("/v1/agent/heartbeat", token=agent["credential"], json={}).status_code == 200
        for dead in (revoked["token"], left, gone["credential"]):
            for path in (STATE, "/v1/agent/policy"):
                assert api.get(path, token=dead, address="192.0.2.5").status_code in {401, 429}
        api.apply(company(*PEOPLE, deny=[f"tool_{abs(days)}_{len(api.audit())}"]))
        assert api.session("user:ann")["accessToken"]


def test_what_expired_is_dead_while_the_clock_is_ahead_and_a_used_token_stays_used(api: Api, problem: Any) -> None:
    api.apply(company(*PEOPLE))
    body = {"name": "k", "permissions": ["state:read"], "ttl": 3_600}
    key = api.post("/v1/orgs/acme/tokens", json=body).json()["token"]
    session = api.session("user:ann")
    used = api.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    assert api.post("/v1/enroll", token="", json={"token": used}).status_code == 201
    unused = api.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    refreshed = api.post("/v1/sessions/refresh", token="", json={"refreshToken": session["refreshToken"]})
    assert refreshed.status_code == 200
    assert api.get(STATE, token=key).status_code == 200
    api.clock.move(days=YEARS)
    for token in (key, session["accessToken"], refreshed.json()["accessToken"]):
        problem(api.get(STATE, token=token), 401, "unauthenticated")
    for token in (used, unused):
        assert api.post("/v1/enroll", token="", json={"token": token}).status_code == 401
    for document in (session, refreshed.json()):
        body = {"refreshToken": document["refreshToken"]}
        assert api.post("/v1/sessions/refresh", token="", json=body).status_code == 401
    api.clock.move(days=-YEARS)
    # Refresh tokens that were shown once, whatever the hour was, are used; a used right to enrol is too.
    body = {"refreshToken": session["refreshToken"]}
    assert api.post("/v1/sessions/refresh", token="", json=body).status_code == 401
    problem(api.get(STATE, token=refreshed.json()["accessToken"]), 401, "unauthenticated")
    assert api.post("/v1/enroll", token="", json={"token": used}).status_code == 401


@pytest.mark.parametrize("days", [-YEARS, YEARS])
def test_limits_measure_intervals_by_no_wall_clock(api: Api, problem: Any, days: int) -> None:
    api.apply(company())
    for _ in range(100):
        api.get(STATE, token="cf_live_wrong")
    api.clock.moment += dt.timedelta(days=days)
    problem(api.get(STATE, token="cf_live_wrong"), 429, "rate-limited")
