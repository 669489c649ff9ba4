"""Skills that are handed in: by whom, what is kept, and who may say what about them."""

from __future__ import annotations

from typing import Any

import pytest
from server_app import Api, MovableClock
from server_process import company, resource

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
PEOPLE = [
    resource("User", "ann", email="ann@acme.example"),
    resource("User", "bob", email="bob@acme.example"),
    resource("RoleBinding", "reviewers", role="approver", subjects={"users": ["ann", "dev"]}),
]
SUBMISSIONS = "/v1/orgs/acme/skills/submissions"
SKILL = {"key": "pdf-forms", "version": "1.0.0", "digest": A, "source": "git:x", "manifest": "---\nname: pdf\n---\n"}


def approval(name: str, key: str = "pdf-forms", **spec: Any) -> dict[str, Any]:
    return resource("SkillApproval", name, **{"appliesTo": "everyone", "key": key, "status": "approved", **spec})


def token(api: Api, user: str) -> str:
    return str(api.session(f"user:{user}")["accessToken"])


def submit(api: Api, user: str = "bob", **changes: Any) -> dict[str, Any]:
    answer = api.post(SUBMISSIONS, json={**SKILL, **changes}, token=token(api, user))
    assert answer.status_code == 201, answer.text
    submitted: dict[str, Any] = answer.json()
    return submitted


def review(api: Api, submission: str, user: str = "ann", **body: Any) -> Any:
    return api.post(f"{SUBMISSIONS}/{submission}/review", json=body, token=token(api, user))


def test_what_is_handed_in_waits_until_somebody_else_looks_at_it(api: Api) -> None:
    api.apply(company(*PEOPLE))
    before = api.get("/v1/orgs/acme/state").json()
    submitted = submit(api)
    assert (submitted["state"], submitted["submittedBy"]) == ("pending", "user:bob")
    shown = api.get(f"{SUBMISSIONS}/{submitted['id']}", token=token(api, "ann")).json()
    assert shown["manifest"] == SKILL["manifest"]
    listed = api.get(f"{SUBMISSIONS}?state=pending", token=token(api, "ann")).json()["submissions"]
    assert [(item["id"], item["manifest"]) for item in listed] == [(submitted["id"], "")]
    done = review(api, submitted["id"], verdict="approved", reason="read it", digest=A)
    assert (done.status_code, done.json()["state"], done.json()["reviewedBy"]) == (200, "approved", "user:ann")
    # The review is a mark. What agents may do stands in the files, and only there.
    assert api.get("/v1/orgs/acme/state").json() == before
    assert api.get(f"{SUBMISSIONS}?state=pending", token=token(api, "ann")).json()["submissions"] == []
    kept = [item for item in api.audit() if item["action"].startswith("skills:")]
    assert [(item["action"], item["actor"], item["class"]) for item in kept] == [
        ("skills:submit", "user:bob", "policy"),
        ("skills:approve", "user:ann", "policy"),
    ]
    assert kept[1]["detail"]["digest"] == A
    assert SKILL["manifest"] not in str(kept)


def test_an_agent_hands_in_for_its_user_and_for_nobody_else(api: Api) -> None:
    api.apply(company(*PEOPLE))
    agent = api.enroll("dev")
    body = {**SKILL, "submittedBy": "user:bob"}
    assert api.post("/v1/agent/skills", json=body, token=agent["credential"]).status_code == 422
    submitted = api.post("/v1/agent/skills", json=SKILL, token=agent["credential"]).json()
    assert (submitted["submittedBy"], submitted["instance"]) == ("user:dev", agent["instance"])
    refused = review(api, submitted["id"], "dev", verdict="approved")
    assert (refused.status_code, refused.json()["code"]) == (403, "own-submission")
    assert review(api, submitted["id"], "ann", verdict="approved").status_code == 200
    api.delete(f"/v1/orgs/acme/instances/{agent['instance']}")
    assert api.post("/v1/agent/skills", json=SKILL, token=agent["credential"]).status_code == 401
    assert ("skills:submit", "refused") in [(item["action"], item["outcome"]) for item in api.audit()]


def test_nobody_reviews_their_own_with_any_of_their_credentials(api: Api) -> None:
    owners = resource("RoleBinding", "owners", role="owner", subjects={"users": ["ann"]})
    api.apply(company(*PEOPLE, owners))
    submitted = submit(api, "ann")
    key = api.post("/v1/orgs/acme/tokens", json={"name": "k", "permissions": ["skills:*"]}, token=token(api, "ann"))
    for credential in (token(api, "ann"), key.json()["token"]):
        answer = api.post(f"{SUBMISSIONS}/{submitted['id']}/review", json={"verdict": "approved"}, token=credential)
        assert (answer.status_code, answer.json()["code"]) == (403, "own-submission")
    assert api.get(f"{SUBMISSIONS}/{submitted['id']}").json()["state"] == "pending"


