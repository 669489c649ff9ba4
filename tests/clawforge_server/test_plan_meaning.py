"""What a plan of the server says about access, by everybody who enrolled, and for everybody else by proof; and that it
is refused where an invariant is broken, past the command line."""

from __future__ import annotations

from typing import Any

from server_process import company, resource

FORBID = resource("Invariant", "no-shell", appliesTo={"groups": ["contractors"]}, forbid={"tools": ["exec"]})
CONTRACTORS = resource("Group", "contractors")


def enrolled(api: Any, instance: str, **more: Any) -> None:
    minted = api.post("/v1/orgs/acme/enrollments", json={"user": "dev", "instance": instance, **more})
    assert minted.status_code == 201, minted.text
    answer = api.post("/v1/enroll", json={"token": minted.json()["token"], "hostname": "pc"}, token="")
    assert answer.status_code in (200, 201), answer.text


def test_a_tighter_plan_names_who_loses_what(api: Any) -> None:
    api.apply(company())
    enrolled(api, "dev-laptop")
    meaning = api.plan(company(deny=["exec", "web_fetch"]))["meaning"]
    assert (meaning["verdict"], meaning["loosens"], meaning["tightens"]) == ("tighter", "no", "yes")
    assert meaning["looser"] is None
    assert meaning["tighter"]["tool"] == "web_fetch"
    assert (meaning["tighter"]["before"], meaning["tighter"]["after"]) == ("allow", "deny")
    (line,) = meaning["losses"]
    assert (line["kind"], line["what"]) == ("tool", ["web_fetch"])
    assert "dev on dev-laptop" in line["names"]
    assert line["via"][0]["address"] == "Policy/default"
    assert meaning["affected"]["instances"] == 1
    assert meaning["gains"] == []
    assert [change["verdict"] for change in meaning["changes"]] == ["tighter"]


def test_a_change_that_was_looked_at_before_is_told_of_now(api: Any, clock: Any) -> None:
    api.apply(company())
    enrolled(api, "dev-laptop")
    first, changed = api.plan(company(deny=["web_fetch"]))["meaning"], company(deny=["web_fetch"])
    clock.move(minutes=5)
    place = {"Policy/default": {"file": "p.yaml", "line": 7, "fields": {}}}
    again = api.plan(changed, positions=place)["meaning"]
    api.plane.meaning_memory.__init__()
    assert again == api.plan(changed, positions=place)["meaning"]
    assert (again["at"] > first["at"], again["losses"][0]["via"][0]["line"]) == (True, 7)
    enrolled(api, "dev-desktop")
    assert api.plan(changed)["meaning"]["affected"]["instances"] == 2


def test_an_empty_plan_means_nothing(api: Any) -> None:
    api.apply(company())
    meaning = api.plan(company())["meaning"]
    assert (meaning["verdict"], meaning["loosens"], meaning["tightens"]) == ("equal", "no", "no")


def test_what_a_plan_means_is_applied_as_it_was_reviewed(api: Any, problem: Any) -> None:
    api.apply(company())
    plan = api.plan(company(deny=[]))
    assert plan["meaning"]["verdict"] == "looser"
    plan["meaning"]["verdict"] = "equal"
    problem(api.send_apply(plan), 409, "plan-edited")


def test_a_plan_that_breaks_an_invariant_is_refused_with_its_witness(api: Any, problem: Any) -> None:
    api.apply(company(CONTRACTORS, FORBID))
    body = {"source": "policies", "resources": company(CONTRACTORS, FORBID, deny=[]), "positions": {}}
    answer = problem(api.post("/v1/orgs/acme/plans", json=body), 422, "lint-errors")
    (item,) = [one for one in answer["problems"] if one["code"] == "invariant-violated"]
    assert item["address"] == "Invariant/no-shell"
    assert "Somebody.New in contractors" in item["message"]
    assert "exec" in item["message"]


def test_the_checks_of_a_plan_count_its_invariants(api: Any) -> None:
    plan = api.plan(company(CONTRACTORS, FORBID))
    (check,) = [one for one in plan["checks"] if one["name"] == "invariant"]
    assert (check["status"], check["passed"], check["failed"]) == ("passed", 1, 0)


def test_an_invariant_that_only_warns_is_a_warning_of_the_plan(api: Any) -> None:
    spec = {**FORBID["spec"], "enforcement": "warn"}
    plan = api.plan(company(CONTRACTORS, {**FORBID, "spec": spec}, deny=[]))
    (warning,) = [one for one in plan["warnings"] if one["code"] == "invariant-violated"]
    assert "Somebody.New in contractors" in warning["message"]
