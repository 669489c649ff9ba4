"""The org stands in every statement that the server sends to its database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from server_process import company, resource

from clawforge_server.service.overlay_clock import orgs_with_due_overlays, tend_overlays
from clawforge_server.store.tables import metadata

TABLES = {name for name, table in metadata.tables.items() if "org" in table.c}
BY_SECRET = re.compile(r"\b(\w*sha256|token|code)\b = \?")
"""How a caller is recognised: by the hash of a secret that nobody can guess, whatever its org."""
ALLOWED = (
    # Whether the server's own owner was ever made.
    r"FROM tokens\s+WHERE tokens\.org IS NULL",
    # What other replicas watch: one number an org.
    r"SELECT revocations\.org, revocations\.number\s+FROM revocations$",
    # In which orgs the clock has something to do about what was done by hand: their names only.
    r"SELECT DISTINCT overlays\.org\s+FROM overlays\s+WHERE overlays\.due_at <= \? ORDER BY overlays\.org$",
)


@pytest.fixture
def statements(api: Any) -> Iterator[list[str]]:
    found: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        found.append(" ".join(statement.split()))

    engine = api.plane.store._database._engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(engine, "before_cursor_execute", note)


def unbound(statement: str) -> bool:
    """Whether a statement reaches rows of more than one org."""
    touched = set(re.findall(r"(?:FROM|JOIN|UPDATE|INTO) \"?(\w+)\"?", statement)) & TABLES
    if not touched or statement.startswith("INSERT"):
        return False
    bound = re.search(r"\borg = \?", statement) or BY_SECRET.search(statement)
    return not bound and not any(re.search(pattern, statement) for pattern in ALLOWED)


def test_no_statement_reaches_over_orgs(api: Any, statements: list[str]) -> None:
    ann = resource("User", "ann", email="ann@acme.example")
    owners = resource("RoleBinding", "owners", role="owner", subjects={"users": ["ann"]})
    api.apply(company(ann, owners))
    session = api.session("user:ann")
    session = api.post("/v1/sessions/refresh", json={"refreshToken": session["refreshToken"]}, token="").json()
    token = session["accessToken"]
    key = api.post("/v1/orgs/acme/tokens", json={"name": "k", "permissions": ["state:read"]}, token=token).json()
    api.post(f"/v1/orgs/acme/tokens/{key['id']}/rotate", json={}, token=token)
    plan = api.plan(company(ann, owners, deny=["read"]))
    api.post(f"/v1/orgs/acme/plans/{plan['id']}/approvals", json={}, token=token)
    assert api.send_apply(plan).status_code == 200
    enrolled = api.enroll()
    api.get("/v1/agent/policy", token=enrolled["credential"])
    api.post("/v1/agent/heartbeat", json={"versions": {"host": "1"}}, token=enrolled["credential"])
    skill = {"key": "pdf", "digest": "sha256:" + "a" * 64}
    handed_in = api.post("/v1/agent/skills", json=skill, token=enrolled["credential"]).json()["id"]
    api.post(f"/v1/orgs/acme/skills/submissions/{handed_in}/review", json={"verdict": "rejected"}, token=token)
    own = api.post("/v1/orgs/acme/skills/submissions", json=skill, token=token).json()["id"]
    api.delete(f"/v1/orgs/acme/skills/submissions/{own}", token=token)
    stopped = api.post("/v1/orgs/acme/skills/revocations", json={"key": "web", "reason": "x"}, token=token).json()["id"]
    assert api.post(f"/v1/orgs/acme/skills/revocations/{stopped}/lift", json={"reason": "x"}, token=token).is_success
    api.plane.events._still_good("acme", ["hash"])
    reconciler = "/v1/orgs/acme/reconcilers/main"
    lease = {"holder": "h" * 16, "source": "policies", "repository": "r"}
    assert api.post(f"{reconciler}/lease", json=lease, token=token).status_code == 200
    report = {"fence": 1, "conditions": []}
    assert api.request("PUT", f"{reconciler}/status", json=report, token=token).status_code == 200
    assert api.post(f"{reconciler}/wanted", token=token).status_code == 200
    for path in (
        "skills",
        "skills/submissions",
        f"skills/submissions/{handed_in}",
        "state?revision=1",
        "revisions",
        "revisions/1",
        "diff",
        "blame?address=Policy/default&all=true",
        "instances",
        f"instances/{enrolled['instance']}",
        "versions",
        "status",
        "reconcilers",
        "enrollments",
        "tokens",
        "sessions",
        "users",
        "keys",
        "audit",
        f"plans/{plan['id']}",
        f"effective?user=dev&instance={enrolled['instance']}",
    ):
        assert api.get(f"/v1/orgs/acme/{path}", token=token).status_code == 200, path
    kill = api.post("/v1/orgs/acme/overlays", json={"scope": "tool:exec", "reason": "x", "ttl": 5}, token=token).json()
    api.get("/v1/orgs/acme/overlays?ended=5", token=token)
    api.clock.move(seconds=6)
    assert orgs_with_due_overlays(api.plane) == ("acme",)
    tend_overlays(api.plane, "acme")
    api.delete(f"/v1/orgs/acme/overlays/{kill['overlay']['id']}?reason=x", token=token)
    back = api.post("/v1/orgs/acme/rollbacks", json={"source": "policies", "revision": "1"}, token=token)
    assert back.status_code == 201, back.text
    api.post("/v1/orgs/acme/users/dev/suspension", json={"reason": "x"}, token=token)
    api.delete("/v1/orgs/acme/users/dev/suspension", token=token)
    api.post("/v1/orgs/acme/fleet/refreshes", json={"instances": [enrolled["instance"]]}, token=token)
    said = {"instances": [enrolled["instance"]], "text": "hello"}
    assert api.post("/v1/orgs/acme/fleet/messages", json=said, token=token).is_success
    tags = {"instances": [enrolled["instance"]], "set": {"env": "lab"}}
    assert api.post("/v1/orgs/acme/fleet/tags", json=tags, token=token).is_success
    api.post("/v1/agent/heartbeat", json={"noted": 1}, token=enrolled["credential"])
    api.plane.messages.flush()
    api.delete(f"/v1/orgs/acme/instances/{enrolled['instance']}", token=token)
    api.delete(f"/v1/orgs/acme/tokens/{key['id']}", token=token)
    api.delete(f"/v1/orgs/acme/sessions/{session['session']}")
    api.plane.credentials.catch_up()
    assert len(statements) > 100
    assert sorted({statement for statement in statements if unbound(statement)}) == []


def test_no_statement_of_an_old_plugin_reaches_over_orgs(api: Any, statements: list[str]) -> None:
    api.apply(company(resource("RoleBinding", "owners", role="owner", subjects={"users": ["dev"]})))
    minted = api.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    body = {"token": minted, "email": "dev@acme.example"}
    plugin = api.post("/api/v1/auth/enroll", json=body, token="").json()
    org, user = plugin["orgId"], plugin["userId"]
    event = {"userId": user, "orgId": org, "eventType": "x", "outcome": "success", "timestamp": 1}
    assert api.get(f"/api/v1/policies/{org}/effective", token=plugin["accessToken"]).status_code == 200
    assert api.get(f"/api/v1/heartbeat/{org}/{user}", token=plugin["accessToken"]).status_code == 200
    answer = api.post(f"/api/v1/audit/{org}/events", token=plugin["accessToken"], json={"events": [event]})
    assert answer.status_code == 201
    refresh = {"grantType": "refresh_token", "refreshToken": plugin["refreshToken"]}
    assert api.post("/api/v1/auth/exchange", json=refresh, token="").status_code == 200
    login = {"email": "dev@acme.example", "password": "x"}
    assert api.post("/api/v1/auth/login", json=login, token="").status_code == 401
    person = api.session("user:dev")["accessToken"]
    assert api.get(f"/api/v1/policies/{org}/effective", token=person).status_code == 200
    for path in ("audit/{}/query", "audit/{}/stats", "users/{}", "heartbeat/{}", "organizations/{}", "api-keys/{}"):
        assert api.get(f"/api/v1/{path.format(org)}").status_code == 200, path
    assert len(statements) > 50
    assert sorted({statement for statement in statements if unbound(statement)}) == []


def test_the_check_itself_notices() -> None:
    assert unbound("SELECT tokens.id FROM tokens WHERE tokens.id = ?")
    assert unbound("DELETE FROM sessions WHERE sessions.id = ?")
    assert unbound("UPDATE plans SET result = ? WHERE plans.id = ?")
    assert not unbound("SELECT tokens.id FROM tokens WHERE tokens.org = ? AND tokens.id = ?")
    assert not unbound("SELECT 1 FROM tokens WHERE tokens.sha256 = ?")
