"""Skills that are stopped by hand: who may, what counts meanwhile, and that only the files or a person ends it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server_app import Api
from server_process import company, resource

from clawforge_server.store.sqlite.skills import SqlSkillRevocations

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
REVOCATIONS = "/v1/orgs/acme/skills/revocations"
PEOPLE = [
    resource("User", "ann", email="ann@acme.example"),
    resource("User", "bob", email="bob@acme.example"),
    resource("RoleBinding", "stop", role="security-responder", subjects={"users": ["ann"]}),
    resource("RoleBinding", "look", role="approver", subjects={"users": ["bob"]}),
]


def approval(name: str, **spec: Any) -> dict[str, Any]:
    spec = {"appliesTo": "everyone", "key": "pdf", "digest": A, "status": "approved", "reviewedBy": "bob", **spec}
    return resource("SkillApproval", name, **{key: value for key, value in spec.items() if value is not None})


CAREFUL = resource("Policy", "default", appliesTo="everyone", skills={"requireApproval": True})
APPROVED = [*company()[:-1], *PEOPLE, CAREFUL, approval("pdf")]
CODIFIED = approval("pdf-revoked", status="revoked", digest=None)


def revoke(api: Api, **body: Any) -> dict[str, Any]:
    answer = api.post(REVOCATIONS, json={"key": "pdf", "reason": "reads cookies", **body})
    assert answer.status_code == 201, answer.text
    revocation: dict[str, Any] = answer.json()
    return revocation


def code(api: Api, **params: str) -> str:
    body = {"user": "dev", "tool": "skill", "params": {"key": "pdf", "digest": A, **params}}
    return str(api.post("/v1/orgs/acme/decide", json=body).json()["reasons"][0]["code"])


def standing(api: Api) -> list[str]:
    return [item["id"] for item in api.get("/v1/orgs/acme/skills").json()["revocations"]]


def tag(api: Api, agent: dict[str, Any]) -> str:
    return str(api.get("/v1/agent/policy", token=agent["credential"]).headers["etag"])


def check_that_it_counts(api: Api) -> None:
    """It is decided by, shown, in the bundles under a new serial, and there after another apply."""
    api.apply(APPROVED)
    agent = api.enroll()
    before = tag(api, agent)
    assert code(api) == "allowed"
    revocation = revoke(api, digest=A)
    assert (code(api), code(api, digest=B)) == ("skill-revoked", "skill-not-approved")
    assert tag(api, agent) != before
    shown = api.get("/v1/orgs/acme/effective?user=dev").json()["effective"]["skills"]["revoked"]
    assert [(item["key"], item["digest"]) for item in shown] == [("pdf", A)]
    api.apply([*APPROVED, approval("other", key="other")])
    assert (code(api), standing(api)) == ("skill-revoked", [revocation["id"]])


def test_it_counts_at_once_and_whatever_is_applied(api: Api) -> None:
    check_that_it_counts(api)


def test_a_store_that_forgets_it_fails(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqlSkillRevocations, "standing", lambda *_: ())
    with pytest.raises(AssertionError):
        check_that_it_counts(api)


def test_stopping_and_lifting_are_two_rights(api: Api) -> None:
    api.apply(APPROVED)
    ann, bob = (api.session(f"user:{name}")["accessToken"] for name in ("ann", "bob"))
    body = {"key": "pdf", "reason": "reads cookies"}
    assert api.post(REVOCATIONS, json=body, token=bob).json()["code"] == "missing-permission"
    revocation = api.post(REVOCATIONS, json=body, token=ann).json()
    assert revocation["by"] == "user:ann"
    lift = f"{REVOCATIONS}/{revocation['id']}/lift"
    assert api.post(lift, json={"reason": "harmless"}, token=ann).json()["code"] == "missing-permission"
    assert api.post(lift, json={"reason": " "}, token=bob).status_code == 422
    assert api.post(lift, json={"reason": "harmless"}, token=bob).status_code == 204
    assert code(api) == "allowed"
    kept = [(item["action"], item["actor"], item["detail"].get("reason")) for item in api.audit()]
    assert [item for item in kept if item[0] == "skills:lift"] == [("skills:lift", "user:bob", "harmless")]
    assert ("skills:revoke", "user:ann", "reads cookies") in kept


def test_nobody_lets_a_skill_run_again_that_they_handed_in(api: Api) -> None:
    api.apply([*APPROVED, resource("RoleBinding", "too", role="approver", subjects={"users": ["dev"]})])
    bob, dev = (api.session(f"user:{name}")["accessToken"] for name in ("bob", "dev"))
    handed_in = api.post("/v1/orgs/acme/skills/submissions", json={"key": "pdf", "digest": B}, token=bob).json()["id"]
    api.delete(f"/v1/orgs/acme/skills/submissions/{handed_in}", token=bob)
    lift = f"{REVOCATIONS}/{revoke(api)['id']}/lift"
    refused = api.post(lift, json={"reason": "mine"}, token=bob)
    assert (refused.status_code, refused.json()["code"]) == (403, "own-submission")
    assert code(api) != "allowed"
    other = f"{REVOCATIONS}/{revoke(api, key='web')['id']}/lift"
    assert api.post(other, json={"reason": "not mine"}, token=bob).status_code == 204
    assert api.post(lift, json={"reason": "looked at it"}, token=dev).status_code == 204


def test_another_org_is_left_alone(api: Api) -> None:
    for org in ("acme", "other"):
        api.apply([resource("Organization", org), *APPROVED[1:]], org=org)
    revocation = revoke(api)
    assert api.get("/v1/orgs/other/skills").json()["revocations"] == []
    lift = api.post(f"/v1/orgs/other/skills/revocations/{revocation['id']}/lift", json={"reason": "x"})
    assert lift.json()["code"] == "unknown-revocation"
    body = {"user": "dev", "tool": "skill", "params": {"key": "pdf", "digest": A}}
    assert api.post("/v1/orgs/other/decide", json=body).json()["effect"] == "allow"


def test_a_refused_apply_does_not_end_it(api: Api) -> None:
    narrow = resource("RoleBinding", "some", role="admin", subjects={"users": ["ann"]}, scope={"kinds": ["Policy"]})
    api.apply([*APPROVED, narrow])
    revocation = revoke(api)
    token = api.session("user:ann")["accessToken"]
    refused = api.send_apply(api.plan([*APPROVED, narrow, CODIFIED]), token=token)
    # That her right does not reach so far is found after everything was written.
    assert (refused.status_code, refused.json()["code"]) == (403, "outside-scope")
    assert standing(api) == [revocation["id"]]
    api.apply([*APPROVED, narrow, CODIFIED])
    assert standing(api) == []
    assert code(api) == "skill-revoked"


def test_what_is_stopped_is_not_approved_by_a_review(api: Api) -> None:
    api.apply(APPROVED)
    revoke(api, digest=B)
    agent = api.enroll()
    body = {"key": "renamed", "digest": B}
    submitted = api.post("/v1/agent/skills", json=body, token=agent["credential"]).json()
    path = f"/v1/orgs/acme/skills/submissions/{submitted['id']}/review"
    refused = api.post(path, json={"verdict": "approved"})
    assert (refused.status_code, refused.json()["code"]) == (409, "skill-revoked")
    assert "reads cookies" in refused.json()["detail"]
    assert api.post(path, json={"verdict": "rejected"}).status_code == 200


def test_a_plan_that_approves_what_is_stopped_gives_nobody_anything(api: Api) -> None:
    api.apply([item for item in APPROVED if item["kind"] != "SkillApproval"])
    assert api.plan(APPROVED)["meaning"]["verdict"] == "looser"
    revoke(api, digest=A)
    assert api.plan(APPROVED)["meaning"]["verdict"] == "equal"


def test_plans_drift_and_the_list_of_overlays_show_it_until_the_files_say_so(api: Api) -> None:
    api.apply(APPROVED)
    revocation = revoke(api, digest=A)
    scope = f"pdf@{A}"
    other = api.plan([*APPROVED, approval("other", key="other")])
    assert [(item["id"], item["kind"], item["scope"]) for item in other["overlays"]] == [
        (revocation["id"], "skill", scope)
    ]
    assert api.plan([*APPROVED, CODIFIED]).get("overlays", []) == []
    listed = api.get("/v1/orgs/acme/overlays").json()["overlays"]
    assert [(item["id"], item["kind"], item["state"]) for item in listed] == [(revocation["id"], "skill", "on")]
    told = api.get("/v1/orgs/acme/drift").json()["exceptions"]
    assert [(item["kind"], item["subject"], item["why"], item["by"]) for item in told] == [
        ("skill", scope, "reads cookies", "owner")
    ]
    api.clock.move(seconds=1)
    kill = api.post("/v1/orgs/acme/overlays", json={"scope": "tool:exec", "reason": "CVE"}).json()["overlay"]["id"]
    assert [item["id"] for item in api.get("/v1/orgs/acme/overlays").json()["overlays"]] == [revocation["id"], kill]
    only_kills = api.token("kill:read")
    assert [item["id"] for item in api.get("/v1/orgs/acme/overlays", token=only_kills).json()["overlays"]] == [kill]
    api.apply([*APPROVED, CODIFIED])
    assert [item["kind"] for item in api.get("/v1/orgs/acme/drift").json()["exceptions"]] == ["kill"]


WANTED = [(key, digest) for key in ("pdf", "notes") for digest in (None, A, B)]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("revoke"), st.sampled_from(WANTED)),
        st.tuples(st.just("lift"), st.sampled_from(WANTED)),
        st.tuples(st.just("apply"), st.frozensets(st.sampled_from(WANTED), max_size=3)),
    ),
    max_size=6,
)


def covers(wide: tuple[str, str | None], narrow: tuple[str, str | None]) -> bool:
    return wide[0] == narrow[0] and wide[1] in (None, narrow[1])


class Stops:
    """What should hold, in the plainest words: what stands by hand, with ids, and what the files say."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.by_hand: dict[tuple[str, str | None], str] = {}
        self.files: frozenset[tuple[str, str | None]] = frozenset()
        self.apply(self.files)
        for stale in standing(api):
            api.post(f"{REVOCATIONS}/{stale}/lift", json={"reason": "of another example"})

    def revoke(self, wanted: tuple[str, str | None]) -> None:
        body = {"key": wanted[0], "digest": wanted[1], "reason": "x"}
        answer = self.api.post(REVOCATIONS, json=body)
        if any(covers(item, wanted) for item in self.files) and wanted not in self.by_hand:
            assert (answer.status_code, answer.json()["code"]) == (409, "skill-revoked")
        else:
            assert answer.json()["id"] == self.by_hand.setdefault(wanted, answer.json()["id"])

    def lift(self, wanted: tuple[str, str | None]) -> None:
        known = self.by_hand.pop(wanted, None)
        answer = self.api.post(f"{REVOCATIONS}/{known or 'nothing'}/lift", json={"reason": "x"})
        assert answer.status_code == (204 if known else 404)

    def apply(self, files: frozenset[tuple[str, str | None]]) -> None:
        written = [
            approval(f"stop-{number}", key=key, digest=digest, status="revoked")
            for number, (key, digest) in enumerate(sorted(files, key=str))
        ]
        self.api.apply([*company()[:-1], CAREFUL, *APPROVALS, *written])
        self.files = files
        left = {known: name for known, name in self.by_hand.items() if not any(covers(item, known) for item in files)}
        self.by_hand = left

    def check(self) -> None:
        assert set(standing(self.api)) == set(self.by_hand.values())
        for key in ("pdf", "notes"):
            for digest in (A, B):
                stops = {*self.by_hand, *self.files}
                # Content that was revoked is so under any name.
                stopped = any(covers(item, (key, digest)) or item[1] == digest for item in stops)
                assert code(self.api, key=key, digest=digest) == ("skill-revoked" if stopped else "allowed")


APPROVALS = [approval(f"{key}-{digest[7]}", key=key, digest=digest) for key in ("pdf", "notes") for digest in (A, B)]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_in_any_order_exactly_what_was_stopped_and_not_lifted_is(api: Api, steps: list[tuple[str, Any]]) -> None:
    stops = Stops(api)
    for what, argument in steps:
        getattr(stops, what)(argument)
        stops.check()


def test_not_without_end(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clawforge_server.service.skill_revocations._MOST", 2)
    api.apply(APPROVED)
    for number in range(2):
        revoke(api, key=f"k{number}")
    refused = api.post(REVOCATIONS, json={"key": "pdf", "reason": "x"})
    assert (refused.status_code, refused.json()["code"]) == (409, "too-many-revocations")
