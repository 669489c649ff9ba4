"""Who may do what: every route against every missing right, foreign orgs, and guessed credentials."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from server_process import company
from starlette.requests import Request

from clawforge_server.auth.admission import client_address
from clawforge_server.auth.permission import PERMISSIONS, beyond, covers
from clawforge_server.endpoint import Endpoint
from clawforge_server.routes.table import ENDPOINTS

ADMIN = [endpoint for endpoint in ENDPOINTS if endpoint.permission is not None]


def names(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def call(api: Any, endpoint: Endpoint, org: str = "acme", **options: Any) -> Any:
    path = endpoint.path.format(org=org, id="x", n="1", name="x")
    if endpoint.request is not None:
        options["json"] = {}
    return api.request(endpoint.method, path, **options)


@pytest.mark.parametrize("endpoint", ADMIN, ids=names)
def test_a_missing_right_is_named(api: Any, problem: Any, endpoint: Endpoint) -> None:
    api.apply(company())
    others = [right for right in PERMISSIONS if right != endpoint.permission]
    body = problem(call(api, endpoint, token=api.token(*others)), 403, "missing-permission")
    assert str(endpoint.permission) in body["detail"]
    refused = api.audit()[-1]
    assert (refused["outcome"], refused["actor"]) == ("refused", "token:robot")
    assert (refused["action"], refused["detail"]) == (endpoint.permission, {"code": "missing-permission"})


@pytest.mark.parametrize("endpoint", ADMIN, ids=names)
def test_the_right_itself_is_enough(api: Any, endpoint: Endpoint) -> None:
    api.apply(company())
    answer = call(api, endpoint, token=api.token(str(endpoint.permission)))
    assert answer.status_code not in {401, 403}


@pytest.mark.parametrize("endpoint", ADMIN, ids=names)
def test_a_foreign_org_looks_like_one_that_does_not_exist(api: Any, problem: Any, endpoint: Endpoint) -> None:
    api.apply(company())
    other = [{**company()[0], "metadata": {"name": "other"}}]
    api.apply(other, org="other")
    token = api.token("*:*")
    for answer in (call(api, endpoint, "other", token=token), call(api, endpoint, "nowhere", token=token)):
        problem(answer, 403, "wrong-org")
    assert all(event["actor"] != "token:robot" for event in api.audit("other"))


@pytest.mark.parametrize("endpoint", ADMIN, ids=names)
def test_without_a_valid_token_nothing_is_answered(api: Any, problem: Any, endpoint: Endpoint) -> None:
    for token in ("", "cf_owner_guess", "cf_token_guess", "cf_instance_guess"):
        answer = call(api, endpoint, token=token)
        code = "unknown-instance" if token.startswith("cf_instance") else "unauthenticated"
        problem(answer, 401, code)
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("endpoint", ADMIN, ids=names)
def test_an_agent_reaches_no_route_of_admins(api: Any, problem: Any, endpoint: Endpoint) -> None:
    api.apply(company())
    credential = api.enroll()["credential"]
    problem(call(api, endpoint, token=credential), 403, "agent-credential")


def test_an_admin_token_is_no_agent(api: Any, problem: Any) -> None:
    problem(api.get("/v1/agent/policy"), 401, "unknown-instance")
    problem(api.post("/v1/agent/heartbeat", json={}), 401, "unknown-instance")
    problem(api.get("/v1/agent/policy", token=""), 401, "unauthenticated")


def test_every_right_that_a_route_asks_for_can_be_granted() -> None:
    assert {endpoint.permission for endpoint in ADMIN} == set(PERMISSIONS)


def test_the_owner_is_told_that_an_org_does_not_exist(api: Any, problem: Any) -> None:
    for path in ("state", "revisions", "instances", "enrollments", "tokens", "keys", "audit", "effective?user=a"):
        problem(api.get(f"/v1/orgs/nowhere/{path}"), 404, "unknown-org")
    problem(api.get("/v1/orgs/NOT_A_NAME/state"), 404, "unknown-org")


def test_guessing_is_slowed_down_by_address(api: Any, problem: Any) -> None:
    api.apply(company())
    credential = api.enroll()["credential"]
    for _ in range(100):
        problem(api.get("/v1/orgs/acme/state", token="cf_token_wrong"), 401, "unauthenticated")
    refused = api.get("/v1/orgs/acme/state", token="cf_token_wrong")
    problem(refused, 429, "rate-limited")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    problem(api.get("/v1/orgs/acme/state"), 429, "rate-limited")
    problem(api.post("/v1/enroll", token="", json={"token": "cfe_x"}), 429, "rate-limited")
    assert api.get("/v1/agent/policy", token=credential).status_code == 200
    assert api.get("/v1/orgs/acme/state", address="192.0.2.2").status_code == 200
    api.clock.move(seconds=61)
    assert api.get("/v1/orgs/acme/state").status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "cf_owner_x", "Bearer " + "x" * 600, "Bearer \xff"]
)
def test_a_malformed_authorization_header_is_refused(api: Any, problem: Any, header: str) -> None:
    encoded = header.encode("latin-1")
    answer = api.get("/v1/orgs/acme/state", token="", headers=[(b"Authorization", encoded)])
    problem(answer, 401, "unauthenticated")


def test_wildcards_cover() -> None:
    assert covers(["*:*"], "plans:apply")
    assert covers(["plans:*"], "plans:apply")
    assert covers(["*:read"], "state:read")
    assert not covers(["plans:apply"], "plans:*")
    assert not covers(["*:read"], "plans:apply")
    assert not covers([], "plans:apply")
    assert beyond(["plans:*"], ["plans:apply", "*:apply", "tokens:create"]) == ("*:apply", "tokens:create")


def test_an_agent_that_tries_the_routes_of_admins_is_in_the_log(api: Any, problem: Any) -> None:
    api.apply(company())
    enrolled = api.enroll()
    problem(api.get("/v1/orgs/acme/state", token=enrolled["credential"]), 403, "agent-credential")
    last = api.audit()[-1]
    assert (last["actor"], last["action"], last["outcome"]) == (
        f"instance:{enrolled['instance']}",
        "state:read",
        "refused",
    )


def test_behind_a_proxy_the_address_is_what_the_proxy_wrote_last(api: Any) -> None:
    plane = dataclasses.replace(api.plane, behind_proxy=True)

    def address(*lines: bytes) -> str:
        headers = [(b"x-forwarded-for", line) for line in lines]
        return client_address(Request({"type": "http", "headers": headers, "client": ("10.0.0.1", 1)}), plane)

    assert address(b"198.51.100.7, 192.0.2.9") == "192.0.2.9"
    assert address(b"198.51.100.7", b"192.0.2.9") == "192.0.2.9", "a proxy may add a header of its own"
    assert address() == "10.0.0.1"
