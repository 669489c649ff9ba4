"""The flaws of the public ClawForge server, row by row: each test is named after one and fails without its guard."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from server_app import MovableClock, opened_api
from server_process import company, resource
from sign_in_world import AUDIENCE, World, sign_in_world

from clawforge.errors import ConflictError, UnavailableError
from clawforge_server.auth.oidc.egress import Egress
from clawforge_server.auth.principal import owner_principal
from clawforge_server.auth.secrets import INSTANCE_PREFIX
from clawforge_server.data_dir import DataDirectory
from clawforge_server.key_custody import FileCustody
from clawforge_server.service.applying import apply_plan
from clawforge_server.service.audit_retention import tend_ledger
from clawforge_server.service.bootstrap import ensure_owner
from clawforge_server.store.sqlite.store import SqliteStore

PEOPLE = [
    resource("User", "ann", email="ann@acme.example"),
    resource("RoleBinding", "admins", role="admin", subjects={"users": ["ann"]}),
    resource("RoleBinding", "approvers", role="approver", subjects={"users": ["dev"]}),
]


def test_row_4_there_is_no_default_secret(api: Any, problem: Any, tmp_path: Path) -> None:
    """Row 4: a default signing secret and a default password opened every org."""
    known = ["clawforge", "change-me", "secret", "admin", "clawforge-dev-secret", "your-secret-key", "password"]
    forged = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYWRtaW4ifQ.c2lnbmF0dXJl"
    api.apply(company(*PEOPLE))
    for token in (*known, *(f"cf_owner_{word}" for word in known), forged):
        problem(api.get("/v1/orgs/acme/state", token=token), 401, "unauthenticated")
    tokens, masters = {api.owner}, set()
    for name in ("one", "two"):
        directory = DataDirectory.open(tmp_path / name)
        directory.create_database_file()
        store = SqliteStore(directory.database, FileCustody(directory.master_key, creates=True))
        ensure_owner(store, directory, api.clock)
        tokens.add(directory.bootstrap_token.read_text())
        masters.add(directory.master_key.read_text())
        store.close()
        directory.close()
    assert len(tokens) == 3, "every server makes an owner's token of its own"
    assert len(masters) == 2, "and a master key of its own"
    with opened_api(tmp_path / "three", api.clock) as another:
        another.apply(company())
        roots = {item.plane.states.get("acme").keys.root_key for item in (api, another)}
    assert len(roots) == 2, "and an org's keys come from nothing that is known"


def test_row_5_a_refresh_token_is_no_access_token(api: Any, problem: Any) -> None:
    """Row 5: a refresh token was accepted as an access token, for thirty days."""
    api.apply(company(*PEOPLE))
    session = api.session("user:ann")
    for token in (session["refreshToken"], session["refreshToken"].replace("cf_refresh_", "cf_session_")):
        problem(api.get("/v1/orgs/acme/state", token=token), 401, "unauthenticated")


def test_row_6_a_refresh_looks_at_the_user_and_rotates(api: Any, problem: Any) -> None:
    """Row 6: a deleted user went on refreshing, and a used refresh token stayed good."""
    api.apply(company(*PEOPLE))
    deleted, used = api.session("user:ann"), api.session("user:dev")
    refresh = {"refreshToken": used["refreshToken"]}
    assert api.post("/v1/sessions/refresh", json=refresh, token="").status_code == 200
    problem(api.post("/v1/sessions/refresh", json=refresh, token=""), 401, "refresh-token-reused")
    api.apply(company())
    body = {"refreshToken": deleted["refreshToken"]}
    problem(api.post("/v1/sessions/refresh", json=body, token=""), 401, "unauthenticated")
    problem(api.get("/v1/orgs/acme/whoami", token=deleted["accessToken"]), 401, "unauthenticated")


def test_row_8_identity_is_no_parameter(api: Any) -> None:
    """Row 8: `?userId=` chose whose policy was answered."""
    of_ann = resource("Policy", "of-ann", appliesTo={"users": ["ann"]}, tools={"deny": ["read"]})
    api.apply(company(*PEOPLE, of_ann))
    mine, other = api.enroll("dev"), api.enroll("ann")
    plain, hers = (api.get("/v1/agent/policy", token=agent["credential"]) for agent in (mine, other))
    assert plain.headers["etag"] != hers.headers["etag"], "a bundle of somebody else can be told"
    for query in ("?userId=ann", "?user=ann", f"?instance={other['instance']}", "?org=other"):
        # A bundle that was made before would hide for whom this one is made.
        api.plane.bundles._bundles.clear()
        answer = api.get(f"/v1/agent/policy{query}", token=mine["credential"])
        assert (answer.headers["etag"], answer.json()) == (plain.headers["etag"], plain.json())


def test_row_9_a_heartbeat_speaks_for_its_own_credential_only(api: Any, problem: Any) -> None:
    """Row 9: whoever was signed in could send the heartbeat of anybody."""
    api.apply(company(*PEOPLE))
    mine, other = api.enroll("dev"), api.enroll("ann")
    for body in ({"instance": other["instance"]}, {"userId": "ann"}, {"user": "ann"}):
        problem(api.post("/v1/agent/heartbeat", json=body, token=mine["credential"]), 422, "invalid-request")
    api.post("/v1/agent/heartbeat", json={"versions": {"host": "1"}}, token=mine["credential"])
    seen = {item["instance"]: item["lastSeen"] for item in api.get("/v1/orgs/acme/instances").json()["instances"]}
    assert seen[mine["instance"]] is not None
    assert seen[other["instance"]] is None
    problem(
        api.post("/v1/agent/heartbeat", json={}, token=api.session("user:ann")["accessToken"]), 401, "unknown-instance"
    )


def test_row_10_nothing_is_approved_or_taken_back_across_orgs(api: Any, problem: Any) -> None:
    """Row 10: approving, revoking and resubmitting took the id of any org."""
    api.apply(company(*PEOPLE))
    api.apply([resource("Organization", "other"), PEOPLE[0], PEOPLE[1]], org="other")
    plan = api.plan(company(*PEOPLE, deny=["read"]))
    key = api.post("/v1/orgs/acme/tokens", json={"name": "k", "permissions": ["state:read"]}).json()
    session = api.session("user:dev")
    stranger = api.session("user:ann", org="other")["accessToken"]
    for org, code in (("acme", "wrong-org"), ("other", None)):
        calls = [
            api.post(f"/v1/orgs/{org}/plans/{plan['id']}/approvals", json={}, token=stranger),
            api.post(f"/v1/orgs/{org}/plans/{plan['id']}/rejections", json={}, token=stranger),
            api.delete(f"/v1/orgs/{org}/tokens/{key['id']}", token=stranger),
            api.delete(f"/v1/orgs/{org}/sessions/{session['session']}", token=stranger),
            api.post(f"/v1/orgs/{org}/tokens/{key['id']}/rotate", json={}, token=stranger),
        ]
        for answer in calls:
            problem(answer, 403 if code else 404, code or answer.json()["code"])
    assert api.get(f"/v1/orgs/acme/plans/{plan['id']}").json()["approvals"]["given"] == []
    assert api.get("/v1/orgs/acme/state", token=key["token"]).status_code == 200
    assert api.get("/v1/orgs/acme/whoami", token=session["accessToken"]).status_code == 200


def test_row_11_nobody_approves_their_own_change(api: Any, problem: Any) -> None:
    """Row 11: who submitted could approve."""
    api.apply(company(*PEOPLE))
    ann = api.session("user:ann")["accessToken"]
    body = {"source": "policies", "resources": company(*PEOPLE, deny=["read"]), "positions": {}}
    plan = api.post("/v1/orgs/acme/plans", json=body, token=ann).json()
    key = api.post("/v1/orgs/acme/tokens", json={"name": "k", "permissions": ["plans:approve"]}, token=ann).json()
    again = api.session("user:ann")["accessToken"]
    for token in (ann, again, key["token"]):
        problem(api.post(f"/v1/orgs/acme/plans/{plan['id']}/approvals", json={}, token=token), 403, "own-plan")
    dev = api.session("user:dev")["accessToken"]
    assert api.post(f"/v1/orgs/acme/plans/{plan['id']}/approvals", json={}, token=dev).status_code == 200


def test_row_12_of_many_writers_one_wins(api: Any) -> None:
    """Row 12: thirty concurrent writes all succeeded, and five versions came of it."""
    api.apply(company(*PEOPLE))
    plans = [api.plan(company(*PEOPLE, deny=[f"tool_{number}"])) for number in range(16)]
    who = owner_principal("token-x")
    with pytest.raises(ConflictError):
        apply_plan(api.plane, who, "acme", plans[0]["id"], 0, plans[0])

    def attempt(plan: dict[str, Any]) -> bool:
        try:
            apply_plan(api.plane, who, "acme", plan["id"], plan["base"]["revision"], plan)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, plans)) == 1
    assert api.get("/v1/orgs/acme/state").json()["revision"] == 2


@pytest.fixture
def world(tmp_path: Path, clock: MovableClock) -> Iterator[World]:
    with sign_in_world(tmp_path, clock) as world:
        yield world


def test_row_5_only_an_identity_token_opens_a_session(world: World, problem: Any) -> None:
    """Row 5, of other people's tokens: what was made for another use opens nothing."""
    session = world.sign_in(world.person()).json()
    for token in (
        session["accessToken"],
        session["refreshToken"],
        world.person(header={"typ": "at+jwt"}),
        world.person(aud=AUDIENCE),
        world.github(),
    ):
        problem(world.sign_in(token), 401, "bad-identity-token")


