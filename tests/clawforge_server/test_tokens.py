"""API keys: nobody grants what they do not hold, and a revoked key is dead at once, with everything made by it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from server_process import company, resource

from clawforge_server.auth.token_directory import TokenDirectory

PEOPLE = [
    resource("User", "ann", email="ann@acme.example"),
    resource("RoleBinding", "admins", role="admin", subjects={"users": ["ann"]}),
    resource("ServiceAccount", "ci", permissions=["plans:create", "plans:read"]),
]


@pytest.fixture(autouse=True)
def _applied(api: Any) -> None:
    api.apply(company(*PEOPLE))


def ask(api: Any, *permissions: str, ttl: int = 3_600, token: str | None = None, **more: Any) -> Any:
    body = {"name": "robot", "permissions": list(permissions), "ttl": ttl, **more}
    return api.post("/v1/orgs/acme/tokens", json=body, token=token)


def works(api: Any, token: str, path: str = "state", address: str = "192.0.2.1") -> bool:
    status = api.get(f"/v1/orgs/acme/{path}", token=token, address=address).status_code
    assert status in {200, 401}
    return bool(status == 200)


def test_a_key_is_shown_once_and_kept_as_a_hash(api: Any, tmp_path: Any) -> None:
    token = ask(api, "state:read").json()["token"]
    assert token.startswith("cf_live_")
    (listed,) = api.get("/v1/orgs/acme/tokens").json()["tokens"]
    assert (listed["name"], listed["permissions"], listed["createdBy"]) == ("robot", ["state:read"], "owner")
    assert listed["holder"] == "owner"
    assert token not in str(listed)
    stored = b"".join(file.read_bytes() for file in (tmp_path / "data").glob("clawforge.db*"))
    assert token.encode() not in stored
    assert api.owner.encode() not in stored


@pytest.mark.parametrize("asked", [["plans:apply"], ["state:*"], ["*:read"], ["*:*"], ["state:read", "plans:apply"]])
def test_granting_more_than_one_holds_is_refused(api: Any, problem: Any, asked: list[str]) -> None:
    maker = api.token("tokens:create", "state:read")
    problem(ask(api, *asked, token=maker), 403, "grant-exceeds-grantor")
    assert api.audit()[-1]["detail"] == {"code": "grant-exceeds-grantor"}
    assert ask(api, "state:read", token=maker).status_code == 201


def test_a_wildcard_grants_what_it_covers(api: Any) -> None:
    maker = api.token("tokens:*", "state:*")
    assert ask(api, "state:read", "tokens:create", token=maker).status_code == 201


def test_a_key_does_not_outlive_its_maker(api: Any, problem: Any) -> None:
    maker = ask(api, "*:*", ttl=3_600).json()["token"]
    problem(ask(api, "state:read", ttl=3_601, token=maker), 403, "grant-exceeds-grantor")
    assert ask(api, "state:read", ttl=3_600, token=maker).status_code == 201


def test_an_expired_key_is_not_valid(api: Any, problem: Any) -> None:
    token = ask(api, "state:read", ttl=60).json()["token"]
    assert works(api, token)
    api.clock.move(seconds=60)
    problem(api.get("/v1/orgs/acme/state", token=token), 401, "unauthenticated")


def test_a_revoked_key_is_not_valid(api: Any, problem: Any) -> None:
    made = ask(api, "state:read").json()
    assert works(api, made["token"])
    assert api.delete(f"/v1/orgs/acme/tokens/{made['id']}").status_code == 204
    problem(api.get("/v1/orgs/acme/state", token=made["token"]), 401, "unauthenticated")
    tried = api.audit()[-1]
    assert (tried["outcome"], tried["detail"]["why"]) == ("refused", "revoked"), "a stolen key may be coming back"
    problem(api.delete(f"/v1/orgs/acme/tokens/{made['id']}"), 404, "unknown-token")
    assert "tokens:revoke" in [event["action"] for event in api.audit()]


def test_revoking_a_key_revokes_what_was_made_with_it(api: Any) -> None:
    root = ask(api, "tokens:*", "state:read").json()
    child = ask(api, "tokens:*", "state:read", token=root["token"], ttl=600).json()
    grandchild = ask(api, "state:read", token=child["token"], ttl=600).json()
    bystander = ask(api, "state:read").json()
    assert works(api, grandchild["token"])
    assert api.delete(f"/v1/orgs/acme/tokens/{root['id']}").status_code == 204
    assert not any(works(api, made["token"]) for made in (child, grandchild))
    assert works(api, bystander["token"])
    listed = {item["id"]: item for item in api.get("/v1/orgs/acme/tokens").json()["tokens"]}
    assert listed[grandchild["id"]]["parent"] == child["id"]
    assert listed[grandchild["id"]]["revokedAt"] is not None


def test_a_key_for_a_service_account_has_its_live_rights(api: Any, problem: Any) -> None:
    made = ask(api, "plans:create", "plans:read", serviceAccount="ci").json()
    assert made["holder"] == "service-account:ci"
    assert api.get("/v1/orgs/acme/plans/none", token=made["token"]).status_code == 404
    api.apply(company(*PEOPLE[:2], resource("ServiceAccount", "ci", permissions=["plans:create"])))
    problem(api.get("/v1/orgs/acme/plans/none", token=made["token"]), 403, "missing-permission")
    assert api.audit()[-1]["actor"] == "service-account:ci"
    assert api.audit()[-1]["credential"] == made["id"]


def test_a_key_of_a_service_account_cannot_hold_more_than_it(api: Any, problem: Any) -> None:
    problem(ask(api, "plans:apply", serviceAccount="ci"), 422, "permission-not-held")
    problem(ask(api, "plans:read", serviceAccount="cii"), 422, "unknown-service-account")
    maker = api.token("tokens:create", "plans:read")
    problem(ask(api, "plans:create", serviceAccount="ci", token=maker), 403, "grant-exceeds-grantor")
    assert ask(api, "plans:read", serviceAccount="ci", token=maker).status_code == 201


def test_a_service_account_that_left_takes_its_keys_with_it_for_good(api: Any) -> None:
    key = ask(api, "plans:read", serviceAccount="ci").json()["token"]
    api.apply(company(*PEOPLE[:2]))
    assert not works(api, key, "plans/none")
    api.apply(company(*PEOPLE))
    assert not works(api, key, "plans/none"), "the same name may be somebody else's"


def test_an_expired_service_account_is_dead(api: Any, problem: Any) -> None:
    expiring = resource("ServiceAccount", "ci", permissions=["state:read"], expires="2026-11-20T13:00:00Z")
    api.apply(company(*PEOPLE[:2], expiring))
    problem(ask(api, "state:read", serviceAccount="ci", ttl=7_200), 403, "grant-exceeds-grantor")
    key = ask(api, "state:read", serviceAccount="ci", ttl=3_600).json()["token"]
    assert works(api, key)
    api.clock.move(hours=1)
    assert not works(api, key)


@pytest.mark.parametrize(
    ("networks", "address", "good"),
    [
        (["198.51.100.0/24"], "198.51.100.7", True),
        (["198.51.100.0/24"], "198.51.101.7", False),
        (["198.51.100.0/24"], "::ffff:198.51.100.7", True),
        (["198.51.100.0/24"], "2001:db8::1", False),
        (["198.51.100.0/24"], "not an address", False),
        (["198.51.100.0/24", "2001:db8::/32"], "2001:db8::1", True),
    ],
)
def test_a_key_is_good_from_its_networks_only(api: Any, networks: list[str], address: str, good: bool) -> None:
    key = ask(api, "state:read", networks=networks).json()["token"]
    assert works(api, key, address=address) == good
    if not good:
        assert api.audit()[-1]["detail"]["why"] == "outside-networks"


def test_a_service_account_is_good_from_its_networks_only(api: Any) -> None:
    bounded = resource("ServiceAccount", "ci", permissions=["state:read"], networks=["198.51.100.0/24"])
    api.apply(company(*PEOPLE[:2], bounded))
    key = ask(api, "state:read", serviceAccount="ci", networks=["198.51.0.0/16"]).json()["token"]
    assert works(api, key, address="198.51.100.1")
    assert not works(api, key, address="198.51.1.1")


def test_rotation_overlaps_and_then_ends(api: Any, problem: Any) -> None:
    old = ask(api, "state:read", "tokens:*", networks=["192.0.2.0/24"]).json()
    path = f"/v1/orgs/acme/tokens/{old['id']}/rotate"
    new = api.post(path, json={"overlap": 60}).json()
    assert new["id"] != old["id"]
    assert works(api, old["token"])
    assert works(api, new["token"])
    assert not works(api, new["token"], address="198.51.100.1"), "the networks stay"
    api.clock.move(seconds=60)
    assert not works(api, old["token"])
    assert works(api, new["token"])
    problem(api.post(path, json={}), 404, "unknown-token")


def test_revoking_the_new_key_revokes_the_old_one_in_its_overlap(api: Any) -> None:
    old = ask(api, "state:read", "tokens:*").json()
    child = ask(api, "state:read", token=old["token"], ttl=60).json()
    new = api.post(f"/v1/orgs/acme/tokens/{old['id']}/rotate", json={}).json()
    assert api.delete(f"/v1/orgs/acme/tokens/{new['id']}").status_code == 204
    assert not any(works(api, made["token"]) for made in (old, child, new))


def test_only_its_holder_rotates_a_key(api: Any, problem: Any) -> None:
    owners = ask(api, "state:read").json()
    ann = api.session("user:ann")["accessToken"]
    problem(api.post(f"/v1/orgs/acme/tokens/{owners['id']}/rotate", json={}, token=ann), 403, "grant-exceeds-grantor")


def test_a_person_has_keys_of_their_own_that_end_with_them(api: Any) -> None:
    ann = api.session("user:ann")["accessToken"]
    key = ask(api, "state:read", token=ann, ttl=366 * 86_400).json()
    assert key["holder"] == "user:ann"
    assert works(api, key["token"])
    dev = api.session("user:dev")["accessToken"]
    assert api.get("/v1/orgs/acme/tokens", token=dev).json()["tokens"] == []
    assert api.get("/v1/orgs/acme/tokens", token=key["token"]).json()["tokens"][0]["id"] == key["id"], "only itself"
    api.apply(company(resource("User", "ann", email="ann@acme.example", state="suspended"), PEOPLE[2]))
    assert not works(api, key["token"])
    api.apply(company(*PEOPLE))
    assert not works(api, key["token"]), "what was put out stays out"


def test_a_key_of_a_few_rights_does_not_speak_for_its_holder(api: Any, problem: Any) -> None:
    ann = api.session("user:ann")["accessToken"]
    small, other = (ask(api, "state:read", token=ann).json() for _ in range(2))
    path = f"/v1/orgs/acme/tokens/{other['id']}"
    problem(api.delete(path, token=small["token"]), 403, "missing-permission")
    assert api.delete(f"/v1/orgs/acme/tokens/{small['id']}", token=small["token"]).status_code == 204, "but for itself"
    assert api.delete(path, token=ann).status_code == 204


def test_two_keys_of_one_name_never_look_alike_in_the_log(api: Any) -> None:
    keys = [ask(api, "plans:create").json() for _ in range(2)]
    for key in keys:
        api.post("/v1/orgs/acme/plans", json={}, token=key["token"])
    assert [event["actor"] for event in api.audit()[-2:]] == [f"token:{key['id']}" for key in keys]


def test_another_replica_notices_a_revocation(api: Any) -> None:
    made = ask(api, "state:read").json()
    second = TokenDirectory(api.plane.store)
    now = api.clock.now()
    from clawforge_server.auth.secrets import credential_hash

    sha256 = credential_hash(made["token"])
    assert second.catch_up() == frozenset()
    assert second.find(sha256, now) is second.peek(sha256)
    api.delete(f"/v1/orgs/acme/tokens/{made['id']}")
    assert second.peek(sha256) is not None
    assert second.catch_up() == {"acme"}
    assert second.peek(sha256) is None
    assert second.catch_up() == frozenset()


def test_a_known_key_costs_no_database(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = ask(api, "keys:read").json()["token"]
    assert api.get("/v1/orgs/acme/keys", token=key).status_code == 200
    monkeypatch.setattr(type(api.plane.store), "transaction", lambda self: pytest.fail("asked the database"))
    assert api.get("/v1/orgs/acme/keys", token=key).status_code == 200
    api.clock.move(seconds=dt.timedelta(hours=2).total_seconds())
    assert api.get("/v1/orgs/acme/keys", token=key).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "Robot", "permissions": []},
        {"name": "robot", "permissions": ["everything"]},
        {"name": "robot", "permissions": ["state:read"], "ttl": 1},
        {"name": "robot", "permissions": ["state:read"], "networks": ["300.0.0.0/8"]},
        {"name": "robot", "permissions": ["state:read"], "networks": ["10.0.0.1/8"]},
        {"name": "robot", "permissions": ["state:read"], "org": "other"},
        {"name": "robot", "permissions": "state:read"},
        [],
    ],
)
def test_a_wrong_request_says_what_is_wrong(api: Any, problem: Any, body: Any) -> None:
    refusal = problem(api.post("/v1/orgs/acme/tokens", json=body), 422, "invalid-request")
    assert refusal["problems"]
    assert "pydantic" not in str(refusal)


def test_a_permission_that_does_not_exist_is_suggested(api: Any, problem: Any) -> None:
    body = problem(ask(api, "plan:create"), 422, "unknown-permission")
    assert "plans:create" in body["hint"]
