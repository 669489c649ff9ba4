"""Who is taken out of a group that is stopped goes on: the plan says so, and it counts as loosening."""

from __future__ import annotations

from typing import Any

import pytest
from change_world import apply_as, approve, code_of, org, propose, rule
from deciding_agent import DecidingAgent
from server_process import resource

from clawforge_server.service import applying

LOOSENS = rule(match={"effect": "loosen"}, count=1)


def lab(*members: str, name: str = "lab", **spec: Any) -> list[dict[str, Any]]:
    """The org with a group, and a ChangePolicy about what loosens."""
    return org(LOOSENS, resource("Group", name, members={"users": list(members), **spec}), deny=[])


def stop(api: Any, scope: str, kind: str = "kill") -> None:
    body = {"kind": kind, "scope": scope, "reason": "Incident 7."}
    assert api.post("/v1/orgs/acme/overlays", json=body).status_code == 201


def freed(plan: dict[str, Any]) -> list[str]:
    return [item["message"] for item in plan["warnings"] if item["code"] == "leaves-stopped-group"]


def loosens(plan: dict[str, Any]) -> bool:
    return bool(plan["approvals"]["needed"])


@pytest.fixture
def acme(api: Any) -> Any:
    api.apply(lab("dev"))
    return api


@pytest.fixture
def agent(acme: Any) -> DecidingAgent:
    found = DecidingAgent(acme, acme.enroll())
    found.poll()
    return found


def test_the_plan_says_who_goes_on_and_somebody_else_has_to_approve(acme: Any, agent: DecidingAgent) -> None:
    assert not loosens(propose(acme, "ann", lab())), "as long as the group is not stopped, nobody may do more"
    stop(acme, "group:lab")
    agent.beat()
    assert not agent.allows()
    plan = propose(acme, "ann", lab())
    (said,) = freed(plan)
    assert said.startswith("This takes 1 person and 1 machine out of Group/lab, which ")
    assert said.endswith(" stopped at 2026-11-20T12:00:00Z: Incident 7. They go on once it is applied.")
    meaning = plan["meaning"]
    assert (meaning["verdict"], meaning["loosens"]) == ("looser", "yes")
    (line,) = meaning["gains"]
    assert (line["kind"], line["what"], line["names"]) == ("kill", ["group:lab"], sorted(["dev", agent.name]))
    refused = apply_as(acme, "ann", plan)
    assert refused.json()["code"] == "approval-missing"
    assert approve(acme, "bob", plan).status_code == 200
    assert apply_as(acme, "ann", plan).status_code == 200
    agent.beat()
    assert agent.allows()


def test_a_group_that_is_stopped_after_the_plan_was_made_keeps_its_members(acme: Any, agent: DecidingAgent) -> None:
    plan = propose(acme, "ann", lab())
    stop(acme, "group:lab")
    refused = apply_as(acme, "ann", plan)
    assert (refused.status_code, code_of(refused)) == (409, "killed-group")
    agent.beat()
    assert not agent.allows()
    assert freed(acme.plan(lab()))


def test_an_apply_that_does_not_look_again_is_caught(
    acme: Any, agent: DecidingAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "refuse_unsaid", lambda *_: None)
    with pytest.raises(AssertionError):
        test_a_group_that_is_stopped_after_the_plan_was_made_keeps_its_members(acme, agent)


@pytest.mark.parametrize(
    ("scope", "kind"),
    [("org", "kill"), ("group:eng", "kill"), ("instance:NAME", "kill"), ("instance:NAME", "quarantine")],
)
def test_who_is_stopped_otherwise_does_not_go_on(acme: Any, agent: DecidingAgent, scope: str, kind: str) -> None:
    stop(acme, "group:lab")
    stop(acme, scope.replace("NAME", agent.name), kind)
    said = freed(acme.plan(lab()))
    assert not any("machine" in text for text in said)
    # The person may enrol another machine, which no switch over the first one stops.
    assert bool(said) == scope.startswith("instance:")


def test_a_machine_that_a_group_no_longer_selects_goes_on(api: Any) -> None:
    api.apply(lab(tags={"room": ["lab"]}))
    agent = DecidingAgent(api, api.enroll(tags={"room": "lab"}))
    stop(api, "group:lab")
    agent.poll()
    assert not agent.allows()
    plan = api.plan(lab(tags={"room": ["hall"]}))
    assert "takes 1 machine out of Group/lab" in freed(plan)[0]
    assert loosens(plan)


def test_names_are_followed_and_who_is_suspended_goes_nowhere(acme: Any, agent: DecidingAgent) -> None:
    stop(acme, "group:lab")
    moved = [{"from": "Group/lab", "to": "Group/bench"}]
    assert not freed(acme.plan(lab("dev", name="bench"), moved=moved))
    assert "out of Group/lab" in freed(acme.plan(lab(name="bench"), moved=moved))[0]

    def with_dev(name: str = "dev", **spec: Any) -> list[dict[str, Any]]:
        others = [item for item in lab() if item["metadata"]["name"] not in ("dev", "eng", "lab")]
        person = resource("User", name, email="dev@acme.example", **spec)
        groups = [resource("Group", group, members={"users": [name]}) for group in ("eng", "lab")]
        return [*others, person, *groups]

    assert not freed(acme.plan(with_dev("dan"), moved=[{"from": "User/dev", "to": "User/dan"}]))
    gone = [item for item in with_dev(state="suspended") if item["metadata"]["name"] != "lab"]
    assert not freed(acme.plan([*gone, resource("Group", "lab")]))


def test_who_joins_a_stopped_group_or_a_change_of_a_policy_frees_nobody(acme: Any) -> None:
    stop(acme, "group:lab")
    assert not freed(acme.plan(lab("dev", "bob")))
    assert not freed(acme.plan([*lab("dev"), resource("Policy", "more", mode="overlay", appliesTo="everyone")]))
