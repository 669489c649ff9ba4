"""Every route that changes something leaves exactly one record when it does, and one when it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from server_app import Api
from server_process import company, resource

from clawforge_server.endpoint import Endpoint
from clawforge_server.routes.table import ENDPOINTS

PEOPLE = [
    resource("User", "ann", email="ann@acme.example"),
    resource("User", "bob", email="bob@acme.example"),
    resource("RoleBinding", "admins", role="admin", subjects={"users": ["ann"]}),
    resource("RoleBinding", "approvers", role="approver", subjects={"users": ["dev"]}),
    resource("ElevationPolicy", "glass", appliesTo="everyone", grants=[{"name": "shell", "tools": ["exec"]}]),
]
QUIET = {
    "POST /v1/orgs/{org}/decide": "judges a call, and changes nothing",
    "POST /v1/orgs/{org}/explanation": "explains a policy, and changes nothing",
    "POST /v1/orgs/{org}/access-history": "looks back, and changes nothing",
    "POST /v1/agent/heartbeat": "changes what is known of the instance, and nothing that anybody decides by",
}
BY_ITSELF = {
    "POST /v1/orgs/{org}/sessions": "signing in needs a provider of identities",
    "POST /v1/passwords": "setting a password needs a code",
    "POST /v1/orgs/{org}/password-resets": "needs an org that allows passwords",
    "DELETE /v1/orgs/{org}/users/{user}/identity": "needs somebody who signed in with a provider",
    "POST /v1/orgs/{org}/instances/{name}/approvals": "needs an instance that waits for approval",
    "POST /v1/orgs/{org}/instances/{name}/rejections": "needs an instance that waits for approval",
    "POST /v1/orgs/{org}/instances/{name}/releases": "needs an instance in quarantine",
}
"""Their records are checked where that is at hand: beside the other tests of single sign-on, passwords, enrolment."""
WRITING = [
    endpoint
    for endpoint in ENDPOINTS
    if endpoint.writes and f"{endpoint.method} {endpoint.path}" not in {**QUIET, **BY_ITSELF}
]


def route(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


@dataclass
class Prepared:
    """A request that will do what it says, and the credential that may."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    token: str | None = None
    headers: dict[str, str] | None = None

    def send(self, api: Api) -> httpx.Response:
        options: dict[str, Any] = {} if self.body is None else {"json": self.body}
        return api.request(self.method, self.path, token=self.token, headers=self.headers or {}, **options)


def _plan(api: Api) -> dict[str, Any]:
    return api.plan(company(*PEOPLE, deny=["read"]))


def _judged(verb: str) -> Callable[[Api], Prepared]:
    def prepare(api: Api) -> Prepared:
        token = api.session("user:dev")["accessToken"]
        return Prepared("POST", f"/v1/orgs/acme/plans/{_plan(api)['id']}/{verb}", {"reason": "read it"}, token)

    return prepare


def _apply(api: Api) -> Prepared:
    plan = _plan(api)
    path = f"/v1/orgs/acme/plans/{plan['id']}/apply"
    return Prepared("POST", path, {"plan": plan}, headers={"If-Match": f'"{plan["base"]["revision"]}"'})


def _token_id(api: Api) -> str:
    body = {"name": "one", "permissions": ["state:read"]}
    return str(api.post("/v1/orgs/acme/tokens", json=body).json()["id"])


def _suspended(api: Api) -> Prepared:
    api.post("/v1/orgs/acme/users/bob/suspension", json={"reason": "lost laptop"})
    return Prepared("DELETE", "/v1/orgs/acme/users/bob/suspension")


SKILL = {"key": "pdf-forms", "digest": "sha256:" + "a" * 64, "manifest": "# pdf-forms"}


def _handed_in(api: Api) -> str:
    token = api.session("user:bob")["accessToken"]
    return str(api.post("/v1/orgs/acme/skills/submissions", json=SKILL, token=token).json()["id"])


def _stopped_skill(api: Api) -> str:
    body = {"key": "pdf-forms", "reason": "reads cookies"}
    return str(api.post("/v1/orgs/acme/skills/revocations", json=body).json()["id"])


def _withdrawn(api: Api) -> Prepared:
    token = api.session("user:bob")["accessToken"]
    return Prepared("DELETE", f"/v1/orgs/acme/skills/submissions/{_handed_in(api)}", token=token)


def _asked(api: Api, **more: Any) -> Prepared:
    api.enroll()
    return Prepared(
        "POST", "/v1/orgs/acme/elevations", {"grant": "shell", "user": "dev", "reason": "night shift", **more}
    )


def _waiting(verb: str) -> Callable[[Api], Prepared]:
    def prepare(api: Api) -> Prepared:
        credential = api.enroll()["credential"]
        asked = api.post("/v1/agent/overlays", json={"grant": "shell", "reason": "x"}, token=credential).json()
        return Prepared("POST", f"/v1/orgs/acme/elevations/{asked['id']}/{verb}", {"reason": "read it"})

    return prepare


def _lifted(api: Api) -> Prepared:
    given = _asked(api).send(api).json()
    return Prepared("DELETE", f"/v1/orgs/acme/elevations/{given['id']}?reason=over")