def test_row_6_a_person_who_signed_on_and_was_removed_refreshes_no_more(world: World) -> None:
    """Row 6: a deleted user went on refreshing."""
    session = world.sign_in(world.person()).json()
    own = [item for item in world.resources() if item["kind"] not in {"User", "Group"}]
    world.api.apply([*own, resource("Group", "auditors", members={"claims": ["sec-auditors"]})])
    refresh = {"refreshToken": session["refreshToken"]}
    assert world.api.post("/v1/sessions/refresh", json=refresh, token="").status_code == 401
    assert world.api.get("/v1/orgs/acme/whoami", token=session["accessToken"]).status_code == 401


def test_row_14_a_wrong_password_costs_one_hash_and_few_are_tried(api: Any) -> None:
    """Row 14: the sign-in limits were never attached, and 200 bad credentials took 81 s of hashing without a 429."""
    own = [item for item in company() if item["kind"] != "Organization"]
    api.apply([resource("Organization", "acme", passwords={"enabled": True}), *own])
    body = {"grant": "password", "email": "dev@acme.example", "password": "a wrong password"}
    began = time.process_time()
    answers = [api.post("/v1/orgs/acme/sessions", json=body, token="").status_code for _ in range(100)]
    assert answers == [401] * 10 + [429] * 90
    assert time.process_time() - began < 10


