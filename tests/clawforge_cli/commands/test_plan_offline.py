"""`clawforge plan --offline` through the installed program: what a control plane would say, without one."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from programs import Program, running_server

from clawforge.schema import schemas

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    shutil.copytree(ROOT / "policies.example", tmp_path / "old")
    shutil.copytree(ROOT / "policies.example", tmp_path / "new")
    return Program(Path(sys.executable).parent / "clawforge", tmp_path)


def edit(program: Program, file: str, before: str, after: str, where: str = "new") -> None:
    path = program.cwd / where / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def plan(program: Program, *arguments: str, expect: int = 0) -> Any:
    document = program.json("plan", "--offline", *arguments, expect=expect)
    jsonschema.Draft202012Validator(schemas()["plan.schema.json"]).validate(document)
    assert (document["id"], document["expiresAt"]) == (None, None)
    return document


def test_against_nothing_everything_is_new(program: Program) -> None:
    document = plan(program, "new")
    assert document["summary"]["add"] == len(document["changes"]) == 59
    assert {check["name"]: (check["status"], check["failed"]) for check in document["checks"]} == {
        "lint": ("passed", 0),
        "invariant": ("passed", 0),
        "test": ("passed", 0),
    }


def test_it_says_on_standard_error_that_it_is_no_plan_to_apply(program: Program) -> None:
    said = program.finish("plan", "--offline", "new").stderr
    assert said.startswith("Offline: this plan is unsigned and cannot be applied.\n")


def test_it_names_what_was_compared_and_no_revision(program: Program) -> None:
    alone = program.run("plan", "--offline", "new")
    assert alone.startswith("Org acme (source security-policies), compared with an empty control plane:\n")
    same = program.run("plan", "--offline", "new", "--against", "old")
    assert same == "No changes.\nThe files say the same as the files in old.\n"
    edit(program, "organization.yaml", "maxStale: 12h", "maxStale: 8h")
    changed = program.run("plan", "--offline", "new", "--against", "old")
    assert changed.startswith("Org acme (source security-policies), compared with the files in old:\n")
    assert "revision" not in alone + same + changed


def test_without_a_control_plane_the_way_without_one_is_named(program: Program) -> None:
    done = program.finish("plan", "new")
    assert done.returncode == 1
    assert "`plan --offline` needs no control plane." in done.stderr


def test_against_another_version_of_the_files(program: Program) -> None:
    assert plan(program, "new", "--against", "old")["changes"] == []
    assert program.finish("plan", "--offline", "new", "--against", "old", "--detailed-exitcode").returncode == 0
    edit(program, "organization.yaml", "maxStale: 12h", "maxStale: 8h")
    (program.cwd / "new" / "policies" / "trial-egress.yaml").unlink()
    document = plan(program, "new", "--against", "old")
    assert [(item["address"], item["action"]) for item in document["changes"]] == [
        ("Organization/acme", "update"),
        ("Policy/trial-egress", "delete"),
    ]
    assert program.finish("plan", "--offline", "new", "--against", "old", "--detailed-exitcode").returncode == 2


def test_a_control_plane_makes_the_same_plan(program: Program) -> None:
    edit(program, "organization.yaml", "maxStale: 12h", "maxStale: 8h")
    with running_server(program, program.cwd / "data") as server:
        online = program.with_environment(CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token)
        first = online.json("plan", "old")
        online.run("apply", "old", "--auto-approve")
        second = online.json("plan", "new")
    ours = (
        "org",
        "source",
        "digest",
        "stateDigest",
        "summary",
        "changes",
        "checks",
        "warnings",
        "meaning",
        "meaningDigest",
    )
    for made, offline in ((first, plan(program, "old")), (second, plan(program, "new", "--against", "old"))):
        for meaning in (offline["meaning"], made["meaning"]):
            at = meaning.pop("at")  # the moment of the plan, which two plans do not share
            for witness in (meaning["looser"], meaning["tighter"]):
                assert witness is None or witness.pop("at") == at
        assert {key: offline[key] for key in ours} == {key: made[key] for key in ours}
        assert offline["base"]["digest"] == made["base"]["digest"]


def test_approvals_are_told_that_a_control_plane_would_ask_for(program: Program) -> None:
    edit(program, "policies/guardrail-secrets.yaml", "      - ~/.aws/**\n", "")
    edit(program, "access/change-policy.yaml", "count: 2", "count: 1")
    document = plan(program, "new", "--against", "old", expect=3)
    (need,) = document["approvals"]["needed"]
    assert need["count"] == 2
    assert "ChangePolicy/guardrails-by-two: it is changed itself" in need["details"]
    assert (
        "Needs approval by 2 others with plans:approve"
        in program.finish("plan", "--offline", "new", "--against", "old").stdout
    )


def test_failing_tests_are_told_beside_the_plan(program: Program) -> None:
    edit(program, "policies/guardrail-secrets.yaml", "      - ~/.aws/**\n", "")
    document = plan(program, "new", "--against", "old", expect=3)
    assert document["changes"][0]["address"] == "Policy/guardrail-secrets"
    check = next(check for check in document["checks"] if check["name"] == "test")
    assert check["status"] == "failed"
    assert check["failed"] >= 1
    done = program.finish("plan", "--offline", "new")
    assert "Plan: 59 to add" in done.stdout
    assert f"Check test: {check['failed']} failed.\n  tests/" in done.stderr
    assert done.stderr.endswith("A control plane would refuse this plan.\n")


def test_lint_errors_end_it(program: Program) -> None:
    edit(program, "policies/engineering.yaml", "groups: [engineering]", "groups: [enginering]")
    done = program.finish("plan", "--offline", "new")
    assert (done.returncode, done.stdout) == (3, "")
    assert "unresolved-reference" in done.stderr


def test_what_another_source_owns_stays(program: Program) -> None:
    """As on a control plane: the same resource again changes nothing, another one of that name is refused."""
    edit(program, "clawforge.yaml", "source: security-policies", "source: platform", "old")
    assert plan(program, "new", "--against", "old")["changes"] == []
    edit(program, "organization.yaml", "maxStale: 12h", "maxStale: 8h")
    done = program.finish("plan", "--offline", "new", "--against", "old")
    assert done.returncode == 4
    assert "belongs to the source 'platform'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["new", "--against", "old"], "Add --offline."),
        (["new", "--offline", "--out", "plan.json"], "cannot be applied"),
        (["new", "--offline", "--against", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_meant_is_refused(program: Program, arguments: list[str], message: str) -> None:
    done = program.finish("plan", *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert not (program.cwd / "plan.json").exists()


def test_another_org_is_not_compared(program: Program) -> None:
    edit(program, "clawforge.yaml", "org: acme", "org: other", "old")
    done = program.finish("plan", "--offline", "new", "--against", "old")
    assert done.returncode == 1
    assert "The files in old speak for the org 'other', and those in new for 'acme'." in done.stderr


def test_a_base_that_cannot_be_read_is_said(program: Program) -> None:
    (program.cwd / "old" / "organization.yaml").write_text("kind: [")
    done = program.finish("plan", "--offline", "new", "--against", "old")
    assert (done.returncode, done.stdout) == (3, "")
    assert "nothing can be compared" in done.stderr


def test_no_address_and_no_token_is_needed_or_used(program: Program) -> None:
    closed = program.with_environment(CLAWFORGE_SERVER="http://127.0.0.1:9", CLAWFORGE_TOKEN="x")
    assert "Plan: 59 to add" in closed.run("plan", "--offline", "new")


def _timeless(document: Any) -> Any:
    """Without the moments of the analysis: the two plans were not made in the same second."""
    if isinstance(document, dict):
        return {key: _timeless(value) for key, value in document.items() if key != "at"}
    return [_timeless(item) for item in document] if isinstance(document, list) else document
