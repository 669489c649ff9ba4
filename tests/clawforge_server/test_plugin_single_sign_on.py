"""Old plugins sign in with their org's provider: by a token, or by a code that we exchange for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_app import MovableClock
from sign_in_world import CLIENT, World, sign_in_world

from clawforge.legacy.identifier import org_id, user_id

CALLBACK = "http://localhost:19832/clawforge/callback"


@pytest.fixture
def world(tmp_path: Path, clock: MovableClock) -> Iterator[World]:
    with sign_in_world(tmp_path, clock) as world:
        issuer = world.issuer
        issuer.documents["/.well-known/openid-configuration"] = (
            f'{{"issuer": "{issuer.url}", "jwks_uri": "{issuer.url}/jwks", "token_endpoint": "{issuer.url}/token"}}'
        ).encode()
        yield world


def exchange(world: World, **body: Any) -> httpx.Response:
    headers = body.pop("headers", {})
    return world.api.post("/api/v1/auth/exchange", token="", json=body, headers=headers)


def with_code(world: World, **more: Any) -> httpx.Response:
    body = {"grantType": "authorization_code", "code": "c", "codeVerifier": "v", "redirectUri": CALLBACK}
    return exchange(world, **{**body, **more})


def test_a_code_is_exchanged_although_the_plugin_names_no_org(world: World) -> None:
    world.issuer.answers["/token"] = [{"id_token": world.person()}]
    answer = with_code(world)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["orgId"], answer.json()["userId"]) == (org_id("acme"), user_id("acme", "dev"))
    (posted,) = world.issuer.posted
    assert posted == {
        "grant_type": ["authorization_code"],
        "code": ["c"],
        "code_verifier": ["v"],
        "redirect_uri": [CALLBACK],
        "client_id": [CLIENT],
    }


def test_what_the_provider_gives_is_verified_like_any_token(world: World) -> None:
    for claims in ({"aud": "somebody-else"}, {"email_verified": False}, {"email": "nobody@acme.example"}):
        world.issuer.answers["/token"] = [{"id_token": world.person(**claims)}]
        answer = with_code(world)
        assert answer.status_code in (401, 403)
        assert set(answer.json()) == {"error"}
    refused = [item for item in world.api.audit() if item["outcome"] == "refused"]
    assert len(refused) == 3


def test_a_code_that_the_provider_refuses_opens_nothing(world: World) -> None:
    for said in ({"error": "invalid_grant", "error_description": "secret words"}, {}, {"id_token": 7}):
        world.issuer.answers["/token"] = [said]
        answer = with_code(world)
        assert answer.status_code == 503
        assert "secret words" not in answer.text


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "http://localhost.evil.example/", "http://localhost:1@evil.example/", "x"]
)
def test_a_code_comes_from_the_persons_own_machine(world: World, address: str) -> None:
    assert with_code(world, redirectUri=address).status_code == 400
    assert world.issuer.posted == []


def test_a_token_of_the_provider_signs_in(world: World) -> None:
    token = world.person()
    body = {"grantType": "id_token", "idToken": token, "orgId": org_id("acme")}
    assert exchange(world, **body).status_code == 200
    assert exchange(world, **body).status_code == 401, "it was used"
    assert exchange(world, **{**body, "orgId": org_id("other")}).status_code == 404
