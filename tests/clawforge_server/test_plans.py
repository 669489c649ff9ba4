"""Planning and applying by raw HTTP: what the server refuses, whatever a client would have checked."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from server_process import company, resource

from clawforge.errors import UnavailableError
from clawforge_server.store.sqlite.plans import SqlPlans


def test_the_first_apply_creates_the_org(api: Any) -> None:
    assert api.get("/v1/orgs/acme/state").status_code == 404
    plan = api.plan(company())
    assert plan["base"]["revision"] == 0
    assert plan["summary"]["add"] == 5
    assert api.get("/v1/orgs/acme/state").status_code == 404
    answer = api.send_apply(plan)
    assert answer.status_code == 200
    assert answer.headers["ClawForge-Revision"] == "1"
    result = answer.json()
    assert (result["revision"], result["applied"]) == (1, True)
    assert result["stateDigest"] == plan["stateDigest"]
    state = api.get("/v1/orgs/acme/state").json()
    assert (state["revision"], state["digest"]) == (1, plan["stateDigest"])
    assert len(state["resources"]) == 5
    assert set(state["sources"].values()) == {"policies"}


def test_one_changed_field_is_one_change(api: Any) -> None:
    api.apply(company())
    plan = api.plan(company(deny=["exec", "web_fetch"]))
    (change,) = plan["changes"]
    assert change["address"] == "Policy/default"
    assert change["fields"] == [{"path": "spec.tools.deny", "before": ["exec"], "after": ["exec", "web_fetch"]}]
    assert api.send_apply(plan).json()["revision"] == 2


def test_what_left_the_files_is_destroyed_and_history_keeps_it(api: Any) -> None:
    api.apply(company(resource("Group", "ops")))
    plan = api.plan(company())
    assert [(change["action"], change["address"]) for change in plan["changes"]] == [("delete", "Group/ops")]
    api.send_apply(plan)
    names = [item["metadata"]["name"] for item in api.get("/v1/orgs/acme/state").json()["resources"]]
    assert "ops" not in names
    before = api.get("/v1/orgs/acme/state?revision=1").json()
    assert "ops" in [item["metadata"]["name"] for item in before["resources"]]
    assert api.get("/v1/orgs/acme/state?revision=0").json()["resources"] == []


def test_a_stale_plan_is_refused_with_what_moved(api: Any, problem: Any) -> None:
    api.apply(company())
    stale = api.plan(company(deny=["read"]))
    api.apply(company(deny=["write"]))
    body = problem(api.send_apply(stale), 409, "stale-plan")
    assert "revision 2" in body["detail"]
    assert "owner" in body["detail"]
    assert "Policy/default" in body["detail"]
    assert api.get("/v1/orgs/acme/state").json()["revision"] == 2


def test_a_plan_against_an_older_revision_than_the_client_saw_is_refused(api: Any, problem: Any) -> None:
    api.apply(company())
    body = {"source": "policies", "resources": company(), "base": 7}
    problem(api.post("/v1/orgs/acme/plans", json=body), 409, "stale-plan")


def test_if_match_is_mandatory_and_must_be_the_base(api: Any, problem: Any) -> None:
    plan = api.plan(company())
    problem(api.send_apply(plan, headers={}), 428, "if-match-required")
    problem(api.send_apply(plan, headers={"If-Match": "*"}), 400, "bad-if-match")
    problem(api.send_apply(plan, headers={"If-Match": '"3"'}), 409, "stale-plan")
    assert api.send_apply(plan).status_code == 200


@pytest.mark.parametrize(
    "edit",
    [
        lambda plan: plan.update(digest="sha256:" + "0" * 64),
        lambda plan: plan["base"].update(revision=1),
        lambda plan: plan["changes"].pop(),
        lambda plan: plan["changes"][0].update(action="delete"),
        lambda plan: plan["summary"].update(add=0),
        lambda plan: plan.update(expiresAt="2036-01-01T00:00:00Z"),
        lambda plan: plan.update(extra=True),
        lambda plan: plan.update(source="other"),
        lambda plan: plan["changes"][0]["fields"][0].update(after="x"),
        lambda plan: plan["changes"][0]["fields"][0].update(after=1.5),
        lambda plan: plan.pop("summary"),
        lambda plan: plan.update(summary={key: str(value) for key, value in plan["summary"].items()}),
    ],
)
def test_an_edited_plan_is_refused(api: Any, problem: Any, edit: Any) -> None:
    plan = api.plan(company())
    edited = copy.deepcopy(plan)
    edit(edited)
    path = f"/v1/orgs/acme/plans/{plan['id']}/apply"
    answer = api.post(path, json={"plan": edited}, headers={"If-Match": '"0"'})
    problem(answer, 409, "plan-edited")
    assert api.get("/v1/orgs/acme/state").status_code == 404


def test_an_apply_body_must_be_a_plan(api: Any, problem: Any) -> None:
    plan = api.plan(company())
    path = f"/v1/orgs/acme/plans/{plan['id']}/apply"
    problem(api.post(path, json={}, headers={"If-Match": '"0"'}), 422, "invalid-request")
    problem(api.post(path, json={"plan": plan, "force": True}, headers={"If-Match": '"0"'}), 422, "invalid-request")
    problem(api.post(path, json={"plan": None}, headers={"If-Match": '"0"'}), 409, "plan-edited")


def test_a_plan_expires(api: Any, problem: Any) -> None:
    plan = api.plan(company())
    assert plan["expiresAt"] == "2026-11-21T12:00:00Z"
    api.clock.move(hours=24)
    problem(api.send_apply(plan), 409, "plan-expired")
    api.clock.move(days=8)
    api.plan(company())
    problem(api.send_apply(plan), 404, "unknown-plan")


def test_repeating_an_apply_answers_the_first_result(api: Any) -> None:
    plan = api.plan(company())
    first = api.send_apply(plan)
    api.apply(company(deny=["read"]))
    api.clock.move(days=3)
    again = api.send_apply(plan)
    assert again.status_code == 200
    assert again.json() == first.json()
    assert len(api.get("/v1/orgs/acme/revisions").json()["revisions"]) == 2


def test_moved_positions_make_no_revision_and_no_serial(api: Any) -> None:
    def placed(file: str) -> dict[str, Any]:
        return {"Policy/default": {"file": file, "line": 3, "fields": {"/spec": 5}}}

    api.apply(company(), positions=placed("a.yaml"))
    before = api.plane.states.get("acme").record
    plan = api.plan(company(), positions=placed("b.yaml"), commit="a" * 40)
    assert plan["positionsChanged"] is True
    assert plan["changes"] == []
    result = api.send_apply(plan).json()
    assert (result["applied"], result["positionsRefreshed"], result["revision"]) == (False, True, 1)
    assert api.plane.states.get("acme").record == before
    assert api.get("/v1/orgs/acme/state").json()["positions"]["Policy/default"]["file"] == "b.yaml"
    assert api.audit()[-1]["action"] == "positions:refresh"


def test_invalid_resources_are_listed_with_their_lines(api: Any, problem: Any) -> None:
    wrong = resource("Policy", "broken", appliesTo="everyone", tools={"dney": ["exec"]})
    none = {"kind": "Nothing"}
    positions = {"Policy/broken": {"file": "p.yaml", "line": 7, "fields": {"/spec/tools/dney": 11}}}
    body = {"source": "policies", "resources": [*company(), wrong, none], "positions": positions}
    refusal = problem(api.post("/v1/orgs/acme/plans", json=body), 422, "invalid-resources")
    by_code = {item["code"]: item for item in refusal["problems"]}
    assert by_code["unknown-field"]["address"] == "Policy/broken"
    assert by_code["unknown-field"]["position"] == {"file": "p.yaml", "line": 11, "col": 0}
    assert "deny" in by_code["unknown-field"]["hint"]
    assert "not-a-resource" in by_code


def test_a_duplicate_resource_is_refused(api: Any, problem: Any) -> None:
    body = {"source": "policies", "resources": [*company(), *company()]}
    refusal = problem(api.post("/v1/orgs/acme/plans", json=body), 422, "invalid-resources")
    assert {item["code"] for item in refusal["problems"]} == {"duplicate-resource"}


def test_lint_errors_are_recomputed(api: Any, problem: Any) -> None:
    lost = resource("Policy", "lost", appliesTo={"groups": ["nowhere"]})
    body = {"source": "policies", "resources": company(lost)}
    refusal = problem(api.post("/v1/orgs/acme/plans", json=body), 422, "lint-errors")
    assert refusal["problems"][0]["address"] == "Policy/lost"


def test_another_org_than_the_project_says_is_refused(api: Any, problem: Any) -> None:
    body = {"source": "policies", "resources": company()}
    refusal = problem(api.post("/v1/orgs/other/plans", json=body), 422, "lint-errors")
    assert refusal["problems"][0]["code"] == "org-mismatch"


def test_policy_tests_are_run_again(api: Any, problem: Any) -> None:
    def case(effect: str) -> dict[str, Any]:
        call = {"name": "exec", "subject": {"user": "dev"}, "call": {"tool": "exec"}, "expect": {"effect": effect}}
        return resource("PolicyTest", "cases", cases=[call])

    body = {"source": "policies", "resources": company(case("allow"))}
    refusal = problem(api.post("/v1/orgs/acme/plans", json=body), 422, "tests-failed")
    assert "'exec'" in refusal["problems"][0]["message"]
    plan = api.plan(company(case("deny")))
    assert {check["name"]: check["passed"] for check in plan["checks"]}["test"] == 1


def test_tests_of_another_source_hold_too(api: Any, problem: Any) -> None:
    call = {"name": "exec", "subject": {"user": "dev"}, "call": {"tool": "exec"}, "expect": {"effect": "deny"}}
    api.apply(company())
    api.apply([resource("PolicyTest", "cases", cases=[call])], source="security")
    body = {"source": "policies", "resources": company(deny=[])}
    problem(api.post("/v1/orgs/acme/plans", json=body), 422, "tests-failed")


def test_a_source_touches_nothing_of_another(api: Any, problem: Any) -> None:
    api.apply(company())
    api.apply([resource("Group", "ops")], source="infra")
    body = {"source": "infra", "resources": [resource("Policy", "default", appliesTo="everyone")]}
    problem(api.post("/v1/orgs/acme/plans", json=body), 409, "owned-elsewhere")
    unchanged = api.plan([resource("Group", "ops"), company()[-1]], source="infra")
    assert unchanged["changes"] == []
    assert [item["address"] for item in api.plan([], source="infra")["changes"]] == ["Group/ops"]


def test_revisions_are_paged_and_name_their_commit(api: Any, problem: Any) -> None:
    for number in range(5):
        api.apply(company(deny=[f"tool{number}"]), commit=str(number) * 40, commitAuthor="Ada <ada@acme.example>")
    page = api.get("/v1/orgs/acme/revisions?limit=2").json()
    assert [item["number"] for item in page["revisions"]] == [5, 4]
    rest = api.get(f"/v1/orgs/acme/revisions?limit=10&before={page['next']}").json()
    assert [item["number"] for item in rest["revisions"]] == [3, 2, 1]
    assert rest["next"] is None
    one = api.get("/v1/orgs/acme/revisions/5").json()
    assert (one["commit"], one["commitAuthor"], one["actor"]) == ("4" * 40, "Ada <ada@acme.example>", "owner")
    problem(api.get("/v1/orgs/acme/revisions/6"), 404, "unknown-revision")
    problem(api.get("/v1/orgs/acme/revisions/x"), 404, "unknown-revision")
    problem(api.get("/v1/orgs/acme/state?revision=6"), 404, "unknown-revision")
    problem(api.get("/v1/orgs/acme/state?revision=-1"), 400, "bad-parameter")


def test_a_plan_can_be_read_again(api: Any, problem: Any) -> None:
    plan = api.plan(company())
    assert api.get(f"/v1/orgs/acme/plans/{plan['id']}").json() == plan
    problem(api.get("/v1/orgs/other/plans/" + plan["id"]), 404, "unknown-plan")


def test_every_apply_is_in_the_log(api: Any) -> None:
    api.apply(company(), commit="a" * 40)
    events = api.audit()
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    applied = events[-1]
    assert (applied["action"], applied["outcome"], applied["actor"]) == ("plans:apply", "done", "owner")
    assert applied["revision"] == 1
    assert applied["detail"]["commit"] == "a" * 40


def test_a_database_that_cannot_be_written_is_unavailable(api: Any, problem: Any) -> None:
    api.apply(company())
    plan = api.plan(company(deny=["read"]))
    connection = api.plane.store._database._connection
    connection.execute("PRAGMA query_only = ON").close()
    refused = api.send_apply(plan)
    body = problem(refused, 503, "store-unavailable")
    assert "readonly" not in str(body)
    assert refused.headers["retry-after"] == "5"
    connection.execute("PRAGMA query_only = OFF").close()
    assert api.get("/v1/orgs/acme/state").json()["revision"] == 1
    assert api.send_apply(plan).status_code == 200


def test_a_change_that_cannot_be_audited_does_not_happen(api: Any, problem: Any, monkeypatch: Any) -> None:
    from clawforge_server.store.sqlite.audit import SqlAudit

    api.apply(company())
    plan = api.plan(company(deny=["read"]))

    def broken(*_: object) -> int:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(SqlAudit, "append", broken)
        body = problem(api.send_apply(plan), 500, "internal-error")
    assert "disk" not in str(body)
    assert api.get("/v1/orgs/acme/state").json()["revision"] == 1
    assert api.send_apply(plan).json()["revision"] == 2


def _placed(**position: Any) -> dict[str, Any]:
    return {"Policy/default": {"file": "a.yaml", "line": 1, **position}}


@pytest.mark.parametrize(
    "position", [{"line": 2**60}, {"line": -1}, {"fields": {"/spec/tools/deny": 2**60}}, {"file": "x" * 5_000}]
)
def test_positions_that_no_bundle_could_carry_are_refused(api: Any, problem: Any, position: dict[str, Any]) -> None:
    api.apply(company())
    body = {"source": "policies", "resources": company(), "positions": _placed(**position)}
    problem(api.post("/v1/orgs/acme/plans", json=body), 422, "invalid-request")


def test_policies_that_change_too_often_for_a_bundle_are_refused(api: Any, problem: Any) -> None:
    windows = [{"cron": "* * * * *", "duration": "30s"}]
    restless = resource(
        "Policy", "restless", mode="overlay", appliesTo="everyone", schedule={"windows": windows}, tools={"deny": ["x"]}
    )
    body = {"source": "policies", "resources": company(restless), "positions": {}}
    refused = problem(api.post("/v1/orgs/acme/plans", json=body), 422, "too-many-variants")
    assert "20160 stretches of time" in refused["detail"]


def test_a_state_of_which_no_model_can_be_made_is_not_committed(api: Any, problem: Any, monkeypatch: Any) -> None:
    api.apply(company())
    plan = api.plan(company(deny=["read"]))
    with monkeypatch.context() as patched:

        def broken(state: Any) -> None:
            raise MemoryError

        patched.setattr("clawforge_server.service.applying.warm", broken)
        problem(api.send_apply(plan), 500, "internal-error")
    newest = api.get("/v1/orgs/acme/revisions").json()["revisions"][0]["number"]
    assert api.get("/v1/orgs/acme/state").json()["revision"] == newest == 1
    assert api.send_apply(plan).json()["revision"] == 2


def test_what_is_in_memory_is_read_again_after_the_store_failed(api: Any, problem: Any, monkeypatch: Any) -> None:
    """A commit that is reported as failed may have reached the disk all the same."""
    api.apply(company())
    plan = api.plan(company(deny=["read"]))
    store = api.plane.store
    real = store.transaction

    @contextmanager
    def lossy() -> Iterator[Any]:
        with real() as transaction:
            yield transaction
        if changing:
            changing.clear()
            raise UnavailableError("The disk did not answer.", code="store-unavailable")

    changing: list[bool] = []
    mark = SqlPlans.mark_applied

    def marked(self: Any, *arguments: Any) -> None:
        changing.append(True)
        mark(self, *arguments)

    monkeypatch.setattr(SqlPlans, "mark_applied", marked)
    monkeypatch.setattr(store, "transaction", lossy)
    problem(api.send_apply(plan), 503, "store-unavailable")
    assert api.get("/v1/orgs/acme/state").json()["revision"] == 2
    assert api.send_apply(plan).json()["revision"] == 2
