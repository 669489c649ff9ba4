"""Nobody grants what they do not hold, and a revoked token is dead at once."""

from __future__ import annotations

from typing import Any

import pytest
from server_process import company


@pytest.fixture(autouse=True)
def _applied(api: Any) -> None:
    api.apply(company())


def ask(api: Any, *permissions: str, ttl: int = 3_600, token: str | None = None) -> Any:
    body = {"name": "robot", "permissions": list(permissions), "ttl": ttl}
    return api.post("/v1/orgs/acme/tokens", json=body, token=token)


def test_a_token_is_shown_once_and_kept_as_a_hash(api: Any, tmp_path: Any) -> None:
    token = ask(api, "state:read").json()["token"]
    assert token.startswith("cf_token_")
    (listed,) = api.get("/v1/orgs/acme/tokens").json()["tokens"]
    assert (listed["name"], listed["permissions"], listed["createdBy"]) == ("robot", ["state:read"], "owner")
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


def test_a_token_does_not_outlive_its_maker(api: Any, problem: Any) -> None:
    maker = ask(api, "*:*", ttl=3_600).json()["token"]
    problem(ask(api, "state:read", ttl=3_601, token=maker), 403, "grant-exceeds-grantor")
    assert ask(api, "state:read", ttl=3_600, token=maker).status_code == 201


def test_an_expired_token_is_not_valid(api: Any, problem: Any) -> None:
    token = ask(api, "state:read", ttl=60).json()["token"]
    assert api.get("/v1/orgs/acme/state", token=token).status_code == 200
    api.clock.move(seconds=60)
    problem(api.get("/v1/orgs/acme/state", token=token), 401, "unauthenticated")


def test_a_revoked_token_is_not_valid(api: Any, problem: Any) -> None:
    made = ask(api, "state:read").json()
    assert api.delete(f"/v1/orgs/acme/tokens/{made['id']}").status_code == 204
    problem(api.get("/v1/orgs/acme/state", token=made["token"]), 401, "unauthenticated")
    problem(api.delete(f"/v1/orgs/acme/tokens/{made['id']}"), 404, "unknown-token")
    assert api.audit()[-2]["action"] == "tokens:revoke"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "Robot", "permissions": []},
        {"name": "robot", "permissions": ["everything"]},
        {"name": "robot", "permissions": ["a:b"], "ttl": 1},
        {"name": "robot", "permissions": ["a:b"], "org": "other"},
        {"name": "robot", "permissions": "a:b"},
        [],
    ],
)
def test_a_wrong_request_says_what_is_wrong(api: Any, problem: Any, body: Any) -> None:
    refusal = problem(api.post("/v1/orgs/acme/tokens", json=body), 422, "invalid-request")
    assert refusal["problems"]
    assert "pydantic" not in str(refusal)
