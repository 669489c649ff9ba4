"""Sessions: short, prolonged by a refresh token that is good once, and dead when its holder is."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from server_process import company, resource

from clawforge.errors import ClawforgeError, UnauthenticatedError
from clawforge_server.origin import Origin
from clawforge_server.service.sessions import refresh_session

ANN = resource("User", "ann", email="ann@acme.example")
CI = resource("ServiceAccount", "ci", permissions=["state:read", "tokens:create"])
ADMINS = resource("RoleBinding", "admins", role="admin", subjects={"users": ["ann"]})
AUDIT = resource("RoleBinding", "auditors", role="auditor", subjects={"groups": ["auditors"]})
BY_CLAIM = resource("Group", "auditors", members={"claims": ["acme-audit"]})


@pytest.fixture(autouse=True)
def _applied(api: Any) -> None:
    api.apply(company(ANN, CI, ADMINS, AUDIT, BY_CLAIM))


def refresh(api: Any, session: dict[str, Any]) -> Any:
    return api.post("/v1/sessions/refresh", json={"refreshToken": session["refreshToken"]}, token="")


def works(api: Any, session: dict[str, Any]) -> bool:
    status = api.get("/v1/orgs/acme/whoami", token=session["accessToken"]).status_code
    assert status in {200, 401}
    return bool(status == 200)


def test_the_access_token_lives_for_a_quarter_of_an_hour(api: Any) -> None:
    session = api.session("user:ann")
    assert session["accessToken"].startswith("cf_session_")
    assert session["refreshToken"].startswith("cf_refresh_")
    assert session["expiresAt"] == "2026-11-20T12:15:00Z"
    assert session["refreshExpiresAt"] == "2026-11-21T00:00:00Z"
    assert works(api, session)
    api.clock.move(minutes=15)
    assert not works(api, session)


def test_a_refresh_gives_new_tokens_and_ends_the_old_ones(api: Any) -> None:
    session = api.session("user:ann")
    renewed = refresh(api, session).json()
    assert renewed["session"] == session["session"]
    assert not works(api, session)
    assert works(api, renewed)
    assert refresh(api, renewed).status_code == 200


def test_a_refresh_token_that_comes_twice_ends_the_session_and_what_was_made_in_it(api: Any, problem: Any) -> None:
    session = api.session("user:ann")
    body = {"name": "robot", "permissions": ["state:read"]}
    key = api.post("/v1/orgs/acme/tokens", json=body, token=session["accessToken"]).json()["token"]
    bystander = api.session("user:ann")
    renewed = refresh(api, session).json()
    assert api.get("/v1/orgs/acme/state", token=key).status_code == 200
    problem(refresh(api, session), 401, "refresh-token-reused")
    entry = api.audit()[-1]
    assert (entry["outcome"], entry["action"], entry["actor"]) == ("refused", "sessions:refresh", "user:ann")
    assert entry["detail"]["code"] == "refresh-token-reused"
    assert not works(api, renewed)
    problem(refresh(api, renewed), 401, "unauthenticated")
    assert api.get("/v1/orgs/acme/state", token=key).status_code == 401, "the thief may have made it"
    assert works(api, bystander)


def test_of_many_who_refresh_at_once_one_wins_and_the_session_ends(api: Any) -> None:
    session = api.session("user:ann")

    def attempt(_: int) -> bool:
        try:
            refresh_session(api.plane, session["refreshToken"], origin=Origin("192.0.2.1"))
        except UnauthenticatedError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(32))) == 1
    (listed,) = api.get("/v1/orgs/acme/sessions").json()["sessions"]
    assert listed["endedBy"] == "refresh-token-reused"


def test_a_session_ends_for_good_however_often_it_is_prolonged(api: Any, problem: Any) -> None:
    session = api.session("user:ann", lifetime=dt.timedelta(hours=1))
    api.clock.move(minutes=50)
    session = refresh(api, session).json()
    assert session["expiresAt"] == session["refreshExpiresAt"] == "2026-11-20T13:00:00Z"
    api.clock.move(minutes=10)
    assert not works(api, session)
    problem(refresh(api, session), 401, "unauthenticated")


def test_an_org_may_let_people_stay_for_less(api: Any) -> None:
    strict = company(ANN)
    strict[0] = resource("Organization", "acme", sessions={"lifetime": "8h"})
    api.apply(strict)
    assert api.session("user:ann")["refreshExpiresAt"] == "2026-11-20T20:00:00Z"


def test_a_pipeline_s_session_is_short_and_not_prolonged(api: Any, problem: Any) -> None:
    more = {"method": "federated", "refreshable": False}
    session = api.session("service-account:ci", lifetime=dt.timedelta(days=9), **more)
    assert session["refreshToken"] is None
    assert session["expiresAt"] == "2026-11-20T13:00:00Z"
    body = {"name": "robot", "permissions": ["state:read"], "ttl": 3_601}
    made = api.post("/v1/orgs/acme/tokens", json=body, token=session["accessToken"])
    problem(made, 403, "grant-exceeds-grantor")
    api.clock.move(minutes=59)
    assert works(api, session)
    api.clock.move(minutes=1)
    assert not works(api, session)


@pytest.mark.parametrize("holder", ["user:gone", "user:nobody", "service-account:nothing", "owner", "ann"])
def test_only_declared_and_active_holders_get_a_session(api: Any, holder: str) -> None:
    with pytest.raises(ClawforgeError) as refused:
        api.session(holder)
    assert refused.value.code == "holder-not-active"


def test_a_refresh_token_is_no_access_token_and_the_other_way_round(api: Any, problem: Any) -> None:
    session = api.session("user:ann")
    for token in (session["refreshToken"], session["refreshToken"].replace("cf_refresh_", "cf_session_")):
        problem(api.get("/v1/orgs/acme/state", token=token), 401, "unauthenticated")
    for token in (session["accessToken"], session["accessToken"].replace("cf_session_", "cf_refresh_")):
        answer = api.post("/v1/sessions/refresh", json={"refreshToken": token}, token="")
        problem(answer, 401, "unauthenticated")
    assert works(api, session)


def test_claims_of_the_sign_on_give_the_roles_of_their_groups(api: Any, problem: Any) -> None:
    without, having = api.session("user:dev"), api.session("user:dev", claims=("acme-audit", "else"))
    problem(api.get("/v1/orgs/acme/audit", token=without["accessToken"]), 403, "missing-permission")
    assert api.get("/v1/orgs/acme/audit", token=having["accessToken"]).status_code == 200
    me = api.get("/v1/orgs/acme/whoami", token=having["accessToken"]).json()
    assert me["groups"] == ["auditors", "eng"]
    assert {"permission": "audit:read", "scope": _ALL, "via": "RoleBinding/auditors"} in me["rights"]
    assert {"permission": "decisions:read-own", "scope": _ALL, "via": "built-in"} in me["rights"]


_ALL = {"groups": None, "kinds": None, "sources": None, "environments": None}


def test_one_sees_and_ends_one_s_own_sessions(api: Any, problem: Any) -> None:
    mine, also, ann = api.session("user:dev"), api.session("user:dev"), api.session("user:ann")
    listed = api.get("/v1/orgs/acme/sessions", token=mine["accessToken"]).json()["sessions"]
    assert {item["id"]: item["current"] for item in listed} == {mine["session"]: True, also["session"]: False}
    path = "/v1/orgs/acme/sessions/"
    problem(api.delete(path + ann["session"], token=mine["accessToken"]), 403, "missing-permission")
    assert api.delete(path + also["session"], token=mine["accessToken"]).status_code == 204
    assert not works(api, also)
    assert len(api.get("/v1/orgs/acme/sessions", token=ann["accessToken"]).json()["sessions"]) == 3
    assert api.delete(path + mine["session"], token=ann["accessToken"]).status_code == 204
    assert not works(api, mine)
    problem(api.delete(path + mine["session"], token=ann["accessToken"]), 404, "unknown-session")


def test_leaving_ends_the_session_and_keeps_the_keys(api: Any, problem: Any) -> None:
    session = api.session("user:ann")
    body = {"name": "robot", "permissions": ["state:read"]}
    key = api.post("/v1/orgs/acme/tokens", json=body, token=session["accessToken"]).json()["token"]
    assert api.delete("/v1/sessions/current", token=session["accessToken"]).status_code == 204
    assert not works(api, session)
    problem(refresh(api, session), 401, "unauthenticated")
    assert api.get("/v1/orgs/acme/state", token=key).status_code == 200
    problem(api.delete("/v1/sessions/current", token=key), 422, "not-a-session")
    problem(api.delete("/v1/sessions/current"), 422, "not-a-session")


def test_a_session_that_somebody_else_ends_takes_its_keys_with_it(api: Any) -> None:
    session = api.session("user:ann")
    body = {"name": "robot", "permissions": ["state:read"]}
    key = api.post("/v1/orgs/acme/tokens", json=body, token=session["accessToken"]).json()["token"]
    assert api.delete(f"/v1/orgs/acme/sessions/{session['session']}").status_code == 204
    assert api.get("/v1/orgs/acme/state", token=key).status_code == 401


def test_whoever_is_put_out_by_the_files_is_out_at_once_and_for_good(api: Any, problem: Any) -> None:
    kept, renamed, left = api.session("user:ann"), api.session("user:dev"), api.session("service-account:ci")
    changed = company(ANN, ADMINS)
    changed[1] = resource("User", "dev", email="somebody-else@acme.example")
    api.apply(changed)
    assert [works(api, session) for session in (kept, renamed, left)] == [True, False, False]
    problem(refresh(api, renamed), 401, "unauthenticated")
    api.apply(company(ANN, ADMINS, CI))
    assert not works(api, left)


def test_a_session_of_another_trust_ends_and_keys_stay(api: Any) -> None:
    session = api.session("service-account:ci")
    body = {"name": "robot", "permissions": ["state:read"], "serviceAccount": "ci"}
    key = api.post("/v1/orgs/acme/tokens", json=body).json()["token"]
    federated = {"issuer": "https://ci.example", "audience": "clawforge", "subject": "x"}
    spec = {**CI["spec"], "federated": federated}
    api.apply(company(ANN, ADMINS, resource("ServiceAccount", "ci", **spec)))
    assert not works(api, session)
    assert api.get("/v1/orgs/acme/state", token=key).status_code == 200


def test_nothing_of_a_session_is_stored_in_clear(api: Any, tmp_path: Any) -> None:
    session = api.session("user:ann")
    renewed = refresh(api, session).json()
    stored = b"".join(file.read_bytes() for file in (tmp_path / "data").glob("clawforge.db*"))
    for document in (session, renewed):
        assert document["accessToken"].encode() not in stored
        assert document["refreshToken"].encode() not in stored
