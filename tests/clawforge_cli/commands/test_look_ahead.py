"""`lint --until` and `plan --at` through the installed program: what falls due, beside what is found and planned."""

from __future__ import annotations

import sys
from pathlib import Path

import jsonschema
import pytest
from programs import Program, running_server

from clawforge.schema import schemas

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
FILES = """\
apiVersion: clawforge/v1
kind: Organization
metadata: {name: acme}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec: {deny: ["rm **"]}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: nights}
spec:
  appliesTo: everyone
  mode: overlay
  schedule: {windows: [{cron: "0 18 * * *", duration: 14h}]}
  exec: {mode: deny}
---
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plans:create']
  networks: [203.0.113.16/28]
  expires: 2090-06-30T00:00:00Z
"""
QUIET = ("--select", "exec-deny-best-effort")
EXPIRES = (
    "  2090-06-30T00:00:00Z  ServiceAccount/ci (x.yaml:27): The service account expires: it may do nothing any more."
)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    write(tmp_path, FILES)
    return Program(Path(sys.executable).parent / "clawforge", tmp_path)


def write(root: Path, text: str) -> None:
    (root / "clawforge.yaml").write_text(PROJECT)
    (root / "x.yaml").write_text(text)


def test_lint_lists_what_falls_due_after_what_it_finds(program: Program) -> None:
    plain = program.run("lint", *QUIET)
    said = program.run("lint", *QUIET, "--until", "2090-12-31")
    assert said.startswith(plain + "\nUntil 2090-12-31:\n")
    schedule, account = said.removeprefix(plain + "\nUntil 2090-12-31:\n").splitlines()
    assert "Policy/nights (x.yaml:18): " in schedule
    assert "pens daily at 18:00 for 14h (UTC): more than 1" in schedule
    assert account == EXPIRES
    write(program.cwd, FILES.split("---\n", maxsplit=1)[0])
    assert program.run("lint", *QUIET, "--until", "2090-12-31").endswith(
        "\nUntil 2090-12-31 nothing changes by itself.\n"
    )


def test_what_was_kept_does_not_hide_it(program: Program) -> None:
    kept = program.with_environment(CLAWFORGE_CACHE_DIR=str(program.cwd / "kept"))
    plain = kept.run("lint", *QUIET)
    assert EXPIRES in kept.run("lint", *QUIET, "--until", "2090-12-31")
    assert kept.run("lint", *QUIET) == plain


def test_it_changes_no_exit_code(program: Program) -> None:
    assert program.finish("lint", "--until", "2090-12-31").returncode == 0
    write(program.cwd, FILES.replace("everyone\n  exec:", "{groups: [nobody]}\n  exec:"))
    done = program.finish("lint", "--until", "2090-12-31")
    assert done.returncode == 3
    assert EXPIRES in done.stdout
    (program.cwd / "y.yaml").write_text("kind: [")
    done = program.finish("lint", "--until", "2090-12-31")
    assert (done.returncode, EXPIRES in done.stdout) == (3, True)


def test_lint_for_programs(program: Program) -> None:
    assert "upcoming" not in program.json("lint")
    found = program.json("lint", "--until", "2090-12-31")["upcoming"]
    assert [(item["kind"], item["times"]) for item in found] == [("schedule-recurs", None), ("account-expires", 1)]
    assert found[1] == {
        "at": "2090-06-30T00:00:00Z",
        "kind": "account-expires",
        "address": "ServiceAccount/ci",
        "pointer": "/spec/expires",
        "what": "The service account expires: it may do nothing any more.",
        "times": 1,
        "file": "x.yaml",
        "line": 27,
    }
    write(program.cwd, FILES.split("---\n", maxsplit=1)[0])
    assert program.json("lint", "--until", "30d")["upcoming"] == []


