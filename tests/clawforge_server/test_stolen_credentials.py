"""Whoever holds a stolen or a dying credential: nothing that they make with it outlives it, or reaches further."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from server_process import company, resource

from clawforge.errors import UnauthenticatedError, UnavailableError
from clawforge.wire_enrollment import EnrollmentRequest
from clawforge.wire_identity import KeyRequest, RotateRequest
from clawforge_server.auth.authenticator import principal_of
from clawforge_server.auth.credential import Credential
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.secrets import credential_hash
from clawforge_server.origin import Origin
from clawforge_server.service.enrollments import create_enrollment
from clawforge_server.service.tokens import create_key, rotate_key

PEOPLE = [
    *(resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bob")),
    resource("RoleBinding", "admins", role="admin", subjects={"users": ["ann", "bob"]}),
    resource("ServiceAccount", "ci", permissions=["state:read", "tokens:create"]),
]
ORIGIN = Origin("192.0.2.1")


def acme(*extra: dict[str, Any]) -> list[dict[str, Any]]:
    """The org, which takes passwords."""
    others = [item for item in company(*PEOPLE[:3], *extra) if item["kind"] != "Organization"]
    return [resource("Organization", "acme", passwords={"enabled": True}), *others]


@pytest.fixture(autouse=True)
def _applied(api: Any) -> None:
    api.apply(acme(PEOPLE[3]))


def key(api: Any, token: str | None, *permissions: str, **more: Any) -> Any:
    body = {"name": "robot", "permissions": list(permissions), "ttl": 3_600, **more}
    return api.post("/v1/orgs/acme/tokens", json=body, token=token)


def good(api: Any, token: str, address: str = "192.0.2.1") -> bool:
    return bool(api.get("/v1/orgs/acme/state", token=token, address=address).status_code == 200)


def suspend(api: Any, user: str) -> None:
    assert api.post(f"/v1/orgs/acme/users/{user}/suspension", json={"reason": "left"}).status_code == 201


def principal(api: Any, token: str) -> Principal:
    """Who shows a token, as a request that is on its way has it."""
    found = api.plane.credentials.find(credential_hash(token), api.clock.now())
    assert isinstance(found, Credential)
    return principal_of(found, api.plane.states.get("acme"), api.clock.now(), "192.0.2.1")


def test_a_key_that_is_revoked_while_its_request_arrives_makes_nothing(api: Any) -> None:
    """Send all but the end of a request, and wait for the revocation: the answer would be a key that lives on."""
    stolen = key(api, None, "tokens:create", "state:read").json()
    body = orjson.dumps({"name": "heir", "permissions": ["state:read"], "ttl": 600})

    async def attack() -> int:
        async with api.client(stolen["token"]) as thief, api.client() as owner:

            async def slowly() -> AsyncIterator[bytes]:
                yield body[:10]
                answer = await owner.delete(f"/v1/orgs/acme/tokens/{stolen['id']}")
                assert answer.status_code == 204
                yield body[10:]

            headers = {"Content-Type": "application/json"}
            return int((await thief.post("/v1/orgs/acme/tokens", content=slowly(), headers=headers)).status_code)

    assert api.run(attack()) == 401
    assert [item["name"] for item in api.get("/v1/orgs/acme/tokens").json()["tokens"]] == ["robot"]


def test_a_key_that_is_revoked_while_its_request_arrives_changes_nothing(api: Any) -> None:
    stolen = key(api, None, "users:suspend").json()

    async def attack() -> int:
        async with api.client(stolen["token"]) as thief, api.client() as owner:

            async def slowly() -> AsyncIterator[bytes]:
                yield b'{"reason"'
                await owner.delete(f"/v1/orgs/acme/tokens/{stolen['id']}")
                yield b': "x"}'

            headers = {"Content-Type": "application/json"}
            path = "/v1/orgs/acme/users/bob/suspension"
            return int((await thief.post(path, content=slowly(), headers=headers)).status_code)

    assert api.run(attack()) == 401
    states = {item["user"]: item["state"] for item in api.get("/v1/orgs/acme/users").json()["users"]}
    assert states["bob"] == "active"


def test_an_instance_that_is_revoked_while_its_upload_arrives_reports_nothing(api: Any) -> None:
    stolen = api.enroll("bob")

    async def attack() -> int:
        async with api.client(stolen["credential"]) as thief, api.client() as owner:

            async def slowly() -> AsyncIterator[bytes]:
                yield b'{"events"'
                await owner.delete(f"/v1/orgs/acme/instances/{stolen['instance']}")
                yield b": []}"

            headers = {"Content-Type": "application/json"}
            return int((await thief.post("/v1/agent/audit", content=slowly(), headers=headers)).status_code)

    assert api.run(attack()) == 401


@pytest.mark.parametrize("ending", ["revoked", "suspended", "left"])
def test_a_request_that_waits_for_its_turn_does_nothing_once_its_credential_ended(api: Any, ending: str) -> None:
    session = api.session("user:ann")
    token = session["accessToken"]
    own = key(api, token, "tokens:create", "enrollments:create", "state:read").json()
    other = key(api, token, "state:read", ttl=60).json()
    caller = principal(api, own["token"] if ending == "revoked" else token)
    if ending == "revoked":
        api.delete(f"/v1/orgs/acme/tokens/{own['id']}")
    elif ending == "suspended":
        suspend(api, "ann")
    else:
        api.delete("/v1/sessions/current", token=token)
    request = KeyRequest(name="heir", permissions=("state:read",), ttl=60)
    with pytest.raises((UnauthenticatedError, UnavailableError)):
        create_key(api.plane, caller, "acme", request, origin=ORIGIN)
    if ending != "suspended":
        with pytest.raises(UnauthenticatedError):
            rotate_key(api.plane, caller, "acme", other["id"], RotateRequest(), origin=ORIGIN)
    with pytest.raises((UnauthenticatedError, UnavailableError)):
        create_enrollment(api.plane, caller, "acme", EnrollmentRequest(user="bob"), origin=ORIGIN)


def test_rights_that_were_lost_while_a_request_waits_do_not_count(api: Any) -> None:
    caller = principal(api, api.session("user:ann")["accessToken"])
    api.apply([item for item in acme(PEOPLE[3]) if item["kind"] != "RoleBinding"])
    request = KeyRequest(name="heir", permissions=("state:read",), service_account="ci", ttl=60)
    with pytest.raises(UnavailableError):
        create_key(api.plane, caller, "acme", request, origin=ORIGIN)


def test_a_key_that_somebody_rotated_ends_with_what_they_rotated_it_with(api: Any) -> None:
    """The new text is known to whoever rotates, and not to whoever made the old one."""
    bobs = key(api, api.session("user:bob")["accessToken"], "state:read", serviceAccount="ci", ttl=600).json()
    stolen = key(api, api.session("user:ann")["accessToken"], "tokens:create", "state:read").json()
    path = f"/v1/orgs/acme/tokens/{bobs['id']}/rotate"
    taken = api.post(path, json={"overlap": 0}, token=stolen["token"]).json()
    assert good(api, taken["token"])
    api.delete(f"/v1/orgs/acme/tokens/{stolen['id']}")
    assert not good(api, taken["token"])


def test_no_key_climbs_out_of_the_tree_that_it_is_revoked_with(api: Any, problem: Any) -> None:
    """A key in the overlap of its rotation ends soon, so its children could outlive a further rotation of it."""
    root = api.session("user:ann")["accessToken"]
    first = key(api, root, "tokens:create", "state:read", ttl=7_200).json()
    child = key(api, first["token"], "tokens:create", "state:read", ttl=7_200).json()
    path = f"/v1/orgs/acme/tokens/{first['id']}/rotate"
    second = api.post(path, json={"overlap": 300}, token=root).json()
    body = problem(api.post(path, json={}, token=child["token"]), 403, "grant-exceeds-grantor")
    assert "survive" in body["detail"]
    api.delete(f"/v1/orgs/acme/tokens/{second['id']}")
    assert not any(good(api, made["token"]) for made in (first, child, second))


@pytest.mark.parametrize("leaves_first", [False, True])
def test_whoever_is_put_out_takes_along_what_they_made_for_others(api: Any, leaves_first: bool) -> None:
    ann = api.session("user:ann")["accessToken"]
    program = key(api, ann, "state:read", "tokens:create", serviceAccount="ci").json()
    deeper = key(api, program["token"], "state:read", serviceAccount="ci", ttl=60).json()
    bobs = key(api, api.session("user:bob")["accessToken"], "state:read", serviceAccount="ci").json()
    minted = api.post("/v1/orgs/acme/enrollments", json={"user": "bob"}, token=ann).json()
    if leaves_first:
        assert api.delete("/v1/sessions/current", token=ann).status_code == 204
        assert good(api, program["token"]), "leaving keeps the keys"
        api.clock.move(days=40)
        api.session("user:bob")
        api.clock.move(days=-40)
    suspend(api, "ann")
    assert not any(good(api, made["token"]) for made in (program, deeper))
    assert good(api, bobs["token"]), "what others made for the same service account stays"
    assert api.post("/v1/enroll", token="", json={"token": minted["token"]}).status_code == 401


def test_a_key_that_somebody_else_rotated_survives_its_first_maker(api: Any) -> None:
    """So that a pipeline goes on when the person who set it up leaves."""
    made = key(api, api.session("user:ann")["accessToken"], "state:read", serviceAccount="ci").json()
    bob = api.session("user:bob")["accessToken"]
    new = api.post(f"/v1/orgs/acme/tokens/{made['id']}/rotate", json={}, token=bob).json()
    suspend(api, "ann")
    assert not good(api, made["token"]), "ann knows it, however long the overlap is"
    assert good(api, new["token"])


def test_a_reset_code_ends_with_who_made_it(api: Any, problem: Any) -> None:
    ann = api.session("user:ann")["accessToken"]
    offered = api.post("/v1/orgs/acme/password-resets", json={"user": "bob"}, token=ann)
    assert offered.status_code == 201, offered.text
    suspend(api, "ann")
    body = {"code": offered.json()["code"], "password": "correct horse battery"}
    problem(api.post("/v1/passwords", token="", json=body), 401, "bad-reset-code")


@pytest.mark.parametrize(
    ("asked", "good_from"),
    [([], "192.0.2.7"), (["192.0.2.0/28"], "192.0.2.7"), (["0.0.0.0/0"], None), (["2001:db8::/64"], None)],
)
def test_a_key_bound_to_networks_makes_none_for_elsewhere(
    api: Any, problem: Any, asked: list[str], good_from: str | None
) -> None:
    bound = key(api, None, "tokens:create", "state:read", networks=["192.0.2.0/24"]).json()["token"]
    answer = key(api, bound, "state:read", networks=asked, ttl=60)
    if good_from is None:
        problem(answer, 403, "grant-exceeds-grantor")
        return
    made = answer.json()["token"]
    assert good(api, made, good_from)
    assert not good(api, made, "198.51.100.1")


def test_a_service_account_bound_to_networks_makes_no_key_for_elsewhere(api: Any, problem: Any) -> None:
    bound = resource("ServiceAccount", "ci", permissions=["tokens:create", "state:read"], networks=["192.0.2.0/24"])
    other = resource("ServiceAccount", "roaming", permissions=["state:read"])
    api.apply(acme(bound, other))
    program = key(api, None, "tokens:create", "state:read", serviceAccount="ci").json()["token"]
    made = key(api, program, "state:read", serviceAccount="roaming", ttl=60).json()
    assert not good(api, made["token"], "198.51.100.1")
    wide = key(api, None, "state:read", serviceAccount="roaming").json()
    new = api.post(f"/v1/orgs/acme/tokens/{wide['id']}/rotate", json={}, token=program).json()
    assert not good(api, new["token"], "198.51.100.1")
    asked = key(api, program, "state:read", serviceAccount="roaming", networks=["0.0.0.0/0"], ttl=60)
    problem(asked, 403, "grant-exceeds-grantor")


def test_a_thief_who_leaves_the_session_keeps_nothing_once_the_refresh_token_comes_again(
    api: Any, problem: Any
) -> None:
    session = api.session("user:ann")
    stolen = api.post("/v1/sessions/refresh", token="", json={"refreshToken": session["refreshToken"]}).json()
    heir = key(api, stolen["accessToken"], "state:read").json()["token"]
    assert api.delete("/v1/sessions/current", token=stolen["accessToken"]).status_code == 204
    again = api.post("/v1/sessions/refresh", token="", json={"refreshToken": session["refreshToken"]})
    problem(again, 401, "refresh-token-reused")
    assert not good(api, heir)


def test_a_service_account_that_was_let_expire_comes_back_without_its_keys(api: Any) -> None:
    leaked = key(api, None, "state:read", serviceAccount="ci").json()["token"]
    api.apply(acme(resource("ServiceAccount", "ci", permissions=["state:read"], expires="2026-11-20T11:00:00Z")))
    assert not good(api, leaked)
    api.apply(acme(resource("ServiceAccount", "ci", permissions=["state:read"])))
    assert not good(api, leaked)


def test_revoking_the_root_of_a_deep_tree_revokes_its_leaves(api: Any) -> None:
    root = key(api, None, "tokens:create", "state:read").json()
    leaf = root
    for _ in range(40):
        leaf = key(api, leaf["token"], "tokens:create", "state:read").json()
    with api.plane.store.transaction() as transaction:
        (record,) = (item for item in transaction.tokens.list("acme") if item.id == leaf["id"])
        parent = record.id
        for number in range(3_000):
            parent, above = f"token-{number}", parent
            deep = dataclasses.replace(record, id=parent, sha256=credential_hash(f"deep-{number}"), parent=above)
            transaction.tokens.add(deep)
    assert good(api, "deep-2999")
    api.delete(f"/v1/orgs/acme/tokens/{root['id']}")
    assert not good(api, "deep-2999")


def test_an_enrolment_token_does_not_come_back_with_its_user(api: Any) -> None:
    minted = api.post("/v1/orgs/acme/enrollments", json={"user": "bob"}).json()
    suspend(api, "bob")
    assert api.delete("/v1/orgs/acme/users/bob/suspension").status_code == 200
    assert api.post("/v1/enroll", token="", json={"token": minted["token"]}).status_code == 401


@pytest.mark.parametrize("path", ["effective?user=dev&group=leads", "effective?user=dev&group=eng"])
def test_nobody_learns_what_is_for_others_by_supposing_to_be_one(api: Any, problem: Any, path: str) -> None:
    """Asking as if one were in another group tells what that group's members may do."""
    api.apply(acme(resource("Group", "leads", members={"users": ["bob"]})))
    dev = api.session("user:dev")["accessToken"]
    answer = api.get(f"/v1/orgs/acme/{path}", token=dev)
    if path.endswith("eng"):
        assert answer.status_code == 200, "one's own group"
    else:
        problem(answer, 403, "missing-permission")
        asked = {"user": "dev", "tool": "exec", "params": {}, "groups": ["leads"]}
        problem(api.post("/v1/orgs/acme/decide", json=asked, token=dev), 403, "missing-permission")


def test_whose_an_instance_is_is_not_told_to_everybody(api: Any, problem: Any) -> None:
    laptop = api.enroll("bob")["instance"]
    ann = key(api, api.session("user:ann")["accessToken"], "decisions:read-own").json()["token"]
    answer = api.get(f"/v1/orgs/acme/effective?user=ann&instance={laptop}", token=ann)
    assert "bob" not in problem(answer, 422, "foreign-instance")["detail"].replace(laptop, "")
