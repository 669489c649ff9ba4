"""`clawforge kill` and `clawforge overlay` against a real control plane, with a real agent process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_in_process import Done, decided, run_here
from server_process import ServerProcess, apply, company, resource, server_process


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("plane") / "data") as server:
        with server.client() as owner:
            apply(owner, company(deny=[]))
        yield server


def environment(plane: ServerProcess) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
    return {**clean, "CLAWFORGE_SERVER": plane.url, "CLAWFORGE_TOKEN": plane.token, "CLAWFORGE_ORG": "acme"}


def run(plane: ServerProcess, *arguments: str, status: int = 0) -> Done:
    variables = {"CLAWFORGE_SERVER": plane.url, "CLAWFORGE_TOKEN": plane.token, "CLAWFORGE_ORG": "acme"}
    return run_here(variables, *arguments, status=status)


def until(state: Path, effect: str) -> str:
    """Why the agent of this machine decides so, once it does."""
    return decided(state, effect, "ls").reasons[0].message


def test_agents_stop_and_go_on(plane: ServerProcess, tmp_path: Path) -> None:
    token = run(plane, "enroll", "mint", "--user", "dev", "--instance", "lap-1").stdout.strip()
    state = tmp_path / "agent"
    command = [sys.executable, "-m", "clawforge_cli", "agent", "run", "--state", str(state)]
    variables = {**environment(plane), "CLAWFORGE_ENROLL_TOKEN": token}
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, env=variables, stderr=log) as agent:
        try:
            until(state, "allow")
            asked = run(plane, "kill", "on", "--scope", "org", "--reason", "worm", status=1)
            assert "Nobody can be asked here" in asked.stderr
            on = run(
                plane, "kill", "on", "--scope", "org", "--reason", "worm", "--message", "Call 112", "--auto-approve"
            )
            assert on.stderr.startswith("The kill switch over org is on, until it is turned off.")
            assert "The kill switch is on: Call 112" in until(state, "deny")
            status = run(plane, "kill", "status").stdout.splitlines()
            assert status[0] == "1 kill switch is on:"
            assert status[1].endswith("  kill  org  on")
            assert status[2:] == [status[2], "  reason: worm", "  people are told: Call 112"]
            off = run(plane, "kill", "off", "--scope", "org", "--reason", "cleaned")
            assert off.stderr.startswith("The kill switch over org is off.")
            until(state, "allow")
            run(plane, "kill", "on", "--scope", "instance:lap-1", "--reason", "odd", "--ttl", "2s")
            until(state, "deny")
            until(state, "allow")
        finally:
            agent.terminate()
    shut_in = run(plane, "fleet", "quarantine", "lap-1", "--reason", "odd traffic", "--ttl", "1h")
    assert "lap-1 is in quarantine" in shut_in.stderr
    shown = run(plane, "fleet", "list").stdout
    assert "  in quarantine since 20" in shown
    assert "by owner until 20" in shown
    assert "lap-1 of dev is released." in run(plane, "fleet", "release", "lap-1", "--reason", "looked at").stderr
    assert run(plane, "kill", "status").stdout == "No kill switch is on.\n"
    ended = json.loads(run(plane, "overlay", "list", "--ended", "2", "-o", "json").stdout)["overlays"]
    assert [(item["kind"], item["endedBy"]) for item in ended] == [("quarantine", "owner"), ("kill", "server")]


def test_json_has_the_id_that_off_takes(plane: ServerProcess) -> None:
    answer = run(plane, "kill", "on", "--scope", "tool:exce", "--reason", "CVE", "--ticket", "INC-7", "-o", "json")
    assert "Did you mean tool:exec?" in answer.stderr
    kill = json.loads(answer.stdout)["overlay"]
    listed = run(plane, "overlay", "list").stdout
    assert kill["id"] in listed
    assert "ticket INC-7" in listed
    ended = json.loads(run(plane, "kill", "off", kill["id"], "--reason", "patched", "-o", "json").stdout)
    assert (ended["state"], ended["endReason"]) == ("ended", "patched")
    shown = run(plane, "kill", "status", "--ended", "5").stdout
    assert shown.startswith("No kill switch is on.\n")
    assert "patched" in shown
    assert run(plane, "overlay", "list").stdout == "Nothing is on.\n"


def test_it_is_shown_by_plan_and_drift(plane: ServerProcess, tmp_path: Path) -> None:
    (tmp_path / "clawforge.yaml").write_text(
        "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\ninclude: [policies]\n"
    )
    (tmp_path / "policies").mkdir()
    for item in company(resource("Group", "more"), deny=[]):
        (tmp_path / "policies" / f"{item['kind']}-{item['metadata']['name']}.yaml").write_text(json.dumps(item))
    run(plane, "kill", "on", "--scope", "group:eng", "--reason", "odd traffic\u202e", "--ttl", "1h")
    try:
        for plan in (run(plane, "plan", str(tmp_path)).stdout, run(plane, "show", saved(plane, tmp_path)).stdout):
            assert "1 active overlay, which an apply does not end:\n  kill switch over group:eng, since 20" in plan
            assert "odd traffic\\u{202e}" in plan
        markdown = run(plane, "plan", str(tmp_path), "--format", "markdown").stdout
        assert "**1 active overlay**, which an apply does not end:\n- kill switch over group" in markdown
        drift = run(plane, "drift", str(tmp_path)).stdout
        assert "  kill switch over group:eng, on since 20" in drift
    finally:
        run(plane, "kill", "off", "--scope", "group:eng", "--reason", "over")


def saved(plane: ServerProcess, project: Path) -> str:
    run(plane, "plan", str(project), "--out", str(project / "saved.json"))
    return str(project / "saved.json")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("on", "--scope", "everything", "--reason", "x"), "There is no scope 'everything'."),
        (("on", "--scope", "group:eng", "--reason", " "), "--reason: says nothing."),
        (("on", "--scope", "group:eng", "--reason", "x", "--ttl", "soon"), "--ttl: not a duration"),
        (("on", "--scope", "group:eng", "--reason", "x", "--remind-every", "1s"), "--remind-every: Input should be"),
        (("on", "--scope", "group:engs", "--reason", "x"), "Did you mean group:eng?"),
        (("off", "--reason", "x"), "Name one kill switch."),
        (("off", "--scope", "org"), "--reason is missing"),
        (("off", "--scope", "org", "--reason", "x"), "No kill switch over org is on."),
        (("off", "kill-x", "--reason", "x"), "Nothing that is on has the id 'kill-x'."),
    ],
)
def test_what_cannot_be_done_is_explained(plane: ServerProcess, arguments: tuple[str, ...], said: str) -> None:
    assert said in run(plane, "kill", *arguments, status=1).stderr