def test_no_secret_is_shown(program: Program) -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H" + "8i9J0kLmNoPqRsT" + "2Q67Zp"
    approval = (
        "---\napiVersion: clawforge/v1\nkind: SkillApproval\nmetadata: {name: s}\n"
        f"spec: {{appliesTo: everyone, key: {token}, status: approved, reviewBy: 2090-01-01}}\n"
    )
    trial = (
        "---\napiVersion: clawforge/v1\nkind: Policy\n"
        f"metadata: {{name: t, annotations: {{{token}/until: 2090-01-01}}}}\n"
        "spec: {appliesTo: everyone, mode: overlay, enforcement: observe}\n"
    )
    write(program.cwd, FILES + approval + trial)
    for format in ("text", "json"):
        done = program.finish("lint", "--until", "2090-12-31", "--format", format)
        assert done.returncode == 3
        assert "approval of the skill `[secret]` ends" in done.stdout
        assert token not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lint", "--until", "soon"], "'soon' is no time to look ahead to."),
        (["lint", "--until", "2020-01-01"], "2020-01-01 does not lie ahead."),
        (["lint", "--until", "30d", "--format", "sarif"], "The format sarif holds findings"),
        (["lint", "--until", "30d", "--statistics"], "--statistics counts findings"),
        (["plan", "--offline", "--at", "soon"], "'soon' is no time to look ahead to."),
        (["plan", "--offline", "--at", "2020-01-01"], "2020-01-01 does not lie ahead."),
        (["plan", "--at", "9999-01-01"], "more than a hundred years away"),
    ],
)
def test_what_cannot_be_meant_is_refused(program: Program, arguments: list[str], message: str) -> None:
    done = program.finish(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_fixed_before_it_is_understood(program: Program) -> None:
    fixable = FILES.replace("exec: {mode: deny}", "tools: {deny: [bash]}")
    write(program.cwd, fixable)
    assert program.finish("lint", "--fix", "--until", "soon").returncode == 1
    assert (program.cwd / "x.yaml").read_text() == fixable
    program.run("lint", "--fix", "--until", "30d")
    assert (program.cwd / "x.yaml").read_text() != fixable


def test_a_plan_looks_ahead_in_what_is_proposed(program: Program) -> None:
    summary = "\nPlan: 4 to add, 0 to change, 0 to destroy.\n"
    said = program.run("plan", "--offline", "--at", "2090-12-31")
    assert summary in said
    assert "\n\nBy 2090-12-31:\n" in said
    assert said.endswith(EXPIRES + "\n")
    assert summary in program.run("plan", "--offline")
    assert "\n\nBy " in program.run("plan", "--offline", "--at", "1d")
    assert program.finish("plan", "--offline", "--at", "30d", "--detailed-exitcode").returncode == 2


def test_a_plan_for_programs_has_it_beside_its_members(program: Program) -> None:
    """What the changes mean is told as of then; nothing else of the plan depends on it."""
    plain = program.json("plan", "--offline")
    ahead = program.json("plan", "--offline", "--at", "2090-12-31")
    assert [item["kind"] for item in ahead.pop("forecast")] == ["schedule-recurs", "account-expires"]
    jsonschema.Draft202012Validator(schemas()["plan.schema.json"]).validate(ahead)
    then = {"meaning": None, "meaningDigest": None}
    assert {**ahead, **then} == {**plain, **then}


def test_with_a_control_plane_the_plan_that_is_saved_stays_as_it_came(program: Program) -> None:
    with running_server(program, program.cwd / "data") as server:
        online = program.with_environment(CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token)
        (program.cwd / "clawforge.yaml").write_text(PROJECT + "exclude: [data/**, '*.log', '*.json']\n")
        said = online.run("plan", "--at", "2090-12-31", "--out", "plan.json")
        assert "\nBy 2090-12-31:\n" in said
        assert said.endswith(EXPIRES + "\n")
        assert "forecast" not in (program.cwd / "plan.json").read_text()
        assert "Apply complete!" in online.run("apply", "plan.json", "--auto-approve")
        again = online.run("plan", "--at", "2090-12-31")
        assert again.startswith("No changes.\n")
        assert again.endswith(EXPIRES + "\n")
        assert online.json("plan", "--at", "2090-12-31")["forecast"][1]["address"] == "ServiceAccount/ci"