def test_people_see_and_take_back_only_what_they_handed_in(api: Api) -> None:
    api.apply(company(*PEOPLE, resource("User", "cat", email="cat@acme.example")))
    own, other = submit(api, "bob"), submit(api, "cat")
    listed = api.get(SUBMISSIONS, token=token(api, "bob")).json()["submissions"]
    assert [item["id"] for item in listed] == [own["id"]]
    assert api.get(f"{SUBMISSIONS}/{own['id']}", token=token(api, "bob")).status_code == 200
    for path in (other["id"], "nothing"):
        refused = api.get(f"{SUBMISSIONS}/{path}", token=token(api, "bob"))
        assert (refused.status_code, refused.json()["code"]) == (403, "missing-permission")
    for submission in (other["id"], "nothing"):
        assert api.delete(f"{SUBMISSIONS}/{submission}", token=token(api, "bob")).json()["code"] == "unknown-submission"
    assert api.delete(f"{SUBMISSIONS}/{own['id']}", token=token(api, "bob")).status_code == 204
    gone = api.get(f"{SUBMISSIONS}/{own['id']}").json()
    assert (gone["state"], gone["manifest"]) == ("withdrawn", "")
    assert review(api, own["id"], verdict="approved").json()["code"] == "submission-reviewed"


def test_a_review_is_of_the_content_that_was_looked_at_and_is_given_once(api: Api) -> None:
    api.apply(company(*PEOPLE))
    submitted = submit(api)
    assert review(api, submitted["id"], verdict="approved", digest=B).json()["code"] == "digest-differs"
    assert review(api, submitted["id"], verdict="rejected", reason="no").status_code == 200
    count = len(api.audit())
    # Once more after a lost answer: it is as it was, and nothing more is kept.
    assert review(api, submitted["id"], verdict="rejected", reason="no").status_code == 200
    assert len([item for item in api.audit()[count:] if item["action"] == "skills:reject"]) == 0
    for user, verdict in (("ann", "approved"), ("dev", "rejected")):
        assert review(api, submitted["id"], user, verdict=verdict).json()["code"] == "submission-reviewed"


