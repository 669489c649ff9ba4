"""A change from its proposal to its apply: the action's own shell, a real control plane, a forge over real HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from forge_api import BOT, GITLAB_BOT, TOKEN, github_user, gitlab_user
from git_repository import Repository
from pipeline_world import AUDIENCE, Pipelines, pipelines
from server_process import apply, resource

MARK = "<!-- clawforge:ci acme/policies -->"
FORGED = f"{MARK}\nnothing to see\n\n<!-- clawforge:plan plan-AAAAAAAAAAAAAAAAAAAAAA -->\n"
ANN, BOB, EVE = github_user("ann-acme", 1001), github_user("bob-acme", 1002), github_user("eve", 666)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipelines]:
    with pipelines(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def world(shared: Pipelines) -> Pipelines:
    """Each test begins with a fresh forge, at what is in force."""
    for api in (shared.forge, shared.gitlab):
        api.comments.clear()
        api.documents.clear()
        api.sent.clear()
    with shared.server.client() as client:
        revisions = client.get("/v1/orgs/acme/revisions").json()["revisions"]
    applied = next(item["commit"] for item in revisions if item["source"] == "policies")
    shared.repository.git("reset", "-q", "--hard", applied)
    one = {"author": ANN, "committer": ANN, "commit": {"message": "m", "author": {"email": "ann@acme.example"}}}
    change = "/repos/acme/policies/pulls/12"
    shared.forge.documents |= {change: {"number": 12, "user": ANN}, f"{change}/commits": [one]}
    return shared


def merged(world: Pipelines, head: str, *reviews: dict[str, Any], author: dict[str, Any] = ANN) -> str:
    """The commit at HEAD merged pull request 12, whose last commit was `head`."""
    commit = world.repository.git("rev-parse", "HEAD")
    pull = {"number": 12, "merged_at": "2026-11-20T10:00:00Z", "merge_commit_sha": commit, "user": author}
    pull |= {"head": {"sha": head, "ref": "change"}, "base": {"sha": "0" * 40, "ref": "main"}}
    one = {"author": author, "committer": github_user("web-flow", 19864447), "commit": {"message": "m"}}
    one["commit"] |= {"author": {"email": "ann@acme.example"}, "committer": {"email": "noreply@github.com"}}
    world.forge.documents |= {
        f"/repos/acme/policies/commits/{commit}/pulls": [pull],
        "/repos/acme/policies/pulls/12/reviews": list(reviews),
        "/repos/acme/policies/pulls/12/commits": [one],
    }
    return commit


def review(user: dict[str, Any], commit: str, state: str = "APPROVED") -> dict[str, Any]:
    return {"user": user, "state": state, "commit_id": commit, "submitted_at": "2026-11-20T10:00:00Z"}


def propose(world: Pipelines, denied: str) -> str:
    """A commit whose pull request was looked at; its id."""
    head = world.commit("Proposed", denied)
    world.here(world.pull_request(CLAWFORGE_FORGE_TOKEN=TOKEN), *online(world))
    return head


def online(world: Pipelines, service: str = "ci") -> tuple[str, ...]:
    accounts = ("--federated", f"{service}-plan", "--apply-as", f"{service}-apply")
    return ("--server", world.server.url, "--audience", AUDIENCE, *accounts)


def test_what_was_reviewed_is_applied_with_the_approvals_of_the_forge(world: Pipelines) -> None:
    world.forge.comment(EVE, FORGED)
    before = world.revision()
    head = world.commit("Let exec pass", "write")
    said = world.act(world.pull_request())
    assert "Verdict: looser" in said
    assert "::warning file=policies/policy.yaml,title=write-left-open,line=6,col=18::" in said
    assert (world.home / "output").read_text().startswith("verdict=looser\nplan=plan-")
    assert "**Verdict: looser**" in (world.home / "summary.md").read_text()
    assert json.loads((world.home / "found.sarif").read_text())["version"] == "2.1.0"
    world.act(world.pull_request())
    assert [item["user"]["login"] for item in world.forge.comments] == ["eve", BOT["login"]]
    assert [method for method, _ in world.forge.writes()] == ["POST", "PATCH"]
    assert world.forge.comments[0]["body"] == FORGED, "another's comment is not touched"
    merged(world, head, review(BOB, head))
    said = world.act(world.merge(), vouch="true", require_reviewed="true")
    assert "Approved in the forge by: github:1002." in said
    assert re.search(r"This is the plan plan-\S+ that was reviewed\.", said)
    assert world.revision() == before + 1
    with world.server.client() as client:
        (last,) = client.get("/v1/orgs/acme/revisions?limit=1").json()["revisions"]
    assert last["commit"] == head
    assert [(item["by"], item["vouchedBy"]) for item in last["approvals"]] == [("user:bob", "service-account:ci-apply")]
    assert last["reason"] == "github acme/policies, change 12"


def test_another_plan_than_the_reviewed_one_is_refused(world: Pipelines) -> None:
    propose(world, "write, exec, browser")
    head = world.commit("And more", "write, exec, browser, message")
    merged(world, head)
    before = world.revision()
    said = world.here(world.merge(CLAWFORGE_FORGE_TOKEN=TOKEN), *online(world), status=4)
    assert "Policy/default would be changed otherwise than reviewed." in said
    assert world.revision() == before
    words = " ".join(said.split())
    assert "The branch stays unapplied until this plan is agreed to: propose one more change, even an empty" in words
    assert "`clawforge approve PLAN`, and merge it." in words
    empty = propose(world, "write, exec, browser, message")
    merged(world, empty, author=BOB)
    world.here(world.merge(CLAWFORGE_FORGE_TOKEN=TOKEN), *online(world))
    assert world.revision() == before + 1, "what the message says to do is what helps"


def test_an_old_run_that_is_repeated_does_not_go_back_to_what_was_approved_then(world: Pipelines) -> None:
    head = world.commit("Looser", "browser")
    commit = merged(world, head, review(BOB, head))
    before = world.revision()
    tip = "/repos/acme/policies/branches/main"
    world.forge.documents[tip] = {"name": "main", "commit": {"sha": "3" * 40}}
    again = world.merge(CLAWFORGE_FORGE_TOKEN=TOKEN, GITHUB_RUN_ATTEMPT="2")
    said = world.here(again, *online(world), "--vouch", status=4)
    assert "has moved on" in said
    assert "If that one refused since its plan holds this change as well" in " ".join(said.split())
    assert world.revision() == before
    world.forge.documents[tip] = {"name": "main", "commit": {"sha": commit}}
    world.here(world.merge(CLAWFORGE_FORGE_TOKEN=TOKEN, GITHUB_RUN_ATTEMPT="2"), *online(world), "--vouch")
    assert world.revision() == before + 1


def test_an_approval_of_one_change_does_not_count_for_another_that_was_never_applied(world: Pipelines) -> None:
    """The earlier one was merged by nobody's approval. Neither was reviewed in a comment."""
    before = world.revision()
    world.commit("Never approved", "")
    head = world.commit("Tighter", "message")
    merged(world, head, review(BOB, head))
    said = world.here(world.merge(CLAWFORGE_FORGE_TOKEN=TOKEN), *online(world), "--vouch", status=4)
    assert "makes another change than the one that was approved" in " ".join(said.split())
    assert world.revision() == before


