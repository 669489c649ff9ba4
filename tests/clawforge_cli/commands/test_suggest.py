"""`clawforge suggest` through the installed program: a diff of the files, and proof that it stops nothing seen."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from programs import Program, running_server

ROOT = Path(__file__).resolve().parents[3]
AT = "2026-03-20T10:00:00Z"
CALLS: tuple[dict[str, Any], ...] = (
    {"user": "dana", "tool": "exec", "params": {"command": "git status"}, "at": AT},
    {"user": "jonas", "tool": "exec", "params": {"command": "make test"}, "at": AT, "effect": "allow"},
    {"user": "jonas", "tool": "exec", "params": {"command": "npm test"}, "at": AT, "effect": "deny"},
    {"user": "dana", "tool": "read", "params": {"path": "src/main.py"}, "at": AT},
    {"user": "luis", "tool": "web_fetch", "at": AT},
)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    shutil.copytree(ROOT / "policies.example", tmp_path / "old")
    shutil.copytree(ROOT / "policies.example", tmp_path / "new")
    (tmp_path / "calls.ndjson").write_text("".join(json.dumps(call) + "\n" for call in CALLS))
    return Program(Path(sys.executable).parent / "clawforge", tmp_path)


def file(program: Program, name: str) -> str:
    return (program.cwd / "new" / name).read_text()


def test_it_shows_a_diff_and_changes_nothing(program: Program) -> None:
    done = program.finish("suggest", "calls.ndjson", "new", "--policy", "engineering")
    assert done.returncode == 0
    assert done.stdout.startswith("--- policies/engineering.yaml\n+++ policies/engineering.yaml\n")
    assert "-      - npm test\n" in done.stdout
    assert "\n       - make test\n" in done.stdout
    assert "Policy/engineering: 3 calls seen; tools.allow, exec.allow.\n" in done.stderr
    assert done.stderr.endswith("None of 3 calls turns out differently under what is suggested.\n")
    assert (
        file(program, "policies/engineering.yaml")
        == (program.cwd / "old" / "policies" / "engineering.yaml").read_text()
    )


def test_the_diff_is_one_that_patch_takes(program: Program) -> None:
    patch = program.finish("suggest", "calls.ndjson", "new").stdout
    subprocess.run(
        ["git", "apply", "--unsafe-paths", "-p0", "-"], input=patch, text=True, cwd=program.cwd / "new", check=True
    )
    by_hand = {path.name: path.read_text() for path in (program.cwd / "new" / "policies").iterdir()}
    shutil.rmtree(program.cwd / "new")
    shutil.copytree(program.cwd / "old", program.cwd / "new")
    program.run("suggest", "calls.ndjson", "new", "--write")
    assert {path.name: path.read_text() for path in (program.cwd / "new" / "policies").iterdir()} == by_hand


def test_written_it_is_tighter_and_stops_nothing_that_was_seen(program: Program) -> None:
    program.run("suggest", "calls.ndjson", "new", "--write")
    text = file(program, "policies/engineering.yaml")
    assert "# Engineers get a shell, held to commands that were looked at one by one.\n" in text
    assert "- make test\n" in text
    assert "npm test" not in text.partition("spec:")[2]
    # The invariants and policy tests of the example want more than these few calls used.
    assert "invariant-violated" in program.run("lint", "new", expect=3)
    for folder in ("invariants", "tests"):
        shutil.rmtree(program.cwd / "new" / folder)
        shutil.rmtree(program.cwd / "old" / folder)
    assert program.finish("lint", "new").returncode == 0
    assert program.finish("fmt", "--check", "new").returncode == 0
    plan = ["plan", "new", "--offline", "--against", "old", "--replay", "calls.ndjson", "--replay-max-blocked", "0"]
    found = program.finish(*plan, "--format", "json")
    replay = json.loads(found.stdout)["replay"]
    # The call that was recorded as denied is allowed today, and was of no use to the suggestion.
    assert (replay["blocked"]["calls"], replay["asked"]["calls"], replay["loosened"]["calls"]) == (1, 0, 0)
    assert [sample["line"] for sample in replay["samples"]] == [3]
    again = program.finish("suggest", "calls.ndjson", "new")
    assert (again.returncode, again.stdout) == (0, "")


def test_programs_get_the_values_and_what_was_left_alone(program: Program) -> None:
    document = program.json("suggest", "calls.ndjson", "new")
    by_policy = {item["policy"]: item for item in document["suggestions"]}
    assert by_policy["Policy/engineering"]["changes"][-1]["after"] == ["git status", "make test"]
    assert by_policy["Policy/finance"]["left"] == [
        {"section": "network", "reason": "the arguments of some calls were not recorded", "line": 5}
    ]
    assert by_policy["Policy/support"] == {"policy": "Policy/support", "calls": 0, "changes": [], "left": []}
    assert (document["replayed"], document["unrecorded"], document["unwritten"]) == (3, 1, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing", "new"], "cannot be read from missing"),
        (["calls.ndjson", "new", "--policy", "enginering"], "Did you mean Policy/engineering?"),
        (["calls.ndjson", "new", "--policy", "guardrail-secrets"], "is no base policy of this project"),
        (["7d", "new"], "No control plane is named"),
        (["calls.ndjson", "nowhere"], "nowhere"),
    ],
)
def test_wrong_usage(program: Program, arguments: list[str], said: str) -> None:
    done = program.finish("suggest", *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_broken_lines_are_told(program: Program) -> None:
    with (program.cwd / "calls.ndjson").open("ab") as stream:
        stream.write(b'{\n["x"]\n{\n')
    said = program.finish("suggest", "calls.ndjson", "new").stderr
    assert "There are 2 lines, each of which is no JSON (broken-line).\n" in said
    assert "There is 1 line, which is JSON, but no object (not-an-object).\n" in said


def test_calls_of_the_last_days_come_from_the_control_plane(program: Program) -> None:
    with running_server(program, program.cwd / "data") as server:
        online = program.with_environment(CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token)
        online.run("apply", "old", "--auto-approve")
        with httpx.Client(base_url=server.url) as client:
            minted = client.post(
                "/v1/orgs/acme/enrollments",
                json={"user": "omar", "groups": ["engineering"]},
                headers={"Authorization": f"Bearer {server.token}"},
            ).raise_for_status()
            enrolled = client.post("/v1/enroll", json={"token": minted.json()["token"]}).raise_for_status().json()
            detail = {"tool": "exec", "params": {"command": "pwd"}}
            event = {"seq": 1, "at": AT, "action": "call:decide", "outcome": "allow", "detail": detail}
            client.post(
                "/v1/agent/audit",
                json={"events": [event]},
                headers={"Authorization": f"Bearer {enrolled['credential']}"},
            ).raise_for_status()
        document = online.json("suggest", "7d", "new", "--policy", "engineering")
        (found,) = document["suggestions"]
        assert found["calls"] == 1
        assert {change["path"]: change["after"] for change in found["changes"]} == {
            "spec.tools.allow": ["exec"],
            "spec.exec.allow": ["pwd"],
        }
