"""Enrolment tokens: for whom they are made, and that each is used exactly as often as it says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from server_process import company

from clawforge.dsse import read_envelope
from clawforge.keys import decode_public_key, fingerprint_matches, open_key_set, split_enrollment_token


@pytest.fixture(autouse=True)
def _applied(api: Any) -> None:
    api.apply(company())


def mint(api: Any, **body: Any) -> Any:
    return api.post("/v1/orgs/acme/enrollments", json={"user": "dev", **body})


def enroll(api: Any, token: str, **body: Any) -> Any:
    return api.post("/v1/enroll", token="", json={"token": token, **body})


def test_enrolling_gives_identity_credential_and_the_pinned_key(api: Any) -> None:
    minted = mint(api, user="dev@acme.example", groups=["eng"], tags={"env": "prod"}).json()
    answer = enroll(api, minted["token"], hostname="laptop", versions={"host": "1.2.3"})
    assert answer.status_code == 201
    body = answer.json()
    root = decode_public_key(body["rootKey"])
    assert fingerprint_matches(root, split_enrollment_token(minted["token"]).fingerprint)
    assert open_key_set(read_envelope(body["keys"]), root, org="acme").epoch == 1
    assert body["user"] == "dev"
    assert body["instance"].startswith("dev-")
    (listed,) = api.get("/v1/orgs/acme/instances").json()["instances"]
    assert (listed["hostname"], listed["groups"], listed["tags"]) == ("laptop", ["eng"], {"env": "prod"})
    assert (listed["versions"], listed["state"], listed["lastSeen"]) == ({"host": "1.2.3"}, "active", None)


@pytest.mark.parametrize(
    ("body", "status", "code", "hint"),
    [
        ({"user": "dvv"}, 422, "unknown-user", ""),
        ({"user": "de"}, 422, "unknown-user", "'dev'"),
        ({"user": "dev@acme.exampel"}, 422, "unknown-user", "dev@acme.example"),
        ({"user": "gone"}, 422, "user-not-active", ""),
        ({"groups": ["egn"]}, 422, "unknown-group", "'eng'"),
        ({"uses": 2, "instance": "i-1"}, 422, "invalid-request", ""),
        ({"uses": 0}, 422, "invalid-request", ""),
        ({"ttl": 91 * 86_400}, 422, "invalid-request", ""),
    ],
)
def test_minting_is_refused_with_a_reason(
    api: Any, problem: Any, body: dict[str, Any], status: int, code: str, hint: str
) -> None:
    refusal = problem(mint(api, **body), status, code)
    assert hint in refusal.get("hint", "")
    assert api.audit()[-1]["outcome"] == "refused"


def test_a_token_is_used_once(api: Any, problem: Any) -> None:
    token = mint(api).json()["token"]
    assert enroll(api, token).status_code == 201
    problem(enroll(api, token), 401, "bad-enrollment-token")
    (listed,) = api.get("/v1/orgs/acme/enrollments").json()["enrollments"]
    assert (listed["uses"], listed["usesLeft"]) == (1, 0)
    assert token not in str(listed)


@pytest.mark.parametrize("uses", [1, 3])
def test_uses_are_exact_when_twenty_try_at_once(api: Any, uses: int) -> None:
    token = mint(api, uses=uses).json()["token"]

    async def everybody() -> list[int]:
        async with api.client("") as client:
            tries = [client.post("/v1/enroll", json={"token": token}) for _ in range(20)]
            return sorted(answer.status_code for answer in await asyncio.gather(*tries))

    assert api.run(everybody()) == [201] * uses + [401] * (20 - uses)
    assert len(api.get("/v1/orgs/acme/instances").json()["instances"]) == uses


def test_expired_revoked_and_unknown_tokens_are_refused(api: Any, problem: Any) -> None:
    expired = mint(api, ttl=60).json()
    revoked = mint(api, ttl=3_600).json()
    api.clock.move(seconds=60)
    assert api.delete(f"/v1/orgs/acme/enrollments/{revoked['id']}").status_code == 204
    problem(api.delete(f"/v1/orgs/acme/enrollments/{revoked['id']}"), 404, "unknown-enrollment")
    for token in (expired["token"], revoked["token"], "cfe_" + "a" * 43 + "_" + "a" * 20, "", api.owner):
        problem(enroll(api, token), 401, "bad-enrollment-token")
    assert api.get("/v1/orgs/acme/instances").json()["instances"] == []


def test_a_user_who_was_suspended_meanwhile_does_not_enrol(api: Any, problem: Any) -> None:
    token = mint(api).json()["token"]
    suspended = company()
    suspended[1]["spec"]["state"] = "suspended"
    api.apply(suspended)
    problem(enroll(api, token), 422, "user-not-active")
    api.apply(company())
    problem(enroll(api, token), 401, "bad-enrollment-token")
    assert enroll(api, mint(api).json()["token"]).status_code == 201, "what was put out stays out; a new token is good"


def test_an_instance_name_is_given_once(api: Any, problem: Any) -> None:
    first, second = (mint(api, instance="i-1").json()["token"] for _ in range(2))
    assert enroll(api, first).json()["instance"] == "i-1"
    problem(enroll(api, second), 409, "instance-exists")
    problem(mint(api, instance="i-1"), 409, "instance-exists")
    assert api.delete("/v1/orgs/acme/instances/i-1").status_code == 204
    problem(mint(api, instance="i-1"), 409, "instance-exists")
    enrollments = api.get("/v1/orgs/acme/enrollments").json()["enrollments"]
    assert sorted(item["usesLeft"] for item in enrollments) == [0, 1]


def test_an_agent_cannot_say_who_it_is(api: Any, problem: Any) -> None:
    token = mint(api).json()["token"]
    problem(enroll(api, token, user="other"), 422, "invalid-request")
    problem(enroll(api, token, versions={str(n): "1" for n in range(40)}), 422, "invalid-request")
    assert enroll(api, token).status_code == 201


def test_minting_needs_an_applied_org(api: Any, problem: Any) -> None:
    problem(api.post("/v1/orgs/other/enrollments", json={"user": "dev"}), 404, "unknown-org")


def test_a_token_that_comes_again_is_in_the_log(api: Any, problem: Any) -> None:
    api.apply(company())
    minted = api.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()
    assert api.post("/v1/enroll", token="", json={"token": minted["token"]}).status_code == 201
    problem(api.post("/v1/enroll", token="", json={"token": minted["token"]}), 401, "bad-enrollment-token")
    last = api.audit()[-1]
    assert (last["actor"], last["action"], last["outcome"]) == (
        f"enrollment:{minted['id']}",
        "instances:enroll",
        "refused",
    )
    assert minted["token"] not in str(last)
