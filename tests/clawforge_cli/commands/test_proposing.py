"""What is decided at a terminal goes to git as a branch or a patch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_in_process import Done, run_here
from git_repository import Repository
from server_process import ServerProcess, apply, company, resource, server_process

ANN = "Ann <ann@acme.example>"
PEOPLE = """\
apiVersion: clawforge/v1
kind: User
metadata: {name: dev}
spec: {email: dev@acme.example}
---
apiVersion: clawforge/v1
kind: Organization
metadata: {name: acme}
"""
DEFAULT = """\
# What everybody gets; ask ann before you change it.
apiVersion: clawforge/v1
kind: Policy
metadata:
  name: default
spec:
  appliesTo: everyone
  tools:
    allow: [exec, read, web_fetch]  # the whole of it
"""
APPROVAL = """\
apiVersion: clawforge/v1
kind: SkillApproval
metadata:
  name: pdf
spec:
  appliesTo: everyone
  key: pdf
  digest: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
  status: approved  # by those who read it
  reviewedBy: dev
"""


@dataclass(frozen=True)
class Desk:
    """A control plane, and a project in a folder of a repository whose work tree is dirty."""

    server: ServerProcess
    repository: Repository

    @property
    def project(self) -> Path:
        return self.repository.root / "fleet"

    @property
    def variables(self) -> dict[str, str]:
        return {"CLAWFORGE_SERVER": self.server.url, "CLAWFORGE_TOKEN": self.server.token, "CLAWFORGE_ORG": "acme"}

    def run(self, *arguments: str, status: int = 0) -> Done:
        return run_here(self.variables, *arguments, status=status)

    def show(self, rev: str, form: str = "%B") -> str:
        return self.repository.git("show", "-s", f"--format={form}", rev)

    def diff(self, branch: str) -> str:
        return self.repository.git("diff", "main", branch)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("plane") / "data") as server:
        with server.client() as owner:
            apply(owner, company()[:1])
        yield server


@pytest.fixture
def desk(plane: ServerProcess, tmp_path: Path) -> Iterator[Desk]:
    repository = Repository.at(tmp_path / "repository")
    made = Desk(plane, repository)
    for path, text in (
        ("clawforge.yaml", "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n"),
        ("people.yaml", PEOPLE),
        ("policies/default.yaml", DEFAULT),
        ("skills/approvals.yaml", APPROVAL),
    ):
        (made.project / path).parent.mkdir(parents=True, exist_ok=True)
        (made.project / path).write_text(text)
    repository.commit("first")
    made.run("apply", str(made.project), "--auto-approve")
    (made.project / "people.yaml").write_text(f"# not committed\n{PEOPLE}")
    before = repository.git("status", "--porcelain")
    yield made
    assert repository.git("status", "--porcelain") == before == "M fleet/people.yaml"
    assert repository.git("symbolic-ref", "HEAD") == "refs/heads/main"


def killed(desk: Desk) -> str:
    on = desk.run("kill", "on", "--scope", "tool:exec", "--reason", "CVE-1", "--ticket", "INC-1", "-o", "json")
    return str(json.loads(on.stdout)["overlay"]["id"])


def test_a_kill_switch_becomes_a_branch_that_can_be_applied(desk: Desk, tmp_path: Path) -> None:
    kill = killed(desk)
    to = ("--project", str(desk.project), "--branch", "codify/exec")
    done = desk.run("overlay", "codify", kill, *to, "--author", ANN)
    assert "codify/exec has it as commit " in done.stderr
    assert "`git push REMOTE codify/exec`" in done.stderr
    assert desk.show("codify/exec", "%an <%ae>%n%B") == (
        f"{ANN}\nStop for good: tool:exec\n\nCVE-1\n\n"
        f"Clawforge-Proposal: overlay codify\nClawforge-Overlay: {kill}\nClawforge-Ticket: INC-1"
    )
    committed = desk.repository.git("show", "codify/exec:fleet/policies/stop-tool-exec.yaml")
    assert committed + "\n" == desk.run("overlay", "codify", kill).stdout
    again = desk.run("overlay", "codify", kill, *to, "--author", ANN, status=1)
    assert "is there already" in again.stderr or "was removed from the work tree" in again.stderr
    desk.repository.git("worktree", "add", "-q", str(tmp_path / "review"), "codify/exec")
    planned = desk.run("plan", str(tmp_path / "review" / "fleet"), "--format", "json")
    plan = json.loads(planned.stdout)
    assert [(item["address"], item["action"]) for item in plan["changes"]] == [("Policy/stop-tool-exec", "create")]
    assert plan["meaning"]["verdict"] == "tighter"
    desk.run("kill", "off", kill, "--reason", "in the files now")


def test_a_patch_is_one_that_git_am_takes(desk: Desk, tmp_path: Path) -> None:
    kill = killed(desk)
    for name, value in (("diff.noprefix", "true"), ("format.attach", "true"), ("diff.external", "/bin/false")):
        desk.repository.git("config", name, value)
    objects = desk.repository.git("count-objects")
    patch = tmp_path / "exec.patch"
    to = ("--project", str(desk.project), "--patch", str(patch), "--author", ANN)
    assert f"`git am {patch}` takes it in." in desk.run("overlay", "codify", kill, *to).stderr
    assert desk.repository.git("count-objects") == objects
    assert "is there already" in desk.run("overlay", "codify", kill, *to, status=1).stderr
    other = Repository(tmp_path / "other")
    subprocess.run(["git", "clone", "-q", str(desk.repository.root), str(other.root)], check=True)
    other.git("am", "-q", str(patch))
    assert other.git("show", "-s", "--format=%an %s") == "Ann Stop for good: tool:exec"
    assert other.git("show", "--name-status", "--format=") == "A\tfleet/policies/stop-tool-exec.yaml"
    assert f"Clawforge-Overlay: {kill}" in other.git("show", "-s", "--format=%B")
    desk.run("kill", "off", kill, "--reason", "in the files now")


def submitted(desk: Desk, key: str) -> str:
    """What somebody else handed in."""
    with desk.server.client() as owner:
        apply(owner, [resource("ServiceAccount", "desk", permissions=["skills:submit"])], source="desk")
        body = {"name": key, "permissions": ["skills:submit"], "serviceAccount": "desk"}
        token = owner.post("/v1/orgs/acme/tokens", json=body).json()["token"]
    with desk.server.client(token) as robot:
        body = {"key": key, "digest": f"sha256:{'b' * 64}", "manifest": f"---\nname: {key}\n---\n"}
        return str(robot.post("/v1/orgs/acme/skills/submissions", json=body).json()["id"])


def test_a_skill_is_approved_on_a_branch_and_not_before_it_can_be(desk: Desk) -> None:
    submission = submitted(desk, "notes")
    to = ("--project", str(desk.project), "--branch", "skills/notes", "--author", ANN)
    desk.repository.git("branch", "skills/notes/below")
    refused = desk.run("skill", "approve", submission, "--reason", "read it", *to, status=4)
    assert "skills/notes/below stands in the way" in refused.stderr
    assert desk.run("skill", "review", submission, "--org", "acme").stdout.startswith("pending")
    desk.repository.git("branch", "-D", "skills/notes/below")
    done = desk.run("skill", "approve", submission, "--reason", "read it", *to, "--format", "json")
    document = json.loads(done.stdout)
    assert document["proposal"]["branch"] == "skills/notes"
    assert document["submission"]["state"] == "approved"
    assert document["proposal"]["commit"] == desk.repository.git("rev-parse", "skills/notes")
    assert desk.show("skills/notes") == (
        "Approve the skill notes\n\nread it\n\nClawforge-Proposal: skill review\n"
        f"Clawforge-Submission: {submission}\nClawforge-Skill-Digest: sha256:{'b' * 64}"
    )
    assert "+  key: notes" in desk.diff("skills/notes")
    assert "\n-" not in desk.diff("skills/notes").partition("@@")[2]


def test_a_skill_is_stopped_at_once_and_revoked_in_a_patch(desk: Desk, tmp_path: Path) -> None:
    patch = tmp_path / "pdf.patch"
    to = ("--project", str(desk.project), "--patch", str(patch), "--author", ANN)
    said = desk.run("skill", "revoke", f"pdf@sha256:{'a' * 64}", "--reason", "reads cookies", *to).stderr
    assert "is stopped: every agent refuses it" in said
    assert "Once that is merged and applied, the files take the place" in said
    desk.repository.git("am", "-q", str(patch), GIT_COMMITTER_NAME="Bob")
    assert desk.show("HEAD", "%an %cn %s") == "Ann Bob Revoke the skill pdf"
    assert "status: revoked" in (desk.project / "skills" / "approvals.yaml").read_text()


def test_a_suggestion_keeps_comments_and_says_what_was_seen(desk: Desk) -> None:
    calls = desk.repository.root.parent / "calls.ndjson"
    call = {"user": "dev", "tool": "read", "params": {"path": "a"}, "at": "2026-03-20T10:00:00Z"}
    calls.write_text(json.dumps(call) + "\n")
    variables = {**os.environ, **desk.variables}
    arguments = ["suggest", str(calls), str(desk.project), "--branch", "narrow", "--reason", "unused", "--author", ANN]
    program = str(Path(sys.executable).parent / "clawforge")
    done = subprocess.run([program, *arguments], env=variables, capture_output=True, text=True, check=True)
    assert "narrow has it as commit" in done.stderr
    changed = [line for line in desk.diff("narrow").splitlines() if line.startswith(("-  ", "+  "))]
    assert changed == [
        "-    allow: [exec, read, web_fetch]  # the whole of it",
        "+    allow: [read]  # the whole of it",
    ]
    assert desk.show("narrow", "%an %s%n%b").startswith(
        "Ann Narrow Policy/default\nunused\n\nPolicy/default: tools.allow (1 calls seen)\n"
    )
    written = desk.run("suggest", str(calls), str(desk.project), "--write", "--branch", "narrow", status=1)
    assert "--write changes the files" in written.stderr


def test_a_live_edit_becomes_a_branch(desk: Desk) -> None:
    with desk.server.client() as owner:
        apply(owner, [resource("Group", "eng", members={"users": ["dev"]})], source="elsewhere")
    to = ("--out", str(desk.project), "--branch", "import", "--author", ANN)
    done = desk.run("import", "Group/eng", *to)
    assert "import has it as commit" in done.stderr
    assert desk.show("import", "%s") == "Take Group/eng into the files"
    assert "+  name: eng" in desk.diff("import")
    assert not (desk.project / "people" / "groups.yaml").exists()


def test_what_cannot_be_proposed_is_refused_before_anything_happens(desk: Desk) -> None:
    kill = killed(desk)
    project = ("--project", str(desk.project))
    for options, told in (
        (("--branch", "a", "--patch", "b"), "not both"),
        (("--sign", "--patch", "b"), "a patch has no signature"),
        (("--author", ANN), "--author is for a commit"),
        (("--branch", "a", "--write", str(desk.project)), "--write changes the files"),
        (("--branch", "a..b", "--author", ANN), "no name of a branch"),
        (("--branch", "a", "--author", "Ann"), "is no author"),
    ):
        assert told in desk.run("overlay", "codify", kill, *project, *options, status=1).stderr
    assert "--project is for" in desk.run("overlay", "codify", kill, *project, status=1).stderr
    assert "are for a verdict" in desk.run("skill", "review", "--branch", "a", status=1).stderr
    (desk.project / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: other\n")
    desk.repository.git("rm", "-q", "--cached", "fleet/clawforge.yaml")
    desk.repository.git("commit", "-qm", "the project is not committed")
    to = (*project, "--branch", "a", "--author", ANN)
    assert "would be no sound project" in desk.run("overlay", "codify", kill, *to, status=1).stderr
    desk.repository.git("checkout", "-q", "HEAD~1", "--", "fleet/clawforge.yaml")
    desk.repository.git("commit", "-qm", "it is again")
    desk.run("kill", "off", kill, "--reason", "over")
    assert desk.repository.git("for-each-ref", "--format=%(refname:short)", "refs/heads") == "main"
