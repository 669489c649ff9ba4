"""`clawforge explain` through the installed program: from the files, and from a real control plane."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import Program, running_server

from clawforge.analysis.explanation import Explanation

ROOT = Path(__file__).resolve().parents[3]
NIGHT = ("--at", "2026-11-20T22:00:00Z")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    shutil.copytree(ROOT / "policies.example", tmp_path / "policies")
    return Program(Path(sys.executable).parent / "clawforge", tmp_path)


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program beside the example, which a control plane holds."""
    folder = tmp_path_factory.mktemp("applied")
    shutil.copytree(ROOT / "policies.example", folder / "policies")
    program = Program(Path(sys.executable).parent / "clawforge", folder)
    with running_server(program, folder / "data") as server:
        there = program.with_environment(CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token)
        there.run("apply", "policies", "--auto-approve")
        yield there


def test_every_step_names_who_did_what_and_where(program: Program) -> None:
    said = program.run("explain", "dana", "exec", "policies", *NIGHT, "--params", '{"command": "make deploy"}')
    for line in (
        "dana, 2026-11-20T22:00:00Z",
        "  is declared  (people/engineering.yaml:2)",
        "  group engineering: users dana of Group/engineering  (groups/staff.yaml:9)",
        "  role policy-author: groups engineering of RoleBinding/engineering-proposes  (access/bindings.yaml:18)",
        "  Policy/after-hours  overlay, groups engineering  (policies/after-hours.yaml:11)",
        "  Policy/trial-egress  overlay on trial (observe), groups engineering  (policies/trial-egress.yaml:12)",
        "base: Policy/engineering: `groups` is more specific than `everyone` of Policy/default"
        "  (policies/engineering.yaml:9)",
        "  tools.ask = automations, browser, github_publish, message, sessions_spawn  [union]",
        "    overlay   Policy/after-hours: browser, message, which changes nothing  (policies/after-hours.yaml:26)",
        "    guardrail Policy/guardrail-control: adds automations, sessions_spawn"
        "  (policies/guardrail-control.yaml:13)",
        "if what is on trial were enforced:",
    ):
        assert line in said.splitlines(), said
    assert "does not match" not in said
    assert "elevated" not in said
    assert "\ndeny\n  exec-not-allowed: " in said


def test_everything_is_asked_for(program: Program) -> None:
    said = program.run("explain", "dana", "policies", *NIGHT, "--all")
    assert "  Policy/finance  asks for groups finance  (policies/finance.yaml:2)" in said
    assert "  network.allow = anything  [intersect]" in said
    assert "even for an elevated call:" in said


def test_a_stranger_is_explained_too(program: Program) -> None:
    said = program.run("explain", "someone@acme.example", "policies")
    assert "someone@acme.example, " in said
    assert "  is not declared\n" in said
    assert "base: Policy/default: the only base that matches  (policies/default.yaml:3)" in said


def test_without_a_base_it_says_that_nothing_is_allowed(program: Program) -> None:
    (program.cwd / "policies" / "policies" / "default.yaml").unlink()
    for name in ("support", "engineering", "sre", "finance"):
        (program.cwd / "policies" / "policies" / f"{name}.yaml").unlink()
    shutil.rmtree(program.cwd / "policies" / "tests")
    said = program.run("explain", "someone@acme.example", "read", "policies")
    assert "base: none matches, so nothing is allowed" in said
    assert "    base      without a base: nothing" in said
    assert "\ndeny\n  no-policy: " in said


def test_a_program_gets_the_document(program: Program) -> None:
    document = program.run("explain", "priya", "read", "policies", "--format", "json")
    found = Explanation.model_validate_json(document)
    assert found.base == "Policy/finance"
    assert found.decision is not None
    assert found.misses is None


def test_a_moment_without_a_zone_is_utc_and_that_is_said(program: Program) -> None:
    done = program.finish("explain", "dana", "policies", "--at", "2026-11-20T22:00")
    assert done.stdout.startswith("dana, 2026-11-20T22:00:00Z\n")
    assert done.stderr == "Note: 2026-11-20T22:00 is taken as UTC.\n"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["dana", "exec", "policies", "--params", "[]"], "--params must be a JSON object."),
        (["dana", "exec", "nowhere"], "does not exist"),
        (["da na", "exec", "policies"], "names no user"),
        (["dana", "policies", "--at", "yesterday"], "is not a moment"),
    ],
)
def test_wrong_usage_is_an_error(program: Program, arguments: list[str], part: str) -> None:
    done = program.finish("explain", *arguments)
    assert done.returncode == 1
    assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_the_control_plane_says_the_same_as_the_files(applied: Program) -> None:
    question = ("explain", "dana", "exec", "policies", *NIGHT, "--all")
    here, there = applied.run(*question), applied.run(*question, "--applied")
    assert there.replace(", revision 1", "") == here
    documents = [applied.json(*question), applied.json(*question, "--applied")]
    for document in documents:
        document["revision"] = document["decision"]["revision"] = None
    assert documents[0] == documents[1]


@pytest.mark.parametrize("form", [(), ("--format", "json")])
def test_what_the_files_say_does_not_act(program: Program, form: tuple[str, ...]) -> None:
    hostile = "::error::\u202e\u200b##vso[task.x]"
    (program.cwd / "policies" / "policies" / "hostile.yaml").write_text(
        "apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: hostile}\nspec:\n  appliesTo: {users: [dana]}\n"
        f'  message: "{hostile}"\n  paths: {{deny: ["/x{hostile}"]}}\n'
    )
    said = program.run("explain", "dana", "read", "policies", "--tag", f"a={hostile}", "--all", *form)
    assert not {"\u202e", "\u200b"} & set(said)
    assert not any(line.lstrip().startswith("::") for line in said.splitlines())
    if not form:
        assert "##vso" not in said