def _stopped(api: Api) -> Prepared:
    on = api.post("/v1/orgs/acme/overlays", json={"scope": "tool:exec", "reason": "CVE"}).json()["overlay"]
    return Prepared("DELETE", f"/v1/orgs/acme/overlays/{on['id']}?reason=patched")


LEASE = {"holder": "h" * 16, "source": "policies", "repository": "https://git.example/policies"}


def _reconciler(method: str, what: str, body: dict[str, Any] | None = None) -> Callable[[Api], Prepared]:
    def prepare(api: Api) -> Prepared:
        assert api.post("/v1/orgs/acme/reconcilers/main/lease", json=LEASE).json()["fence"] == 1
        return Prepared(method, f"/v1/orgs/acme/reconcilers/main/{what}", body)

    return prepare


def _given_back(api: Api) -> Prepared:
    _reconciler("DELETE", "lease?fence=1")(api).send(api)
    return Prepared("DELETE", "/v1/orgs/acme/reconcilers/main?reason=moved")


REQUESTS: dict[str, Callable[[Api], Prepared]] = {
    "POST /v1/orgs/{org}/plans": lambda api: Prepared(
        "POST", "/v1/orgs/acme/plans", {"source": "policies", "resources": company(), "positions": {}}
    ),
    "POST /v1/orgs/{org}/rollbacks": lambda api: Prepared(
        "POST", "/v1/orgs/acme/rollbacks", {"source": "policies", "revision": "latest"}
    ),
    "POST /v1/orgs/{org}/plans/{id}/apply": _apply,
    "POST /v1/orgs/{org}/plans/{id}/approvals": _judged("approvals"),
    "POST /v1/orgs/{org}/plans/{id}/rejections": _judged("rejections"),
    "POST /v1/orgs/{org}/overlays": lambda api: Prepared(
        "POST", "/v1/orgs/acme/overlays", {"scope": "org", "reason": "incident 7"}
    ),
    "DELETE /v1/orgs/{org}/overlays/{id}": _stopped,
    "POST /v1/orgs/{org}/elevations": _asked,
    "POST /v1/orgs/{org}/elevations/{id}/approvals": _waiting("approvals"),
    "POST /v1/orgs/{org}/elevations/{id}/rejections": _waiting("rejections"),
    "DELETE /v1/orgs/{org}/elevations/{id}": _lifted,
    "POST /v1/agent/overlays": lambda api: Prepared(
        "POST", "/v1/agent/overlays", {"grant": "shell", "reason": "night shift"}, api.enroll()["credential"]
    ),
    "POST /v1/orgs/{org}/reconcilers/{name}/lease": lambda api: Prepared(
        "POST", "/v1/orgs/acme/reconcilers/main/lease", LEASE
    ),
    "DELETE /v1/orgs/{org}/reconcilers/{name}/lease": _reconciler("DELETE", "lease?fence=1"),
    "PUT /v1/orgs/{org}/reconcilers/{name}/status": _reconciler("PUT", "status", {"fence": 1, "conditions": []}),
    "POST /v1/orgs/{org}/reconcilers/{name}/suspension": _reconciler(
        "POST", "suspension", {"suspended": True, "reason": "incident 7"}
    ),
    "POST /v1/orgs/{org}/reconcilers/{name}/acknowledgement": _reconciler(
        "POST", "acknowledgement", {"commit": "a" * 40, "reason": "history was cleaned"}
    ),
    "DELETE /v1/orgs/{org}/reconcilers/{name}": _given_back,
    "POST /v1/orgs/{org}/reconcilers/{name}/wanted": _reconciler("POST", "wanted"),
    "DELETE /v1/orgs/{org}/instances/{name}": lambda api: Prepared(
        "DELETE", f"/v1/orgs/acme/instances/{api.enroll()['instance']}"
    ),
    "POST /v1/orgs/{org}/fleet/revocations": lambda api: Prepared(
        "POST", "/v1/orgs/acme/fleet/revocations", {"instances": [api.enroll()["instance"]], "reason": "lost"}
    ),
    "POST /v1/orgs/{org}/fleet/tags": lambda api: Prepared(
        "POST", "/v1/orgs/acme/fleet/tags", {"instances": [api.enroll()["instance"]], "set": {"env": "lab"}}
    ),
    "POST /v1/orgs/{org}/fleet/messages": lambda api: Prepared(
        "POST", "/v1/orgs/acme/fleet/messages", {"instances": [api.enroll()["instance"]], "text": "hello"}
    ),
    "POST /v1/orgs/{org}/fleet/refreshes": lambda api: Prepared(
        "POST", "/v1/orgs/acme/fleet/refreshes", {"instances": [api.enroll()["instance"]]}
    ),
    "POST /v1/orgs/{org}/enrollments": lambda api: Prepared("POST", "/v1/orgs/acme/enrollments", {"user": "dev"}),
    "DELETE /v1/orgs/{org}/enrollments/{id}": lambda api: Prepared(
        "DELETE",
        f"/v1/orgs/acme/enrollments/{api.post('/v1/orgs/acme/enrollments', json={'user': 'dev'}).json()['id']}",
    ),
    "POST /v1/orgs/{org}/tokens": lambda api: Prepared(
        "POST", "/v1/orgs/acme/tokens", {"name": "one", "permissions": ["state:read"]}
    ),
    "POST /v1/orgs/{org}/tokens/{id}/rotate": lambda api: Prepared(
        "POST", f"/v1/orgs/acme/tokens/{_token_id(api)}/rotate", {}
    ),
    "DELETE /v1/orgs/{org}/tokens/{id}": lambda api: Prepared("DELETE", f"/v1/orgs/acme/tokens/{_token_id(api)}"),
    "POST /v1/sessions/refresh": lambda api: Prepared(
        "POST", "/v1/sessions/refresh", {"refreshToken": api.session("user:ann")["refreshToken"]}, ""
    ),
    "DELETE /v1/sessions/current": lambda api: Prepared(
        "DELETE", "/v1/sessions/current", token=api.session("user:ann")["accessToken"]
    ),
    "DELETE /v1/orgs/{org}/sessions/{id}": lambda api: Prepared(
        "DELETE", f"/v1/orgs/acme/sessions/{api.session('user:ann')['session']}"
    ),
    "POST /v1/orgs/{org}/users/{name}/suspension": lambda api: Prepared(
        "POST", "/v1/orgs/acme/users/bob/suspension", {"reason": "lost laptop"}
    ),
    "DELETE /v1/orgs/{org}/users/{name}/suspension": _suspended,
    "POST /v1/orgs/{org}/skills/submissions": lambda api: Prepared(
        "POST", "/v1/orgs/acme/skills/submissions", SKILL, api.session("user:bob")["accessToken"]
    ),
    "DELETE /v1/orgs/{org}/skills/submissions/{id}": _withdrawn,
    "POST /v1/orgs/{org}/skills/submissions/{id}/review": lambda api: Prepared(
        "POST", f"/v1/orgs/acme/skills/submissions/{_handed_in(api)}/review", {"verdict": "approved"}
    ),
    "POST /v1/orgs/{org}/skills/revocations": lambda api: Prepared(
        "POST", "/v1/orgs/acme/skills/revocations", {"key": "pdf-forms", "reason": "reads cookies"}
    ),
    "POST /v1/orgs/{org}/skills/revocations/{id}/lift": lambda api: Prepared(
        "POST", f"/v1/orgs/acme/skills/revocations/{_stopped_skill(api)}/lift", {"reason": "it was another one"}
    ),
    "POST /v1/agent/skills": lambda api: Prepared("POST", "/v1/agent/skills", SKILL, api.enroll()["credential"]),
    "POST /v1/orgs/{org}/audit/purge": lambda api: Prepared("POST", "/v1/orgs/acme/audit/purge", {"reason": "test"}),
    "POST /v1/enroll": lambda api: Prepared(
        "POST",
        "/v1/enroll",
        {"token": api.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]},
        "",
    ),
    "POST /v1/agent/credential": lambda api: Prepared("POST", "/v1/agent/credential", token=api.enroll()["credential"]),
    "POST /v1/agent/audit": lambda api: Prepared(
        "POST",
        "/v1/agent/audit",
        {"events": [{"seq": 1, "at": "2026-11-20T10:00:00Z", "action": "tool:call", "outcome": "allow"}]},
        api.enroll()["credential"],
    ),
}
"""By route, how to make a request that is carried out. Somebody who adds a writing route adds it here."""


