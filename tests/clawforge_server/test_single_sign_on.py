"""People sign in with identity tokens of their org's provider."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from identity_issuer import SigningKey, new_key
from server_app import MovableClock
from server_process import resource
from sign_in_world import CLIENT, World, sign_in_world

from clawforge.errors import UnauthenticatedError, UnavailableError
from clawforge_server.auth.oidc.egress import Egress
from clawforge_server.auth.principal import Principal
from clawforge_server.origin import Origin
from clawforge_server.service.single_sign_on import sign_in_with_provider
from clawforge_server.service.user_resets import release_identity


@pytest.fixture
def world(tmp_path: Path, clock: MovableClock) -> Iterator[World]:
    with sign_in_world(tmp_path, clock) as world:
        yield world


def rotated(world: World, kid: str) -> SigningKey:
    """The issuer signs with a new key from now on, and serves nothing else."""
    world.issuer.keys = [new_key(kid, "ES256")]
    world.issuer.publish()
    return world.issuer.keys[0]


def test_a_person_signs_in_and_is_the_declared_user(world: World) -> None:
    answer = world.sign_in(world.person(email="DEV@acme.example"))
    assert answer.status_code == 201, answer.text
    session = answer.json()
    assert (session["org"], session["principal"]) == ("acme", "user:dev")
    assert session["refreshToken"]
    who = world.api.get("/v1/orgs/acme/whoami", token=session["accessToken"]).json()
    assert who["principal"] == "user:dev"
    (event,) = [item for item in world.api.audit() if item["action"] == "sessions:create"]
    assert event["actor"] == "user:dev"


def test_a_session_lasts_as_long_as_the_org_says(world: World) -> None:
    world.api.apply(world.resources(sessions={"lifetime": "8h"}))
    session = world.sign_in(world.person()).json()
    ends = dt.datetime.fromisoformat(session["refreshExpiresAt"])
    assert ends == world.api.clock.now() + dt.timedelta(hours=8)


def test_groups_of_the_claim_give_their_rights(world: World) -> None:
    token = world.sign_in(world.person(groups=["staff", "sec-auditors"])).json()["accessToken"]
    assert world.api.get("/v1/orgs/acme/audit", token=token).status_code == 200
    world.api.clock.move(minutes=1)
    plain = world.sign_in(world.person()).json()["accessToken"]
    assert world.api.get("/v1/orgs/acme/audit", token=plain).status_code == 403


def test_too_many_groups_are_cut_and_those_with_a_meaning_stay(world: World) -> None:
    groups: list[Any] = [*(f"a{number}" for number in range(300)), "sec-auditors", 7, None, "x" * 300]
    token = world.sign_in(world.person(groups=groups)).json()["accessToken"]
    assert world.api.get("/v1/orgs/acme/audit", token=token).status_code == 200


def test_an_identity_token_opens_one_session(world: World) -> None:
    token = world.person()
    assert world.sign_in(token).status_code == 201
    again = world.sign_in(token)
    assert (again.status_code, again.json()["code"]) == (401, "identity-token-used")


def test_a_token_that_opened_a_session_opens_none_in_another_org_with_the_same_provider(world: World) -> None:
    settings = {"displayName": "Other", "sso": {"issuer": world.issuer.url, "clientId": CLIENT}}
    organization = resource("Organization", "other", **settings)
    world.api.apply([organization, resource("User", "dev", email="dev@acme.example")], org="other")
    token = world.person()
    assert world.sign_in(token).status_code == 201
    assert world.sign_in(token, org="other").json()["code"] == "identity-token-used"
    assert world.sign_in(world.person(), org="other").status_code == 201


def test_a_provider_that_stalls_is_not_trusted_after_the_org_stopped_trusting_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys are fetched while the sign-in waits: whoever holds the provider chooses how long that takes."""
    fetch, plane, token = Egress.get_json, world.api.plane, world.person()

    def meanwhile(egress: Egress, url: str) -> dict[str, Any]:
        monkeypatch.setattr(Egress, "get_json", fetch)
        world.api.apply(world.resources(sso={"issuer": world.issuer.url, "clientId": "another"}))
        return fetch(egress, url)

    monkeypatch.setattr(Egress, "get_json", meanwhile)
    with pytest.raises(UnavailableError) as refused:
        sign_in_with_provider(plane, "acme", token, Origin("192.0.2.1"))
    assert refused.value.code == "org-changed"
    assert world.sign_in(token).json()["code"] == "bad-identity-token"


