"""What happens at the door beside the matrix of routes: the log of refusals, guessed credentials, agents."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from server_process import company, resource
from starlette.requests import Request

from clawforge.access.permission import PERMISSIONS
from clawforge_server.auth.admission import client_address
from clawforge_server.routes.table import ENDPOINTS


def test_an_admin_token_is_no_agent(api: Any, problem: Any) -> None:
    problem(api.get("/v1/agent/policy"), 401, "unknown-instance")
    problem(api.post("/v1/agent/heartbeat", json={}), 401, "unknown-instance")
    problem(api.get("/v1/agent/policy", token=""), 401, "unauthenticated")


def test_every_right_that_a_route_asks_for_can_be_granted() -> None:
    asked = {endpoint.permission for endpoint in ENDPOINTS if endpoint.permission is not None}
    assert asked <= set(PERMISSIONS)
    # Rights that no route asks for by itself.
    assert set(PERMISSIONS) - asked == {
        "agent:poll",
        "commits:verify",
        "freeze:override",
        "plans:vouch",
        "rbac:escalate",
        "rollouts:skip",
    }


def test_a_missing_right_is_named_and_kept_in_the_log(api: Any, problem: Any) -> None:
    api.apply(company())
    made = api.post("/v1/orgs/acme/tokens", json={"name": "robot", "permissions": ["state:read"]}).json()
    body = problem(api.get("/v1/orgs/acme/audit", token=made["token"]), 403, "missing-permission")
    assert "audit:read" in body["detail"]
    refused = api.audit()[-1]
    assert (refused["outcome"], refused["actor"]) == ("refused", f"token:{made['id']}")
    assert (refused["action"], refused["detail"]) == ("audit:read", {"code": "missing-permission"})
    assert refused["credential"] == made["id"]


def test_what_is_tried_in_a_foreign_org_leaves_no_trace_there(api: Any, problem: Any) -> None:
    api.apply(company())
    api.apply([resource("Organization", "other")], org="other")
    before = api.audit("other")
    problem(api.get("/v1/orgs/other/state", token=api.token("*:*")), 403, "wrong-org")
    assert api.audit("other") == before
    assert api.audit()[-1]["detail"] == {"code": "wrong-org"}


def test_the_owner_is_told_that_an_org_does_not_exist(api: Any, problem: Any) -> None:
    for path in ("state", "revisions", "instances", "enrollments", "tokens", "keys", "audit", "effective?user=a"):
        problem(api.get(f"/v1/orgs/nowhere/{path}"), 404, "unknown-org")
    problem(api.get("/v1/orgs/NOT_A_NAME/state"), 404, "unknown-org")


def test_guessing_is_slowed_down_by_address(api: Any, problem: Any) -> None:
    api.apply(company())
    credential, unseen = api.enroll()["credential"], api.token("state:read")
    for _ in range(100):
        problem(api.get("/v1/orgs/acme/state", token="cf_live_wrong"), 401, "unauthenticated")
    refused = api.get("/v1/orgs/acme/state", token="cf_live_wrong")
    problem(refused, 429, "rate-limited")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    problem(api.get("/v1/orgs/acme/state", token=unseen), 429, "rate-limited")
    assert api.get("/v1/orgs/acme/state").status_code == 200, "who is known does not pay for a neighbour who guesses"
    problem(api.post("/v1/enroll", token="", json={"token": "cfe_x"}), 429, "rate-limited")
    assert api.get("/v1/agent/policy", token=credential).status_code == 200
    assert api.get("/v1/orgs/acme/state", address="192.0.2.2").status_code == 200
    api.clock.move(seconds=61)
    assert api.get("/v1/orgs/acme/state", token=unseen).status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "cf_owner_x", "Bearer " + "x" * 600, "Bearer \xff"]
)
def test_a_malformed_authorization_header_is_refused(api: Any, problem: Any, header: str) -> None:
    encoded = header.encode("latin-1")
    answer = api.get("/v1/orgs/acme/state", token="", headers=[(b"Authorization", encoded)])
    problem(answer, 401, "unauthenticated")


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
