"""`clawforge skill` from handing in to an approval in the files, with the installed program and a real server."""

from __future__ import annotations

import gc
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from server_process import ServerProcess, apply, company, resource, server_process

from clawforge.load.project import load_project
from clawforge.resource.skill_approval import SkillApproval
from clawforge_cli.__main__ import run as run_command_line

PEOPLE = [
    resource("User", "ann", email="ann@acme.example"),
    resource("ServiceAccount", "desk", permissions=["skills:submit"], networks=["127.0.0.0/8"]),
    resource("RoleBinding", "reviewers", role="owner", subjects={"users": ["ann"]}),
]


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("plane") / "data") as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, plane: ServerProcess) -> Path:
    """A project of the org that the server holds, with an approval that its author commented."""
    folder = tmp_path / "policies"
    (folder / "skills").mkdir(parents=True)
    (folder / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n")
    documents = [json.dumps(item) for item in company(*PEOPLE)]
    (folder / "all.yaml").write_text("\n---\n".join(documents) + "\n")
    (folder / "skills" / "reviewed.yaml").write_text(REVIEWED)
    run(plane, "apply", str(folder), "--auto-approve")
    return folder


OLD = "sha256:" + "a" * 64
REVIEWED = """\
# What ann read.
apiVersion: clawforge/v1
kind: SkillApproval
metadata:
  name: pdf-forms
spec:
  appliesTo: everyone
  key: pdf-forms
  version: 1.0.0  # the one of may
  digest: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
  status: approved
  reviewedBy: ann
  reviewBy: 2999-12-31
"""


@dataclass(frozen=True)
class Said:
    """What a command wrote."""

    stdout: str
    stderr: str


def variables(plane: ServerProcess, token: str | None) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
    return {**clean, "CLAWFORGE_SERVER": plane.url, "CLAWFORGE_TOKEN": token or plane.token}


def run(plane: ServerProcess, *arguments: str, status: int = 0, token: str | None = None) -> Said:
    """The command line in this process: starting a program for each of them would take most of the time."""
    out, err, thresholds = io.StringIO(), io.StringIO(), gc.get_threshold()
    with mock.patch.dict(os.environ, variables(plane, token), clear=True), redirect_stdout(out), redirect_stderr(err):
        code = run_command_line(list(arguments))
    gc.set_threshold(*thresholds)
    assert code == status, err.getvalue() + out.getvalue()
    assert "fail" not in err.getvalue()
    return Said(out.getvalue(), err.getvalue())


def run_program(plane: ServerProcess, *arguments: str, token: str | None = None) -> Said:
    """The installed program."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "clawforge"), *arguments],
        env=variables(plane, token),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return Said(done.stdout, done.stderr)


def desk(plane: ServerProcess) -> str:
    """A key of a program, made by the owner: nobody's own submissions are reviewed here."""
    with plane.client() as owner:
        body = {"name": "desk", "permissions": ["skills:submit"], "serviceAccount": "desk"}
        return str(owner.post("/v1/orgs/acme/tokens", json=body).json()["token"])


def skill_folder(folder: Path, version: str = "1.1.0") -> Path:
    skill = folder / f"pdf-{version}"
    (skill / "scripts").mkdir(parents=True)
    (skill / "SKILL.md").write_text(f"---\nname: pdf-forms\nversion: {version}\n---\nFill in \x1b[31mforms\x1b[0m.\n")
    (skill / "scripts" / "fill.py").write_text("print('filled')\n")
    return skill


def handed_in(plane: ServerProcess, project: Path, skill: Path) -> str:
    said = run(plane, "skill", "submit", str(skill), "--org", "acme", "--format", "json", token=desk(plane))
    return str(json.loads(said.stdout)["id"])


def skills(plane: ServerProcess) -> dict[str, Any]:
    listed: dict[str, Any] = json.loads(run(plane, "skill", "list", "--org", "acme", "--format", "json").stdout)
    return listed


def verdicts(project: Path) -> dict[str, Any]:
    loaded = load_project(project)
    assert loaded.diagnostics == ()
    return {item.metadata.name: item.spec for item in loaded.values if isinstance(item, SkillApproval)}


def test_a_skill_is_handed_in_reviewed_and_approved_in_the_files(plane: ServerProcess, project: Path) -> None:
    skill = skill_folder(project.parent)
    digest = run(plane, "skill", "digest", str(skill)).stdout.strip()
    submitted = run_program(
        plane, "skill", "submit", str(skill), "--org", "acme", "--source", "git:x", token=desk(plane)
    )
    assert "other content is approved: version 1.0.0 sha256:aaaa" in submitted.stdout
    assert "SkillApproval/pdf-forms (skills/reviewed.yaml:11)" in submitted.stdout
    listed = run(plane, "skill", "review", "--org", "acme").stdout
    submission = next(word for word in listed.split() if word.startswith("skill-"))
    assert digest in listed
    shown = run(plane, "skill", "review", submission, "--org", "acme").stdout
    assert "| Fill in \\u{001b}[31mforms" in shown
    assert "by service-account:desk" in shown
    done = run_program(
        plane, "skill", "approve", submission, "--project", str(project), "--reason", "fills forms, no network"
    )
    assert f"+  digest: {digest}" in done.stdout
    assert "SkillApproval/pdf-forms stays beside it" in done.stderr
    assert "Commit the change, and apply it" in done.stderr
    assert (project / "skills" / "reviewed.yaml").read_text().startswith(REVIEWED)
    found = verdicts(project)["pdf-forms-2"]
    assert (found.key, found.version, found.digest) == ("pdf-forms", "1.1.0", digest)
    assert (found.source, found.status, found.reviewed_by) == ("git:x", "approved", "owner")
    assert found.review_by is not None
    # Nothing is in force before it is applied; afterwards it is.
    before = skills(plane)
    assert [item["digest"] for item in before["verdicts"]] == [OLD]
    assert [(item["digest"], item["seenIn"]) for item in before["changed"]] == [(digest, submission)]
    assert "changed    pdf-forms 1.1.0" in run(plane, "skill", "list", "--needs-review", "--org", "acme").stdout
    run(plane, "apply", str(project), "--auto-approve")
    assert [item["digest"] for item in skills(plane)["verdicts"]] == [OLD, digest]
    assert skills(plane)["changed"] == []
    # Once more, as after a crash between the two: nothing is said twice, and nothing is changed.
    text = (project / "skills" / "reviewed.yaml").read_text()
    again = run(plane, "skill", "approve", submission, "--project", str(project), "--reason", "fills forms, no network")
    assert again.stdout == ""
    assert (project / "skills" / "reviewed.yaml").read_text() == text


def test_an_approval_is_replaced_where_it_stands(plane: ServerProcess, project: Path) -> None:
    skill = skill_folder(project.parent, "2.0.0")
    submission = handed_in(plane, project, skill)
    options = ("--project", str(project), "--folder", str(skill), "--review-by", "2999-01-31", "--reason", "read")
    run(plane, "skill", "review", submission, "--approve", "--replace", "SkillApproval/pdf-forms", *options)
    text = (project / "skills" / "reviewed.yaml").read_text()
    digest = run(plane, "skill", "digest", str(skill)).stdout.strip()
    expected = REVIEWED.replace("1.0.0", "2.0.0").replace(OLD, digest).replace("2999-12-31", "2999-01-31")
    assert text == expected.replace("reviewedBy: ann", "reviewedBy: owner") + "  reason: read\n"


def test_what_is_not_what_came_in_is_not_approved(plane: ServerProcess, project: Path) -> None:
    skill = skill_folder(project.parent, "3.0.0")
    submission = handed_in(plane, project, skill)
    (skill / "scripts" / "fill.py").write_text("print('something else')\n")
    options = ("--project", str(project), "--folder", str(skill))
    refused = run(plane, "skill", "approve", submission, *options, status=4)
    assert "other content than was handed in" in refused.stderr
    own = run(plane, "skill", "submit", str(skill), "--org", "acme", "--format", "json").stdout
    refused = run(plane, "skill", "approve", json.loads(own)["id"], "--project", str(project), status=1)
    assert "Nobody reviews what they handed in" in refused.stderr
    rejected = run(plane, "skill", "reject", submission, "--project", str(project), "--reason", "phones home")
    assert "+  status: rejected" in rejected.stdout
    assert verdicts(project)["pdf-forms-2"].digest is not None
    for bad in (("--review-by", "2020-01-01"), ("--review-by", "soon"), ("--user", "a b")):
        run(plane, "skill", "approve", json.loads(own)["id"], "--project", str(project), *bad, status=1)
    assert len(verdicts(project)) == 2


def test_a_skill_without_a_digest_needs_the_content(plane: ServerProcess, project: Path) -> None:
    with plane.client(desk(plane)) as program:
        body = {"key": "demo", "manifest": "---\nname: demo\n---\n"}
        submission = program.post("/v1/orgs/acme/skills/submissions", json=body).json()["id"]
    refused = run(plane, "skill", "approve", submission, "--project", str(project), status=1)
    assert "without the digest of its content" in refused.stderr
    skill = skill_folder(project.parent, "4.0.0")
    run(plane, "skill", "approve", submission, "--project", str(project), "--folder", str(skill), "--group", "eng")
    approved = verdicts(project)["demo"]
    assert approved.digest == run(plane, "skill", "digest", str(skill)).stdout.strip()
    assert approved.applies_to.groups == ("eng",)


def test_a_folder_with_anything_but_plain_files_is_refused(plane: ServerProcess, tmp_path: Path) -> None:
    skill = skill_folder(tmp_path)
    whole = run(plane, "skill", "digest", str(skill)).stdout
    (tmp_path / "alias").symlink_to(skill)
    assert run(plane, "skill", "digest", str(tmp_path / "alias")).stdout == whole
    (skill / "scripts" / "key").symlink_to("/etc/passwd")
    assert "'scripts/key' is a symbolic link" in run(plane, "skill", "digest", str(skill), status=1).stderr
    (skill / "scripts" / "key").unlink()
    (skill / "data").symlink_to(tmp_path)
    assert "'data' is a symbolic link" in run(plane, "skill", "digest", str(skill), status=1).stderr
    (skill / "data").unlink()
    os.mkfifo(skill / "pipe")
    assert "'pipe' is no plain file" in run(plane, "skill", "digest", str(skill), status=1).stderr
    (skill / "pipe").unlink()
    (skill / os.fsdecode(b"\xff")).write_text("x")
    assert "is not UTF-8" in run(plane, "skill", "digest", str(skill), status=1).stderr
    (skill / os.fsdecode(b"\xff")).unlink()
    for text, why in ((b"\xff", "is not UTF-8"), (b"x" * 65_537, "has more than 64 KiB")):
        (skill / "SKILL.md").write_bytes(text)
        assert run(plane, "skill", "digest", str(skill)).stdout.startswith("sha256:")
        assert why in run(plane, "skill", "submit", str(skill), "--org", "acme", status=1).stderr
    assert "cannot be read" in run(plane, "skill", "digest", str(tmp_path / "nothing"), status=1).stderr
    assert (
        "holds no file" in run(plane, "skill", "digest", str(tmp_path / "empty"), status=1).stderr
        if ((tmp_path / "empty").mkdir() is None)
        else True
    )


def test_a_skill_is_stopped_at_once_and_then_in_the_files(plane: ServerProcess, project: Path) -> None:
    named = f"pdf-forms@{OLD}"
    said = run(plane, "skill", "revoke", named, "--version", "1.0.0", "--reason", "reads cookies", "--org", "acme")
    assert "is stopped: every agent refuses it" in said.stderr
    assert "no project of the org is here" in said.stderr
    stopped = run(plane, "skill", "list", "--org", "acme").stdout
    assert "reads cookies" in stopped
    again = run(
        plane, "skill", "revoke", named, "--version", "1.0.0", "--reason", "reads cookies", "--project", str(project)
    )
    assert "+  status: revoked" in again.stdout
    text = (project / "skills" / "reviewed.yaml").read_text()
    assert "version: 1.0.0  # the one of may" in text
    assert verdicts(project)["pdf-forms"].status == "revoked"
    run(plane, "apply", str(project), "--auto-approve")
    listed = skills(plane)
    assert listed["revocations"] == []
    assert [item["state"] for item in listed["verdicts"]] == ["revoked"]
    told = run(plane, "skill", "revoke", named, "--version", "1.0.0", "--reason", "x", "--org", "acme", status=4)
    assert "SkillApproval/pdf-forms (skills/reviewed.yaml:11) revokes it already" in told.stderr
    other = run(plane, "skill", "revoke", "demo", "--reason", "by mistake", "--project", str(project))
    assert "+  name: demo-revoked" in other.stdout
    revocation = next(
        word for word in other.stderr.replace("(", " ").replace(")", " ").split() if "revocation-" in word
    )
    run(plane, "skill", "lift", revocation.strip("."), "--reason", "it was another one", "--org", "acme")
    with plane.client() as owner:
        apply(owner, company(*PEOPLE))
