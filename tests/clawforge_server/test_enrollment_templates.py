"""Templates for enrolment: a request may narrow them, never widen them, and a right over groups is enough for them."""

from __future__ import annotations

from typing import Any

import pytest
from server_process import company, resource

LAPTOPS: dict[str, Any] = {"members": ["eng"], "groups": ["eng"], "tags": {"form": "laptop"}, "ttl": "1d", "maxUses": 5}
BASE = [
    resource("User", "ann", email="ann@acme.example"),
    resource("User", "cat", email="cat@acme.example"),
    resource("Group", "power", members={"users": ["ann"]}),
    resource("Role", "minter", permissions=["enrollments:create"]),
    resource("RoleBinding", "minters", role="minter", subjects={"users": ["cat"]}, scope={"groups": ["eng"]}),
    resource("RoleBinding", "power", role="auditor", subjects={"groups": ["power"]}),
    resource("Enrollment", "laptops", **LAPTOPS),
    resource("Enrollment", "mine", users=["dev"], groups=["eng"]),
    resource("Enrollment", "powerful", users=["dev"], groups=["eng", "power"]),
    resource("Enrollment", "anybody"),
    resource("Enrollment", "checked", users=["dev"], maxUses=200, requireApproval=True),
]
PATH = "/v1/orgs/acme/enrollments"


@pytest.fixture(autouse=True)
def _applied(api: Any) -> None:
    api.apply(company(*BASE))


def mint(api: Any, template: str | None = "laptops", *, token: str | None = None, **body: Any) -> Any:
    return api.post(PATH, json={"template": template, **body}, token=token)


def as_(api: Any, user: str) -> str:
    return str(api.session(f"user:{user}")["accessToken"])


def enroll(api: Any, token: str) -> Any:
    return api.post("/v1/enroll", token="", json={"token": token})


def listed(api: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.get(PATH).json()["enrollments"][-1]
    return found


def test_a_token_is_what_the_template_says(api: Any) -> None:
    minted = mint(api, user="dev").json()
    found = listed(api)
    assert (found["template"], found["groups"], found["tags"]) == ("laptops", ["eng"], {"form": "laptop"})
    assert (found["uses"], found["usesLeft"], found["requireApproval"]) == (5, 5, False)
    assert found["expiresAt"] == "2026-11-21T12:00:00Z"
    enroll(api, minted["token"])
    (instance,) = api.get("/v1/orgs/acme/instances").json()["instances"]
    assert (instance["groups"], instance["tags"], instance["state"]) == (["eng"], {"form": "laptop"}, "active")


def test_an_enrolment_that_waited_for_an_apply_does_not_go_by_the_template_before_it(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = mint(api, user="dev").json()["token"]
    seen, strict = api.plane.states.get("acme"), resource("Enrollment", "laptops", **LAPTOPS, requireApproval=True)
    api.apply(company(*(item for item in BASE if item["metadata"]["name"] != "laptops"), strict))
    with monkeypatch.context() as patched:
        patched.setattr(api.plane.states, "get", lambda org: seen)
        answer = enroll(api, token)
    assert (answer.status_code, answer.json()["code"]) == (503, "org-changed")
    assert enroll(api, token).json()["state"] == "pending", "the token keeps its use"


@pytest.mark.parametrize(
    ("narrower", "expected"),
    [
        ({"ttl": 60}, {"expiresAt": "2026-11-20T12:01:00Z"}),
        ({"uses": 2}, {"uses": 2}),
        ({"groups": ["eng"], "tags": {"form": "laptop"}}, {"groups": ["eng"]}),
        ({"instance": "i-1"}, {"uses": 1, "instance": "i-1"}),
        ({"requireApproval": True}, {"requireApproval": True}),
    ],
)
def test_a_request_may_narrow(api: Any, narrower: dict[str, Any], expected: dict[str, Any]) -> None:
    assert mint(api, user="dev", **narrower).status_code == 201
    assert listed(api).items() >= expected.items()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"ttl": 86_401}, "beyond-template"),
        ({"uses": 6}, "beyond-template"),
        ({"groups": ["power"]}, "beyond-template"),
        ({"groups": ["eng", "power"]}, "beyond-template"),
        ({"tags": {"form": "server"}}, "beyond-template"),
        ({"tags": {"form": "laptop", "more": "x"}}, "beyond-template"),
        ({"user": "ann"}, "beyond-template"),
        ({"user": "gone"}, "user-not-active"),
        ({"user": "nobody"}, "unknown-user"),
        ({"template": "laptop"}, "unknown-template"),
        ({"instance": "i-1", "uses": 2}, "invalid-request"),
        ({"user": None}, "user-missing"),
        ({"template": None, "user": None}, "user-missing"),
        ({"template": None, "uses": 101}, "approval-required"),
    ],
)
def test_a_request_never_widens(api: Any, problem: Any, body: dict[str, Any], code: str) -> None:
    problem(mint(api, **{"user": "dev", **body}), 422, code)
    assert api.get(PATH).json()["enrollments"] == []


