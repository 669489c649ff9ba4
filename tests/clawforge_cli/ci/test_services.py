"""Which run a pipeline is, by the variables that services document; and what is never believed of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clawforge.errors import InputError
from clawforge.secret import Secret
from clawforge_cli.ci.pipeline import Event, ForgeAddress, ForgeKind, Given, Service
from clawforge_cli.ci.recognised import recognised

TOKEN = Secret("t")
FORGE = Given(forge=ForgeKind.GITHUB, repository="acme/policies", token=TOKEN)
OURS = {"id": 74, "default_branch": "main"}


def github(tmp_path: Path, name: str, event: dict[str, Any], **more: str) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"repository": OURS, **event}))
    usual = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path), "GITHUB_TOKEN": "t", "GITHUB_SHA": "c" * 40}
    usual |= {"GITHUB_API_URL": "https://api.github.com", "GITHUB_REPOSITORY": "acme/policies"}
    return {"GITHUB_ACTIONS": "true", **usual, **more}


def pull(head: dict[str, Any] | None) -> dict[str, Any]:
    sides = {"head": {"sha": "a" * 40, "repo": head}, "base": {"sha": "b" * 40, "repo": OURS}}
    return {"pull_request": {"number": 12, **sides}}


def test_a_pull_request_on_github(tmp_path: Path) -> None:
    found = recognised(github(tmp_path, "pull_request", pull(OURS)), Given())
    assert (found.service, found.event, found.change, found.base) == (Service.GITHUB, Event.CHANGE, 12, "b" * 40)
    assert found.forge == ForgeAddress(ForgeKind.GITHUB, "https://api.github.com", "acme/policies", TOKEN)
    assert (found.foreign, found.protected) == (False, False)


@pytest.mark.parametrize("head", [{"id": 75}, None], ids=["fork", "fork that is gone"])
def test_a_fork_on_github_gets_no_token(tmp_path: Path, head: dict[str, Any] | None) -> None:
    found = recognised(github(tmp_path, "pull_request", pull(head)), Given(token=TOKEN))
    assert (found.event, found.foreign, found.forge) == (Event.CHANGE, True, None)


@pytest.mark.parametrize(
    ("name", "ref", "given", "event"),
    [
        ("push", "refs/heads/main", Given(), Event.MERGE),
        ("push", "refs/heads/release", Given(branch="release"), Event.MERGE),
        ("push", "refs/heads/main", Given(branch="release"), Event.OTHER),
        ("push", "refs/tags/main", Given(), Event.OTHER),
        ("push", "refs/heads/feature", Given(), Event.OTHER),
        ("schedule", "refs/heads/main", Given(), Event.OTHER),
        ("workflow_dispatch", "refs/heads/main", Given(), Event.OTHER),
        ("merge_group", "refs/heads/gh-readonly-queue/main/pr-1", Given(), Event.OTHER),
    ],
)
def test_only_a_push_to_the_branch_is_a_merge_on_github(
    tmp_path: Path, name: str, ref: str, given: Given, event: Event
) -> None:
    found = recognised(github(tmp_path, name, {}, GITHUB_REF=ref, GITHUB_REF_PROTECTED="true"), given)
    assert (found.event, found.protected) == (event, True)
    assert (found.forge is not None) == (event is Event.MERGE)


def test_privileged_events_and_broken_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pull_request_target"):
        recognised(github(tmp_path, "pull_request_target", pull(OURS)), Given())
    for text in ("", "[]", "{"):
        environment = github(tmp_path, "pull_request", pull(OURS))
        (tmp_path / "event.json").write_text(text)
        with pytest.raises(InputError, match="does not say"):
            recognised(environment, Given())


GITLAB = {"GITLAB_CI": "true", "CI_PROJECT_ID": "22", "CI_API_V4_URL": "https://gitlab.com/api/v4", "GITLAB_TOKEN": "t"}
MERGE_REQUEST = {
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_MERGE_REQUEST_PROJECT_ID": "22",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "22",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA": "b" * 40,
}
PUSH = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}


def test_a_merge_request_and_a_merge_on_gitlab() -> None:
    found = recognised({**GITLAB, **MERGE_REQUEST}, Given())
    assert (found.service, found.event, found.change, found.base) == (Service.GITLAB, Event.CHANGE, 7, "b" * 40)
    assert found.forge == ForgeAddress(ForgeKind.GITLAB, "https://gitlab.com/api/v4", "22", TOKEN)
    merge = recognised({**GITLAB, **PUSH, "CI_COMMIT_REF_PROTECTED": "true"}, Given())
    assert (merge.event, merge.ref, merge.protected) == (Event.MERGE, "refs/heads/main", True)
    for more in ({"CI_PIPELINE_SOURCE": "schedule"}, {"CI_COMMIT_BRANCH": "feature"}):
        assert recognised({**GITLAB, **PUSH, **more}, Given()).event is Event.OTHER


@pytest.mark.parametrize(
    "more",
    [{"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "23"}, {"CI_PROJECT_ID": "23"}, {"CI_MERGE_REQUEST_PROJECT_ID": ""}],
    ids=["runs in our project", "runs in the fork", "does not say"],
)
def test_a_fork_on_gitlab_gets_no_token(more: dict[str, str]) -> None:
    found = recognised({**GITLAB, **MERGE_REQUEST, **more}, Given(token=TOKEN))
    assert (found.foreign, found.forge) == (True, None)


JENKINS = {"JENKINS_URL": "https://ci.acme.example/", "GIT_COMMIT": "c" * 40}


def test_jenkins() -> None:
    change = recognised({**JENKINS, "CHANGE_ID": "3", "CHANGE_TARGET": "main"}, FORGE)
    assert (change.service, change.event, change.change) == (Service.JENKINS, Event.CHANGE, 3)
    assert change.forge is not None
    assert change.forge.api == "https://api.github.com"
    fork = recognised({**JENKINS, "CHANGE_ID": "3", "CHANGE_FORK": "eve"}, FORGE)
    assert (fork.foreign, fork.forge) == (True, None)
    main = {**JENKINS, "BRANCH_NAME": "main", "BRANCH_IS_PRIMARY": "true"}
    merge = recognised(main, Given())
    assert (merge.event, merge.protected, merge.forge) == (Event.MERGE, False, None)
    assert recognised(main, Given(branch="release")).event is Event.OTHER
    assert recognised({**JENKINS, "BRANCH_NAME": "feature"}, Given()).event is Event.OTHER


BUILDKITE = {
    "BUILDKITE": "true",
    "BUILDKITE_COMMIT": "c" * 40,
    "BUILDKITE_REPO": "git@github.com:acme/policies.git",
    "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main",
}


def test_buildkite() -> None:
    change = {**BUILDKITE, "BUILDKITE_PULL_REQUEST": "5", "BUILDKITE_BRANCH": "feature"}
    ours = recognised({**change, "BUILDKITE_PULL_REQUEST_REPO": "git://github.com/acme/policies.git"}, FORGE)
    assert (ours.service, ours.event, ours.change, ours.foreign) == (Service.BUILDKITE, Event.CHANGE, 5, False)
    for other in ("git://github.com/eve/policies.git", ""):
        fork = recognised({**change, "BUILDKITE_PULL_REQUEST_REPO": other}, FORGE)
        assert (fork.foreign, fork.forge) == (True, None)
    push = {**BUILDKITE, "BUILDKITE_PULL_REQUEST": "false", "BUILDKITE_BRANCH": "main"}
    assert recognised(push, Given()).event is Event.MERGE
    assert recognised({**push, "BUILDKITE_TAG": "main"}, Given()).event is Event.OTHER


def test_a_plain_shell_does_as_it_is_told() -> None:
    assert recognised({}, Given()).event is Event.CHANGE
    merge = recognised({}, Given(event=Event.MERGE, branch="main"))
    assert (merge.event, merge.ref, merge.protected) == (Event.MERGE, "refs/heads/main", False)
    with pytest.raises(InputError, match="a repository and a token"):
        recognised({}, Given(forge=ForgeKind.GITHUB))


def test_a_service_cannot_be_told_that_it_merges() -> None:
    proposal = {**GITLAB, **MERGE_REQUEST}
    with pytest.raises(InputError, match="--event does not make it one"):
        recognised(proposal, Given(event=Event.MERGE))
    assert recognised(proposal, Given(event=Event.OTHER)).event is Event.OTHER


@pytest.mark.parametrize("number", ["", "0", "-1", "1/../2", "1\n", "9" * 19])
def test_what_is_no_number_of_a_change_is_refused(number: str) -> None:
    with pytest.raises(InputError, match="does not hold the number"):
        recognised({**GITLAB, **MERGE_REQUEST, "CI_MERGE_REQUEST_IID": number}, Given())
