"""Pipelines sign in with the identity token of their host, and only the ones that an account trusts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_app import MovableClock
from server_process import resource
from sign_in_world import AUDIENCE, World, sign_in_world

from clawforge.errors import UnavailableError
from clawforge_server.auth.oidc.egress import Egress
from clawforge_server.origin import Origin
from clawforge_server.service.federated_sign_in import sign_in_pipeline


@pytest.fixture
def world(tmp_path: Path, clock: MovableClock) -> Iterator[World]:
    with sign_in_world(tmp_path, clock) as world:
        yield world


def test_a_job_on_github_signs_in_as_its_service_account(world: World) -> None:
    session = world.federate("github", world.github()).json()
    assert session["principal"] == "service-account:github"
    assert session["refreshToken"] is None
    assert world.api.get("/v1/orgs/acme/whoami", token=session["accessToken"]).status_code == 200
    assert world.federate("github-subject", world.github()).status_code == 201


def test_a_job_on_gitlab_signs_in_as_its_service_account(world: World) -> None:
    assert world.federate("gitlab", world.gitlab()).json()["principal"] == "service-account:gitlab"
    assert world.federate("gitlab", world.gitlab(project_id=22)).status_code == 201, "some say numbers as numbers"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"repository_id": "75"}, "a recycled name: the same repository by name, another by id"),
        ({"repository_owner_id": "66"}, "a recycled owner"),
        ({"ref": "refs/heads/feature"}, "another branch"),
        ({"ref": "refs/tags/main"}, "a tag of that name"),
        ({"event_name": "pull_request"}, "a pull request"),
        ({"event_name": "pull_request_target"}, "a pull request from a fork, with the rights of the base"),
        ({"event_name": "workflow_dispatch"}, "another event"),
        ({"repository_id": None}, "no id"),
        ({"repository_id": ["74"]}, "ids in a list"),
        ({"repository_id": {"74": "74"}}, "ids in an object"),
        ({"repository_id": True}, "a truth"),
        ({"repository_id": 74.0}, "a fraction"),
        ({"repository_id": " 74"}, "a blank"),
        ({"aud": "https://another.example"}, "another audience"),
        ({"aud": [AUDIENCE, "https://another.example"]}, "an audience too many, who could pass it on"),
        ({"iss": "https://attacker.example"}, "another issuer"),
        ({"jti": None}, "without jti a copy cannot be told"),
        ({"jti": ""}, "an empty jti"),
        ({"jti": 5}, "a jti that is no text"),
    ],
)
def test_another_job_on_github_is_refused(world: World, changed: dict[str, Any], why: str) -> None:
    answer = world.federate("github", world.github(**changed))
    assert answer.status_code == 401, why
    assert answer.json()["code"] in {"not-trusted", "bad-identity-token"}
    assert "74" not in answer.text
    assert "attacker" not in answer.text


@pytest.mark.parametrize(
    "changed",
    [
        {"project_id": "23"},
        {"namespace_id": "73"},
        {"ref_protected": "false"},
        {"sub": "project_path:acme/policies:ref_type:branch:ref:feature"},
        {"pipeline_source": "merge_request_event"},
        {"pipeline_source": "external_pull_request_event"},
    ],
)
def test_another_job_on_gitlab_is_refused(world: World, changed: dict[str, Any]) -> None:
    assert world.federate("gitlab", world.gitlab(**changed)).status_code == 401


def test_what_anybody_may_propose_is_trusted_only_where_it_is_written_down(world: World) -> None:
    """The privileged event of a fork's pull request carries the subject of the default branch."""
    trusted = {"sub": "repo:acme/policies:pull_request", "event_name": "pull_request"}
    assert world.federate("github-proposals", world.github(**trusted)).status_code == 201
    for event in ("pull_request", "pull_request_target", "pull_request_review", "issue_comment"):
        assert world.federate("github-subject", world.github(event_name=event)).status_code == 401


def test_a_replay_is_refused_also_as_another_account_and_under_another_signature(world: World) -> None:
    token = world.github(jti="one")
    assert world.federate("github", token).status_code == 201
    for account in ("github", "github-subject"):
        again = world.federate(account, token)
        assert (again.status_code, again.json()["code"]) == (401, "identity-token-used")
    assert world.federate("github", world.github(jti="one", run_id="4712")).status_code == 401


