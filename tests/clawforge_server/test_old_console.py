"""What consoles and scripts of the public ClawForge do here: they read, and what git owns they cannot write."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_app import Api, MovableClock
from server_process import company, resource

from clawforge.legacy.identifier import org_id, user_id

ACME = org_id("acme")
PEOPLE = (
    resource("User", "ann", email="ann@acme.example", displayName="Ann"),
    resource("RoleBinding", "owners", role="owner", subjects={"users": ["ann"]}),
)
POSITIONS = {
    "Organization/acme": {"file": "org.yaml", "line": 1, "fields": {"/spec": 3}},
    "Policy/default": {"file": "policies/default.yaml", "line": 4, "fields": {"/spec": 7}},
    "User/dev": {"file": "people.yaml", "line": 9, "fields": {}},
}


@pytest.fixture
def ann(api: Api) -> str:
    api.apply(company(*PEOPLE), positions=POSITIONS)
    return str(api.session("user:ann")["accessToken"])


def test_what_git_owns_is_refused_with_file_and_line(api: Api, ann: str) -> None:
    before = api.get("/v1/orgs/acme/state").json()
    dev = f"users/{ACME}/{user_id('acme', 'dev')}"
    for method, path, place in (
        ("PUT", f"policies/{ACME}", ("policies/default.yaml", 7)),
        ("PUT", f"organizations/{ACME}", ("org.yaml", 3)),
        ("POST", f"users/{ACME}", ("org.yaml", 1)),
        ("PUT", dev, ("people.yaml", 9)),
        ("DELETE", dev, ("people.yaml", 9)),
    ):
        answer = api.request(method, f"/api/v1/{path}", token=ann, json={"auditLevel": "off"})
        assert answer.status_code == 409, path
        assert (answer.json()["file"], answer.json()["line"]) == place
        assert f"{place[0]}:{place[1]}" in answer.json()["error"]
        assert api.get("/v1/orgs/acme/state").json() == before
        assert api.audit()[-1]["outcome"] == "refused"


def test_without_positions_the_refusal_names_no_file(api: Api) -> None:
    api.apply(company(*PEOPLE))
    token = api.session("user:ann")["accessToken"]
    answer = api.request("PUT", f"/api/v1/policies/{ACME}", token=token, json={})
    assert answer.status_code == 409
    assert (answer.json()["file"], answer.json()["line"]) == (None, None)


def test_the_policy_of_everybody_is_shown(api: Api, ann: str) -> None:
    document = api.get(f"/api/v1/policies/{ACME}", token=ann).json()
    assert document["toolsConfig"] == document["tools"] == {"deny": ["bash", "exec"]}
    assert document["updatedAt"] == "2026-11-20T12:00:00.000Z"


def test_people_and_machines_are_listed(api: Api, ann: str, clock: MovableClock) -> None:
    (people,) = api.get(f"/api/v1/users/{ACME}", token=ann).json().values()
    assert [(item["email"], item["role"], item["name"]) for item in people] == [
        ("ann@acme.example", "admin", "Ann"),
        ("dev@acme.example", "user", None),
        ("gone@acme.example", "user", None),
    ]
    token = api.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    tokens = api.post("/api/v1/auth/enroll", token="", json={"token": token, "email": "dev@acme.example"}).json()
    path = f"/api/v1/heartbeat/{ACME}/{tokens['userId']}?clientVersion=0.1.5"
    assert api.get(path, token=tokens["accessToken"]).status_code == 200
    listed = api.get(f"/api/v1/heartbeat/{ACME}", token=ann).json()
    assert listed["summary"] == {"total": 1, "online": 1, "offline": 0}
    assert (listed["clients"][0]["clientVersion"], listed["clients"][0]["status"]) == ("0.1.5", "online")
    clock.move(minutes=3)
    ann = api.session("user:ann")["accessToken"]
    assert api.get(f"/api/v1/heartbeat/{ACME}", token=ann).json()["summary"]["offline"] == 1


def key(api: Api, token: str, **more: Any) -> httpx.Response:
    return api.post(f"/api/v1/api-keys/{ACME}", token=token, json={"name": "ci", **more})


def test_a_key_is_good_for_its_role_and_no_more_than_its_maker(api: Api, ann: str) -> None:
    made = key(api, ann, role="viewer").json()
    assert made["key"].startswith(made["keyPrefix"])
    assert api.get(f"/api/v1/policies/{ACME}", token=made["key"]).status_code == 200
    assert api.request("PUT", f"/api/v1/policies/{ACME}", token=made["key"], json={}).status_code == 403
    assert key(api, made["key"], name="other").status_code == 403
    (listed,) = api.get(f"/api/v1/api-keys/{ACME}", token=ann).json()["apiKeys"]
    assert (listed["id"], listed["role"]) == (made["id"], "viewer")
    assert api.delete(f"/api/v1/api-keys/{ACME}/{made['id']}", token=ann).json() == {"success": True}
    assert api.get(f"/api/v1/policies/{ACME}", token=made["key"]).json() == {"error": "Invalid API key"}
    assert api.delete(f"/api/v1/api-keys/{ACME}/{made['id']}", token=ann).status_code == 404


def test_the_networks_of_a_key_are_never_lost(api: Api, ann: str) -> None:
    for wrong in (["anywhere"], [7], ["10.0.0.0/8", ""]):
        assert key(api, ann, ipAllowlist=wrong).status_code == 400
    made = key(api, ann, ipAllowlist=["198.51.100.7"]).json()
    assert made["ipAllowlist"] == ["198.51.100.7/32"]
    path = f"/api/v1/policies/{ACME}"
    assert api.get(path, token=made["key"]).status_code == 401
    assert api.get(path, token=made["key"], address="198.51.100.7").status_code == 200


def test_what_a_key_cannot_be_is_refused(api: Api, ann: str) -> None:
    for more in ({"expiresAt": "yesterday"}, {"expiresAt": "2020-01-01T00:00:00Z"}, {"name": "A b"}):
        assert key(api, ann, **more).status_code == 400


def test_an_enrolment_token_is_for_one_person(api: Api, ann: str) -> None:
    path = f"/api/v1/enrollment-tokens/{ACME}"
    own = api.post(path, token=ann, json={"label": "lab", "maxUses": 2}).json()
    assert (own["maxUses"], own["usedCount"], own["label"]) == (2, 0, "lab")
    enrol = {"token": own["token"], "email": "dev@acme.example"}
    assert api.post("/api/v1/auth/enroll", token="", json=enrol).status_code == 403
    assert api.post("/api/v1/auth/enroll", token="", json={**enrol, "email": "ann@acme.example"}).status_code == 201
    other = api.post(path, token=ann, json={"userId": user_id("acme", "dev")}).json()
    assert api.post("/api/v1/auth/enroll", token="", json={**enrol, "token": other["token"]}).status_code == 201
    listed = api.get(path, token=ann).json()["tokens"]
    assert [(item["usedCount"], item["token"]) for item in listed] == [(1, None), (1, None)]
    assert api.delete(f"{path}/{own['id']}", token=ann).json() == {"success": True}
    assert api.post("/api/v1/auth/enroll", token="", json=enrol).status_code in (401, 403)
    assert api.delete(f"{path}/{own['id']}x", token=ann).status_code == 404
    for wrong in ({"maxUses": 0}, {"maxUses": 1.5}, {"maxUses": 10**9}, {"userId": "nobody"}):
        assert api.post(path, token=ann, json=wrong).status_code == 400


def test_an_org_is_shown_with_its_provider(api: Api) -> None:
    sso = {"issuer": "https://idp.example", "clientId": "clawforge"}
    settings = resource("Organization", "acme", displayName="Acme", sso=sso)
    api.apply([settings, *company(*PEOPLE)[1:]])
    shown = api.get(f"/api/v1/organizations/{ACME}").json()["organization"]
    assert (shown["id"], shown["name"]) == (ACME, "Acme")
    assert shown["ssoConfig"] == {"issuerUrl": "https://idp.example", "clientId": "clawforge"}
    assert api.get("/api/v1/auth/mode", token="").json() == {"methods": ["sso"]}


def password(api: Api, user: str, text: str) -> None:
    code = api.post("/v1/orgs/acme/password-resets", json={"user": user}).json()["code"]
    assert api.post("/v1/passwords", token="", json={"code": code, "password": text}).status_code == 200


def test_a_password_is_changed_by_whoever_knows_it(api: Api) -> None:
    settings = resource("Organization", "acme", displayName="Acme", passwords={"enabled": True})
    api.apply([settings, *company(*PEOPLE)[1:]])
    first, second = "a first long password", "a second long password"
    password(api, "ann", first)

    def login(text: str) -> httpx.Response:
        return api.post("/api/v1/auth/login", token="", json={"email": "ANN@acme.example", "password": text})

    here, there = login(first).json()["accessToken"], login(first).json()["accessToken"]

    def change(present: str, new: str) -> httpx.Response:
        body = {"currentPassword": present, "newPassword": new}
        return api.post("/api/v1/auth/change-password", token=here, json=body)

    assert change(second, second).status_code == 401
    assert change(first, "ann@acme.example").status_code == 400
    assert change(first, second).json() == {"success": True}
    assert login(first).json() == {"error": "Invalid email or password"}
    assert login(second).status_code == 200
    assert api.get(f"/api/v1/organizations/{ACME}", token=here).status_code == 200
    assert api.get(f"/api/v1/organizations/{ACME}", token=there).status_code == 401
    token = api.post("/v1/orgs/acme/enrollments", json={"user": "ann"}).json()["token"]
    machine = api.post("/api/v1/auth/enroll", token="", json={"token": token, "email": "ann@acme.example"}).json()
    body = {"currentPassword": second, "newPassword": first}
    assert api.post("/api/v1/auth/change-password", token=machine["accessToken"], json=body).status_code == 403


def test_an_address_in_two_orgs_needs_the_org(api: Api) -> None:
    text = "one long password for both"
    for org in ("acme", "other"):
        settings = resource("Organization", org, passwords={"enabled": True})
        api.apply([settings, resource("User", "ann", email="ann@acme.example")], org=org)
        code = api.post(f"/v1/orgs/{org}/password-resets", json={"user": "ann"}).json()["code"]
        api.post("/v1/passwords", token="", json={"code": code, "password": text})
    body = {"email": "ann@acme.example", "password": text}
    assert api.post("/api/v1/auth/login", token="", json=body).status_code == 401
    for org in ("acme", "other"):
        for named in ({"json": {**body, "orgId": org_id(org)}}, {"json": body, "headers": {"X-ClawForge-Org": org}}):
            answer = api.post("/api/v1/auth/login", token="", **named)
            assert (answer.status_code, answer.json()["orgId"]) == (200, org_id(org))


SKILL = {
    "skillName": "Weather report",
    "metadata": {"name": "weather"},
    "manifestContent": "---\nname: weather\n---\n",
    "scanResults": {"scannedFiles": 1, "critical": 0, "warn": 0, "info": 0, "findings": []},
}


@pytest.fixture
def machine(api: Api, ann: str) -> dict[str, Any]:
    """A plugin of dev."""
    token = api.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    answer = api.post("/api/v1/auth/enroll", token="", json={"token": token, "email": "dev@acme.example"})
    tokens: dict[str, Any] = answer.json()
    return tokens


def submit(api: Api, machine: dict[str, Any], **more: Any) -> httpx.Response:
    return api.post(f"/api/v1/skills/{ACME}/submit", token=machine["accessToken"], json={**SKILL, **more})


def test_a_skill_is_handed_in_to_our_own_reviewers(api: Api, ann: str, machine: dict[str, Any]) -> None:
    handed_in = submit(api, machine).json()
    assert (handed_in["submittedBy"], handed_in["status"]) == (machine["userId"], "pending")
    assert submit(api, machine).json()["id"] == handed_in["id"], "the same skill is kept once"
    (ours,) = api.get("/v1/orgs/acme/skills/submissions").json()["submissions"]
    assert (ours["key"], ours["submittedBy"]) == ("Weather-report", "user:dev")
    (listed,) = api.get(f"/api/v1/skills/{ACME}/review", token=ann).json()["submissions"]
    assert listed == handed_in
    path = f"/api/v1/skills/{ACME}/review/{handed_in['id']}"
    assert api.request("PUT", path, token=machine["accessToken"], json={"status": "rejected"}).status_code == 403
    said = api.request("PUT", path, token=ann, json={"status": "approved-org", "reviewNotes": "read it"})
    assert (said.status_code, said.json()["status"], said.json()["reviewNotes"]) == (200, "approved-org", "read it")
    # Nobody's policy changes before the files say so.
    assert api.get(f"/api/v1/skills/{ACME}/approved", token=machine["accessToken"]).json() == {"skills": []}
    assert api.request("PUT", path + "x", token=ann, json={"status": "rejected"}).status_code == 404


def test_what_cannot_be_kept_is_refused(api: Api, machine: dict[str, Any]) -> None:
    for more in ({"skillName": "///"}, {"manifestContent": "x" * 100_000}, {"metadata": {"a": "x" * 100_000}}):
        assert submit(api, machine, **more).status_code == 400
    many = [{"ruleId": "r", "message": "x" * 100} for _ in range(2_000)]
    kept = submit(api, machine, scanResults={**SKILL["scanResults"], "findings": many})  # type: ignore[dict-item]
    assert (kept.status_code, kept.json()["scanResults"]["findings"]) == (201, [])


def test_an_approved_skill_is_listed_and_stops_at_once(api: Api, machine: dict[str, Any]) -> None:
    digest = "sha256:" + "0" * 64
    required = resource("Policy", "skills", appliesTo="everyone", mode="overlay", skills={"requireApproval": True})
    verdict = resource(
        "SkillApproval", "weather", key="weather", digest=digest, status="approved", appliesTo="everyone"
    )
    api.apply(company(*PEOPLE, required, verdict), positions=POSITIONS)
    token, path = machine["accessToken"], f"/api/v1/skills/{ACME}/approved"
    effective = f"/api/v1/policies/{ACME}/effective"
    assert api.get(effective, token=token).json()["skills"] == {
        "approved": [{"name": "weather", "key": "weather", "scope": "org"}],
        "requireApproval": True,
    }
    (listed,) = api.get(path, token=token).json()["skills"]
    assert listed["skillKey"] == "weather"
    ann = api.session("user:ann")["accessToken"]
    assert api.delete(f"{path}/{listed['id']}", token=token).status_code == 403
    stopped = api.delete(f"{path}/{listed['id']}", token=ann)
    assert (stopped.status_code, stopped.json()["success"]) == (200, True)
    assert api.get(f"/api/v1/heartbeat/{ACME}/{machine['userId']}", token=token).json()["refreshPolicyNow"]
    assert api.get(effective, token=token).json()["skills"]["approved"] == []
    assert api.get(f"{path}/history", token=ann).json()["skills"][0]["skillKey"] == "weather"
    assert api.delete(f"{path}/nothing", token=ann).status_code == 404