def test_row_23_an_unverified_address_is_linked_to_nobody(world: World, problem: Any) -> None:
    """Row 23: signing on with the unverified address of an admin made one that admin."""
    for verified in (False, None, "true", 1):
        answer = world.sign_in(world.person(sub="attacker", email_verified=verified))
        problem(answer, 401, "email-not-verified")
    assert world.sign_in(world.person()).status_code == 201, "nothing was bound by the attempts"


def test_row_23_a_verified_address_stays_with_who_had_it_first(world: World, problem: Any) -> None:
    """Row 23, further: a provider that gives an address to somebody else does not give the user with it."""
    assert world.sign_in(world.person()).status_code == 201
    problem(world.sign_in(world.person(sub="successor")), 403, "identity-changed")


def test_row_23_an_identity_token_is_good_once(world: World, problem: Any) -> None:
    """Row 23: there was no nonce, so whoever saw an identity token signed in with it."""
    token = world.person()
    assert world.sign_in(token).status_code == 201
    problem(world.sign_in(token), 401, "identity-token-used")


def test_row_23_the_issuer_is_compared(world: World, problem: Any) -> None:
    """Row 23: neither the issuer in a token nor the one in the discovery document was compared."""
    problem(world.sign_in(world.person(iss="https://attacker.example")), 401, "bad-identity-token")
    told = {"issuer": "https://attacker.example", "jwks_uri": f"{world.issuer.url}/jwks"}
    world.issuer.documents["/.well-known/openid-configuration"] = json.dumps(told).encode()
    problem(world.sign_in(world.person()), 503, "issuer-unavailable")


