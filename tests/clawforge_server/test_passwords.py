"""Passwords, only where the org allows them."""

from __future__ import annotations

import io
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from server_app import Api, MovableClock
from server_process import company, resource

from clawforge.errors import InputError
from clawforge.resource.user import User, UserSpec
from clawforge_server.auth.password_hash import PasswordHashes
from clawforge_server.auth.rate_limit import network_of
from clawforge_server.service.passwords import check_password

GOOD = "correct horse battery staple"


def resources(*extra: dict[str, Any], enabled: bool = True) -> list[dict[str, Any]]:
    own = [item for item in company() if item["kind"] != "Organization"]
    return [resource("Organization", "acme", displayName="Acme", passwords={"enabled": enabled}), *own, *extra]


@pytest.fixture
def org(api: Api) -> Iterator[Api]:
    """An org that allows passwords."""
    api.apply(resources())
    return api


def offered(org: Api, user: str = "dev", **options: Any) -> str:
    answer = org.post("/v1/orgs/acme/password-resets", json={"user": user}, **options)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


def put(org: Api, code: str, password: str, **options: Any) -> httpx.Response:
    return org.post("/v1/passwords", token="", json={"code": code, "password": password}, **options)


def enter(org: Api, password: str, email: str = "dev@acme.example", at: str = "acme", **options: Any) -> httpx.Response:
    body = {"grant": "password", "email": email, "password": password}
    return org.post(f"/v1/orgs/{at}/sessions", token="", json=body, **options)


def test_a_password_is_set_by_a_code_and_opens_sessions(org: Api) -> None:
    assert enter(org, GOOD).status_code == 401
    set_ = put(org, offered(org), GOOD)
    assert set_.json() == {"org": "acme", "user": "dev"}
    session = enter(org, GOOD, "DEV@acme.example").json()
    assert session["principal"] == "user:dev"
    assert org.get("/v1/orgs/acme/whoami", token=session["accessToken"]).status_code == 200
    assert enter(org, GOOD + "r").status_code == 401


def test_a_code_is_good_once_for_a_day_and_the_latest_only(org: Api) -> None:
    code = offered(org)
    assert put(org, code, GOOD).status_code == 200
    assert put(org, code, GOOD).json()["code"] == "bad-reset-code"
    early, late = offered(org), offered(org)
    assert put(org, early, GOOD).status_code == 401
    org.clock.move(hours=25)
    assert put(org, late, GOOD).status_code == 401


def test_a_new_password_ends_every_session(org: Api) -> None:
    put(org, offered(org), GOOD)
    session = enter(org, GOOD).json()
    code = offered(org)
    assert org.get("/v1/orgs/acme/whoami", token=session["accessToken"]).status_code == 200
    put(org, code, GOOD + " again")
    assert org.get("/v1/orgs/acme/whoami", token=session["accessToken"]).status_code == 401
    refreshed = org.post("/v1/sessions/refresh", token="", json={"refreshToken": session["refreshToken"]})
    assert refreshed.status_code == 401
    assert enter(org, GOOD).status_code == 401
    assert enter(org, GOOD + " again").status_code == 201


def test_a_password_that_is_refused_leaves_the_code_good(org: Api) -> None:
    code = offered(org)
    for weak in ("short", "dev@acme.example", "DEV@ACME.example", "acme.example", "aaaaaaaaaaaaaaaa", "é" * 600):
        answer = put(org, code, weak)
        assert answer.status_code == 422, weak
        assert weak not in answer.text
    assert put(org, code, GOOD).status_code == 200


def test_where_the_org_takes_no_passwords_nobody_signs_in_with_one(org: Api) -> None:
    put(org, offered(org), GOOD)
    code = offered(org)
    org.apply(resources(enabled=False))
    assert enter(org, GOOD).status_code == 401
    assert put(org, code, GOOD).status_code == 401
    answer = org.post("/v1/orgs/acme/password-resets", json={"user": "dev"})
    assert (answer.status_code, answer.json()["code"]) == (422, "passwords-disabled")