def test_what_a_commit_changes_cannot_be_told_of_a_clone_of_it_alone(world: Pipelines, tmp_path: Path) -> None:
    before = world.revision()
    head = world.commit("Looser", "")
    merged(world, head, review(BOB, head))
    alone = Repository(tmp_path / "alone")
    world.repository.git("clone", "-q", "--depth", "1", f"file://{world.repository.root}", str(alone.root))
    there = replace(world, repository=alone)
    said = there.here(there.merge(CLAWFORGE_FORGE_TOKEN=TOKEN), *online(world), "--vouch", status=4)
    assert "cannot be worked out here" in " ".join(said.split())
    assert world.revision() == before


def test_a_forged_comment_is_nobodys_review(world: Pipelines) -> None:
    head = world.commit("Tighter", "write, exec, browser, message")
    world.forge.comment(EVE, FORGED)
    merged(world, head)
    arguments = (*online(world), "--require-reviewed")
    said = world.here(world.merge(CLAWFORGE_FORGE_TOKEN=TOKEN), *arguments, status=4)
    assert "No plan of this change was reviewed" in said


@pytest.mark.parametrize("wrong", ["own", "unprotected"])
def test_an_approval_that_does_not_count_lets_nothing_pass(world: Pipelines, wrong: str) -> None:
    head = world.commit("Looser", "web_fetch")
    merged(world, head, review(ANN if wrong == "own" else BOB, head))
    before = world.revision()
    environment = world.merge("false" if wrong == "unprotected" else "true", CLAWFORGE_FORGE_TOKEN=TOKEN)
    said = world.here(environment, *online(world), "--vouch", status=1 if wrong == "unprotected" else 4)
    expected = "only on a protected branch" if wrong == "unprotected" else "needs approvals that it does not have"
    assert expected in " ".join(said.split())
    assert world.revision() == before