def test_a_group_is_not_left_out_either(api: Any, problem: Any) -> None:
    problem(mint(api, "powerful", user="dev", groups=["eng"]), 422, "beyond-template")


def test_the_only_user_need_not_be_named_and_a_person_means_themselves(api: Any) -> None:
    assert mint(api, "mine").status_code == 201
    assert listed(api)["user"] == "dev"
    assert mint(api, "anybody", token=api.session("user:dev")["accessToken"]).status_code == 403
    api.apply(company(*BASE, resource("RoleBinding", "all", role="minter", subjects={"users": ["ann"]})))
    api.clock.move(seconds=1)
    assert mint(api, "anybody", token=as_(api, "ann")).status_code == 201
    assert listed(api)["user"] == "ann"


def test_a_right_over_groups_is_good_for_templates_of_these_groups_only(api: Any, problem: Any) -> None:
    cat = as_(api, "cat")
    assert mint(api, user="dev", token=cat).status_code == 201
    problem(mint(api, None, user="dev", groups=["eng"], token=cat), 403, "outside-scope")
    problem(mint(api, "anybody", user="ann", token=cat), 403, "outside-scope")
    problem(mint(api, "powerful", user="dev", token=cat), 403, "outside-scope")


def test_nobody_mints_into_a_group_whose_rights_they_lack(api: Any, problem: Any) -> None:
    wide = resource("RoleBinding", "wide", role="minter", subjects={"users": ["cat"]})
    api.apply(company(*BASE, wide))
    cat = as_(api, "cat")
    refused = problem(mint(api, "powerful", token=cat), 403, "grant-exceeds-grantor")
    assert "RoleBinding/power" in refused["detail"]
    assert mint(api, "powerful").status_code == 201


def test_a_group_that_selects_by_tag_or_name_carries_rights_as_well(api: Any, problem: Any) -> None:
    wide = resource("RoleBinding", "wide", role="minter", subjects={"users": ["cat"]})
    tagged = resource("Group", "tagged", members={"tags": {"role": ["boss"]}})
    named = resource("Group", "named", members={"instances": ["boss-1"]})
    rights = resource("RoleBinding", "bosses", role="auditor", subjects={"groups": ["named", "tagged"]})
    api.apply(company(*BASE, wide, tagged, named, rights))
    cat = as_(api, "cat")
    problem(mint(api, None, user="dev", tags={"role": "boss"}, token=cat), 403, "grant-exceeds-grantor")
    problem(mint(api, None, user="dev", instance="boss-1", token=cat), 403, "grant-exceeds-grantor")
    assert mint(api, None, user="dev", tags={"role": "other"}, token=cat).status_code == 201


def test_what_the_template_says_now_counts_when_a_machine_joins(api: Any, problem: Any) -> None:
    token = mint(api, user="dev").json()["token"]
    others = [item for item in BASE if item["metadata"]["name"] != "laptops"]
    api.apply(company(*others))
    problem(enroll(api, token), 401, "bad-enrollment-token")
    api.apply(company(*others, resource("Enrollment", "laptops", **{**LAPTOPS, "members": ["power"]})))
    problem(enroll(api, token), 401, "bad-enrollment-token")
    api.apply(company(*others, resource("Enrollment", "laptops", **LAPTOPS, requireApproval=True)))
    assert enroll(api, token).json()["state"] == "pending"
    api.apply(company(*BASE))
    assert enroll(api, token).json()["state"] == "active"


def test_many_uses_only_with_approval(api: Any) -> None:
    assert mint(api, "checked").status_code == 201
    assert (listed(api)["uses"], listed(api)["requireApproval"]) == (200, True)
    assert mint(api, None, user="dev", uses=101, requireApproval=True).status_code == 201
