"""Old plugins at the door of the real application: who they are, what they get, and what they cannot do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_app import Api, MovableClock
from server_process import company, resource

from clawforge.legacy.identifier import org_id, user_id
from clawforge_server.routes.legacy.table import LEGACY_ENDPOINTS

ACME, DEV = org_id("acme"), user_id("acme", "dev")
BEAT = f"/api/v1/heartbeat/{ACME}/{DEV}"
EFFECTIVE = f"/api/v1/policies/{ACME}/effective"
PEOPLE = (
    resource("User", "ann", email="ann@acme.example"),
    resource("RoleBinding", "owners", role="owner", subjects={"users": ["ann", "dev"]}),
)
EVENTS = f"/api/v1/audit/{ACME}/events"


def mint(api: Api, **more: Any) -> str:
    answer = api.post("/v1/orgs/acme/enrollments", json={"user": "dev", **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def enrol(api: Api, token: str | None = None, email: str = "dev@acme.example") -> httpx.Response:
    return api.post("/api/v1/auth/enroll", token="", json={"token": token or mint(api), "email": email, "name": "Dev"})


def plugin(api: Api) -> dict[str, Any]:
    answer = enrol(api)
    assert answer.status_code == 201, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def refresh(api: Api, token: str) -> httpx.Response:
    body = {"grantType": "refresh_token", "refreshToken": token}
    return api.post("/api/v1/auth/exchange", token="", json=body)


def beat(api: Api, token: str, query: str = "") -> dict[str, Any]:
    answer = api.get(BEAT + query, token=token)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def fetch(api: Api, token: str) -> dict[str, Any]:
    answer = api.get(f"{EFFECTIVE}?userId={DEV}", token=token)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def event(**more: Any) -> dict[str, Any]:
    made = {
        "userId": DEV,
        "orgId": ACME,
        "eventType": "tool_call_attempt",
        "toolName": "exec",
        "timestamp": 1_795_166_980_914,
        "outcome": "blocked",
        "agentId": "main",
        "sessionKey": "agent:main:main",
        "metadata": {"reason": "deny_list"},
    }
    return {**made, **more}


def instances(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/v1/orgs/acme/instances").json()["instances"]
    return found


@pytest.fixture
def acme(api: Api) -> Api:
    api.apply(company(*PEOPLE))
    return api


def test_an_enrolled_plugin_is_an_instance_without_its_persons_rights(acme: Api) -> None:
    tokens = plugin(acme)
    assert (tokens["orgId"], tokens["userId"], tokens["email"]) == (ACME, DEV, "dev@acme.example")
    assert tokens["roles"] == ["user"]
    (instance,) = instances(acme)
    assert instance["user"] == "dev"
    for path in ("state", "audit", "users", "instances"):
        assert acme.get(f"/v1/orgs/acme/{path}", token=tokens["accessToken"]).status_code == 403
    assert acme.get(f"/api/v1/audit/{ACME}/query", token=tokens["accessToken"]).status_code == 403
    made = acme.post("/v1/orgs/acme/tokens", token=tokens["accessToken"], json={"name": "x", "permissions": ["*:*"]})
    assert made.status_code == 403
    # The person's other sessions are not the plugin's business.
    acme.session("user:dev")
    assert acme.get("/v1/orgs/acme/sessions", token=tokens["accessToken"]).json()["sessions"][1:] == []


def test_enrolling_takes_one_use_and_leaves_both_records(acme: Api) -> None:
    token = mint(acme)
    assert enrol(acme, token).status_code == 201
    again = enrol(acme, token)
    assert again.status_code == 409
    assert again.json()["error"].startswith("A user with this email already exists")
    actions = [item["action"] for item in acme.audit()]
    assert actions.count("instances:enroll") == 1
    assert "sessions:create" in actions


def test_an_enrolment_that_fails_keeps_its_use(acme: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    token = mint(acme)
    sessions = "clawforge_server.store.sqlite.sessions.SqlSessions.add"

    def fail(*_: Any) -> None:
        raise RuntimeError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(sessions, fail)
        answer = enrol(acme, token)
    assert answer.status_code == 500
    assert "no room" not in answer.text
    assert instances(acme) == []
    assert enrol(acme, token).status_code == 201


def test_a_token_is_for_its_own_person(acme: Api) -> None:
    token = mint(acme)
    for email in ("ann@acme.example", "nobody@acme.example"):
        assert enrol(acme, token, email).status_code == 403
    assert enrol(acme, token, "DEV@acme.example").status_code == 201


def test_a_plugin_that_waits_for_approval_gets_no_policy(acme: Api) -> None:
    tokens = enrol(acme, mint(acme, requireApproval=True)).json()
    for path in (EFFECTIVE, BEAT):
        assert acme.get(path, token=tokens["accessToken"]).status_code == 403
    name = instances(acme)[0]["instance"]
    assert acme.post(f"/v1/orgs/acme/instances/{name}/approvals", json={"reason": "known"}).status_code in (
        200,
        201,
        204,
    )
    assert fetch(acme, tokens["accessToken"])["tools"]["deny"] == ["bash", "exec"]


def test_a_revoked_instance_is_dead_at_once_and_cannot_refresh(acme: Api) -> None:
    tokens = plugin(acme)
    fetch(acme, tokens["accessToken"])
    assert acme.delete(f"/v1/orgs/acme/instances/{instances(acme)[0]['instance']}").status_code == 204
    for path in (EFFECTIVE, BEAT):
        assert acme.get(path, token=tokens["accessToken"]).status_code == 401
    assert refresh(acme, tokens["refreshToken"]).status_code == 401


def test_a_suspended_persons_plugin_is_dead_at_once(acme: Api) -> None:
    tokens = plugin(acme)
    fetch(acme, tokens["accessToken"])
    assert acme.post("/v1/orgs/acme/users/dev/suspension", json={"reason": "left"}).status_code == 201
    assert acme.get(BEAT, token=tokens["accessToken"]).status_code == 401
    assert refresh(acme, tokens["refreshToken"]).status_code == 401


def test_the_server_remembers_what_a_session_fetched(acme: Api) -> None:
    token = plugin(acme)["accessToken"]
    assert beat(acme, token)["refreshPolicyNow"]
    version = fetch(acme, token)["version"]
    assert beat(acme, token) == {"policyVersion": version, "killSwitch": False, "refreshPolicyNow": False}
    assert beat(acme, token, f"?policyVersion={version - 1}")["refreshPolicyNow"]
    assert not beat(acme, token, "?policyVersion=abc")["refreshPolicyNow"]
    acme.apply(company(*PEOPLE, deny=["read"]))
    assert beat(acme, token)["refreshPolicyNow"]
    assert beat(acme, token)["refreshPolicyNow"], "until it was fetched"
    assert fetch(acme, token)["tools"]["deny"] == ["read"]
    assert not beat(acme, token)["refreshPolicyNow"]


def test_a_refresh_keeps_what_the_session_holds(acme: Api) -> None:
    tokens = plugin(acme)
    fetch(acme, tokens["accessToken"])
    renewed = refresh(acme, tokens["refreshToken"]).json()
    assert acme.get(BEAT, token=tokens["accessToken"]).status_code == 401
    assert not beat(acme, renewed["accessToken"])["refreshPolicyNow"]
    # Used twice: one of the two who have it is a thief.
    assert refresh(acme, tokens["refreshToken"]).status_code == 401
    assert acme.get(BEAT, token=renewed["accessToken"]).status_code == 401


def test_a_machine_stays_signed_in_as_long_as_it_refreshes(acme: Api, clock: MovableClock) -> None:
    tokens = plugin(acme)
    for _ in range(5):
        clock.move(days=29)
        tokens = refresh(acme, tokens["refreshToken"]).json()
    assert fetch(acme, tokens["accessToken"])
    clock.move(days=31)
    assert refresh(acme, tokens["refreshToken"]).status_code == 401


def test_a_schedule_reaches_a_plugin_by_its_heartbeat(api: Api, clock: MovableClock) -> None:
    night = resource(
        "Policy",
        "night",
        appliesTo="everyone",
        mode="overlay",
        tools={"deny": ["read"]},
        schedule={"timezone": "UTC", "windows": [{"cron": "0 18 * * *", "duration": "8h"}]},
    )
    api.apply(company(night))
    tokens = plugin(api)
    assert fetch(api, tokens["accessToken"])["tools"]["deny"] == ["bash", "exec"]
    clock.move(hours=6)
    token = refresh(api, tokens["refreshToken"]).json()["accessToken"]
    told = beat(api, token)
    assert told["refreshPolicyNow"]
    policy = fetch(api, token)
    assert policy["tools"]["deny"] == ["bash", "exec", "read"]
    assert policy["version"] == told["policyVersion"]
    assert not beat(api, token)["refreshPolicyNow"]


def test_somebody_whom_no_policy_is_for_is_stopped(api: Api) -> None:
    policy = resource("Policy", "others", appliesTo={"users": ["gone"]}, tools={"deny": ["exec"]})
    api.apply([item for item in company() if item["kind"] != "Policy"] + [policy])
    token = plugin(api)["accessToken"]
    assert beat(api, token)["killSwitch"] is True
    assert fetch(api, token)["killSwitch"]["active"] is True


def test_identity_comes_from_the_token_alone(acme: Api) -> None:
    token, other = plugin(acme)["accessToken"], user_id("acme", "ann")
    for who in (token, acme.session("user:ann")["accessToken"]):
        foreign = other if who == token else DEV
        assert acme.get(f"{EFFECTIVE}?userId={foreign}", token=who).status_code == 403
        assert acme.get(f"/api/v1/heartbeat/{ACME}/{foreign}", token=who).status_code == 403
        answer = acme.post(EVENTS, token=who, json={"events": [event(userId=foreign)]})
        assert answer.status_code == 403
    assert acme.post(EVENTS, token=token, json={"events": [event(orgId=org_id("other"))]}).status_code == 400


def test_a_person_who_signs_in_gets_one_instance_for_all_of_their_plugins(acme: Api) -> None:
    for _ in range(2):
        token = acme.session("user:ann")["accessToken"]
        for _ in range(3):
            assert acme.get(f"{EFFECTIVE}?userId={user_id('acme', 'ann')}", token=token).status_code == 200
    (instance,) = instances(acme)
    assert instance["instance"].startswith("plugin-")
    assert [item["action"] for item in acme.audit()].count("sessions:bind") == 2
    acme.delete(f"/v1/orgs/acme/instances/{instance['instance']}")
    assert acme.get(EFFECTIVE, token=token).status_code == 401
    again = acme.session("user:ann")["accessToken"]
    assert acme.get(EFFECTIVE, token=again).status_code == 200
    assert len(instances(acme)) == 2


def test_an_api_key_is_no_plugin(acme: Api) -> None:
    key = acme.token("*:*")
    for path in (EFFECTIVE, BEAT):
        assert acme.get(path, token=key).status_code == 403
    assert acme.get(f"/api/v1/audit/{ACME}/stats", token=key).status_code == 200


ROUTES = [item for item in LEGACY_ENDPOINTS if item.access != "public"]


@pytest.fixture
def two(acme: Api) -> Api:
    acme.apply([resource("Organization", "other"), resource("User", "eve", email="eve@other.example")], org="other")
    return acme


def test_every_route_of_a_member_needs_a_live_credential_of_the_same_org(two: Api) -> None:
    dead = two.session("user:dev")["accessToken"]
    two.delete("/v1/sessions/current", token=dead)
    machine = two.enroll()["credential"]
    own = two.session("user:ann")["accessToken"]
    foreign = two.session("user:eve", org="other")["accessToken"]
    for endpoint in ROUTES:
        for token in ("", "garbage", dead, machine, two.session("user:ann")["refreshToken"]):
            answer = _send(two, endpoint, token)
            assert answer.status_code == 401, (endpoint.path, token)
            assert set(answer.json()) == {"error"}
        if "{org}" in endpoint.path:
            for token, org in ((foreign, "acme"), (own, "other"), (own, "nowhere")):
                answer = _send(two, endpoint, token, org)
                assert (answer.status_code, answer.json()["error"]) == (403, "Access denied: organization mismatch")


def test_every_route_with_a_permission_asks_for_it(acme: Api) -> None:
    nobody, owner = plugin(acme)["accessToken"], acme.session("user:ann")["accessToken"]
    for endpoint in (item for item in ROUTES if ":" in item.access):
        answer = _send(acme, endpoint, nobody)
        assert (answer.status_code, answer.json()["error"]) == (403, endpoint.refused)
        assert _send(acme, endpoint, owner).status_code not in (401, 403)


def _send(api: Api, endpoint: Any, token: str, org: str = "acme") -> httpx.Response:
    path = endpoint.path.format(org=org_id(org), user=DEV, id="00000000-0000-4000-8000-000000000000")
    options = {"json": {}} if endpoint.takes_body else {}
    return api.request(endpoint.method, path, token=token, **options)


def test_tokens_of_one_server_know_nothing_of_other_orgs(two: Api) -> None:
    answer = two.get(f"/api/v1/audit/{org_id('nowhere')}/stats")
    assert answer.status_code == 403
    assert two.get(f"/api/v1/audit/{org_id('other')}/stats").status_code == 200, "the server's owner reads all"


def test_who_asks_too_often_is_told_in_the_old_words(acme: Api) -> None:
    for _ in range(200):
        answer = enrol(acme, "cfe_nonsense")
        if answer.status_code != 401:
            break
    assert answer.status_code == 429
    assert answer.json()["statusCode"] == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert {"x-ratelimit-limit", "x-ratelimit-reset"} <= set(answer.headers)


def test_refusals_of_known_callers_are_in_the_log_of_their_org(two: Api) -> None:
    token = plugin(two)["accessToken"]
    two.get(f"/api/v1/audit/{ACME}/query", token=token)
    two.get(f"/api/v1/audit/{org_id('other')}/query", token=token)
    refused = [item for item in two.audit() if item["outcome"] == "refused"]
    assert [item["detail"]["code"] for item in refused] == ["missing-permission", "wrong-org"]
    assert [item for item in two.audit("other") if item["outcome"] == "refused"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("auth/login", b'{"email":"\\ud800@a.bc","password":"x"}'),
        ("auth/enroll", b'{"token":"x","email":"a@b.cd","name":"\\udfff"}'),
    ],
)
def test_half_a_character_is_refused(acme: Api, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = acme.request("POST", f"/api/v1/{path}", token="", headers=headers, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "The body holds text that is not Unicode"


def test_one_account_has_one_count_however_its_org_is_written(acme: Api) -> None:
    body, name, number = {"email": "dev@acme.example", "password": "wrong"}, "acme", str(org_id("acme"))
    written = [({}, {}), ({"X-ClawForge-Org": name}, {}), ({"X-ClawForge-Org": number}, {}), ({}, {"orgId": number})]
    statuses = [
        acme.post("/api/v1/auth/login", token="", json=body | more, headers=headers).status_code
        for headers, more in written * 3
    ]
    assert statuses == [401] * 10 + [429] * 2
