"""`GET .../diff`, `GET .../blame`, and what the log tells of a revision."""

from __future__ import annotations

from typing import Any

import pytest
from server_app import MovableClock
from server_process import company, resource

from clawforge.field_history import FieldHistory
from clawforge_server.service import field_history as service

COMMIT = "a" * 40
ADA = "Ada <ada@acme.example>"


@pytest.fixture
def applied(api: Any, clock: MovableClock) -> Any:
    """Three revisions of the policy `default`, and a group that came and went; a second source owns `lab`."""
    api.apply(company())
    clock.move(hours=1)
    api.apply(company(resource("Group", "ops"), deny=["exec", "read"]), commit=COMMIT, commitAuthor=ADA)
    api.apply([resource("Group", "lab")], source="lab")
    api.apply(company(deny=["read", "write"]))
    return api


def diff(api: Any, query: str = "", **options: Any) -> Any:
    answer = api.get(f"/v1/orgs/acme/diff{query}", **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def blame(api: Any, address: str, field: str | None = None, **options: Any) -> FieldHistory:
    token = options.pop("token", None)
    params = {"address": address, **({"field": field} if field else {}), **options}
    answer = api.get("/v1/orgs/acme/blame", params=params, token=token)
    assert answer.status_code == 200, answer.text
    return FieldHistory.model_validate_json(answer.text)


def since(found: FieldHistory) -> dict[str, Any]:
    return {field.path: field.mark and field.mark.revision for field in found.fields}


def test_what_differs_between_two_revisions(applied: Any) -> None:
    found = diff(applied, "?from=1&to=2")
    assert [(item["address"], item["action"]) for item in found["changes"]] == [
        ("Group/ops", "create"),
        ("Policy/default", "update"),
    ]
    assert found["changes"][1]["fields"] == [{"path": "spec.tools.deny", "before": ["exec"], "after": ["exec", "read"]}]
    assert found["summary"] == {"add": 1, "change": 1, "destroy": 0, "move": 0, "forget": 0}
    assert (found["before"]["revision"], found["after"]["revision"]) == (1, 2)
    assert found["after"]["digest"] == applied.get("/v1/orgs/acme/revisions/2").json()["stateDigest"]


def test_what_came_and_went_in_between_is_no_difference(applied: Any) -> None:
    assert [item["address"] for item in diff(applied, "?from=1&to=latest")["changes"]] == [
        "Group/lab",
        "Policy/default",
    ]
    assert diff(applied, "?from=3&to=3")["changes"] == []
    assert [item["address"] for item in diff(applied)["changes"]] == ["Group/ops", "Policy/default"]


def test_backwards_and_from_the_beginning(applied: Any) -> None:
    assert [item["action"] for item in diff(applied, "?from=2&to=1")["changes"]] == ["delete", "update"]
    whole = diff(applied, "?from=0&to=latest")
    assert whole["summary"]["add"] == 6
    assert whole["before"]["digest"] != whole["after"]["digest"]


def test_where_it_is_written_is_known_of_the_present(api: Any) -> None:
    place = {"Policy/default": {"file": "default.yaml", "line": 3}}
    api.apply(company())
    api.apply(company(deny=["read"]), positions=place)
    assert diff(api)["changes"][0]["location"] == {"file": "default.yaml", "line": 3}
    assert diff(api, "?from=latest&to=1")["changes"][0]["location"] is None


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("from=9", 404, "unknown-revision"),
        ("from=latest~9", 404, "unknown-revision"),
        ("from=x", 400, "bad-parameter"),
        ("to=", 400, "bad-parameter"),
        ("from=1&from=2", 400, "bad-parameter"),
    ],
)
def test_revisions_that_are_not_there(applied: Any, problem: Any, query: str, status: int, code: str) -> None:
    problem(applied.get(f"/v1/orgs/acme/diff?{query}"), status, code)


def test_a_revision_is_found_by_name(applied: Any, problem: Any) -> None:
    assert applied.get("/v1/orgs/acme/revisions/latest").json()["number"] == 4
    assert applied.get("/v1/orgs/acme/revisions/latest~3").json()["number"] == 1
    problem(applied.get("/v1/orgs/acme/revisions/0"), 404, "unknown-revision")
    problem(applied.get("/v1/orgs/acme/revisions/latest~4"), 404, "unknown-revision")


