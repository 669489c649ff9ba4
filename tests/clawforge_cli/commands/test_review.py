"""Approving, rejecting and applying under a ChangePolicy, as people type it, against a real server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import Program, running_server

from clawforge.plan import Approval, ApprovalLack, ApprovalNeed, Approvals, Base, Plan, Summary
from clawforge_cli.views.human_approvals import show_approvals
from clawforge_cli.views.terminal import Printer

PEOPLE = """\
apiVersion: clawforge/v1
kind: User
metadata: {name: ann}
spec: {email: ann@acme.example}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: bob}
spec: {email: bob@acme.example}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: reviewers}
spec: {role: approver, subjects: {users: [ann, bob]}}
---
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec: {permissions: ["plans:*", "state:read"], expires: 2099-01-01T00:00:00Z, networks: [127.0.0.0/8]}
"""
POLICY = """\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: default}
spec: {appliesTo: everyone, tools: {deny: [%s]}}
"""
CHANGES = """\
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: four-eyes}
spec:
  approvals: [{match: {effect: loosen}}]
  requireReason: %s
"""
FREEZE = """\
  freeze:
    - schedule: {windows: [{from: 2020-01-01T00:00:00Z, until: 2090-01-01T00:00:00Z}]}
      reason: year-end close
"""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Program]:
    project = tmp_path / "project"
    project.mkdir()
    (project / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n")
    (project / "people.yaml").write_text(PEOPLE)
    (project / "policy.yaml").write_text(POLICY % "exec, write")
    (project / "change.yaml").write_text(CHANGES % "false")
    program = Program(Path(sys.executable).parent / "clawforge", tmp_path)
    with running_server(program, tmp_path / "data") as server:
        owner = program.with_environment(
            CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token, CLAWFORGE_ORG="acme"
        )
        owner.run("apply", "project", "--auto-approve")
        yield owner


def pipeline(owner: Program, *permissions: str) -> Program:
    asked = [part for item in permissions for part in ("--permission", item)]
    key = owner.run("token", "create", "k", "--service-account", "ci", *asked).strip()
    return owner.with_environment(CLAWFORGE_TOKEN=key)


def test_a_change_is_refused_rejected_approved_and_applied(owner: Program) -> None:
    ci = pipeline(owner, "plans:create", "plans:apply", "plans:read")
    project = owner.cwd / "project"
    (project / "policy.yaml").write_text(POLICY % "exec")
    shown = ci.run("plan", "project", "--out", "plan.json")
    assert "Needs approval by somebody else with plans:approve (change-policy):" in shown
    assert "  ChangePolicy/four-eyes: Policy/default may loosen" in shown
    assert "Missing: 1 more with plans:approve (change-policy). Could be: ann, bob." in shown
    plan = json.loads((owner.cwd / "plan.json").read_text())["id"]
    refused = ci.finish("apply", "plan.json", "--auto-approve")
    assert refused.returncode == 4
    assert f"ann, bob may approve it with `clawforge approve {plan}`" in " ".join(refused.stderr.split())
    assert owner.finish("approve", plan, "--reject", "--yes").returncode == 1, "reject is a command of its own"
    assert owner.finish("reject", plan, "--yes").returncode == 1, "without a reason"
    assert "says nothing" in owner.finish("reject", plan, "--yes", "--reason", "  ").stderr
    asked = owner.finish("reject", plan, "--reason", "later")
    assert (asked.returncode, "--yes" in asked.stderr) == (1, True)
    rejected = owner.finish("reject", plan, "--reason", "later", "--yes")
    assert (rejected.returncode, "Rejected by owner: later" in rejected.stderr) == (0, True)
    again = ci.finish("apply", "project", "--auto-approve")
    assert (again.returncode, "owner rejected this plan: later" in again.stderr) == (4, True)
    approved = owner.finish("approve", plan, "--yes")
    assert "Every approval is given." in approved.stderr
    assert "Org acme is at revision 2." in ci.run("apply", "project", "--auto-approve")
    assert "  approved by owner" in owner.run("log", "project")


def test_json_carries_what_is_missing(owner: Program) -> None:
    ci = pipeline(owner, "plans:create", "plans:read")
    (owner.cwd / "project" / "policy.yaml").write_text(POLICY % "exec")
    made = ci.json("plan", "project")
    assert [item["who"] for item in made["approvals"]["missing"]] == [["ann", "bob"]]
    assert owner.json("approve", made["id"], "--yes")["approvals"]["missing"] == []
    own = owner.json("plan", "project")
    assert owner.finish("approve", own["id"], "--yes").returncode == 1, "nobody approves their own plan"


def test_freezes_reasons_and_deletions_are_typed(owner: Program) -> None:
    project = owner.cwd / "project"
    (project / "change.yaml").write_text((CHANGES % "true") + FREEZE + "  limits: {deletions: {count: 0}}\n")
    ci = pipeline(owner, "plans:create", "plans:read", "plans:apply")
    ci.run("plan", "project", "--out", "plan.json")
    owner.run("approve", json.loads((owner.cwd / "plan.json").read_text())["id"], "--yes")
    ci.run("apply", "plan.json", "--auto-approve")
    (project / "policy.yaml").write_text(POLICY % "exec, write, web_fetch")
    (project / "people.yaml").write_text(PEOPLE.replace("name: ci}", "name: ci2}"))
    frozen = owner.finish("apply", "project", "--auto-approve", "--reason", "sev 1")
    assert frozen.returncode == 4
    assert "Changes are frozen until 2090-01-01T00:00:00Z by ChangePolicy/four-eyes" in frozen.stderr
    assert owner.finish("apply", "project", "--auto-approve", "--override-freeze").returncode == 1
    assert owner.finish("apply", "project", "--auto-approve", "--reason", " ").returncode == 1
    over = ("apply", "project", "--auto-approve", "--override-freeze", "--reason", "sev 1: keys leak")
    asked = owner.finish(*over)
    assert (asked.returncode, "approvals" in asked.stderr) == (4, True), "a service account comes: rights are gained"
    (project / "people.yaml").write_text(PEOPLE.partition("---\napiVersion: clawforge/v1\nkind: ServiceAccount")[0])
    many = owner.finish(*over)
    assert (many.returncode, "--allow-deletions 1" in many.stderr) == (4, True)
    assert "revision 3" in owner.run(*over, "--allow-deletions", "1")
    assert "  freeze overridden: sev 1: keys leak" in owner.run("log", "project")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"approvers": ["a"]}', '{"ref": "x", "more": 1}', "\x00", '{"ref": "a b"}']
)
def test_a_file_that_vouches_for_nothing_is_refused_before_anything_is_sent(
    text: str, owner: Program, tmp_path: Path
) -> None:
    (tmp_path / "vouched.json").write_text(text)
    done = owner.finish("plan", "project", "--vouched", "vouched.json")
    assert done.returncode == 1
    assert "does not say who approved a commit" in done.stderr
    assert "Traceback" not in done.stderr
    assert owner.finish("plan", "project", "--vouched", "nowhere.json").returncode == 1


def test_keys_do_not_vouch(owner: Program, tmp_path: Path) -> None:
    (tmp_path / "vouched.json").write_text('{"ref": "refs/heads/main", "approvers": ["ann"]}')
    done = owner.finish("plan", "project", "--vouched", "vouched.json")
    assert (done.returncode, "identity token" in done.stderr) == (1, True)
    owner.run("plan", "project", "--out", "plan.json")
    saved = owner.finish("apply", "plan.json", "--vouched", "vouched.json")
    assert (saved.returncode, "A plan that was made before is applied as it is" in saved.stderr) == (1, True)


def test_what_others_wrote_is_shown_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b[2J\u202e"
    plan = Plan(
        org="acme",
        source="main",
        base=Base(revision=1, digest="x"),
        digest="x",
        state_digest="x",
        summary=Summary(),
        changes=(),
        approvals=Approvals(
            needed=(ApprovalNeed(code=evil, permission=evil, roles=(evil,), groups=(evil,), details=(evil,) * 12),),
            given=(
                Approval.model_validate_json(
                    json.dumps(
                        {
                            "by": evil,
                            "at": "2026-11-20T12:00:00Z",
                            "verdict": "approved",
                            "reason": evil,
                            "vouchedBy": evil,
                        }
                    )
                ),
            ),
            missing=(
                ApprovalLack(code=evil, count=2, who=(evil,), others=3),
                ApprovalLack(code="change-policy", count=1),
            ),
        ),
    )
    show_approvals(plan, Printer(sys.stdout, colour=False))
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "and 2 more" in shown
    assert "and 3 more." in shown
    assert "Nobody who is active could give them." in shown