def test_an_issuer_that_stalls_is_not_trusted_after_the_account_stopped_trusting_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, plane, token = Egress.get_json, world.api.plane, world.github()

    def meanwhile(egress: Egress, url: str) -> dict[str, Any]:
        monkeypatch.setattr(Egress, "get_json", fetch)
        world.api.apply([item for item in world.resources() if item["metadata"]["name"] != "github"] + [keyed])
        return fetch(egress, url)

    keyed = resource("ServiceAccount", "github", permissions=["plans:read"], expires="2027-06-30T00:00:00Z")
    monkeypatch.setattr(Egress, "get_json", meanwhile)
    with pytest.raises(UnavailableError) as refused:
        sign_in_pipeline(plane, "acme", "github", token, Origin("192.0.2.1"))
    assert refused.value.code == "org-changed"
    assert world.federate("github", token).json()["code"] == "no-federation"


def test_a_session_ends_with_its_token(world: World) -> None:
    now = int(world.api.clock.now().timestamp())
    session = world.federate("github", world.github(exp=now + 240)).json()
    assert dt.datetime.fromisoformat(session["expiresAt"]) == world.api.clock.now() + dt.timedelta(seconds=240)
    world.api.clock.move(seconds=241)
    assert world.api.get("/v1/orgs/acme/whoami", token=session["accessToken"]).status_code == 401


def test_a_session_ends_after_an_hour_however_long_the_token_lives(world: World) -> None:
    now = int(world.api.clock.now().timestamp())
    session = world.federate("github", world.github(exp=now + 86_400)).json()
    assert dt.datetime.fromisoformat(session["expiresAt"]) == world.api.clock.now() + dt.timedelta(hours=1)


def test_an_old_token_is_refused_even_if_it_lives_long(world: World) -> None:
    token = world.github(exp=int(world.api.clock.now().timestamp()) + 86_400)
    world.api.clock.move(minutes=62)
    assert world.federate("github", token).status_code == 401


def test_a_token_within_the_skew_of_its_end_gives_next_to_nothing(world: World) -> None:
    token = world.github()
    world.api.clock.move(seconds=330)
    session = world.federate("github", token).json()
    assert dt.datetime.fromisoformat(session["expiresAt"]) <= world.api.clock.now() + dt.timedelta(seconds=1)


@pytest.mark.parametrize("account", ["nobody", "keyed"])
def test_an_account_without_federation_looks_like_one_that_does_not_exist(world: World, account: str) -> None:
    answer = world.federate(account, world.github())
    assert (answer.status_code, answer.json()["code"]) == (401, "no-federation")
    assert answer.json() == world.federate("other", world.github()).json()


def test_a_person_s_token_is_no_pipeline_s_and_the_other_way_round(world: World) -> None:
    assert world.federate("github", world.person()).status_code == 401
    assert world.sign_in(world.github()).status_code == 401


def test_an_account_with_networks_signs_in_from_there_only(world: World) -> None:
    accounts = [item for item in world.resources() if item["metadata"]["name"] != "github"]
    (account,) = [item for item in world.resources() if item["metadata"]["name"] == "github"]
    account["spec"]["networks"] = ["198.51.100.0/24"]
    world.api.apply([*accounts, account])
    assert world.federate("github", world.github()).status_code == 403
    assert world.federate("github", world.github(), address="198.51.100.7").status_code == 201


def test_an_expired_account_does_not_sign_in(world: World) -> None:
    world.api.clock.move(days=365)
    assert world.federate("github", world.github()).json()["code"] == "no-federation"


def test_refusals_are_kept_with_the_account_and_nothing_of_the_token(world: World) -> None:
    world.federate("github", world.github(repository_id="75"))
    event = world.api.audit()[-1]
    assert (event["actor"], event["action"], event["outcome"]) == ("nobody", "sessions:create", "refused")
    assert event["detail"]["serviceAccount"] == "github"
    assert event["detail"]["code"] == "not-trusted"
    assert "75" not in str(event["detail"])
