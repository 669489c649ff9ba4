"""Every route of the OpenAPI document, for every role and every kind of bad credential, in one's own org and another.

What is expected comes from the table below and the library's roles, and not from what the routes declare: a route that
loses its guard, or asks for another right, fails here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from server_app import Api, MovableClock, opened_api
from server_process import resource

import clawforge_server.app
from clawforge.access.permission import covers
from clawforge.resource.role import BUILT_IN_ROLES
from clawforge_server.openapi import openapi_document
from clawforge_server.routes.table import ENDPOINTS

ORGS = ("acme", "other")
PUBLIC, AGENT, LEAVE = "anybody", "the agent itself", "whoever has a session"
MEMBERS = "every member"

GUARDS = {
    "POST /v1/orgs/{org}/plans": "plans:create",
    "POST /v1/orgs/{org}/rollbacks": "plans:create",
    "GET /v1/orgs/{org}/plans/{id}": "plans:read",
    "POST /v1/orgs/{org}/plans/{id}/apply": "plans:apply",
    "POST /v1/orgs/{org}/plans/{id}/approvals": "plans:approve",
    "POST /v1/orgs/{org}/plans/{id}/rejections": "plans:approve",
    "GET /v1/orgs/{org}/state": "state:read",
    "GET /v1/orgs/{org}/revisions": "revisions:read",
    "GET /v1/orgs/{org}/revisions/{n}": "revisions:read",
    "GET /v1/orgs/{org}/diff": "state:read",
    "GET /v1/orgs/{org}/blame": "state:read",
    "GET /v1/orgs/{org}/effective": "decisions:read",
    "POST /v1/orgs/{org}/decide": "decisions:read",
    "POST /v1/orgs/{org}/explanation": "decisions:read",
    "POST /v1/orgs/{org}/access-history": "decisions:read",
    "GET /v1/orgs/{org}/instances": "instances:read",
    "GET /v1/orgs/{org}/instances/{name}/acknowledgements": "instances:read",
    "GET /v1/orgs/{org}/instances/{name}": "instances:read",
    "GET /v1/orgs/{org}/versions": "instances:read",
    "GET /v1/orgs/{org}/drift": "instances:read",
    "GET /v1/orgs/{org}/status": "instances:read",
    "POST /v1/orgs/{org}/fleet/revocations": "instances:revoke",
    "POST /v1/orgs/{org}/fleet/refreshes": "instances:refresh",
    "POST /v1/orgs/{org}/fleet/messages": "instances:message",
    "POST /v1/orgs/{org}/fleet/tags": "instances:tag",
    "GET /v1/orgs/{org}/overlays": "kill:read",
    "POST /v1/orgs/{org}/overlays": "kill:write",
    "DELETE /v1/orgs/{org}/overlays/{id}": "kill:write",
    "GET /v1/orgs/{org}/elevations": MEMBERS,
    "POST /v1/orgs/{org}/elevations": MEMBERS,
    "DELETE /v1/orgs/{org}/elevations/{id}": MEMBERS,
    "POST /v1/orgs/{org}/elevations/{id}/approvals": "elevations:approve",
    "POST /v1/orgs/{org}/elevations/{id}/rejections": "elevations:approve",
    "GET /v1/orgs/{org}/reconcilers": "reconcilers:read",
    "POST /v1/orgs/{org}/reconcilers/{name}/lease": "reconcilers:run",
    "DELETE /v1/orgs/{org}/reconcilers/{name}/lease": "reconcilers:run",
    "PUT /v1/orgs/{org}/reconcilers/{name}/status": "reconcilers:run",
    "POST /v1/orgs/{org}/reconcilers/{name}/suspension": "reconcilers:manage",
    "POST /v1/orgs/{org}/reconcilers/{name}/acknowledgement": "reconcilers:manage",
    "POST /v1/orgs/{org}/reconcilers/{name}/wanted": "reconcilers:manage",
    "DELETE /v1/orgs/{org}/reconcilers/{name}": "reconcilers:manage",
    "DELETE /v1/orgs/{org}/instances/{name}": "instances:revoke",
    "POST /v1/orgs/{org}/instances/{name}/approvals": "instances:approve",
    "POST /v1/orgs/{org}/instances/{name}/rejections": "instances:approve",
    "POST /v1/orgs/{org}/instances/{name}/releases": "instances:approve",
    "POST /v1/orgs/{org}/enrollments": "enrollments:create",
    "GET /v1/orgs/{org}/enrollments": "enrollments:read",
    "DELETE /v1/orgs/{org}/enrollments/{id}": "enrollments:revoke",
    "POST /v1/orgs/{org}/tokens": "tokens:create",
    "POST /v1/orgs/{org}/tokens/{id}/rotate": "tokens:create",
    "GET /v1/orgs/{org}/tokens": MEMBERS,
    "DELETE /v1/orgs/{org}/tokens/{id}": "tokens:revoke",
    "GET /v1/orgs/{org}/sessions": MEMBERS,
    "DELETE /v1/orgs/{org}/sessions/{id}": "sessions:revoke",
    "GET /v1/orgs/{org}/whoami": MEMBERS,
    "GET /v1/orgs/{org}/users": "users:read",
    "POST /v1/orgs/{org}/users/{name}/suspension": "users:suspend",
    "DELETE /v1/orgs/{org}/users/{name}/suspension": "users:activate",
    "POST /v1/orgs/{org}/password-resets": "users:reset",
    "DELETE /v1/orgs/{org}/users/{user}/identity": "users:reset",
    "GET /v1/orgs/{org}/skills": "skills:read",
    "GET /v1/orgs/{org}/skills/submissions": MEMBERS,
    "POST /v1/orgs/{org}/skills/submissions": "skills:submit",
    "GET /v1/orgs/{org}/skills/submissions/{id}": "skills:read",
    "DELETE /v1/orgs/{org}/skills/submissions/{id}": "skills:submit",
    "POST /v1/orgs/{org}/skills/submissions/{id}/review": "skills:review",
    "POST /v1/orgs/{org}/skills/revocations": "skills:revoke",
    "POST /v1/orgs/{org}/skills/revocations/{id}/lift": "skills:review",
    "GET /v1/orgs/{org}/keys": "keys:read",
    "GET /v1/orgs/{org}/audit": "audit:read",
    "GET /v1/orgs/{org}/audit/stream": "audit:read",
    "GET /v1/orgs/{org}/audit/checkpoints": "audit:read",
    "GET /v1/orgs/{org}/audit/proofs": "audit:read",
    "POST /v1/orgs/{org}/audit/purge": "audit:purge",
    "GET /v1/agent/policy": AGENT,
    "POST /v1/agent/heartbeat": AGENT,
    "GET /v1/agent/events": AGENT,
    "POST /v1/agent/credential": AGENT,
    "POST /v1/agent/audit": AGENT,
    "POST /v1/agent/overlays": AGENT,
    "POST /v1/agent/skills": AGENT,
    "DELETE /v1/sessions/current": LEAVE,
    "POST /v1/sessions/refresh": PUBLIC,
    "GET /v1/orgs/{org}/sign-in": PUBLIC,
    "POST /v1/orgs/{org}/sessions": PUBLIC,
    "POST /v1/passwords": PUBLIC,
    "POST /v1/enroll": PUBLIC,
    "GET /health": PUBLIC,
    "GET /health/ready": PUBLIC,
    "GET /openapi.json": PUBLIC,
}
"""By route, who may use it. Somebody who adds a route decides that here as well."""

QUERIES = {
    "GET /v1/orgs/{org}/blame": {"address": "User/dev"},
    "GET /v1/orgs/{org}/effective": {"user": "dev"},
    # An open stream would never end; a wrong parameter is refused after the right was looked at.
    "GET /v1/orgs/{org}/audit/stream": {"after": "x"},
    "GET /v1/agent/events": {"after": "x"},
}
BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/orgs/{org}/rollbacks": {"source": "policies", "revision": "999999"},
    "POST /v1/orgs/{org}/decide": {"user": "dev", "tool": "exec"},
    "POST /v1/orgs/{org}/explanation": {"user": "dev"},
    "POST /v1/orgs/{org}/access-history": {"user": "dev", "tool": "exec"},
    "POST /v1/orgs/{org}/instances/{name}/releases": {"reason": "looked at"},
    "POST /v1/orgs/{org}/fleet/revocations": {"instances": ["i"], "reason": "lost"},
    "POST /v1/orgs/{org}/fleet/refreshes": {"instances": ["i"]},
    "POST /v1/orgs/{org}/fleet/messages": {"instances": ["i"], "text": "hello"},
    "POST /v1/orgs/{org}/fleet/tags": {"instances": ["i"], "set": {"env": "lab"}},
}
ROUTES = [
    f"{method.upper()} {path}"
    for path, operations in openapi_document(ENDPOINTS)["paths"].items()
    for method in operations
]
_addresses = itertools.count(1)


@dataclass
class World:
    """Two orgs, in each a user for every built-in role and one without any, and every kind of bad credential."""

    api: Api
    members: dict[str, dict[str, str]]
    bad: dict[str, str]
    instance: str

    def send(self, route: str, token: str, org: str = "acme") -> httpx.Response:
        """A request that changes nothing, from an address of its own: nobody is slowed down by the others."""
        method, _, path = route.partition(" ")
        number = next(_addresses)
        options: dict[str, Any] = {"params": QUERIES.get(route), "address": f"198.18.{number >> 8}.{number & 255}"}
        if method in ("POST", "PUT"):
            options["json"] = BODIES.get(route, {})
        return self.api.request(
            method, path.format(org=org, id="nothing", n="1", name="nobody", user="nobody"), token=token, **options
        )


def members(org: str) -> list[dict[str, Any]]:
    names = [*BUILT_IN_ROLES, "nothing", "stopped", "removed", "dev"]
    return [
        resource("Organization", org),
        *(resource("User", name, email=f"{name}@{org}.example") for name in names),
        *(resource("RoleBinding", name, role=name, subjects={"users": [name]}) for name in BUILT_IN_ROLES),
        resource("RoleBinding", "bad", role="owner", subjects={"users": ["stopped", "removed"]}),
    ]


def without_the_removed(org: str) -> list[dict[str, Any]]:
    left = [item for item in members(org) if item["metadata"]["name"] not in {"removed", "bad"}]
    return [*left, resource("RoleBinding", "bad", role="owner", subjects={"users": ["stopped"]})]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    clock = MovableClock()
    with opened_api(tmp_path_factory.mktemp("matrix") / "data", clock) as api:
        for org in ORGS:
            api.apply(members(org), org=org)
        bad = _bad_credentials(api, clock)
        sessions = {
            org: {name: api.session(f"user:{name}", org=org)["accessToken"] for name in (*BUILT_IN_ROLES, "nothing")}
            for org in ORGS
        }
        yield World(api, sessions, bad, api.enroll()["credential"])


def _bad_credentials(api: Api, clock: MovableClock) -> dict[str, str]:
    short = api.post("/v1/orgs/acme/tokens", json={"name": "x", "permissions": ["*:*"], "ttl": 60}).json()["token"]
    old = api.session("user:owner")["accessToken"]
    clock.move(minutes=16)
    revoked = api.post("/v1/orgs/acme/tokens", json={"name": "x", "permissions": ["*:*"]}).json()
    assert api.delete(f"/v1/orgs/acme/tokens/{revoked['id']}").status_code == 204
    stopped, removed = api.session("user:stopped")["accessToken"], api.session("user:removed")["accessToken"]
    left = api.session("user:owner")
    assert api.delete("/v1/sessions/current", token=left["accessToken"]).status_code == 204
    assert api.post("/v1/orgs/acme/users/stopped/suspension", json={"reason": "lost laptop"}).status_code == 201
    api.apply(without_the_removed("acme"))
    refresh = api.session("user:owner")["refreshToken"]
    return {
        "nothing": "",
        "garbage": "cf_live_garbage",
        "an expired key": short,
        "an expired session": old,
        "a revoked key": revoked["token"],
        "a session that was left": left["accessToken"],
        "a suspended owner": stopped,
        "a removed owner": removed,
        "a refresh token": refresh,
        "a refresh token that calls itself a session": refresh.replace("cf_refresh_", "cf_session_"),
        "a session with a byte more": f"{api.session('user:owner')['accessToken']}A",
    }


def check(world: World, route: str) -> None:
    guard = GUARDS[route]
    if guard == PUBLIC:
        assert world.send(route, "").status_code != 403
        return
    for what, token in world.bad.items():
        assert world.send(route, token).status_code == 401, f"{route} with {what}"
    if guard == AGENT:
        assert world.send(route, world.instance).status_code not in {401, 403}
        _refused(world, route, [*world.members["acme"].values(), world.api.owner], 401)
    elif guard == LEAVE:
        assert world.send(route, world.instance).status_code == 422
        assert world.send(route, world.api.owner).status_code == 422
    else:
        _refused(world, route, [world.instance], 403)
        for org in ORGS:
            assert world.send(route, world.api.owner, org).status_code not in {401, 403}
            for role, token in world.members[org].items():
                _check_role(world, route, guard, org, role, token)


def _check_role(world: World, route: str, guard: str, org: str, role: str, token: str) -> None:
    held = (*BUILT_IN_ROLES.get(role, ()), *BUILT_IN_ROLES["user"])
    allowed = guard == MEMBERS or covers(held, guard)
    answer = world.send(route, token, org)
    assert (answer.status_code not in {401, 403}) == allowed, f"{route} as {role}: {answer.status_code}"
    if not allowed:
        assert answer.json().get("code") == "missing-permission"
    foreign = next(other for other in ORGS if other != org)
    for elsewhere in (foreign, "nowhere"):
        refused = world.send(route, token, elsewhere)
        assert (refused.status_code, refused.json().get("code")) == (403, "wrong-org"), f"{route} as {role} elsewhere"


def _refused(world: World, route: str, tokens: list[str], status: int) -> None:
    for token in tokens:
        assert world.send(route, token).status_code == status, route


def test_every_route_is_in_the_table() -> None:
    assert set(ROUTES) == set(GUARDS)


@pytest.mark.parametrize("route", ROUTES)
def test_who_may_use_a_route(world: World, route: str) -> None:
    check(world, route)


def test_what_a_route_declares_is_what_it_asks_for() -> None:
    for endpoint in ENDPOINTS:
        guard = GUARDS[f"{endpoint.method} {endpoint.path}"]
        if ":" in guard:
            assert endpoint.permission == guard
        else:
            assert endpoint.permission is None or guard == MEMBERS


GUARDED = [route for route, guard in GUARDS.items() if guard not in {PUBLIC, AGENT, LEAVE}]


@pytest.mark.parametrize("route", GUARDED)
def test_a_server_without_its_guard_fails(world: World, route: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clawforge_server.app, "authorise", lambda *_, **__: None)
    with pytest.raises(AssertionError):
        check(world, route)
