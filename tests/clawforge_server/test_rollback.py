"""Going back: a plan like any other, made of what a source owned at a revision."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server_process import ServerProcess, apply, company, resource, send_apply, server_process

ROLLBACKS = "/v1/orgs/acme/rollbacks"
COMMITS = ("a" * 40, "b" * 40, "c" * 40)


def ask(api: Any, revision: str, *, source: str = "policies", **options: Any) -> Any:
    return api.post(ROLLBACKS, json={"source": source, "revision": revision}, **options)


def plan(api: Any, revision: str, **options: Any) -> Any:
    answer = ask(api, revision, **options)
    assert answer.status_code == 201, answer.text
    return answer.json()


def state(api: Any, revision: int | None = None) -> Any:
    return api.get(f"/v1/orgs/acme/state{'' if revision is None else f'?revision={revision}'}").json()


def test_it_restores_the_state_and_is_a_new_revision(api: Any) -> None:
    api.apply(company(resource("Group", "ops")), commit=COMMITS[0], commitAuthor="Ada <ada@acme.example>")
    api.apply(company(deny=["read"]), commit=COMMITS[1])
    made = plan(api, "1")
    assert made["summary"] == {"add": 1, "change": 1, "destroy": 0, "move": 0, "forget": 0}
    assert (made["base"]["revision"], made["commit"]) == (2, COMMITS[0])
    assert api.send_apply(made).json()["revision"] == 3
    assert state(api)["digest"] == state(api, 1)["digest"]
    newest = api.get("/v1/orgs/acme/revisions/latest").json()
    assert (newest["rollbackTo"], newest["commit"]) == (1, COMMITS[0])
    assert newest["commitAuthor"] == "Ada <ada@acme.example>"
    (entry,) = [item for item in api.audit() if item["detail"].get("rollback")]
    assert (entry["action"], entry["detail"]["rollback"]) == ("plans:create", 1)


def test_the_present_revision_is_an_empty_plan(api: Any) -> None:
    api.apply(company(), positions={"Policy/default": {"file": "a.yaml", "line": 1}})
    api.apply(company(deny=["read"]), positions={"Policy/default": {"file": "a.yaml", "line": 2}})
    for name in ("2", "latest"):
        made = plan(api, name)
        assert (made["changes"], made["positionsChanged"], made["warnings"]) == ([], False, [])


def test_git_is_named_where_it_has_to_follow(api: Any) -> None:
    for commit, deny in zip(COMMITS, ("exec", "read", "write"), strict=True):
        api.apply(company(deny=[deny]), commit=commit)
    first = plan(api, "1")
    (warning,) = [item for item in first["warnings"] if item["code"] == "rollback"]
    assert "Git still holds the newer files, and their next apply undoes the rollback" in warning["message"]
    assert f"`git revert --no-edit {'a' * 12}..{'c' * 12}`" in warning["message"]
    api.send_apply(first)
    # Back to where the files are: nothing is left to do in git.
    (warning, *_) = plan(api, "3")["warnings"]
    assert (warning["code"], "git revert" in warning["message"]) == ("rollback-of-files", False)
    # From a rollback to something else than the files: still from the files.
    (warning, *_) = plan(api, "2")["warnings"]
    assert f"{'b' * 12}..{'c' * 12}" in warning["message"]


def test_uncommitted_files_are_no_commit_to_revert_to(api: Any) -> None:
    api.apply(company(deny=["exec"]), commit=COMMITS[0])
    api.apply(company(deny=["read"]), commit=COMMITS[0], dirty=True)
    (warning, *_) = plan(api, "1")["warnings"]
    assert warning["message"].endswith("such as by `git revert`.")


def test_what_stands_in_the_files_as_before_keeps_its_place(api: Any) -> None:
    places = {
        "Policy/default": {"file": "policy.yaml", "line": 4},
        "Group/eng": {"file": "groups.yaml", "line": 2},
    }
    api.apply(company(), positions=places)
    api.apply(company(deny=["read"]), positions=places)
    api.send_apply(plan(api, "1"))
    assert set(state(api)["positions"]) == {"Group/eng"}


def test_other_sources_keep_what_they_have(api: Any) -> None:
    lab = resource("Group", "lab")
    api.apply(company(resource("Group", "ops")))
    api.apply([lab], source="lab")
    api.apply(company(deny=["read"]))
    api.apply([lab, resource("Group", "ops", members={"users": ["dev"]})], source="lab")
    made = plan(api, "1")
    assert [change["address"] for change in made["changes"]] == ["Policy/default"]
    (kept,) = [item for item in made["warnings"] if item["code"] == "rollback-kept"]
    assert "Group/ops (lab)" in kept["message"]
    api.send_apply(made)
    found = state(api)
    assert found["sources"]["Group/ops"] == found["sources"]["Group/lab"] == "lab"
    # What the other source took over is what it was, and stays its own.
    assert [(change["address"], change["action"]) for change in plan(api, "1", source="lab")["changes"]] == [
        ("Group/lab", "delete"),
        ("Group/ops", "update"),
    ]


def test_a_renamed_resource_gets_its_name_back(api: Any) -> None:
    kept = {"apiVersion": "clawforge/v1", "kind": "Group", "spec": {}}
    notes = {"annotations": {"clawforge.io/prevent-destroy": "true"}}
    old, new = ({**kept, "metadata": {"name": name, **notes}} for name in ("ops", "operations"))
    api.apply(company(old))
    api.apply(company(new), moved=[{"from": "Group/ops", "to": "Group/operations"}])
    made = plan(api, "1")
    (change,) = made["changes"]
    assert (change["action"], change["address"], change["previous"]) == ("move", "Group/ops", "Group/operations")
    api.send_apply(made)
    assert state(api)["digest"] == state(api, 1)["digest"]


def test_what_was_forgotten_since_is_taken_in_again(api: Any) -> None:
    api.apply(company(resource("Group", "ops")))
    api.apply(company(), forgotten=["Group/ops"])
    made = plan(api, "1")
    assert [(change["address"], change["owner"]) for change in made["changes"]] == [("Group/ops", "")]
    api.send_apply(made)
    assert state(api)["sources"]["Group/ops"] == "policies"


def test_what_must_not_be_destroyed_is_not(api: Any, problem: Any) -> None:
    kept = resource("Group", "ops")
    kept["metadata"]["annotations"] = {"clawforge.io/prevent-destroy": "true"}
    api.apply(company())
    api.apply(company(kept))
    problem(ask(api, "1"), 422, "destroy-prevented")


@pytest.mark.parametrize("revision", ["0", "9", "latest~9"])
def test_revisions_that_are_not_there(api: Any, problem: Any, revision: str) -> None:
    api.apply(company())
    problem(ask(api, revision), 404, "unknown-revision")


def test_what_it_does_not_understand(api: Any, problem: Any) -> None:
    problem(ask(api, "1"), 404, "unknown-org")
    api.apply(company())
    problem(ask(api, "x"), 422, "invalid-request")
    found = problem(ask(api, "1", source="policie"), 404, "unknown-source")
    assert found["hint"] == "Did you mean policies?"


def test_the_checks_are_those_of_every_plan(api: Any, problem: Any) -> None:
    """The old state was sound then and is not now: another source wrote a test that it fails."""
    api.apply(company(deny=[]))
    api.apply(company(deny=["exec"]))
    case = {"name": "no shell", "subject": {"user": "dev"}, "call": {"tool": "exec"}, "expect": {"effect": "deny"}}
    api.apply([resource("PolicyTest", "shut", cases=[case])], source="tests")
    problem(ask(api, "1"), 422, "tests-failed")


def test_it_gives_nobody_rights_without_an_approval(api: Any, problem: Any) -> None:
    ann, bob = (resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bob"))
    admins = resource("RoleBinding", "admins", role="admin", subjects={"users": ["bob"]})
    owners = resource("RoleBinding", "owners", role="owner", subjects={"users": ["ann"]})
    more = resource("RoleBinding", "more", role="owner", subjects={"users": ["bob"]})
    api.apply(company(ann, bob, admins, owners, more))
    api.apply(company(ann, bob, admins, owners))
    token = api.session("user:bob")["accessToken"]
    made = plan(api, "1", token=token)
    assert [need["code"] for need in made["approvals"]["needed"]] == ["rbac-escalation"]
    problem(api.send_apply(made, token=token), 403, "rbac-escalation")
    assert state(api)["revision"] == 2


def test_it_is_approved_by_somebody_else_as_any_plan(api: Any, problem: Any) -> None:
    ann, bob = (resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bob"))
    rights = ["state:read", "plans:create", "plans:apply", "plans:approve", "rbac:escalate"]
    changer = resource("Role", "changer", permissions=rights)
    bound = resource("RoleBinding", "changers", role="changer", subjects={"users": ["bob"]})
    owners = resource("RoleBinding", "owners", role="owner", subjects={"users": ["ann"]})
    more = resource("RoleBinding", "more", role="owner", subjects={"users": ["bob"]})
    api.apply(company(ann, bob, changer, bound, owners, more))
    api.apply(company(ann, bob, changer, bound, owners))
    bobs, anns = (api.session(f"user:{name}")["accessToken"] for name in ("bob", "ann"))
    made = plan(api, "1", token=bobs)
    problem(api.send_apply(made, token=bobs), 409, "rbac-escalation")
    approvals = f"/v1/orgs/acme/plans/{made['id']}/approvals"
    problem(api.post(approvals, json={}, token=bobs), 403, "own-plan")
    assert api.post(approvals, json={}, token=anns).status_code == 200
    assert api.send_apply(made, token=bobs).json()["revision"] == 3
    newest = api.get("/v1/orgs/acme/revisions/latest").json()
    assert ([item["by"] for item in newest["approvals"]], newest["actor"]) == (["user:ann"], "user:bob")
    assert newest["rollbackTo"] == 1


def test_it_does_not_take_the_last_owner(api: Any, problem: Any) -> None:
    ann = resource("User", "ann", email="ann@acme.example")
    owners = resource("RoleBinding", "owners", role="owner", subjects={"users": ["ann"]})
    api.apply(company(ann))
    api.apply(company(ann, owners))
    problem(ask(api, "1"), 422, "last-owner")


def test_a_change_in_between_is_a_conflict(api: Any, problem: Any) -> None:
    api.apply(company())
    api.apply(company(deny=["read"]))
    made = plan(api, "1")
    api.apply(company(deny=["write"]))
    problem(api.send_apply(made), 409, "stale-plan")


def test_an_edited_or_expired_plan_is_refused(api: Any, problem: Any, clock: Any) -> None:
    api.apply(company())
    api.apply(company(deny=["read"]))
    made = plan(api, "1")
    problem(api.send_apply({**made, "warnings": []}), 409, "plan-edited")
    clock.move(hours=25)
    problem(api.send_apply(made), 409, "plan-expired")


def test_who_may_ask_for_it(api: Any, problem: Any) -> None:
    api.apply(company())
    api.apply(company(deny=["read"]))
    problem(ask(api, "1", token=api.token("plans:create")), 403, "missing-permission")
    problem(ask(api, "1", token=api.token("state:read", "revisions:read")), 403, "missing-permission")
    assert ask(api, "1", token=api.token("plans:create", "state:read")).status_code == 201
    api.apply([resource("Organization", "other")], org="other")
    problem(ask(api, "1", token=api.token("*:*", org="other")), 403, "wrong-org")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("rollback") / "data") as running:
        yield running


_orgs = itertools.count(1)
TOOLS = st.lists(st.sampled_from(["exec", "read", "write"]), unique=True)
STATES = st.lists(st.tuples(TOOLS, st.sets(st.sampled_from(["ops", "lab", "qa"]))), min_size=2, max_size=4)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(states=STATES, data=st.data())
def test_rolling_back_restores_the_digest(server: ServerProcess, states: list[Any], data: st.DataObject) -> None:
    org = f"org-{next(_orgs)}"
    with server.client() as client:
        for tools, groups in states:
            apply(client, _of(org, tools, groups), org=org)
        latest = client.get(f"/v1/orgs/{org}/state").json()["revision"]
        for number in data.draw(st.permutations(range(1, latest + 1))):
            made = _plan(client, org, number)
            wanted = client.get(f"/v1/orgs/{org}/state?revision={number}").json()
            assert made["stateDigest"] == wanted["digest"]
            if made["changes"]:
                assert send_apply(client, made).status_code == 200
            present = client.get(f"/v1/orgs/{org}/state").json()
            assert (present["digest"], present["resources"]) == (wanted["digest"], wanted["resources"])
            assert _plan(client, org, number)["changes"] == []


def _plan(client: httpx.Client, org: str, number: int) -> Any:
    body = {"source": "policies", "revision": str(number)}
    answer = client.post(f"/v1/orgs/{org}/rollbacks", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def _of(org: str, tools: list[str], groups: set[str]) -> list[dict[str, Any]]:
    organization = resource("Organization", org, displayName="Acme")
    rest = [item for item in company(deny=tools) if item["kind"] != "Organization"]
    return [organization, *rest, *(resource("Group", name) for name in sorted(groups))]


def test_the_data_directory_keeps_it_over_a_restart(tmp_path: Path) -> None:
    with server_process(tmp_path / "data") as first, first.client() as client:
        apply(client, company())
        apply(client, company(deny=["read"]))
        made = _plan(client, "acme", 1)
    with server_process(tmp_path / "data") as second, second.client() as client:
        assert send_apply(client, made).json()["revision"] == 3
        assert client.get("/v1/orgs/acme/revisions/3").json()["rollbackTo"] == 1
