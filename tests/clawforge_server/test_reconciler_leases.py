"""The lease of a reconciler: one process works, keeping it writes nothing, and nobody gets in early."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from reconcile_world import Seed, bot, condition, fence_of, lease, lease_body, org, process, report, shown
from server_app import Api, MovableClock, opened_api
from server_process import resource


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Seed:
    return Seed.sown(tmp_path_factory.mktemp("seed"))


@pytest.fixture
def api(seed: Seed, tmp_path: Path, clock: MovableClock) -> Iterator[Api]:
    with seed.opened(tmp_path, clock) as api:
        yield api


@pytest.fixture
def token(seed: Seed) -> str:
    return seed.token


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def lease_events(api: Api) -> list[tuple[str, str]]:
    return [(item["action"], item["outcome"]) for item in api.audit() if item["action"].startswith("reconcilers:")]


def test_a_lease_says_all_that_its_holder_needs(api: Api, token: str) -> None:
    answer = lease(api, token)
    assert answer.status_code == 200
    assert answer.json() == {
        "name": "main",
        "fence": 1,
        "seconds": 15,
        "suspended": False,
        "suspendedReason": None,
        "wanted": 0,
        "acknowledged": None,
        "outOfBand": "correct",
        "last": None,
        "revision": 1,
    }
    assert lease_events(api) == [("reconcilers:lease", "done")]


def test_keeping_a_lease_touches_no_store_and_leaves_no_record(api: Api, token: str) -> None:
    assert fence_of(lease(api, token)) == 1
    before, statements = api.audit(), []
    engine = api.plane.store._database._engine
    sa.event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for _ in range(10):
        api.clock.move(seconds=14)
        assert fence_of(lease(api, token, fence=1)) == 1
    assert statements == []
    assert api.audit() == before


def test_a_standby_is_told_who_works_and_leaves_no_record(api: Api, token: str) -> None:
    lease(api, token)
    before = api.audit()
    api.clock.move(seconds=5)
    answer = lease(api, token, 2)
    assert code(answer) == (409, "lease-held")
    assert process(1) in answer.json()["detail"]
    assert "10 more seconds" in answer.json()["detail"]
    assert api.audit() == before


def test_another_takes_over_when_the_lease_is_over_and_the_sleeper_is_out(api: Api, token: str) -> None:
    assert fence_of(lease(api, token)) == 1
    api.clock.move(seconds=15)
    assert fence_of(lease(api, token, 2)) == 2
    assert code(lease(api, token, 1, fence=1)) == (409, "lease-held")
    assert code(report(api, token, 1)) == (409, "lease-lost")
    assert report(api, token, 2).status_code == 200
    taken = [item for item in api.audit() if item["action"] == "reconcilers:lease" and item["outcome"] == "done"]
    assert taken[-1]["before"] == {"fence": 1, "holder": process(1), "principal": "service-account:git-bot"}
    assert taken[-1]["after"]["holder"] == process(2)


def test_who_comes_late_to_its_own_lease_gets_a_new_one(api: Api, token: str) -> None:
    lease(api, token)
    api.clock.move(seconds=15)
    assert code(report(api, token, 1)) == (409, "lease-lost")
    assert fence_of(lease(api, token, fence=1)) == 2


def test_a_lost_answer_costs_no_lease(api: Api, token: str) -> None:
    assert fence_of(lease(api, token)) == 1
    assert fence_of(lease(api, token)) == 1


def test_a_lease_that_was_given_back_is_free_at_once(api: Api, token: str) -> None:
    lease(api, token)
    path = "/v1/orgs/acme/reconcilers/main/lease"
    assert code(api.delete(f"{path}?fence=2", token=token)) == (409, "lease-lost")
    assert api.delete(path, token=token).status_code == 400
    answer = api.delete(f"{path}?fence=1", token=token)
    assert (answer.status_code, answer.json()["held"], answer.json()["holder"]) == (200, False, None)
    assert code(report(api, token, 1)) == (409, "lease-lost")
    assert fence_of(lease(api, token, 2)) == 2


def test_after_a_restart_nobody_gets_in_early_and_the_holder_goes_on(seed: Seed, tmp_path: Path) -> None:
    clock, token = MovableClock(), seed.token
    with seed.opened(tmp_path, clock) as api:
        lease(api, token)
    clock.move(seconds=100)
    with opened_api(tmp_path / "data", clock) as api:
        assert code(lease(api, token, 2)) == (409, "lease-held")
        assert report(api, token, 1).status_code == 200
        clock.move(seconds=14)
        assert fence_of(lease(api, token, 1, fence=1)) == 1
        clock.move(seconds=14)
        assert code(lease(api, token, 2)) == (409, "lease-held")
        clock.move(seconds=1)
        assert fence_of(lease(api, token, 2)) == 2
        assert api.delete("/v1/orgs/acme/reconcilers/main/lease?fence=2", token=token).status_code == 200
    with opened_api(tmp_path / "data", clock) as api:
        assert fence_of(lease(api, token, 3)) == 3


def test_a_lease_belongs_to_whose_credential_took_it(api: Api, token: str) -> None:
    lease(api, token)
    stranger = bot(api, "stranger")
    assert code(lease(api, stranger, fence=1)) == (409, "lease-held")
    assert code(report(api, stranger, 1)) == (409, "lease-lost")
    assert code(api.delete("/v1/orgs/acme/reconcilers/main/lease?fence=1", token=stranger)) == (409, "lease-lost")


def test_a_name_belongs_to_one_source_and_a_source_to_one_holder(api: Api, token: str) -> None:
    lease(api, token)
    assert code(lease(api, token, source="others")) == (409, "other-source")
    assert code(lease(api, token, 2, "second")) == (409, "lease-held")
    assert lease(api, token, 2, "second", source="others").status_code == 200
    api.clock.move(seconds=15)
    assert fence_of(lease(api, token, 2, "third")) == 1


def test_credentials_in_an_address_are_not_kept(api: Api, token: str) -> None:
    lease(api, token, repository="https://robot:s3cret@git.example/policies.git")
    assert shown(api)["repository"] == "https://git.example/policies.git"
    assert "s3cret" not in api.get("/v1/orgs/acme/audit").text
    assert fence_of(lease(api, token, fence=1, repository="https://x@git.example/policies.git")) == 1
    assert fence_of(lease(api, token, fence=1)) == 1


def test_an_org_that_does_not_exist_has_no_lease(api: Api) -> None:
    answer = api.post("/v1/orgs/nowhere/reconcilers/main/lease", json=lease_body())
    assert code(answer) == (404, "unknown-org")
    assert "needs no lease" in answer.json()["hint"]


def test_a_lease_of_one_org_is_none_of_another(api: Api, token: str) -> None:
    other = [resource("Organization", "other"), *org()[1:]]
    api.apply(other, org="other")
    lease(api, token)
    body = {"holder": process(2), "source": "policies", "repository": "r"}
    elsewhere = api.post("/v1/orgs/other/reconcilers/main/lease", json=body)
    assert elsewhere.json()["fence"] == 1
    assert code(api.post("/v1/orgs/other/reconcilers/main/lease", json=body, token=token)) == (403, "wrong-org")
    assert [item["repository"] for item in api.get("/v1/orgs/other/reconcilers").json()["reconcilers"]] == ["r"]


def test_a_report_is_kept_until_the_next_one(api: Api, token: str) -> None:
    lease(api, token)
    stalled = condition("Stalled", "true", "CommitNotSigned", "commit bbbb of ann is not signed")
    answer = report(api, token, 1, condition("Ready", "false"), stalled, commit="b" * 40, message="look at it")
    assert answer.status_code == 200, answer.text
    found = shown(api)
    assert (found["seen"], found["message"], found["held"]) == ("b" * 40, "look at it", True)
    assert found["conditions"] == [condition("Ready", "false"), stalled]
    status = api.get("/v1/orgs/acme/status").json()
    assert status["reconcilers"] == [found]
    report(api, token, 1, condition("Ready", "true"))
    assert shown(api)["conditions"] == [condition("Ready", "true")]
    told = [item for item in api.audit() if item["action"] == "reconcilers:report"]
    assert told[0]["detail"]["conditions"] == {"Ready": "false Because", "Stalled": "true CommitNotSigned"}


def test_one_that_nobody_runs_is_forgotten_and_its_fence_goes_on(api: Api, token: str) -> None:
    lease(api, token)
    path = "/v1/orgs/acme/reconcilers/main"
    assert code(api.delete(f"{path}?reason=moved")) == (409, "lease-held")
    assert api.delete(path).status_code == 422
    report(api, token, 1, condition("Ready", "true"), commit="b" * 40)
    api.clock.move(seconds=15)
    assert api.delete(f"{path}?reason=moved").status_code == 200
    assert api.get("/v1/orgs/acme/reconcilers").json() == {"reconcilers": []}
    assert api.get("/v1/orgs/acme/status").json()["reconcilers"] == []
    assert code(api.delete(f"{path}?reason=moved")) == (404, "unknown-reconciler")
    assert code(api.post(f"{path}/wanted")) == (404, "unknown-reconciler")
    assert code(report(api, token, 1)) == (409, "lease-lost")
    assert fence_of(lease(api, token, source="others")) == 2
    found = shown(api)
    assert (found["source"], found["seen"], found["conditions"]) == ("others", None, [])


@pytest.mark.parametrize(
    "wrong", [{"reason": "not a word"}, {"status": "maybe"}, {"type": "Happy"}, {"message": "x" * 2_001}]
)
def test_a_report_that_says_something_else_is_refused(api: Api, token: str, wrong: dict[str, str]) -> None:
    lease(api, token)
    assert report(api, token, 1, {**condition("Ready", "true"), **wrong}).status_code == 422


def test_whoever_wants_a_look_now_is_heard_with_the_next_renewal(api: Api, token: str) -> None:
    lease(api, token)
    for wanted in (1, 2):
        assert api.post("/v1/orgs/acme/reconcilers/main/wanted").json()["wanted"] == wanted
    assert lease(api, token, fence=1).json()["wanted"] == 2
    assert code(api.post("/v1/orgs/acme/reconcilers/nobody/wanted")) == (404, "unknown-reconciler")
    assert code(api.post("/v1/orgs/acme/reconcilers/No%20Name/wanted")) == (404, "unknown-reconciler")


def test_suspending_is_said_once_and_ended_once(api: Api, token: str) -> None:
    lease(api, token)
    path = "/v1/orgs/acme/reconcilers/main/suspension"
    stop, go = {"suspended": True, "reason": "incident 7"}, {"suspended": False, "reason": "over"}
    assert code(api.post(path, json=go)) == (409, "not-suspended")
    assert api.post(path, json=stop).json()["suspension"]["reason"] == "incident 7"
    assert code(api.post(path, json=stop)) == (409, "suspended")
    kept = lease(api, token, fence=1).json()
    assert (kept["suspended"], kept["suspendedReason"]) == (True, "incident 7")
    assert code(api.post(path, json=stop, token=token)) == (403, "missing-permission")
    assert api.post(path, json=go).json()["suspension"] is None
    assert lease(api, token, fence=1).json()["suspended"] is False


def test_what_a_change_policy_says_about_others_changes_is_in_the_lease(api: Api, token: str) -> None:
    lease(api, token)
    lenient, strict = resource("ChangePolicy", "a"), resource("ChangePolicy", "b", outOfBand="report")
    api.apply(org(lenient))
    assert lease(api, token, fence=1).json()["outOfBand"] == "correct"
    api.apply(org(lenient, strict))
    assert lease(api, token, fence=1).json()["outOfBand"] == "report"


def test_an_org_has_so_many_reconcilers_at_most(api: Api, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clawforge_server.service.reconciler_leasing._MOST", 2)
    for number in (1, 2):
        assert lease(api, token, name=f"r{number}", source=f"s{number}").status_code == 200
    assert code(lease(api, token, name="r3", source="s3")) == (409, "too-many")
    assert lease(api, token, fence=1, name="r2", source="s2").status_code == 200
