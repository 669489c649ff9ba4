"""How much anybody may ask: by address before, by principal and org after it is known who asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_app import Api, MovableClock, opened_api
from server_process import company, resource

from clawforge_server.auth.request_limits import rates

SLOW = rates(20)
"""20 a minute for a principal, 10 of them at once; half of it for an address, five times as much for an org."""
STATE = "/v1/orgs/acme/state"


@pytest.fixture
def slow(tmp_path: Path, clock: MovableClock) -> Iterator[Api]:
    with opened_api(tmp_path / "data", clock, limits=SLOW) as api:
        yield api


FAILURES = 100
"""So many refused credentials a minute an address may send."""


def people(*names: str, **limits: Any) -> list[dict[str, Any]]:
    return [
        *(resource("User", name, email=f"{name}@acme.example") for name in names),
        resource("RoleBinding", "readers", role="auditor", subjects={"users": list(names)}),
    ]


def test_a_principal_is_slowed_down_whatever_credential_it_shows(slow: Api, problem: Any) -> None:
    slow.apply(company(*people("ann", "ben")))
    first, second = slow.session("user:ann")["accessToken"], slow.session("user:ann")["accessToken"]
    other = slow.session("user:ben")["accessToken"]
    for _ in range(5):
        assert slow.get(STATE, token=first).status_code == 200
        assert slow.get(STATE, token=second).status_code == 200
    for token in (first, second):
        refused = slow.get(STATE, token=token)
        problem(refused, 429, "rate-limited")
        assert refused.headers["retry-after"] == "3"
        assert refused.headers["ratelimit-policy"] == '"principal";q=20;w=60'
        assert refused.headers["ratelimit"] == '"principal";r=0;t=3'
    assert slow.get(STATE, token=other).status_code == 200
    slow.clock.move(seconds=3)
    assert slow.get(STATE, token=first).status_code == 200
    problem(slow.get(STATE, token=second), 429, "rate-limited")


def test_refusals_by_a_limit_are_not_what_fills_the_audit_log(slow: Api, problem: Any) -> None:
    slow.apply(company(*people("ann")))
    ann = slow.session("user:ann")["accessToken"]
    for _ in range(10):
        problem(
            slow.post("/v1/orgs/acme/tokens", token=ann, json={"name": "x", "permissions": ["*:*"]}),
            403,
            "missing-permission",
        )
    slow.clock.move(seconds=6)
    before = slow.audit()
    for _ in range(2):
        slow.post("/v1/orgs/acme/tokens", token=ann, json={})
    for _ in range(20):
        problem(slow.post("/v1/orgs/acme/tokens", token=ann, json={}), 429, "rate-limited")
    slow.clock.move(seconds=6)
    assert len(slow.audit()) == len(before) + 2


def test_an_org_is_slowed_down_as_it_says_and_its_agents_are_not(slow: Api, problem: Any) -> None:
    names = [f"user-{number}" for number in range(6)]
    org = resource("Organization", "acme", displayName="Acme", limits={"requestsPerMinute": 6})
    slow.apply([org, *company(*people(*names))[1:]])
    agent = slow.enroll()["credential"]
    sessions = [slow.session(f"user:{name}")["accessToken"] for name in names]
    answers = [slow.get(STATE, token=token) for token in sessions]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429, 429]
    assert answers[-1].headers["ratelimit-policy"] == '"org";q=6;w=60'
    assert slow.get("/v1/agent/policy", token=agent).status_code == 200
    assert slow.get(STATE).status_code == 200, "the server's owner can still mend it"
    slow.clock.move(seconds=10)
    assert slow.get(STATE, token=sessions[3]).status_code == 200


def test_an_org_is_not_slowed_down_by_another(slow: Api) -> None:
    limits = {"requestsPerMinute": 2}
    for org in ("acme", "other"):
        slow.apply([resource("Organization", org, limits=limits), *people("ann")], org=org)
    for org in ("acme", "other"):
        token = slow.session("user:ann", org=org)["accessToken"]
        assert [slow.get(f"/v1/orgs/{org}/state", token=token).status_code for _ in range(2)] == [200, 429]


def test_an_agent_that_loops_slows_down_itself_only(slow: Api, problem: Any) -> None:
    slow.apply(company())
    looping, other = slow.enroll()["credential"], slow.enroll()["credential"]
    for _ in range(10):
        assert slow.post("/v1/agent/heartbeat", token=looping, json={}).status_code == 200
    for method, path in (("GET", "policy"), ("POST", "heartbeat"), ("POST", "audit")):
        options = {"json": {}} if method == "POST" else {}
        problem(slow.request(method, f"/v1/agent/{path}", token=looping, **options), 429, "rate-limited")
    assert slow.get("/v1/agent/policy", token=other).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", "/v1/enroll", {"json": {"token": "cfe_x"}}),
        ("POST", "/v1/orgs/acme/sessions", {"json": {"grant": "sso", "token": "x"}}),
        ("POST", "/v1/sessions/refresh", {"json": {"refreshToken": "x"}}),
        ("POST", "/v1/passwords", {"json": {"code": "x", "password": "y"}}),
        ("POST", "/v1/enroll", {"content": b"not json"}),
        ("GET", "/v1/orgs/acme/sign-in", {}),
        ("GET", "/openapi.json", {}),
        ("GET", "/health/ready", {}),
        ("GET", STATE, {}),
        ("GET", STATE, {"token": "cf_live_wrong"}),
        ("GET", "/v1/agent/policy", {"token": "cf_instance_wrong"}),
        ("DELETE", "/v1/sessions/current", {"token": "no token at all"}),
    ],
)
def test_an_address_is_slowed_down_before_anything_is_done_for_it(
    slow: Api, problem: Any, method: str, path: str, options: dict[str, Any]
) -> None:
    slow.apply(company())
    agent = slow.enroll()["credential"]
    options = {"token": "", **options}
    # One network of IPv6 is one client.
    answers = [slow.request(method, path, address=f"2001:db8::{number}", **options) for number in range(6)]
    assert all(answer.status_code < 429 for answer in answers[:5])
    problem(answers[5], 429, "rate-limited")
    assert answers[5].headers["ratelimit-policy"] == '"address";q=10;w=60'
    for address in ("2001:db8::1", "192.0.2.9"):
        assert slow.get("/v1/agent/policy", token=agent, address=address).status_code == 200
        assert slow.get("/health", token="", address=address).status_code == 200
    assert slow.request(method, path, address="192.0.2.9", **options).status_code < 429
    slow.clock.move(seconds=6)
    assert slow.request(method, path, address="2001:db8::1", **options).status_code < 429


def test_a_whole_fleet_behind_one_address_gets_through(slow: Api) -> None:
    """After a restart nobody is in memory; genuine credentials do not use up what the address may ask."""
    slow.apply(company())
    tokens = []
    for _ in range(9):
        slow.clock.move(seconds=10)
        tokens.append(slow.token("state:read"))
    assert [slow.get(STATE, token=token).status_code for token in tokens] == [200] * 9


def test_a_known_credential_that_is_not_good_from_here_is_slowed_down_like_a_guess(api: Api) -> None:
    """It is refused from memory, and each refusal is audited: somebody who repeats it must not fill the log."""
    api.apply(company())
    body = {"name": "k", "permissions": ["state:read"], "networks": ["192.0.2.0/24"]}
    key = api.post("/v1/orgs/acme/tokens", json=body).json()["token"]
    assert api.get(STATE, token=key).status_code == 200
    statuses = [api.get(STATE, token=key, address="198.51.100.1").status_code for _ in range(FAILURES + 20)]
    assert statuses == [401] * FAILURES + [429] * 20
    refused = [event for event in api.audit() if event["outcome"] == "refused"]
    assert len(refused) == FAILURES
    assert api.get(STATE, token=key).status_code == 200


def test_an_org_has_no_more_instances_than_it_allows(api: Api, problem: Any) -> None:
    api.apply([resource("Organization", "acme", limits={"instances": 2}), *company()[1:]])
    token = api.post("/v1/orgs/acme/enrollments", json={"user": "dev", "uses": 5}).json()["token"]
    answers = [api.post("/v1/enroll", token="", json={"token": token}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    problem(answers[2], 409, "too-many-instances")
    assert api.get("/v1/orgs/acme/enrollments").json()["enrollments"][0]["usesLeft"] == 3
    assert api.delete(f"/v1/orgs/acme/instances/{answers[0].json()['instance']}").status_code == 204
    assert api.post("/v1/enroll", token="", json={"token": token}).status_code == 201