def test_whoever_wrote_a_change_cannot_approve_it_on_the_control_plane_either(world: Pipelines) -> None:
    """Though nobody vouches: the commit on the branch is somebody else's, who pressed the button."""
    head = propose(world, "")
    merged(world, head)
    proposed = (world.home / "output").read_text()
    world.here(world.merge(CLAWFORGE_FORGE_TOKEN=TOKEN), *online(world), status=4)
    landed = (world.home / "output").read_text()
    with world.server.client() as client:
        for text, account in ((proposed, "ci-plan"), (landed, "ci-apply")):
            (plan,) = re.findall(r"plan=(plan-\S+)", text)
            authors = client.get(f"/v1/orgs/acme/plans/{plan}").json()["authors"]
            assert authors == [f"service-account:{account}", "user:ann"]


def test_gitlab_is_asked_in_its_own_words(world: Pipelines) -> None:
    head = world.commit("Looser", "web_fetch")
    base = world.repository.git("rev-parse", "HEAD~1")
    proposal = {
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_COMMIT_SHA": head,
        "CI_PROJECT_ID": "22",
        "CI_MERGE_REQUEST_PROJECT_ID": "22",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "22",
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "CI_API_V4_URL": world.gitlab.url,
        "GITLAB_TOKEN": TOKEN,
    }
    request = "/api/v4/projects/22/merge_requests/12"
    world.gitlab.documents |= {
        request: {"iid": 12, "author": gitlab_user("ann", 2001)},
        f"{request}/commits": [{"author_email": "ann@acme.example", "committer_email": "ann@acme.example"}],
    }
    report = world.home / "quality.json"
    more = (*online(world, "gl"), "--code-quality", str(report))
    for _ in range(2):
        asked = world.gitlab_identity(pipeline_source="merge_request_event", ref="change", ref_protected="false")
        world.here(world.environment(**proposal, **asked), *more)
    assert [item["author"]["username"] for item in world.gitlab.comments] == [GITLAB_BOT["username"]]
    assert [method for method, _ in world.gitlab.writes()] == ["POST", "PUT"]
    (first, *_) = json.loads(report.read_text())
    assert first["location"] == {"path": "policies/people.yaml", "lines": {"begin": 14}}
    mr = {"iid": 12, "state": "merged", "sha": head, "merge_commit_sha": None, "squash_commit_sha": None}
    world.gitlab.documents |= {
        f"/api/v4/projects/22/repository/commits/{head}/merge_requests": [
            mr | {"target_branch": "main", "author": gitlab_user("ann", 2001)}
        ],
        "/api/v4/projects/22/repository/branches/main": {"name": "main", "commit": {"id": head}},
        f"{request}/approvals": {
            "approved_by": [
                {"user": gitlab_user("bob", 2002), "approved_at": "2026-11-20T11:00:00.000Z"},
                {"user": gitlab_user("cat", 2003), "approved_at": "2026-11-20T09:00:00.000Z"},
                {"user": gitlab_user("ann", 2001), "approved_at": "2026-11-20T11:00:00.000Z"},
            ]
        },
        f"{request}/versions": [{"id": 2, "head_commit_sha": head, "created_at": "2026-11-20T10:00:00.000Z"}],
    }
    push = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}
    environment = {**proposal, **push, "CI_COMMIT_REF_PROTECTED": "true"}
    token = world.gitlab_identity()
    said = world.here(world.environment(**environment, **token), *online(world, "gl"), "--vouch", "--require-reviewed")
    assert "gitlab:2003 approved before the last push and gitlab:2001 wrote it, which does not count." in said
    assert "Approved in the forge by: gitlab:2002." in said
    assert "Org acme is at revision" in said


def test_a_merge_applies_only_the_commit_that_it_runs_for(world: Pipelines) -> None:
    world.commit("Tighter", "web_fetch, message")
    environment = world.merge(CLAWFORGE_FORGE_TOKEN=TOKEN)
    for spoil in ({"GITHUB_SHA": "2" * 40}, {}):
        if not spoil:
            world.write("message")
        said = world.here({**environment, **spoil}, *online(world), status=1)
        assert "are not exactly the commit" in said
    world.repository.git("checkout", "-q", "--", ".")