def test_an_administrator_who_was_signed_out_meanwhile_releases_nobody(world: World) -> None:
    assert world.sign_in(world.person()).status_code == 201
    plane = world.api.plane
    access = plane.states.get("acme").access
    rights = access.rights_of_user("dev", access.claims)
    ended = Principal("user", "acme", "dev", "session-gone", (), rights=rights)
    with pytest.raises(UnauthenticatedError):
        release_identity(plane, ended, "acme", "dev", Origin("192.0.2.1"))
    assert world.sign_in(world.person(sub="somebody-else")).json()["code"] == "identity-changed"


def test_a_token_is_remembered_for_as_long_as_it_could_come_again(world: World) -> None:
    token = world.person()
    assert world.sign_in(token).status_code == 201
    for _ in range(8):
        world.api.clock.move(seconds=59)
        assert world.sign_in(token).status_code == 401
        assert world.sign_in(world.person()).status_code == 201, "which forgets what has expired"


def test_a_second_subject_with_the_address_is_refused_until_it_is_released(world: World) -> None:
    first = world.sign_in(world.person()).json()["accessToken"]
    other = world.sign_in(world.person(sub="somebody-else"))
    assert (other.status_code, other.json()["code"]) == (403, "identity-changed")
    assert world.api.delete("/v1/orgs/acme/users/dev/identity").status_code == 204
    assert world.api.get("/v1/orgs/acme/whoami", token=first).status_code == 401, "the first one's session has ended"
    assert world.sign_in(world.person(sub="somebody-else")).status_code == 201
    assert world.sign_in(world.person()).status_code == 403
    assert [event["actor"] for event in world.api.audit() if event["action"] == "users:reset"] == ["owner"]


def test_one_subject_does_not_take_a_second_address(world: World) -> None:
    """Somebody who may change the address of their own account does not become whoever has not signed in yet."""
    world.api.apply(world.resources(resource("User", "boss", email="boss@acme.example")))
    assert world.sign_in(world.person()).status_code == 201
    taken = world.sign_in(world.person(email="boss@acme.example"))
    assert (taken.status_code, taken.json()["code"]) == (403, "identity-changed")


def test_people_who_are_not_declared_or_suspended_are_refused(world: World) -> None:
    stranger = world.sign_in(world.person(email="new@acme.example", sub="new"))
    assert (stranger.status_code, stranger.json()["code"]) == (403, "unknown-user")
    gone = world.sign_in(world.person(email="gone@acme.example", sub="gone"))
    assert (gone.status_code, gone.json()["code"]) == (403, "suspended")
    # A refusal uses nothing up and binds nobody: once in order, the same people come in.
    fixed = [item for item in world.resources() if item["metadata"]["name"] != "gone"]
    world.api.apply([*fixed, resource("User", "gone", email="gone@acme.example")])
    assert world.sign_in(world.person(email="gone@acme.example", sub="gone")).status_code == 201


def test_the_user_s_name_is_not_an_address(world: World) -> None:
    assert world.sign_in(world.person(email="dev")).status_code == 401


def test_a_token_for_one_of_several_audiences_needs_the_right_party(world: World) -> None:
    assert world.sign_in(world.person(aud=[CLIENT, "api"], azp=CLIENT)).status_code == 201


def test_an_audience_of_its_own_is_asked_for(world: World) -> None:
    sso = {"issuer": world.issuer.url, "clientId": CLIENT, "audience": "clawforge", "groupsClaim": "roles"}
    world.api.apply(world.resources(sso=sso))
    assert world.sign_in(world.person()).status_code == 401
    token = world.sign_in(world.person(aud="clawforge", azp=CLIENT, roles=["sec-auditors"])).json()["accessToken"]
    assert world.api.get("/v1/orgs/acme/audit", token=token).status_code == 200


def test_a_new_key_is_found_and_an_old_one_forgotten(world: World) -> None:
    assert world.sign_in(world.person()).status_code == 201
    old = world.issuer.keys[0]
    rotated(world, "second")
    assert world.sign_in(world.person()).status_code == 401, "an unknown key is looked for once a minute at most"
    world.api.clock.move(seconds=61)
    assert world.sign_in(world.person()).status_code == 201
    assert world.sign_in(world.issuer.sign(json.dumps(world.issuer.claims()).encode(), key=old)).status_code == 401