def test_the_same_skill_of_one_submitter_waits_once_and_not_too_many_do(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clawforge_server.service.skill_submissions._MOST_WAITING", 2)
    api.apply(company(*PEOPLE))
    first = submit(api)
    assert submit(api)["id"] == first["id"]
    assert submit(api, digest=B)["id"] != first["id"]
    full = api.post(SUBMISSIONS, json={**SKILL, "key": "c"}, token=token(api, "bob"))
    assert (full.status_code, full.json()["code"]) == (409, "too-many-submissions")
    assert submit(api, "dev")["state"] == "pending"


def test_other_content_of_an_approved_skill_says_so_and_shows_both(api: Api) -> None:
    positions = {"SkillApproval/pdf": {"file": "skills/approvals.yaml", "line": 3, "fields": {"/spec/status": 9}}}
    api.apply(company(*PEOPLE, approval("pdf", digest=A, version="1.0.0", reviewedBy="ann")), positions=positions)
    changed = submit(api, digest=B)
    assert changed["verdicts"] == []
    other = {"resource": "SkillApproval/pdf", "version": "1.0.0", "digest": A, "state": "approved"}
    assert changed["others"] == [{**other, "file": "skills/approvals.yaml", "line": 9}]
    same = submit(api, "dev")
    assert (same["others"], [item["digest"] for item in same["verdicts"]]) == ([], [A])


def test_what_needs_a_review_is_listed(api: Api, clock: MovableClock) -> None:
    verdicts = [
        approval("lasting", "lasting", digest=A),
        approval("pdf", digest=A, reviewBy="2026-11-20"),
        approval("soon", "soon", digest=A, reviewBy="2026-12-04"),
        approval("later", "later", digest=A, reviewBy="2026-12-05"),
        approval("unpinned", "unpinned"),
    ]
    api.apply(company(*PEOPLE, *verdicts))

    def states() -> dict[str, str]:
        return {item["key"]: item["state"] for item in api.get("/v1/orgs/acme/skills").json()["verdicts"]}

    assert states() == {
        "lasting": "approved",
        "pdf-forms": "due",
        "soon": "due",
        "later": "approved",
        "unpinned": "approved",
    }
    clock.move(hours=12)
    assert states()["pdf-forms"] == "expired"
    assert states()["later"] == "due"
    submit(api, digest=B)
    submit(api, key="unpinned", digest=B)
    submit(api, key="unheard-of", digest=B)
    agent = api.enroll("dev")
    loaded = [
        {"key": "lasting", "digest": A},
        {"key": "lasting", "digest": B, "version": "9"},
        {"key": "lasting", "digest": "sha256:x"},
        {"key": ["lasting"], "digest": B},
    ]
    events = [
        {"seq": number, "at": "2026-11-20T10:00:00Z", "class": "skill", "action": "skill:load", "outcome": "deny",
         "detail": detail}
        for number, detail in enumerate(loaded, 1)
    ]  # fmt: skip
    assert api.post("/v1/agent/audit", json={"events": events}, token=agent["credential"]).status_code == 200
    found = api.get("/v1/orgs/acme/skills", token=token(api, "ann")).json()
    seen = [(item["key"], item["digest"], [one["digest"] for one in item["approved"]]) for item in found["changed"]]
    assert seen == [("lasting", B, [A]), ("pdf-forms", B, [A])]
    assert found["changed"][0]["seenIn"] == agent["instance"]
    assert (found["pending"], found["complete"]) == (3, True)


def test_another_org_neither_sees_nor_reviews_it(api: Api) -> None:
    api.apply(company(*PEOPLE))
    other = [resource("Organization", "other"), resource("User", "eve", email="eve@other.example")]
    api.apply([*other, resource("RoleBinding", "o", role="owner", subjects={"users": ["eve"]})], org="other")
    submitted = submit(api)
    eve = api.session("user:eve", org="other")["accessToken"]
    foreign = "/v1/orgs/other/skills/submissions"
    assert api.get(foreign, token=eve).json()["submissions"] == []
    for path in (SUBMISSIONS, foreign):
        for method, part in (("GET", ""), ("DELETE", ""), ("POST", "/review")):
            body = {"json": {"verdict": "approved"}} if method == "POST" else {}
            answer = api.request(method, f"{path}/{submitted['id']}{part}", token=eve, **body)
            assert answer.json()["code"] in {"wrong-org", "unknown-submission"}, path
    assert api.get(f"{SUBMISSIONS}/{submitted['id']}").json()["state"] == "pending"


REFUSED: list[tuple[dict[str, Any], int]] = [
    ({"key": ""}, 422),
    ({"key": "-x"}, 422),
    ({"key": "a" * 129}, 422),
    ({"digest": "sha256:x"}, 422),
    ({"digest": A.upper()}, 422),
    ({"version": ""}, 422),
    ({"source": "s" * 513}, 422),
    ({"manifest": "m" * 65_537}, 422),
    ({"metadata": {"name": "pdf"}}, 422),
    ({"note": "\x1b[2J"}, 422),
    ({"state": "approved"}, 422),
    ({"manifest": "m" * 600_000}, 413),
]


def test_what_is_no_submission_is_refused_and_what_is_odd_is_kept_as_it_is(api: Api) -> None:
    api.apply(company(*PEOPLE))
    agent, bob = api.enroll("dev")["credential"], token(api, "bob")
    for changes, status in REFUSED:
        for path, credential in ((SUBMISSIONS, bob), ("/v1/agent/skills", agent)):
            answer = api.post(path, json={**SKILL, **changes}, token=credential)
            assert answer.status_code == status, (path, str(changes)[:60])
    assert api.get(SUBMISSIONS).json()["submissions"] == []
    odd = "nul \x00, bell \x07 and \u202e"
    submitted = submit(api, manifest=odd)
    assert api.get(f"{SUBMISSIONS}/{submitted['id']}").json()["manifest"] == odd


def test_an_agent_that_waits_to_be_let_in_hands_nothing_in(api: Api) -> None:
    template = resource("Enrollment", "laptops", users=["dev"], requireApproval=True)
    api.apply(company(*PEOPLE, template))
    minted = api.post("/v1/orgs/acme/enrollments", json={"template": "laptops"}).json()["token"]
    credential = api.post("/v1/enroll", token="", json={"token": minted}).json()["credential"]
    refused = api.post("/v1/agent/skills", json=SKILL, token=credential)
    assert (refused.status_code, refused.json()["code"]) == (403, "enrolment-pending")
