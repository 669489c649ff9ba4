"""`POST .../explanation`: the derivation that the server would act by, for those who may know it."""

from __future__ import annotations

from typing import Any

import pytest
from server_process import company, resource

from clawforge.analysis.explanation import Explanation

PATH = "/v1/orgs/acme/explanation"
LEADS = (
    resource("User", "bob", email="bob@acme.example"),
    resource("Group", "leads", members={"users": ["bob"]}),
    resource("Policy", "leads", appliesTo={"groups": ["leads"]}, tools={"deny": []}),
)


@pytest.fixture(autouse=True)
def applied(api: Any) -> None:
    position = {"file": "policies/default.yaml", "line": 1, "fields": {"/spec/tools/deny": 12}}
    api.apply(company(*LEADS), positions={"Policy/default": position})


def test_it_explains_what_effective_answers(api: Any) -> None:
    answer = api.post(PATH, json={"user": "dev@acme.example", "tool": "exec", "misses": True})
    assert answer.status_code == 200, answer.text
    found = Explanation.model_validate_json(answer.text)
    effective = api.get("/v1/orgs/acme/effective?user=dev").json()
    assert (found.digest, found.revision, list(found.matched)) == (effective["digest"], 1, effective["matched"])
    assert [item.name for item in found.standing.groups] == ["eng"]
    assert [hit.address for hit in found.hits] == ["Policy/default"]
    assert [(miss.address, miss.message) for miss in found.misses or ()] == [("Policy/leads", "asks for groups leads")]
    denied = next(field for field in found.parts[0].fields if field.path == "tools.deny")
    assert (denied.value, denied.steps[0].places[0].file, denied.steps[0].places[0].line) == (
        ["exec"],
        "policies/default.yaml",
        12,
    )
    assert found.decision is not None
    decided = api.post("/v1/orgs/acme/decide", json={"user": "dev", "tool": "exec"}).json()
    assert found.decision.model_dump(mode="json", by_alias=True) == decided


def test_without_a_tool_there_is_no_decision_and_misses_are_left_out(api: Any) -> None:
    body = api.post(PATH, json={"user": "dev"}).json()
    assert (body["decision"], body["misses"]) == (None, None)


def test_groups_and_tags_of_the_instance_s_enrolment_count(api: Any) -> None:
    name = api.enroll(groups=["eng"], tags={"form": "laptop"})["instance"]
    body = api.post(PATH, json={"user": "dev", "instance": name}).json()
    assert body["subject"]["tags"] == {"form": "laptop"}
    assert [(item["name"], item["key"]) for item in body["standing"]["groups"]] == [
        ("eng", "enrolment"),
        ("eng", "users"),
    ]


def test_everybody_may_ask_about_themselves_and_learns_nothing_of_others(api: Any, problem: Any) -> None:
    dev = api.session("user:dev")["accessToken"]
    own = api.post(PATH, json={"user": "dev"}, token=dev)
    assert own.status_code == 200
    assert "leads" not in own.text
    problem(api.post(PATH, json={"user": "dev", "misses": True}, token=dev), 403, "missing-permission")
    problem(api.post(PATH, json={"user": "bob"}, token=dev), 403, "missing-permission")
    problem(api.post(PATH, json={"user": "dev", "groups": ["leads"]}, token=dev), 403, "missing-permission")


def test_a_user_stopped_by_hand_is_explained_as_suspended(api: Any) -> None:
    stopped = api.post("/v1/orgs/acme/users/dev/suspension", json={"reason": "lost laptop"})
    assert stopped.status_code == 201
    body = api.post(PATH, json={"user": "dev", "misses": True}).json()
    assert body["standing"]["suspended"] is True
    assert ("Policy/default", "suspended") in [(miss["address"], miss["code"]) for miss in body["misses"]]
    assert body["base"] is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user": ""},
        {"user": "dev", "tool": ""},
        {"user": "dev", "at": "2026-01-01T00:00:00"},
        {"user": "dev", "x": 1},
    ],
)
def test_what_it_does_not_understand_it_refuses(api: Any, problem: Any, body: dict[str, Any]) -> None:
    problem(api.post(PATH, json=body), 422, "invalid-request")