@pytest.mark.parametrize("endpoint", WRITING, ids=route)
def test_a_change_leaves_exactly_one_record(api: Api, endpoint: Endpoint) -> None:
    api.apply(company(*PEOPLE))
    prepared = REQUESTS[route(endpoint)](api)
    before = api.audit()
    answer = prepared.send(api)
    assert answer.is_success, answer.text
    records = api.audit()[len(before) :]
    assert len(records) == 1, records
    record = records[0]
    assert record["outcome"] not in ("refused",)
    assert record["address"] == "192.0.2.1"
    assert record["request"] == answer.headers["x-request-id"]
    assert record["actor"]


@pytest.mark.parametrize("endpoint", [item for item in WRITING if item.permission], ids=route)
def test_a_refusal_leaves_exactly_one_record(api: Api, endpoint: Endpoint) -> None:
    api.apply(company(*PEOPLE))
    token = api.session("user:bob")["accessToken"]
    before = api.audit()
    path = endpoint.path.format(org="acme", id="nothing", n="1", name="nobody", user="nobody")
    options: dict[str, Any] = {"json": {}} if endpoint.method in ("POST", "PUT") else {}
    answer = api.request(endpoint.method, path, token=token, **options)
    assert 400 <= answer.status_code < 500
    records = api.audit()[len(before) :]
    assert [(item["actor"], item["outcome"]) for item in records] == [("user:bob", "refused")]
    assert records[0]["detail"]["code"] == answer.json()["code"]
    assert records[0]["credential"]
    assert records[0]["request"] == answer.headers["x-request-id"]


def test_every_writing_route_is_looked_at() -> None:
    assert set(REQUESTS) == {route(endpoint) for endpoint in WRITING}
