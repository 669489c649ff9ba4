"""Applying under a reconciler's fence: who lost the lease changes nothing; what is applied is remembered with it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from change_world import send
from reconcile_world import FIRST, SECOND, Seed, bot, fence, fence_of, lease, org, shown
from server_app import Api, MovableClock
from server_process import resource

from clawforge.bundle import open_bundle
from clawforge.dsse import read_envelope
from clawforge.keys import decode_public_key, open_key_set

SIGNED = resource("ChangePolicy", "signed", signedCommits=True)


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


def propose(api: Api, token: str | None, deny: list[str], *extra: dict[str, Any], **more: Any) -> Any:
    body = {"source": "policies", "resources": org(*extra, deny=deny), "positions": {}, "commit": FIRST, **more}
    return api.post("/v1/orgs/acme/plans", json=body, token=token)


def plan(api: Api, token: str | None, deny: list[str], *extra: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = propose(api, token, deny, *extra, **more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def revision(api: Api) -> int:
    return int(api.get("/v1/orgs/acme/state").json()["revision"])


def test_what_is_applied_under_a_lease_is_remembered_with_it(api: Api, token: str) -> None:
    number = fence_of(lease(api, token))
    made = plan(api, token, ["exec", "write"], fence=fence(number))
    result = send(api, token, made, fence=fence(number))
    assert result.status_code == 200, result.text
    assert lease(api, token, fence=number).json()["last"] == {"commit": FIRST, "revision": 2}
    (entry,) = [item for item in api.audit() if item["action"] == "plans:apply" and item["revision"] == 2]
    assert (entry["detail"]["reconciler"], entry["detail"]["fence"]) == ("main", number)


def test_an_apply_that_only_moves_places_moves_the_commit_too(api: Api, token: str) -> None:
    number = fence_of(lease(api, token))
    made = plan(api, token, ["exec"], commit=SECOND)
    assert made["changes"] == []
    answer = send(api, token, made, fence=fence(number)).json()
    assert (answer["applied"], answer["revision"]) == (False, 1)
    assert shown(api)["last"] == {"commit": SECOND, "revision": 1}


def test_a_sleeper_that_wakes_up_changes_nothing(api: Api, token: str) -> None:
    first = fence_of(lease(api, token))
    asleep = plan(api, token, ["exec", "write"])
    api.clock.move(seconds=30)
    # The lease is over, and that is enough: nobody needs to have taken it.
    assert code(send(api, token, asleep, fence=fence(first))) == (409, "lease-lost")
    second = fence_of(lease(api, token, 2))
    assert code(send(api, token, asleep, fence=fence(first))) == (409, "lease-lost")
    assert code(propose(api, token, ["read"], fence=fence(first))) == (409, "lease-lost")
    assert revision(api) == 1
    assert shown(api)["last"] is None
    assert send(api, token, asleep, fence=fence(second)).status_code == 200
    refused = [item for item in api.audit() if item["outcome"] == "refused"]
    assert {item["detail"]["code"] for item in refused} == {"lease-lost"}


@pytest.mark.parametrize("number", [2, 2**53 - 1])
def test_a_fence_that_was_never_given_is_no_fence(api: Api, token: str, number: int) -> None:
    lease(api, token)
    made = plan(api, token, ["exec", "write"])
    assert code(send(api, token, made, fence=fence(number))) == (409, "lease-lost")
    assert code(send(api, token, made, fence=fence(1, "nobody"))) == (409, "lease-lost")


def test_repeating_an_apply_answers_the_first_result_also_to_a_sleeper(api: Api, token: str) -> None:
    number = fence_of(lease(api, token))
    made = plan(api, token, ["exec", "write"])
    first = send(api, token, made, fence=fence(number)).json()
    api.clock.move(seconds=30)
    assert send(api, token, made, fence=fence(number)).json() == first
    assert revision(api) == 2


def test_a_fence_is_good_for_its_source_and_its_holder_only(api: Api, token: str) -> None:
    number = fence_of(lease(api, token))
    foreign = plan(api, token, [], source="others", resources=[resource("Group", "g")])
    assert code(send(api, token, foreign, fence=fence(number))) == (422, "other-source")
    stranger = bot(api, "stranger")
    made = plan(api, stranger, ["exec", "write"])
    assert code(send(api, stranger, made, fence=fence(number))) == (409, "lease-lost")
    assert code(send(api, None, made, fence=fence(number))) == (409, "lease-lost")
    assert revision(api) == 1


def test_a_suspended_reconciler_plans_and_applies_nothing(api: Api, token: str) -> None:
    number = fence_of(lease(api, token))
    stop = {"suspended": True, "reason": "incident 7"}
    assert api.post("/v1/orgs/acme/reconcilers/main/suspension", json=stop).status_code == 200
    made = plan(api, token, ["exec", "write"], fence=fence(number))
    answer = send(api, token, made, fence=fence(number))
    assert code(answer) == (409, "reconciler-suspended")
    assert "incident 7" in answer.json()["detail"]
    assert revision(api) == 1
    api.post("/v1/orgs/acme/reconcilers/main/suspension", json={"suspended": False, "reason": "over"})
    assert send(api, token, made, fence=fence(number)).status_code == 200


def test_another_name_is_no_way_around_a_suspension_nor_around_the_last_commit(api: Api, token: str) -> None:
    number = fence_of(lease(api, token))
    done = plan(api, token, ["read"], commit=FIRST)
    assert send(api, token, done, fence=fence(number)).status_code == 200
    stop = {"suspended": True, "reason": "incident 7"}
    assert api.post("/v1/orgs/acme/reconcilers/main/suspension", json=stop).status_code == 200
    released = api.request("DELETE", f"/v1/orgs/acme/reconcilers/main/lease?fence={number}", token=token)
    assert released.is_success, released.text
    answer = lease(api, token, name="other")
    assert answer.json()["last"]["commit"] == FIRST
    made = plan(api, token, ["write"], commit=SECOND)
    under = fence(fence_of(answer), "other")
    assert code(send(api, token, made, fence=under)) == (409, "reconciler-suspended")
    gone = api.request("DELETE", "/v1/orgs/acme/reconcilers/main?reason=away")
    assert code(gone) == (409, "reconciler-suspended")
    api.post("/v1/orgs/acme/reconcilers/main/suspension", json={"suspended": False, "reason": "over"})
    assert send(api, token, made, fence=under).status_code == 200


def test_an_accepted_rewriting_is_used_up_by_the_next_apply(api: Api, token: str) -> None:
    number = fence_of(lease(api, token))
    body = {"commit": SECOND, "reason": "history was cleaned"}
    assert api.post("/v1/orgs/acme/reconcilers/main/acknowledgement", json=body).status_code == 200
    assert lease(api, token, fence=number).json()["acknowledged"] == SECOND
    made = plan(api, token, ["exec", "write"], commit=SECOND)
    assert send(api, token, made, fence=fence(number)).status_code == 200
    assert lease(api, token, fence=number).json()["acknowledged"] is None


@pytest.mark.parametrize("more", [{"commit": None}, {"dirty": True}])
def test_a_reconciler_applies_commits_only(api: Api, token: str, more: dict[str, Any]) -> None:
    number = fence_of(lease(api, token))
    made = plan(api, token, ["exec", "write"], **more)
    assert code(send(api, token, made, fence=fence(number))) == (422, "no-commit")
    assert revision(api) == 1


def test_the_holder_vouches_for_signers_who_become_authors_and_are_named_in_the_bundle(api: Api, token: str) -> None:
    api.apply(org(SIGNED))
    number, agent = fence_of(lease(api, token)), api.enroll()
    said = {"ref": "refs/heads/main", "signers": ["ann@acme.example", "bob"]}
    made = plan(api, token, ["exec", "write"], SIGNED, fence=fence(number), vouched=said)
    assert made["vouched"]["signers"] == ["user:ann", "user:bob"]
    assert made["authors"] == ["service-account:git-bot", "user:ann", "user:bob"]
    assert send(api, token, made, fence=fence(number)).status_code == 200
    (present,) = api.get("/v1/orgs/acme/revisions?limit=1").json()["revisions"]
    assert present["signers"] == ["user:ann", "user:bob"]
    answer = api.get("/v1/agent/policy", token=agent["credential"]).json()
    keys = open_key_set(read_envelope(answer["keys"]), decode_public_key(agent["rootKey"]), org="acme")
    bundle = open_bundle(read_envelope(answer["bundle"]), keys)
    assert (bundle.commit, bundle.signers, bundle.approvers) == (FIRST, ("user:ann", "user:bob"), ())


def test_the_bundle_names_who_approved_what_it_holds(api: Api, token: str) -> None:
    number, agent = fence_of(lease(api, token)), api.enroll()
    made = plan(api, token, ["exec", "write"])
    approval = f"/v1/orgs/acme/plans/{made['id']}/approvals"
    assert api.post(approval, json={}, token=api.session("user:ann")["accessToken"]).status_code == 200
    assert send(api, token, made, fence=fence(number)).status_code == 200
    body = api.get("/v1/agent/policy", token=agent["credential"]).json()["bundle"]["payload"]
    bundle = json.loads(base64.b64decode(body))
    assert bundle["approvers"] == ["user:ann"]
    assert "signers" not in bundle


def test_who_holds_no_lease_vouches_for_nobody(api: Api, token: str) -> None:
    api.apply(org(SIGNED))
    said = {"ref": "refs/heads/main", "signers": ["ann"]}
    assert code(propose(api, token, ["read"], SIGNED, vouched=said)) == (403, "missing-permission")
    assert code(propose(api, token, ["read"], SIGNED, vouched=said, fence=fence(1))) == (409, "lease-lost")
    number = fence_of(lease(api, token))
    reviews = {**said, "approvers": ["bob"]}
    answer = propose(api, token, ["read"], SIGNED, vouched=reviews, fence=fence(number))
    assert code(answer) == (403, "approvers-not-vouched")
    answer = propose(api, token, ["read"], SIGNED, vouched=said, fence=fence(number), commit=None)
    assert code(answer) == (422, "no-commit")
    api.clock.move(seconds=15)
    answer = propose(api, token, ["read"], SIGNED, vouched=said, fence=fence(number))
    assert code(answer) == (409, "lease-lost")


def test_a_person_vouches_for_nobody_even_with_every_right(api: Api, token: str) -> None:
    number = fence_of(lease(api))
    said = {"ref": "refs/heads/main", "signers": ["ann"]}
    assert code(propose(api, None, ["read"], fence=fence(number), vouched=said)) == (403, "not-a-service-account")


def test_a_reconciler_that_may_not_verify_commits_vouches_for_nobody(api: Api, token: str) -> None:
    weak = bot(api, "git-bot", "state:read", "plans:create", "plans:read", "reconcilers:run")
    number = fence_of(lease(api, weak))
    said = {"ref": "refs/heads/main", "signers": ["ann"]}
    assert code(propose(api, weak, ["read"], fence=fence(number), vouched=said)) == (403, "missing-permission")
    unsigned = plan(api, token, ["read"], fence=fence(number))
    assert unsigned["vouched"] is None


def test_what_nobody_trusted_vouched_for_is_refused_where_signatures_are_asked_for(api: Api, token: str) -> None:
    api.apply(org(SIGNED))
    number = fence_of(lease(api, token))
    made = plan(api, token, ["exec", "write"], SIGNED, fence=fence(number))
    assert code(send(api, token, made, fence=fence(number))) == (409, "commit-not-signed")
