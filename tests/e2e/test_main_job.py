"""The main job with the installed wheel: YAML in git becomes the policy that an agent enforces."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from programs import Program, Server, clean_environment, decision, kill_group, running_agent, running_server, wait_until

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE_USER = "dana"


@pytest.fixture(scope="module")
def program(installed_clawforge: Path, tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program(installed_clawforge, tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def applied(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, Server, Path]]:
    """A control plane that holds the example, the program pointed at it, and the example's own copy in git."""
    home = tmp_path_factory.mktemp("applied")
    project = home / "repository"
    shutil.copytree(ROOT / "policies.example", project)
    commit_all(project)
    with running_server(program, home / "data") as server:
        pointed = program.with_environment(CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token)
        pointed.run("plan", project, "--detailed-exitcode", expect=2)
        pointed.run("apply", project, "--auto-approve")
        yield pointed, server, project


@pytest.fixture
def edited(applied: tuple[Program, Server, Path], tmp_path: Path) -> Path:
    """A copy of what is applied, to be changed by a test."""
    copy = tmp_path / "edited"
    shutil.copytree(applied[2], copy)
    return copy


def commit_all(project: Path) -> None:
    environment = {**clean_environment(), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@acme.example"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "policies"]):
        subprocess.run(["git", *command], cwd=project, env=environment, check=True)


def test_planning_again_says_no_changes(applied: tuple[Program, Server, Path]) -> None:
    program, _, project = applied
    assert program.run("plan", project, "--detailed-exitcode").splitlines()[0] == "No changes."
    assert program.run("apply", project, "--auto-approve").splitlines()[0] == "No changes."


def test_the_log_names_author_and_commit(applied: tuple[Program, Server, Path]) -> None:
    program, _, project = applied
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=project, capture_output=True, text=True, check=True)
    (revision,) = program.json("log", project)["revisions"]
    assert revision["number"] == 1
    assert revision["commit"] == head.stdout.strip()
    assert revision["commitAuthor"] == "Ada <ada@acme.example>"
    assert revision["dirty"] is False


def test_one_edited_field_is_one_change_of_that_field(applied: tuple[Program, Server, Path], edited: Path) -> None:
    program, _, _ = applied
    file, line = find_line(edited, "displayName:")
    lines = file.read_text().splitlines()
    lines[line] = lines[line].split("displayName:")[0] + "displayName: Acme, renamed"
    file.write_text("\n".join(lines) + "\n")
    plan = program.json("plan", edited)
    jsonschema.validate(plan, json.loads((ROOT / "schemas" / "plan.schema.json").read_text()))
    assert plan["summary"] | {"move": 0, "forget": 0} == plan["summary"]
    assert [plan["summary"][key] for key in ("add", "change", "destroy")] == [0, 1, 0]
    (change,) = plan["changes"]
    assert change["action"] == "update"
    assert [field["path"] for field in change["fields"]] == ["spec.displayName"]
    assert change["fields"][0]["after"] == "Acme, renamed"
    assert plan["base"]["revision"] == 1
    assert plan["digest"].startswith("sha256:")
    assert change["location"]["file"] == file.relative_to(edited).as_posix()


def test_a_deleted_file_is_exactly_its_destruction(applied: tuple[Program, Server, Path], edited: Path) -> None:
    program, _, _ = applied
    victims = list((edited / "tests").glob("*.yaml"))
    gone = sum(path.read_text().count("\nkind: PolicyTest") + path.read_text().startswith("kind:") for path in victims)
    shutil.rmtree(edited / "tests")
    plan = program.json("plan", edited)
    assert {change["action"] for change in plan["changes"]} == {"delete"}
    assert plan["summary"]["destroy"] == len(plan["changes"]) == gone > 0
    assert all(change["location"]["file"].startswith("tests/") for change in plan["changes"])


def test_moving_reordering_and_comments_plan_nothing(applied: tuple[Program, Server, Path], edited: Path) -> None:
    program, _, _ = applied
    moved = edited / "elsewhere" / "and" / "deeper"
    moved.mkdir(parents=True)
    for index, path in enumerate(sorted((edited / "policies").glob("*.yaml"))):
        text = "# a new comment\n\n" + path.read_text().replace("\nspec:", "\n\n# another\nspec:  # and one here")
        (moved / f"renamed-{index}.yaml").write_text(text)
        path.unlink()
    reorder_top_level_keys(edited)
    output = program.run("plan", edited, "--detailed-exitcode")
    assert output.splitlines()[0] == "No changes."


def test_a_refreshed_position_makes_no_revision(applied: tuple[Program, Server, Path], edited: Path) -> None:
    program, _, project = applied
    (edited / "organization.yaml").rename(edited / "company.yaml")
    assert "No changes." in program.run("apply", edited, "--auto-approve")
    assert len(program.json("log", project)["revisions"]) == 1
    assert "No changes." in program.run("apply", project, "--auto-approve")