def test_who_set_a_list_and_each_item_of_it(applied: Any) -> None:
    found = blame(applied, "Policy/default", "spec.tools.deny")
    (field,) = found.fields
    assert (found.revision, field.path, field.value) == (4, "spec.tools.deny", ["read", "write"])
    assert field.mark is not None
    assert field.mark.revision == 4
    assert [(item.value, item.mark and item.mark.revision) for item in field.items] == [("read", 2), ("write", 4)]
    first = field.items[0].mark
    assert first is not None
    assert (first.commit, first.author, first.actor) == (COMMIT, ADA, "owner")


def test_every_field_of_a_resource(applied: Any) -> None:
    assert since(blame(applied, "Policy/default")) == {"spec.appliesTo": 1, "spec.tools.deny": 4}
    assert since(blame(applied, "Policy/default", "spec.tools")) == {"spec.tools.deny": 4}


def test_the_whole_history_of_a_field(applied: Any) -> None:
    found = blame(applied, "Policy/default", "spec.tools.deny", all="true")
    assert [(edit.mark.revision, edit.fields[0].before, edit.fields[0].after) for edit in found.edits] == [
        (4, ["exec", "read"], ["read", "write"]),
        (2, ["exec"], ["exec", "read"]),
        (1, None, ["exec"]),
    ]
    assert found.next is None
    first = blame(applied, "Policy/default", "spec.tools.deny", all="true", limit="1")
    assert ([edit.mark.revision for edit in first.edits], first.next) == ([4], 3)
    rest = blame(applied, "Policy/default", "spec.tools.deny", all="true", limit="5", before="3")
    assert ([edit.mark.revision for edit in rest.edits], rest.next) == ([2, 1], None)


def test_what_was_deleted_says_who_did_it(applied: Any) -> None:
    found = blame(applied, "Group/ops")
    assert (found.fields, [(edit.mark.revision, edit.action) for edit in found.edits]) == ((), [(4, "delete")])


def test_what_was_taken_out_says_who_did_it(applied: Any) -> None:
    bare = [item for item in company() if item["kind"] != "Policy"]
    applied.apply([*bare, resource("Policy", "default", appliesTo="everyone")])
    found = blame(applied, "Policy/default", "spec.tools.deny")
    assert (found.fields, [edit.mark.revision for edit in found.edits]) == ((), [5])