@pytest.mark.parametrize("status", [200, 403, 500])
def test_row_23_the_issuer_s_answers_are_not_echoed(
    world: World, problem: Any, logged: io.StringIO, status: int
) -> None:
    """Row 23: the body of whatever answered at the issuer's address came back in the error."""
    path = "/.well-known/openid-configuration"
    world.issuer.documents[path], world.issuer.statuses[path] = b"internal metadata: canary", status
    body = problem(world.sign_in(world.person()), 503, "issuer-unavailable")
    assert world.issuer.asked == {path: 1}
    assert "canary" not in json.dumps(body) + logged.getvalue() + json.dumps(world.api.audit())


def test_row_23_an_issuer_inside_our_network_is_not_asked(tmp_path: Path, clock: MovableClock, problem: Any) -> None:
    """Row 23: an org's admin could have the server fetch any address that it can reach."""
    # Its certificate is believed, so that the address alone is why nobody is asked.
    with sign_in_world(tmp_path, clock, Egress(ca=tmp_path / "authority.pem")) as world:
        problem(world.sign_in(world.person()), 503, "issuer-unavailable")
        assert world.issuer.asked == {}, "this machine is no public address"


def test_row_13_a_token_is_used_as_often_as_it_says(api: Any) -> None:
    """Row 13: of a token for one machine nine were made."""
    api.apply(company())
    for uses in (1, 3):
        token = api.post("/v1/orgs/acme/enrollments", json={"user": "dev", "uses": uses}).json()["token"]

        async def rush(token: str = token) -> list[int]:
            async with api.client("") as client:
                tries = [client.post("/v1/enroll", json={"token": token}) for _ in range(12)]
                return sorted(answer.status_code for answer in await asyncio.gather(*tries))

        assert api.run(rush()) == [201] * uses + [401] * (12 - uses)
    assert len(api.get("/v1/orgs/acme/instances").json()["instances"]) == 4


def _random(credential: str) -> str:
    assert credential.startswith(INSTANCE_PREFIX)
    return credential.removeprefix(INSTANCE_PREFIX)


def test_row_13_no_token_lies_in_the_database(api: Any, tmp_path: Path) -> None:
    """Row 13: enrolment tokens were stored as they are."""
    api.apply(company())
    minted = api.post("/v1/orgs/acme/enrollments", json={"user": "dev", "uses": 2}).json()["token"]
    first = api.post("/v1/enroll", token="", json={"token": minted}).json()["credential"]
    second = api.post("/v1/agent/credential", token=first).json()["credential"]
    assert api.get("/v1/agent/policy", token=second).status_code == 200
    third = api.post("/v1/agent/credential", token=second).json()["credential"]
    # What was committed last may still be beside the file.
    stored = b"".join(file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file())
    assert b"laptop" in stored or b"openclaw" in stored, "this is the place to look"
    # What is random in them, which may have underscores of its own.
    for secret in (minted.removeprefix("cfe_").rpartition("_")[0], *(_random(one) for one in (first, second, third))):
        assert len(secret) >= 32
        assert secret.encode() not in stored