def test_everything_that_can_be_wrong_is_answered_alike(org: Api) -> None:
    put(org, offered(org), GOOD)
    wrong = [
        enter(org, "not the password"),
        enter(org, GOOD, "nobody@acme.example"),
        enter(org, GOOD, "gone@acme.example"),
        enter(org, GOOD, "dev"),
        enter(org, GOOD, at="nowhere"),
    ]
    assert {answer.status_code for answer in wrong} == {401}
    assert len({answer.text for answer in wrong}) == 1


def test_the_right_password_of_a_suspended_user_tells_nothing(org: Api) -> None:
    put(org, offered(org), GOOD)
    others = [item for item in resources() if item["metadata"]["name"] != "dev"]
    org.apply([*others, resource("User", "dev", email="dev@acme.example", state="suspended")])
    assert enter(org, GOOD).text == enter(org, "wrong").text


def test_a_user_with_another_address_is_somebody_else(org: Api) -> None:
    put(org, offered(org), GOOD)
    others = [item for item in resources() if item["metadata"]["name"] != "dev"]
    org.apply([*others, resource("User", "dev", email="other@acme.example")])
    assert enter(org, GOOD, "other@acme.example").status_code == 401
    assert enter(org, GOOD).status_code == 401


@pytest.mark.parametrize("at_once", [True, False])
def test_whoever_gets_an_address_next_is_not_reached_by_its_former_password_or_code(org: Api, at_once: bool) -> None:
    put(org, offered(org), GOOD)
    code = offered(org)
    others = [item for item in resources() if item["metadata"]["name"] != "dev"]
    moved = [*others, resource("User", "dev", email="other@acme.example")]
    if not at_once:
        org.apply(moved)
    org.apply([*moved, resource("User", "newcomer", email="dev@acme.example")])
    assert enter(org, GOOD).status_code == 401, "who left knows it still"
    assert put(org, code, GOOD).json()["code"] == "bad-reset-code"
    put(org, offered(org, "newcomer"), GOOD)
    assert enter(org, GOOD).json()["principal"] == "user:newcomer"


def test_a_password_stays_with_an_address_whose_user_is_called_otherwise(org: Api) -> None:
    put(org, offered(org), GOOD)
    others = [item for item in resources() if item["metadata"]["name"] not in ("dev", "eng")]
    group = next(item for item in resources() if item["metadata"]["name"] == "eng")
    named = {**group, "spec": {**group["spec"], "members": {"users": ["developer"]}}}
    org.apply([*others, named, resource("User", "developer", email="dev@acme.example")])
    assert enter(org, GOOD).json()["principal"] == "user:developer"


def test_guessing_at_one_account_is_slowed_down_wherever_it_comes_from(org: Api) -> None:
    put(org, offered(org), GOOD)
    answers = [enter(org, f"guess {number}", address=f"192.0.2.{number}") for number in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) <= 900
    assert enter(org, GOOD).status_code == 429, "the right password does not tell that it is right"
    org.clock.move(minutes=16)
    assert enter(org, GOOD).status_code == 201


def test_accounts_that_do_not_exist_are_slowed_down_alike(org: Api) -> None:
    answers = [enter(org, "guess", "nobody@acme.example", address=f"192.0.2.{n}") for n in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]


def test_one_address_that_tries_many_accounts_is_slowed_down(org: Api) -> None:
    for number in range(57):
        org.plane.desk.by_address.count(network_of(f"2001:db8::{number}"))
    answers = [enter(org, "guess", f"user{n}@acme.example", address=f"2001:db8::{n}:1") for n in range(4)]
    assert [answer.status_code for answer in answers] == [401] * 3 + [429], "one IPv6 network is one address"