def test_it_goes_on_where_it_stopped(applied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_MOST_VERSIONS", 1)
    monkeypatch.setattr(service, "_READ_AT_ONCE", 2)
    first = blame(applied, "Policy/default")
    assert (first.next, first.next_address) == (3, "Policy/default")
    assert since(first) == {"spec.appliesTo": None, "spec.tools.deny": 4}
    second = blame(applied, "Policy/default", before="3")
    assert (second.next, second.revision) == (2, 2)
    assert since(blame(applied, "Policy/default", before="2")) == {"spec.appliesTo": 1, "spec.tools.deny": 1}
    assert blame(applied, "Policy/default", before="1").fields == ()


@pytest.fixture
def renamed(api: Any) -> Any:
    """`default` became `everyone` in revision 2, with another list, and `all` in revision 4."""

    def of(name: str, *deny: str) -> list[dict[str, Any]]:
        rest = [item for item in company() if item["kind"] != "Policy"]
        return [*rest, resource("Policy", name, appliesTo="everyone", tools={"deny": list(deny)})]

    api.apply(of("default", "exec"), positions={"Policy/default": {"file": "a.yaml", "line": 1}})
    api.apply(of("everyone", "exec", "read"), moved=[{"from": "Policy/default", "to": "Policy/everyone"}])
    api.apply(of("everyone", "exec", "read", "write"))
    api.apply(of("all", "exec", "read", "write"), moved=[{"from": "Policy/everyone", "to": "Policy/all"}])
    return api


def test_a_history_goes_on_behind_a_renaming(renamed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = blame(renamed, "Policy/all")
    assert since(found) == {"spec.appliesTo": 1, "spec.tools.deny": 3}
    items = found.fields[1].items
    assert [(item.value, item.mark and item.mark.revision) for item in items] == [
        ("exec", 1),
        ("read", 2),
        ("write", 3),
    ]
    every = blame(renamed, "Policy/all", all="true")
    assert [(edit.mark.revision, edit.action.value) for edit in every.edits] == [
        (4, "move"),
        (3, "update"),
        (2, "move"),
        (1, "create"),
    ]
    monkeypatch.setattr(service, "_MOST_VERSIONS", 2)
    part = blame(renamed, "Policy/all", all="true")
    assert (part.next, part.next_address) == (3, "Policy/everyone")
    rest = blame(renamed, "Policy/everyone", all="true", before="3")
    assert [edit.mark.revision for edit in rest.edits] == [2, 1]


def test_a_renaming_is_one_difference(renamed: Any) -> None:
    (change,) = diff(renamed, "?from=1&to=latest")["changes"]
    assert (change["address"], change["action"], change["previous"]) == ("Policy/all", "move", "Policy/default")
    assert [field["path"] for field in change["fields"]] == ["spec.tools.deny"]
    (change,) = diff(renamed, "?from=latest&to=1")["changes"]
    assert (change["address"], change["action"], change["previous"]) == ("Policy/default", "move", "Policy/all")
    (change,) = diff(renamed)["changes"]
    assert (change["previous"], change["fields"]) == ("Policy/everyone", [])


@pytest.mark.parametrize(
    ("query", "status", "code", "hint"),
    [
        ("address=Policy/defalt", 404, "unknown-resource", "Did you mean Policy/default?"),
        ("address=nonsense", 404, "unknown-resource", "Kind/name"),
        ("address=Policy/default&field=spec.tool.deny", 404, "unknown-field", "Did you mean spec.tools.deny?"),
        ("address=Policy/default&field=tools.deny", 404, "unknown-field", "Did you mean spec.tools.deny?"),
        ("address=Policy/default&field=spec.tools.deny.x", 404, "unknown-field", "Did you mean spec.tools.deny?"),
        ("address=Policy/default&field=zzz", 404, "unknown-field", "lists what it sets"),
        ("address=Policy/default&field=spec.exec.mode", 404, "unset-field", "lists what it sets"),
        ("", 400, "bad-parameter", "Policy/engineering"),
        ("address=Policy/default&limit=0", 400, "bad-parameter", ""),
        ("address=Policy/default&field=a%00", 400, "bad-parameter", ""),
    ],
)
def test_what_cannot_be_asked(applied: Any, problem: Any, query: str, status: int, code: str, hint: str) -> None:
    found = problem(applied.get(f"/v1/orgs/acme/blame?{query}"), status, code)
    assert hint in (found.get("hint") or "")


def test_only_revisions_that_touched_the_resource_are_read(applied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = service.BackwardFields.undo

    def undo(self: Any, mark: Any, before: Any) -> Any:
        read.append(str(mark.revision))
        return original(self, mark, before)

    monkeypatch.setattr(service.BackwardFields, "undo", undo)
    blame(applied, "Group/lab", all="true")
    assert read == ["3"]


def test_who_applied_it_is_for_those_who_may_read_revisions(applied: Any, problem: Any) -> None:
    reader = applied.token("state:read")
    (field,) = blame(applied, "Policy/default", "spec.tools.deny", token=reader).fields
    mark = field.items[0].mark
    assert mark is not None
    assert (mark.revision, mark.commit, mark.author, mark.actor) == (2, None, None, None)
    lister = applied.token("revisions:read")
    for path in ("diff", "blame?address=Policy/default"):
        problem(applied.get(f"/v1/orgs/acme/{path}", token=lister), 403, "missing-permission")


def test_another_org_s_history_is_not_looked_at(applied: Any, problem: Any) -> None:
    applied.apply([resource("Organization", "other")], org="other")
    problem(applied.get("/v1/orgs/other/blame?address=Policy/default"), 404, "unknown-resource")
    assert [item["address"] for item in applied.get("/v1/orgs/other/diff").json()["changes"]] == ["Organization/other"]
    stranger = applied.token("*:*", org="other")
    for path in ("diff", "blame?address=Policy/default", "revisions/latest"):
        problem(applied.get(f"/v1/orgs/acme/{path}", token=stranger), 403, "wrong-org")


def test_the_log_tells_what_a_revision_meant_and_who_approved_it(api: Any) -> None:
    ann = resource("User", "ann", email="ann@acme.example")
    owners = resource("RoleBinding", "owners", role="owner", subjects={"users": ["ann"]})
    api.apply(company(ann, owners))
    plan = api.plan(company(ann, owners, deny=["exec", "read"]))
    token = api.session("user:ann")["accessToken"]
    approved = api.post(f"/v1/orgs/acme/plans/{plan['id']}/approvals", json={"reason": "fine"}, token=token)
    assert approved.status_code == 200
    assert api.send_apply(plan).status_code == 200
    (second, first) = api.get("/v1/orgs/acme/revisions").json()["revisions"]
    assert (first["verdict"], first["approvals"], first["rollbackTo"]) == ("looser", [], None)
    assert second["verdict"] == "tighter"
    (given,) = second["approvals"]
    assert (given["by"], given["verdict"], given["reason"]) == ("user:ann", "approved", "fine")
    assert second["planId"] == plan["id"]
