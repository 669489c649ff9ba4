"""Stopping a user at once, whatever the files say."""

from __future__ import annotations

from typing import Any

import pytest
from server_process import company, resource

ANN = resource("User", "ann", email="ann@acme.example")
EVE = resource("User", "eve", email="eve@acme.example")
BINDINGS = (
    resource("RoleBinding", "responders", role="security-responder", subjects={"users": ["ann"]}),
    resource("RoleBinding", "owners", role="owner", subjects={"users": ["eve"]}),
)
SUSPENSION = "/v1/orgs/acme/users/{}/suspension"


@pytest.fixture(autouse=True)
def _applied(api: Any) -> None:
    api.apply(company(ANN, EVE, *BINDINGS))


def suspend(api: Any, name: str, token: str | None = None, reason: str = "phished") -> Any:
    return api.post(SUSPENSION.format(name), json={"reason": reason}, token=token)


def test_a_suspended_user_is_dead_at_once_and_for_good(api: Any, problem: Any) -> None:
    ann, dev = api.session("user:ann"), api.session("user:dev")
    answer = suspend(api, "dev", ann["accessToken"])
    assert answer.status_code == 201
    assert answer.json()["suspension"] == {"at": "2026-11-20T12:00:00Z", "by": "user:ann", "reason": "phished"}
    problem(api.get("/v1/orgs/acme/whoami", token=dev["accessToken"]), 401, "unauthenticated")
    body = {"refreshToken": dev["refreshToken"]}
    problem(api.post("/v1/sessions/refresh", json=body, token=""), 401, "unauthenticated")
    problem(suspend(api, "dev"), 409, "suspended")
    problem(api.delete(SUSPENSION.format("dev"), token=ann["accessToken"]), 403, "missing-permission")
    assert api.delete(SUSPENSION.format("dev")).json()["state"] == "active"
    problem(api.get("/v1/orgs/acme/whoami", token=dev["accessToken"]), 401, "unauthenticated")
    assert api.get("/v1/orgs/acme/whoami", token=api.session("user:dev")["accessToken"]).status_code == 200
    problem(api.delete(SUSPENSION.format("dev")), 409, "not-suspended")


def test_a_suspension_outlives_applies_and_restarts(api: Any, problem: Any) -> None:
    suspend(api, "Dev@acme.example")
    api.apply(company(ANN, EVE, *BINDINGS, deny=["read"]))
    api.plane.states._states.clear()
    users = {item["user"]: item for item in api.get("/v1/orgs/acme/users").json()["users"]}
    assert (users["dev"]["declared"], users["dev"]["state"]) == ("active", "suspended")
    assert users["dev"]["suspension"]["reason"] == "phished"
    assert (users["gone"]["state"], users["gone"]["suspension"]) == ("suspended", None)
    assert users["eve"]["roles"] == ["owner"]


def test_agents_of_a_suspended_user_get_a_policy_that_allows_nothing(api: Any, problem: Any) -> None:
    credential = api.enroll()["credential"]
    first = api.get("/v1/agent/policy", token=credential)
    ask = {"user": "dev", "tool": "read"}
    assert api.post("/v1/orgs/acme/decide", json=ask).json()["effect"] == "allow"
    suspend(api, "dev")
    second = api.get("/v1/agent/policy", token=credential, headers={"If-None-Match": first.headers["etag"]})
    assert second.status_code == 200
    assert second.headers["etag"] != first.headers["etag"]
    assert api.post("/v1/orgs/acme/decide", json=ask).json()["effect"] == "deny"
    minted = api.post("/v1/orgs/acme/enrollments", json={"user": "dev"})
    problem(minted, 422, "user-not-active")
    api.delete(SUSPENSION.format("dev"))
    assert api.post("/v1/orgs/acme/decide", json=ask).json()["effect"] == "allow"


def test_the_last_owner_is_stopped_by_the_server_s_owner_alone(api: Any, problem: Any) -> None:
    ann = api.session("user:ann")["accessToken"]
    problem(suspend(api, "eve", ann), 403, "last-owner")
    api.apply(
        company(
            ANN, EVE, BINDINGS[0], resource("RoleBinding", "owners", role="owner", subjects={"users": ["eve", "dev"]})
        )
    )
    assert suspend(api, "dev", ann).status_code == 201
    problem(suspend(api, "eve", ann), 403, "last-owner")
    assert suspend(api, "eve").status_code == 201


def test_nobody_activates_who_would_hold_more(api: Any, problem: Any) -> None:
    admins = resource("RoleBinding", "admins", role="admin", subjects={"users": ["ann"]})
    api.apply(company(ANN, EVE, admins, BINDINGS[1]))
    ann = api.session("user:ann")["accessToken"]
    assert suspend(api, "eve").status_code == 201
    assert suspend(api, "dev").status_code == 201
    body = problem(api.delete(SUSPENSION.format("eve"), token=ann), 403, "grant-exceeds-grantor")
    assert "*:*" in body["detail"]
    assert api.delete(SUSPENSION.format("dev"), token=ann).status_code == 200
    assert api.delete(SUSPENSION.format("eve")).status_code == 200


def test_a_right_over_a_group_reaches_its_members_only(api: Any, problem: Any) -> None:
    scoped = resource(
        "RoleBinding", "responders", role="security-responder", subjects={"users": ["ann"]}, scope={"groups": ["eng"]}
    )
    api.apply(company(ANN, EVE, scoped, BINDINGS[1]))
    ann = api.session("user:ann")["accessToken"]
    assert [item["user"] for item in api.get("/v1/orgs/acme/users", token=ann).json()["users"]] == ["dev"]
    problem(suspend(api, "eve", ann), 403, "outside-scope")
    assert suspend(api, "dev", ann).status_code == 201
    problem(api.get("/v1/orgs/acme/audit", token=ann), 403, "outside-scope")
    problem(api.post("/v1/orgs/acme/decide", json={"user": "eve", "tool": "read"}, token=ann), 403, "outside-scope")
    assert api.post("/v1/orgs/acme/decide", json={"user": "dev", "tool": "read"}, token=ann).status_code == 200
    assert api.get("/v1/orgs/acme/instances", token=ann).json()["instances"] == []


def test_everybody_may_ask_about_themselves(api: Any, problem: Any) -> None:
    dev = api.session("user:dev")["accessToken"]
    assert api.get("/v1/orgs/acme/effective?user=dev", token=dev).status_code == 200
    assert api.get("/v1/orgs/acme/effective?user=DEV@acme.example", token=dev).status_code == 200
    problem(api.get("/v1/orgs/acme/effective?user=eve", token=dev), 403, "missing-permission")
    problem(api.get("/v1/orgs/acme/effective?user=nobody", token=dev), 403, "missing-permission")


def test_a_misspelt_user_is_suggested(api: Any, problem: Any) -> None:
    body = problem(suspend(api, "devv"), 404, "unknown-user")
    assert "dev" in body["hint"]
    problem(api.post(SUSPENSION.format("dev"), json={"reason": " "}), 422, "invalid-request")