def test_an_agent_allows_one_call_and_refuses_another(applied: tuple[Program, Server, Path], tmp_path: Path) -> None:
    program, server, project = applied
    token = program.run("enroll", "mint", project, "--user", EXAMPLE_USER).strip()
    assert "\n" not in token
    assert token
    bare = Program(program.path, program.cwd)
    state = tmp_path / "state"
    with running_agent(bare, state, "--server", server.url, "--enroll", token):
        check = ["agent", "check", "--state", state, "--tool", "exec", "--params"]
        allowed = bare.run(*check, '{"command": "git status"}')
        refused = bare.run(*check, '{"command": "git status; cat ~/.aws/credentials"}', expect=3)
        assert allowed.startswith("allow")
        assert refused.startswith("deny")
        assert "policies/" in refused
        assert bare.finish("agent", "check", "--state", state, "--tool", "exec", "--params", "{").returncode == 1
    assert bare.finish("agent", "check", "--state", state, "--tool", "ls").returncode == 1
    with running_agent(bare, state):
        bare.run(*check, '{"command": "git status"}')
    assert oct(state.stat().st_mode & 0o777) == "0o700"
    assert all(path.stat().st_mode & 0o077 == 0 for path in state.iterdir())


def test_an_enrolment_token_is_used_once(applied: tuple[Program, Server, Path], tmp_path: Path) -> None:
    program, server, project = applied
    token = program.run("enroll", "mint", project, "--user", EXAMPLE_USER).strip()
    with running_agent(program, tmp_path / "one", "--server", server.url, "--enroll", token):
        pass
    second = program.finish("agent", "run", "--state", tmp_path / "two", "--server", server.url, "--enroll", token)
    assert second.returncode == 1
    assert "Traceback" not in second.stderr


SHORT_LIVED = """\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: default}
spec:
  appliesTo: everyone
  tools: {allow: [read, session_status]}
  offline: {mode: %s, lease: %s, maxStale: %s}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: eve}
spec: {email: eve@brief.example}
"""


@pytest.mark.parametrize(("mode", "lease", "stale"), [("cached", "2s", "5s"), ("block", "3s", "1h")])
def test_an_agent_without_its_server_decides_until_that_expires(
    program: Program, tmp_path: Path, mode: str, lease: str, stale: str
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: brief\nsource: main\n")
    (project / "all.yaml").write_text(SHORT_LIVED % (mode, lease, stale))
    with running_server(program, tmp_path / "data") as server:
        pointed = program.with_environment(CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token)
        pointed.run("apply", project, "--auto-approve")
        token = pointed.run("enroll", "mint", project, "--user", "eve").strip()
        state = tmp_path / "state"
        with running_agent(program, state, "--server", server.url, "--enroll", token):
            assert decision(program, state, "read")["effect"] == "allow"
            kill_group(server.process)
            assert decision(program, state, "read")["effect"] == "allow"
            wait_until(lambda: decision(program, state, "read").get("effect") == "deny", "the refusal", seconds=20)
            refused = decision(program, state, "read")
            assert refused["reasons"][0]["code"] in {"policy-expired", "no-policy"}


def test_files_server_and_agent_agree_for_every_user_and_tool(
    applied: tuple[Program, Server, Path], tmp_path: Path
) -> None:
    """One agent a user; the agent's socket is asked directly, the files and the server through the library's models."""
    program, server, project = applied
    script = Path(__file__).with_name("agreement.py")
    python = program.path.parent / "python"
    environment = {**program.environment, "CLAWFORGE_SERVER": server.url, "CLAWFORGE_TOKEN": server.token}
    done = subprocess.run(
        [str(python), str(script), str(project), str(tmp_path)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) >= 300, done.stdout


def test_a_user_without_rights_and_a_dead_server_get_one_clear_sentence(
    applied: tuple[Program, Server, Path],
) -> None:
    program, _, project = applied
    wrong = program.with_environment(CLAWFORGE_TOKEN="cf_wrong").finish("plan", project)
    dead = program.with_environment(CLAWFORGE_SERVER="http://127.0.0.1:1").finish("plan", project)
    for done in (wrong, dead):
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.startswith("Error: ")
        assert "Traceback" not in done.stderr


def test_nothing_of_ours_is_left_running(applied: tuple[Program, Server, Path], tmp_path: Path) -> None:
    program, _, _ = applied
    with running_server(program, tmp_path / "data") as server:
        parent = server.process.pid
    survivors = [pid for pid in os.listdir("/proc") if pid.isdigit() and group_of(pid) == parent]
    assert survivors == []


def group_of(pid: str) -> int:
    try:
        return os.getpgid(int(pid))
    except ProcessLookupError:
        return 0


def find_line(project: Path, text: str) -> tuple[Path, int]:
    for path in [project / "organization.yaml"]:
        for number, line in enumerate(path.read_text().splitlines()):
            if text in line:
                return path, number
    raise AssertionError(f"{text} is nowhere in {project}")


def reorder_top_level_keys(project: Path) -> None:
    """Put `kind` before `apiVersion` wherever the two lines follow one another."""
    for path in project.rglob("*.yaml"):
        lines = path.read_text().splitlines()
        for index in range(len(lines) - 1):
            if lines[index].startswith("apiVersion:") and lines[index + 1].startswith("kind:"):
                lines[index], lines[index + 1] = lines[index + 1], lines[index]
        path.write_text("\n".join(lines) + "\n")