def test_a_withdrawn_key_is_believed_for_a_quarter_of_an_hour_at_most(world: World) -> None:
    assert world.sign_in(world.person()).status_code == 201
    old = world.issuer.keys[0]
    rotated(world, "second")
    world.api.clock.move(minutes=16)
    claims = world.issuer.claims(sub="subject-dev", aud=CLIENT, email="dev@acme.example", email_verified=True)
    assert world.sign_in(world.issuer.sign(json.dumps(claims).encode(), key=old)).status_code == 401


def test_many_unknown_keys_do_not_make_us_ask_the_issuer_often(world: World) -> None:
    for number in range(30):
        world.sign_in(world.issuer.token(header={"kid": f"k{number}"}, aud=CLIENT), address=f"192.0.2.{number}")
    assert world.issuer.asked == {"/.well-known/openid-configuration": 1, "/jwks": 1}


@pytest.mark.parametrize(
    "documents",
    [
        {
            "/.well-known/openid-configuration": b'{"issuer": "https://attacker.example", "jwks_uri": "https://x.example"}'
        },
        {"/.well-known/openid-configuration": b"<html>secret-canary</html>"},
        {"/.well-known/openid-configuration": b"[]"},
        {"/.well-known/openid-configuration": b'{"issuer": 1}'},
        {"/.well-known/openid-configuration": b" " * 600_000},
        {"/jwks": b'{"keys": "secret-canary"}'},
        {"/jwks": b'{"keys": [{"kty": "RSA", "kid": "first", "n": "!", "e": "AQAB"}, 7, {"kty": "EC"}]}'},
        {"/jwks": b'{"keys": [], "keys": []}'},
        {"/jwks": b"secret-canary"},
    ],
)
def test_a_provider_that_answers_nonsense_is_not_available_and_not_quoted(
    world: World, documents: dict[str, bytes], logged: Any
) -> None:
    world.issuer.documents.update(documents)
    answer = world.sign_in(world.person())
    assert (answer.status_code, answer.json()["code"]) == (503, "issuer-unavailable")
    assert "secret-canary" not in answer.text + logged.getvalue() + json.dumps(world.api.audit())
    assert "issuer not usable" in logged.getvalue()
    asked = dict(world.issuer.asked)
    world.sign_in(world.person())
    assert world.issuer.asked == asked, "one that just failed is left alone for a while"


def test_an_org_without_single_sign_on_looks_like_one_that_does_not_exist(world: World) -> None:
    world.api.apply([resource("Organization", "quiet", displayName="Quiet")], org="quiet")
    there, nowhere = (world.sign_in(world.person(), org=org) for org in ("quiet", "nowhere"))
    assert (there.status_code, nowhere.status_code) == (401, 401)
    assert there.json() == nowhere.json()
    methods = [world.api.get(f"/v1/orgs/{org}/sign-in", token="").json() for org in ("quiet", "nowhere", "Bad Name")]
    assert methods[0] == methods[1] == methods[2] == {"oidc": None, "passwords": False}


def test_what_a_program_needs_to_send_people_to_the_provider_is_public(world: World) -> None:
    methods = world.api.get("/v1/orgs/acme/sign-in", token="").json()
    assert methods == {"oidc": {"issuer": world.issuer.url, "clientId": CLIENT}, "passwords": False}


def test_whoever_resets_an_identity_holds_at_least_as_much(world: World) -> None:
    binding = resource("RoleBinding", "boss", role="owner", subjects={"users": ["dev"]})
    world.api.apply(world.resources(binding))
    body = {"name": "helpdesk", "permissions": ["users:reset", "users:read"], "ttl": 3600}
    token = world.api.post("/v1/orgs/acme/tokens", json=body).json()["token"]
    answer = world.api.delete("/v1/orgs/acme/users/dev/identity", token=token)
    assert (answer.status_code, answer.json()["code"]) == (403, "grant-exceeds-grantor")


@pytest.mark.parametrize(
    "body",
    [
        {"grant": "oidc"},
        {"grant": "oidc", "token": "x", "email": "dev@acme.example"},
        {"grant": "password", "token": "x"},
        {"grant": "federated", "token": "x"},
        {"grant": "client_credentials", "token": "x"},
        {"token": "x"},
    ],
)
def test_a_request_that_mixes_ways_to_sign_in_is_not_understood(world: World, body: dict[str, str]) -> None:
    answer = world.api.post("/v1/orgs/acme/sessions", token="", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