def test_a_change_that_cannot_be_planned_takes_the_old_plan_off_the_change(world: Pipelines) -> None:
    propose(world, "web_fetch, message")
    assert "clawforge:plan" in world.forge.comments[0]["body"]
    world.commit("Broken", "nonsense, [")
    world.here(world.pull_request(CLAWFORGE_FORGE_TOKEN=TOKEN), *online(world), status=3)
    (comment,) = world.forge.comments
    assert "clawforge:plan" not in comment["body"]
    assert "policy\\.yaml\\:" in comment["body"]
    world.repository.git("reset", "-q", "--hard", "HEAD~1")


def test_a_forge_that_refuses_is_said_so_without_its_words(world: Pipelines) -> None:
    world.forge.refuses.add("POST")
    try:
        said = world.here(world.pull_request(CLAWFORGE_FORGE_TOKEN=TOKEN), *online(world), status=1)
    finally:
        world.forge.refuses.clear()
    assert "refuses the token (status 403)" in said
    assert "pwned" not in said


def test_thresholds_fail_a_change_and_nothing_else_does(world: Pipelines) -> None:
    world.commit("Looser", "message")
    for asked, status in (("deletions", 0), ("looser", 3), ("approvals", 4)):
        more = ("--fail-on", asked, "--no-comment")
        world.here(world.pull_request(CLAWFORGE_FORGE_TOKEN=TOKEN), *online(world), *more, status=status)
    assert world.forge.writes() == []


@pytest.fixture
def lonely(tmp_path: Path, world: Pipelines) -> dict[str, str]:
    """What a fork's job has by mistake, none of which may be used."""
    return {"CLAWFORGE_FORGE_TOKEN": TOKEN, "CLAWFORGE_TOKEN": world.server.token, "CLAWFORGE_SERVER": world.server.url}


def test_a_change_of_a_fork_is_looked_at_without_any_secret(world: Pipelines, lonely: dict[str, str]) -> None:
    world.commit("From a fork", "message, write")
    with world.server.client() as client:
        count = len(client.get("/v1/orgs/acme/audit?limit=1000").json()["events"])
        said = world.here(world.pull_request(foreign=True, **lonely), *online(world))
        assert len(client.get("/v1/orgs/acme/audit?limit=1000").json()["events"]) == count
    assert "comes from another repository" in said
    assert "compared with the files at " in said
    assert world.forge.sent == []
    assert "clawforge plan:" in (world.home / "summary.md").read_text()


def test_a_plain_shell_applies_as_it_is_told(world: Pipelines) -> None:
    world.commit("Tighter", "web_fetch, message, write, exec, browser")
    credential = {"CLAWFORGE_TOKEN": world.server.token}
    told = ("--server", world.server.url, "--event", "merge", "--branch", "main")
    refused = world.here(world.environment(**credential), *told, "--require-reviewed", status=4)
    assert "No plan of this change was reviewed" in refused
    said = world.here(world.environment(**credential), *told)
    assert "the control plane decides what may be applied" in said
    assert f"Org acme is at revision {world.revision()}." in said


CASE = """\
apiVersion: clawforge/v1
kind: PolicyTest
metadata: {name: work}
spec:
  cases:
    - name: ann sees how the session goes
      subject: {user: ann}
      call: {tool: session_status}
      expect: {effect: allow}
"""


def test_what_the_control_plane_refuses_is_said_on_the_change(world: Pipelines) -> None:
    """Another source holds a guardrail that this one cannot know of."""
    rule = resource("Policy", "no-status", appliesTo="everyone", mode="guardrail", tools={"deny": ["session_status"]})
    with world.server.client() as client:
        apply(client, [rule], source="guard")
    (world.repository.root / "policies" / "case.yaml").write_text(CASE)
    world.commit("A case")
    said = world.here(world.pull_request(CLAWFORGE_FORGE_TOKEN=TOKEN), *online(world), status=3)
    assert "::error file=policies/case.yaml,title=" in said
    assert world.forge.comments[0]["body"].startswith(f"{MARK}\n### clawforge: no plan\n")
    assert "clawforge:plan" not in world.forge.comments[0]["body"]
