"""A reconciler between a real repository and a real control plane: what it applies, what it refuses, what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import pytest
from git_fed_org import SIGNER, GitFedOrg
from server_process import ServerProcess, apply, resource, server_process

from clawforge.reconcile.notice import Notice
from clawforge.reconcile.step_error import StepError
from clawforge_cli.gitops.committed_files import CommittedFiles
from clawforge_cli.gitops.cycle import CycleResult
from clawforge_cli.gitops.ports import CommitFacts, CommitSource, Trusted
from clawforge_cli.gitops.source_loop import SourceLoop

NUMBERS = count(1)
NOBODY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl3dIeudNqd0DPMRD6OIh65tjkxFNOtwGcWB2gCgvhR"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, httpx.Client]]:
    with server_process(tmp_path_factory.mktemp("server") / "data") as server, server.client() as client:
        yield server, client


@pytest.fixture
def org(tmp_path: Path, plane: tuple[ServerProcess, httpx.Client]) -> GitFedOrg:
    return GitFedOrg.make(tmp_path, *plane, name=f"org-{next(NUMBERS)}")


def cycle(loop: SourceLoop) -> CycleResult:
    result, _ = loop.once()
    assert isinstance(result, CycleResult), result
    return result


def refused(loop: SourceLoop, code: str) -> StepError:
    error = cycle(loop).error
    assert error is not None
    assert error.code == code, error.words
    return error


def test_it_applies_a_commit_once_and_says_whose_it_is(org: GitFedOrg) -> None:
    with org.loop() as loop:
        assert cycle(loop).error is None
        head = org.repository.git("rev-parse", "HEAD")
        first = org.revisions()[0]
        assert (org.denied(), first["number"], first["commit"]) == (["browser"], 2, head)
        assert first["reason"] == "Deny browser"
        assert org.condition("Ready")["status"] == "true"
        assert SIGNER in org.condition("Verified")["message"]
        before = org.client.get(org.path("audit?limit=1000")).json()
        idle = cycle(loop)
        assert (idle.idle, idle.error) == (True, None)
        assert org.client.get(org.path("audit?limit=1000")).json() == before
    with org.loop() as loop:
        assert cycle(loop).idle
        assert len(org.revisions()) == 2


def test_a_bad_commit_changes_nothing_and_a_good_one_mends_it(org: GitFedOrg) -> None:
    with org.loop() as loop:
        cycle(loop)
        org.write("from-git.yaml", (org.repository.root / "from-git.yaml").read_text().replace("deny:", "denie:"))
        org.commit("Mistyped")
        assert refused(loop, "findings").findings[0].location.file == "from-git.yaml"
        assert org.denied() == ["browser"]
        ready = org.condition("Ready")
        assert (ready["status"], "from-git.yaml:9:5" in ready["message"]) == ("false", True), ready
        assert org.condition("Applied")["status"] == "true"
        assert org.condition("Stalled")["status"] == "true"
        org.deny("browser", "web_fetch")
        assert cycle(loop).error is None
        assert org.denied() == ["browser", "web_fetch"]
        assert org.condition("Stalled")["status"] == "false"


def test_a_failing_policy_test_is_told_with_its_place(org: GitFedOrg) -> None:
    with org.loop() as loop:
        cycle(loop)
        org.write(
            "test.yaml",
            "apiVersion: clawforge/v1\nkind: PolicyTest\nmetadata: {name: dev}\nspec:\n  cases:\n"
            "    - name: browses\n      subject: {user: dev}\n      call: {tool: browser}\n"
            "      expect: {effect: allow}\n",
        )
        org.commit("Expect the wrong thing")
        error = refused(loop, "tests-failed")
        assert error.findings[0].location.file == "test.yaml"
        assert error.findings[0].location.line > 1
        assert org.client.get(org.path("state")).json()["revision"] == 2


def test_an_unsigned_commit_in_the_middle_is_refused(org: GitFedOrg) -> None:
    with org.loop() as loop:
        cycle(loop)
        org.write("notes.txt", "by somebody else")
        org.commit("Not signed", signed=False)
        org.deny("browser", "web_fetch")
        refused(loop, "unsigned-commit")
        assert org.denied() == ["browser"]
        assert org.condition("Verified")["reason"] == "UnsignedCommit"


def test_rewritten_history_waits_for_somebody_who_accepts_it(org: GitFedOrg) -> None:
    with org.loop() as loop:
        org.deny("browser", "web_fetch")
        cycle(loop)
        org.repository.git("reset", "-q", "--hard", "HEAD~1")
        head = org.deny("exec")
        assert head in refused(loop, "history-rewritten").hint
        assert org.denied() == ["browser", "web_fetch"]
        body = {"commit": head, "reason": "The branch was cleaned"}
        assert org.client.post(org.path("reconcilers/main/acknowledgement"), json=body).status_code == 200
        assert cycle(loop).error is None
        assert org.denied() == ["exec"]


def test_a_branch_that_is_gone_keeps_what_is_in_force(org: GitFedOrg) -> None:
    with org.loop() as loop:
        cycle(loop)
        org.repository.git("branch", "-m", "main", "other")
        refused(loop, "branch-missing")
        assert org.denied() == ["browser"]
        org.repository.git("branch", "-m", "other", "main")
        assert cycle(loop).error is None


def test_a_commit_that_deletes_everything_needs_a_word(org: GitFedOrg) -> None:
    with org.loop() as loop:
        cycle(loop)
        (org.repository.root / "from-git.yaml").unlink()
        head = org.commit("Nothing is left")
        refused(loop, "deletes-everything")
        assert org.denied() == ["browser"]
        body = {"commit": head, "reason": "It is meant"}
        assert org.client.post(org.path("reconcilers/main/acknowledgement"), json=body).status_code == 200
        assert cycle(loop).error is None
        assert org.denied() is None


def test_without_pruning_what_left_the_files_stays(org: GitFedOrg) -> None:
    org.deny("exec", name="second")
    with org.loop(prune=False) as loop:
        cycle(loop)
        (org.repository.root / "second.yaml").unlink()
        org.deny("browser", "web_fetch")
        assert cycle(loop).error is None
        assert (org.denied(), org.denied("second")) == (["browser", "web_fetch"], ["exec"])
        assert org.condition("Planned")["message"].endswith(" 1 that left the files stays.")
        assert cycle(loop).idle


def test_the_org_and_the_source_are_not_chosen_by_a_commit(org: GitFedOrg) -> None:
    with org.loop() as loop:
        cycle(loop)
        org.write("clawforge.yaml", "apiVersion: clawforge/v1\nkind: Project\norg: elsewhere\nsource: git\n")
        org.commit("Take over")
        refused(loop, "org-mismatch")
        assert org.client.get(org.path("state")).json()["revision"] == 2


def test_a_shut_sync_window_is_waited_for(org: GitFedOrg) -> None:
    past = {"windows": [{"from": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"}]}
    with org.loop(syncWindows=past) as loop:
        error = refused(loop, "outside-sync-window")
        assert error.waiting
        assert org.denied() is None


@dataclass(frozen=True, slots=True)
class Ear:
    """Keeps what it is told."""

    told: list[Notice] = field(default_factory=list)

    def tell(self, notice: Notice) -> None:
        self.told.append(notice)


def out_of_band(org: GitFedOrg, mode: str) -> None:
    """Say in git what becomes of changes past git."""
    org.write(
        "change.yaml",
        f"apiVersion: clawforge/v1\nkind: ChangePolicy\nmetadata: {{name: git}}\nspec: {{outOfBand: {mode}}}\n",
    )
    org.commit("How to handle it")


def edit(org: GitFedOrg, *tools: str) -> None:
    """Somebody applies past git what the policy from git denies."""
    resources = [
        item | {"spec": item["spec"] | {"tools": {"deny": list(tools)}}} if item["kind"] == "Policy" else item
        for item in org.client.get(org.path("state")).json()["resources"]
        if item["metadata"]["name"] in {"from-git", "git"}
    ]
    plan = org.post("plans", {"source": "git", "resources": resources})
    path = org.path("plans", plan["id"], "apply")
    headers = {"If-Match": f'"{plan["base"]["revision"]}"'}
    assert org.client.post(path, json={"plan": plan}, headers=headers).status_code == 200
    assert org.denied() == list(tools)


@pytest.mark.parametrize("mode", ["correct", "report"])
def test_changes_past_git_are_undone_or_reported(org: GitFedOrg, mode: str) -> None:
    out_of_band(org, mode)
    with org.loop() as loop:
        cycle(loop)
        edit(org, "read")
        result = cycle(loop)
        assert result.drift == ("Policy/from-git",)
        if mode == "correct":
            assert (result.error, result.corrected, org.denied()) == (None, True, ["browser"])
        else:
            assert org.denied() == ["read"]
            applied = org.condition("Applied")
            assert (applied["status"], applied["reason"]) == ("false", "OutOfBandEdit")
            assert "Policy/from-git" in applied["message"]


@pytest.mark.parametrize("mode", ["correct", "report"])
def test_a_newer_commit_does_not_silently_overwrite_a_change_past_git(org: GitFedOrg, mode: str) -> None:
    out_of_band(org, mode)
    with org.loop() as loop:
        cycle(loop)
        edit(org, "read")
        org.write("README.md", "Nothing of policy")
        head = org.commit("Write down what this is")
        loop.teller = ear = Ear()
        result = cycle(loop)
        assert result.drift == ("Policy/from-git",)
        ends = ["drift.corrected", "commit.applied"] if mode == "correct" else ["drift.found", "commit.refused"]
        assert [notice.kind.value for notice in ear.told] == ["commit.seen", *ends]
        if mode == "correct":
            assert (result.error, result.corrected, org.denied()) == (None, True, ["browser"])
            assert "Policy/from-git" in org.condition("Applied")["message"]
            return
        assert result.error is not None
        assert (result.error.code, org.denied()) == ("out-of-band-edit", ["read"])
        assert head in result.error.hint
        org.post("reconcilers/main/acknowledgement", {"commit": head, "reason": "The files are right"})
        assert (cycle(loop).error, org.denied()) == (None, ["browser"])


def test_a_change_past_git_that_is_brought_into_git_stands_in_nobody_s_way(org: GitFedOrg) -> None:
    out_of_band(org, "report")
    with org.loop() as loop:
        cycle(loop)
        edit(org, "read")
        refused(loop, "out-of-band-edit")
        org.deny("read")
        org.deny("browser", name="second")
        result = cycle(loop)
        assert (result.error, result.drift) == (None, ())
        assert (org.denied(), org.denied("second")) == (["read"], ["browser"])
        # Nor does what another source applies.
        apply(org.client, [resource("Group", "night-shift")], org.name, source="rules")
        org.deny("exec")
        result = cycle(loop)
        assert (result.error, result.drift, org.denied()) == (None, (), ["exec"])


def test_what_was_done_by_hand_is_left_alone_and_counted(org: GitFedOrg) -> None:
    with org.loop() as loop:
        org.post("overlays", {"kind": "kill", "scope": "org", "reason": "An incident"})
        assert cycle(loop).error is None
        assert "One thing done by hand is left alone" in org.condition("FleetInSync")["message"]


def test_a_suspended_reconciler_applies_nothing(org: GitFedOrg) -> None:
    with org.loop() as loop:
        cycle(loop)
        path = org.path("reconcilers/main/suspension")
        assert org.client.post(path, json={"suspended": True, "reason": "Holidays"}).status_code == 200
        org.deny("exec")
        refused(loop, "suspended")
        assert org.denied() == ["browser"]
        assert org.client.post(path, json={"suspended": False, "reason": "Back"}).status_code == 200
        assert cycle(loop).error is None
        assert org.denied() == ["exec"]


def test_missing_approvals_are_waited_for_with_the_plan_kept(org: GitFedOrg) -> None:
    rule = resource("ChangePolicy", "git", approvals=[{"count": 1}])
    with org.loop() as loop:
        cycle(loop)
        apply(org.client, [rule], org.name, source="rules")
        org.deny("exec")
        error = refused(loop, "approval-missing")
        made = loop.cycle.memory.plan
        assert made is not None
        plan = made.plan
        assert error.waiting
        assert f"clawforge approve {plan.id}" in error.hint
        refused(loop, "approval-missing")
        again = loop.cycle.memory.plan
        assert again is not None
        assert again.plan.id == plan.id


def test_a_key_that_is_taken_away_does_not_count_for_a_commit_that_waits(org: GitFedOrg) -> None:
    rule = resource("ChangePolicy", "git", approvals=[{"count": 1}])
    signers = org.folder / "signers"
    trusted = signers.read_text()
    with org.loop() as loop:
        cycle(loop)
        apply(org.client, [rule], org.name, source="rules")
        org.deny("exec")
        refused(loop, "approval-missing")
        waiting = loop.cycle.memory.plan
        assert waiting is not None
        org.post(f"plans/{waiting.plan.id}/approvals", {})
        signers.write_text(f"nobody@acme.example {NOBODY}\n")
        assert not refused(loop, "unknown-signer").waiting
        signers.unlink()
        refused(loop, "keys-unreadable")
        assert org.denied() == ["browser"]
        assert org.condition("Verified")["status"] == "false"
        signers.write_text(trusted)
        # A source that is stalled notices by itself, and plans anew with whoever signs now.
        result = cycle(loop)
        assert result.error is None or result.error.code == "approval-missing"
        assert org.condition("Verified")["status"] == "true"


@dataclass(frozen=True, slots=True)
class OddSource:
    """The repository of a source; but verifying its commits ends otherwise."""

    inner: CommitSource
    verify: Callable[[], Trusted]

    def fetch(self) -> str:
        return self.inner.fetch()

    def keys(self) -> str:
        return self.inner.keys()

    def trusted(self, _since: str | None, _head: str) -> Trusted:
        return self.verify()

    def facts(self, commit: str) -> CommitFacts:
        return self.inner.facts(commit)

    def files(self, commit: str) -> AbstractContextManager[CommittedFiles]:
        return self.inner.files(commit)


def crash() -> Trusted:
    raise RuntimeError("the secret of a defect")


def test_a_source_that_crashes_in_each_cycle_does_not_look_ready(org: GitFedOrg) -> None:
    with org.loop() as loop:
        cycle(loop)
        assert loop.healthy
        org.deny("exec")
        good = loop.cycle.source
        loop.cycle.source = OddSource(good, crash)
        pauses = []
        for _ in range(2):
            result, pause = loop.once()
            pauses.append(pause)
            assert isinstance(result, CycleResult)
            assert result.error is not None
            assert (result.error.code, result.error.waiting) == ("defect", True)
        assert not loop.healthy
        assert max(pauses) < loop.interval
        ready = org.condition("Ready")
        assert (ready["status"], ready["reason"]) == ("false", "Defect")
        assert "RuntimeError" in ready["message"]
        # The text of a defect may hold a secret, so it is told on this machine alone.
        assert "the secret" not in str(org.view())
        assert 'clawforge_reconcile_in_sync{source="main"} 0' in loop.metrics.text()
        assert org.denied() == ["browser"]
        loop.cycle.source = good
        assert (cycle(loop).error, loop.healthy, org.denied()) == (None, True, ["exec"])


def test_more_signers_than_a_plan_names_are_told(org: GitFedOrg) -> None:
    with org.loop() as loop:
        people = tuple(f"person-{number}@acme.example" for number in range(257))
        loop.cycle.source = OddSource(loop.cycle.source, lambda: Trusted(people))
        assert not refused(loop, "too-many-signers").waiting
        assert org.denied() is None