def test_row_20_an_upload_never_gets_stuck(api: Any) -> None:
    """Row 20: more than 500 buffered events were refused as a whole, for ever, and then the oldest were dropped."""
    api.apply(company())
    agent = api.enroll()
    good = {"at": "2026-11-20T10:00:00Z", "action": "tool:call", "outcome": "allow"}
    events = [{"seq": seq, **(good if seq % 100 else {"at": "nonsense"})} for seq in range(1, 12_001)]
    left, stored = events, 0
    for _ in range(2):
        answer = api.post("/v1/agent/audit", token=agent["credential"], json={"events": left})
        assert answer.status_code == 200, answer.text
        stored += answer.json()["stored"]
        left = [event for event in left if int(str(event["seq"])) > answer.json()["acknowledged"]]
    assert left == []
    assert (answer.json()["missing"], stored) == ([], 12_000)
    connection = api.plane.store._database._connection
    calls = connection.execute("SELECT count(*) FROM audit_leaves WHERE org = 'acme' AND class = 'call'").fetchone()
    assert calls == (12_000 - 120,), "what was acknowledged is in the log"


def test_row_21_no_change_goes_without_its_record(api: Any, problem: Any) -> None:
    """Row 21: when the record of an admin's change could not be written, the change was made all the same."""
    api.apply(company())
    plan = api.plan(company(*PEOPLE))
    connection = api.plane.store._database._connection
    connection.execute("CREATE TRIGGER full BEFORE INSERT ON audit_leaves BEGIN SELECT RAISE(ABORT, 'full'); END")
    body = {"name": "one", "permissions": ["state:read"]}
    problem(api.post("/v1/orgs/acme/tokens", json=body), 503, "audit-unavailable")
    problem(api.post("/v1/orgs/acme/enrollments", json={"user": "dev"}), 503, "audit-unavailable")
    problem(api.send_apply(plan), 503, "audit-unavailable")
    connection.execute("DROP TRIGGER full")
    assert not any(api.get("/v1/orgs/acme/tokens").json().values())
    assert api.get("/v1/orgs/acme/enrollments").json()["enrollments"] == []
    assert api.get("/v1/orgs/acme/state").json()["revision"] == 1


def test_row_21_retention_deletes_with_its_record_or_not_at_all(api: Any) -> None:
    """Row 21: the deletion that nobody asks for, every hour, was in no log."""
    own = [item for item in company() if item["kind"] != "Organization"]
    api.apply([resource("Organization", "acme", retention={"default": "1d"}), *own])
    event = {"seq": 1, "at": "2026-11-20T10:00:00Z", "action": "tool:call", "outcome": "allow"}
    api.post("/v1/agent/audit", token=api.enroll()["credential"], json={"events": [event]})
    api.clock.move(days=3)
    connection = api.plane.store._database._connection
    connection.execute("CREATE TRIGGER full BEFORE INSERT ON audit_leaves BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(UnavailableError):
        tend_ledger(api.plane, "acme")
    connection.execute("DROP TRIGGER full")
    assert [item["payloadState"] for item in api.audit() if item["class"] == "call"] == ["present"]
    tend_ledger(api.plane, "acme")
    assert [item["payloadState"] for item in api.audit() if item["class"] == "call"] == ["absent"]
    record = api.audit()[-1]
    assert (record["action"], record["actor"]) == ("audit:purge", "server")
    assert record["detail"]["classes"]["call"]["records"] == 1


def test_row_21_a_deletion_is_recorded_and_an_agent_s_clock_decides_nothing(api: Any) -> None:
    """Row 21: retention deleted without a record, and by the client's time, so an event of 1970 was gone at once."""
    api.apply(company())
    agent = api.enroll()
    event = {"seq": 1, "at": "1970-01-01T00:00:00Z", "action": "tool:call", "outcome": "allow"}
    api.post("/v1/agent/audit", token=agent["credential"], json={"events": [event]})
    assert api.post("/v1/orgs/acme/audit/purge", json={"reason": "retention"}).json()["purged"] == {}
    record = api.audit()[-1]
    assert (record["action"], record["actor"], record["detail"]["reason"]) == ("audit:purge", "owner", "retention")
    call = next(item for item in api.audit() if item["class"] == "call")
    assert (call["payloadState"], call["claimed"]) == ("present", "1970-01-01T00:00:00Z")