def test_whoever_resets_a_password_holds_at_least_as_much(org: Api) -> None:
    boss = resource("RoleBinding", "boss", role="owner", subjects={"users": ["dev"]})
    org.apply(resources(boss))
    body = {"name": "helpdesk", "permissions": ["users:reset"], "ttl": 3600}
    token = org.post("/v1/orgs/acme/tokens", json=body).json()["token"]
    refused = org.post("/v1/orgs/acme/password-resets", json={"user": "dev"}, token=token)
    assert (refused.status_code, refused.json()["code"]) == (403, "grant-exceeds-grantor")
    without = org.post("/v1/orgs/acme/tokens", json={**body, "permissions": ["users:read"]}).json()["token"]
    assert org.post("/v1/orgs/acme/password-resets", json={"user": "dev"}, token=without).status_code == 403


def test_nothing_secret_is_kept_or_logged(org: Api, tmp_path: Path, logged: io.StringIO) -> None:
    code = offered(org)
    put(org, code, GOOD)
    enter(org, GOOD)
    enter(org, "a wrong canary password")
    seen = logged.getvalue() + json.dumps(org.audit())
    data = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir() if file.name.startswith("clawforge.db"))
    for secret in (code, GOOD, "canary"):
        assert secret not in seen
        assert secret.encode() not in data
    assert b"$argon2id$v=19$m=19456,t=2,p=1$" in data


def test_an_unknown_user_costs_the_same_work() -> None:
    """No timing tell: what is missing is not the hash. Medians, for the machine is shared."""
    hashes = PasswordHashes()
    stored = hashes.make(GOOD)
    hashes.matches(None, "warm up")

    def median(hash_: str | None) -> float:
        times = []
        for _ in range(9):
            began = time.process_time()
            assert not hashes.matches(hash_, "wrong")
            times.append(time.process_time() - began)
        return statistics.median(times)

    known, unknown = median(stored), median(None)
    assert 0.5 < unknown / known < 2.0


def test_the_hash_of_nobody_matches_nothing() -> None:
    assert not PasswordHashes().matches(None, "")
    assert not PasswordHashes().matches("not a hash", "x")


@given(st.text(min_size=12, max_size=300))
def test_long_passwords_of_any_characters_are_taken(text: str) -> None:
    user = User(api_version="clawforge/v1", metadata={"name": "dev"}, spec=UserSpec(email="dev@acme.example"))
    try:
        check_password(text, "acme", user)
    except InputError as error:
        # What is left to refuse is monotony, size, and the addresses.
        assert len(set(text.casefold().strip())) < 4 or len(text.encode("utf-8", "surrogatepass")) > 1024
        assert text not in error.message  # noqa: PT017
    else:
        assert len(text) >= 12


def test_the_host_makes_a_code_while_the_server_stands(tmp_path: Path, clock: MovableClock) -> None:
    from server_app import opened_api

    from clawforge_server.reset_password import main

    data = tmp_path / "data"
    arguments = ["--data", str(data), "--org", "acme", "dev@acme.example"]
    with opened_api(data, clock) as api:
        api.apply(resources())
        assert main(arguments) == 1, "a running server holds the directory"
    assert main(["--data", str(tmp_path / "none"), "--org", "acme", "dev"]) == 1


def test_the_host_s_code_sets_a_password(
    tmp_path: Path, clock: MovableClock, capsys: pytest.CaptureFixture[str]
) -> None:
    import datetime as dt

    from server_app import opened_api

    from clawforge_server.reset_password import main

    data = tmp_path / "data"
    with opened_api(data, clock) as api:
        api.apply(resources())
    capsys.readouterr()
    assert main(["--data", str(data), "--org", "acme", "nobody"]) == 1
    assert main(["--data", str(data), "--org", "other", "dev"]) == 1
    assert main(["--data", str(data), "--org", "acme", "dev"]) == 0
    code = capsys.readouterr().out.strip()
    clock.moment = dt.datetime.now(dt.UTC)
    with opened_api(data, clock) as api:
        assert put(api, code, GOOD).status_code == 200
        assert [event["actor"] for event in api.audit() if event["action"] == "users:reset"] == ["host"]
