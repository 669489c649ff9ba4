"""`POST .../access-history`: since which revision a call is decided as it is, and for whom which part of that is."""

from __future__ import annotations

from typing import Any

import pytest
from server_app import MovableClock
from server_process import company, resource

from clawforge.analysis.access_history import AccessHistory
from clawforge_server.service import access_history as service

PATH = "/v1/orgs/acme/access-history"
COMMIT = "a" * 40


def ask(api: Any, token: str | None = None, **more: Any) -> AccessHistory:
    answer = api.post(PATH, json={"user": "dev", "tool": "exec", **more}, token=token)
    assert answer.status_code == 200, answer.text
    return AccessHistory.model_validate_json(answer.text)


@pytest.fixture
def applied(api: Any, clock: MovableClock) -> Any:
    """exec is allowed, refused, allowed again, and then two revisions have nothing to do with it."""
    api.apply(company(deny=[]))
    clock.move(hours=1)
    api.apply(company(deny=["exec"]))
    clock.move(hours=1)
    api.apply(company(deny=["read"]), commit=COMMIT, commitAuthor="Ada <ada@acme.example>")
    clock.move(hours=1)
    api.apply(company(resource("User", "eve", email="eve@acme.example"), deny=["read"]))
    api.apply(company(resource("User", "eve", email="e@acme.example"), deny=["read", "write"]))
    return api


def test_the_latest_change_with_revision_commit_and_field(applied: Any) -> None:
    found = ask(applied)
    assert (found.decision.effect, found.decision.revision) == ("allow", 5)
    (flip,) = found.flips
    assert (flip.mark.revision, flip.mark.commit, flip.mark.actor) == (3, COMMIT, "owner")
    assert (flip.mark.author, flip.mark.at.isoformat()) == ("Ada <ada@acme.example>", "2026-11-20T14:00:00+00:00")
    assert (flip.before, flip.after, flip.why_before.code) == ("deny", "allow", "tool-denied")
    (touch,) = flip.touches
    assert [(field.path, field.before, field.after) for field in touch.fields] == [
        ("spec.tools.deny", ["exec"], ["read"])
    ]
    assert found.next == 3


def test_every_change_down_to_the_beginning(applied: Any) -> None:
    found = ask(applied, all=True)
    assert [(flip.mark.revision, flip.before.value, flip.after.value) for flip in found.flips] == [
        (3, "deny", "allow"),
        (2, "allow", "deny"),
        (1, "deny", "allow"),
    ]
    assert (found.next, found.oldest and found.oldest.revision) == (None, 1)
    refused = ask(applied, tool="write", all=True)
    assert [flip.mark.revision for flip in refused.flips] == [5, 1]


def test_it_goes_on_where_it_stopped(applied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ask(applied, all=True)
    monkeypatch.setattr(service, "_MOST_REVISIONS", 1)
    monkeypatch.setattr(service, "_READ_AT_ONCE", 2)
    flips, before = [], None
    for _ in range(5):
        part = ask(applied, all=True, **({} if before is None else {"before": before}))
        flips += part.flips
        before = part.next
    assert before is None
    assert tuple(flips) == whole.flips


def test_a_page_below_the_first_revision_is_empty(applied: Any) -> None:
    found = ask(applied, before=1)
    assert (found.decision.effect, found.flips, found.next, found.oldest) == ("deny", (), None, None)
    assert ask(applied, before=10**15).decision == ask(applied).decision


def test_a_call_s_parameters_count(api: Any) -> None:
    shell = {"mode": "allowlist", "allow": ["ls"]}
    base = resource("Policy", "default", appliesTo="everyone", exec=shell)
    api.apply([*company()[:-1], base])
    wider = resource("Policy", "default", appliesTo="everyone", exec={**shell, "allow": ["ls", "git status"]})
    api.apply([*company()[:-1], wider])
    found = ask(api, params={"command": "git status"})
    assert [flip.mark.revision for flip in found.flips] == [2]
    assert [flip.mark.revision for flip in ask(api, params={"command": "ls"}).flips] == [1]


def test_a_user_stopped_by_hand_is_named_beside_it(applied: Any) -> None:
    stop = applied.post("/v1/orgs/acme/users/dev/suspension", json={"reason": "lost laptop"})
    assert stop.status_code == 201
    found = ask(applied)
    assert found.stopped == "dev is stopped by hand since 2026-11-20T15:00:00Z, so every call is denied."
    assert found.decision.effect == "allow"


def test_a_group_of_the_enrolment_counts(api: Any) -> None:
    extra = resource("Policy", "lab", appliesTo={"groups": ["lab"]}, tools={"deny": []})
    lab = resource("Group", "lab")
    api.apply(company(lab))
    name = api.enroll(groups=["lab"])["instance"]
    api.apply(company(lab, extra))
    found = ask(api, instance=name)
    assert [(flip.mark.revision, flip.touches[0].address) for flip in found.flips] == [(2, "Policy/lab")]
    assert ask(api).flips == ()


def test_one_s_own_history_says_what_changed_and_not_for_whom_else(applied: Any, problem: Any) -> None:
    dev = applied.session("user:dev")["accessToken"]
    (flip,) = ask(applied, dev).flips
    assert (flip.mark.revision, flip.mark.commit, flip.mark.actor, flip.mark.author) == (3, None, None, None)
    assert [(touch.address, touch.fields) for touch in flip.touches] == [("Policy/default", ())]
    problem(applied.post(PATH, json={"user": "eve", "tool": "exec"}, token=dev), 403, "missing-permission")
    reader = applied.token("decisions:read", "state:read")
    (flip,) = ask(applied, reader).flips
    assert (flip.touches[0].fields[0].path, flip.mark.actor) == ("spec.tools.deny", None)


@pytest.mark.parametrize("body", [{}, {"user": "dev"}, {"user": "dev", "tool": "exec", "before": 0}])
def test_what_it_does_not_understand_it_refuses(applied: Any, problem: Any, body: dict[str, Any]) -> None:
    problem(applied.post(PATH, json=body), 422, "invalid-request")
