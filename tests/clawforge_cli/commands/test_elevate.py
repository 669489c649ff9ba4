"""`clawforge elevate`, and `overlay codify`, against a real control plane with a real agent process."""

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

GRANT = {
    "name": "shell",
    "tools": ["exec"],
    "maxTtl": "1h",
    "approvals": {"from": {"groups": ["security"]}},
    "requireTicket": True,
    "confirmPhrase": "I watch it",
}
PASSWORD = "correct horse battery staple"


def resources() -> list[dict[str, object]]:
    others = [item for item in company(deny=["exec"]) if item["kind"] != "Organization"]
    return [
        resource("Organization", "acme", passwords={"enabled": True}),
        *others,
        resource("User", "sec", email="sec@acme.example"),
        resource("Group", "security", members={"users": ["sec"]}),
        resource("RoleBinding", "responders", role="security-responder", subjects={"users": ["sec"]}),
        resource("ElevationPolicy", "glass", appliesTo={"groups": ["eng"]}, grants=[GRANT]),
    ]


class Desk:
    """A control plane, and who sits at it."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.tokens = {"owner": server.token}
        with server.client() as owner:
            apply(owner, resources())
            for person in ("dev", "sec"):
                code = owner.post("/v1/orgs/acme/password-resets", json={"user": person}).json()["code"]
                assert owner.post("/v1/passwords", json={"code": code, "password": PASSWORD}).status_code == 200
                body = {"grant": "password", "email": f"{person}@acme.example", "password": PASSWORD}
                signed_in = owner.post("/v1/orgs/acme/sessions", json=body)
                assert signed_in.status_code == 201, signed_in.text
                self.tokens[person] = signed_in.json()["accessToken"]

    def environment(self, person: str) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
        token = self.tokens[person]
        return {**clean, "CLAWFORGE_SERVER": self.server.url, "CLAWFORGE_TOKEN": token, "CLAWFORGE_ORG": "acme"}

    def run(self, person: str, *arguments: str, status: int = 0) -> Done:
        variables = {
            "CLAWFORGE_SERVER": self.server.url,
            "CLAWFORGE_TOKEN": self.tokens[person],
            "CLAWFORGE_ORG": "acme",
        }
        return run_here(variables, *arguments, status=status)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with server_process(tmp_path_factory.mktemp("plane") / "data") as server:
        yield Desk(server)


def test_a_person_breaks_the_glass(desk: Desk, tmp_path: Path) -> None:
    minted = desk.run("owner", "enroll", "mint", "--user", "dev", "--instance", "lap-1").stdout.strip()
    state = tmp_path / "agent"
    command = [sys.executable, "-m", "clawforge_cli", "agent", "run", "--state", str(state)]
    variables = {**desk.environment("owner"), "CLAWFORGE_ENROLL_TOKEN": minted}
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, env=variables, stderr=log) as agent:
        try:
            decided(state, "deny", "exec", command="ls")
            why = ("--reason", "disk full", "--ticket", "INC-7")
            unsaid = desk.run("dev", "elevate", "request", "shell", *why, status=1)
            assert "Type exactly: I watch it" in unsaid.stderr
            asked = desk.run(
                "dev", "elevate", "request", "shell", *why, "--confirm", "I watch it", "--ttl", "10m", "-o", "json"
            )
            elevation = json.loads(asked.stdout)["id"]
            assert "waits for an approval by somebody else" in asked.stderr
            assert "Nobody approves their own" not in desk.run("sec", "elevate", "list").stdout
            own = desk.run("dev", "elevate", "approve", elevation, status=1)
            assert "lacks the permission elevations:approve" in own.stderr
            approved = desk.run("sec", "elevate", "approve", elevation, "--reason", "seen the graph")
            assert "shell is in force for dev on lap-1 until 20" in approved.stderr
            lifted = decided(state, "allow", "exec", command="ls")
            assert [record.code for record in lifted.obligations.record] == ["elevated"]
            listed = desk.run("sec", "elevate", "list").stdout
            assert f"{elevation}  in-force\n  shell for dev on lap-1: exec\n" in listed
            assert "1 of 1 approvals (user:sec), until 20" in listed
            assert "ticket INC-7" in listed
            desk.run("dev", "elevate", "revoke", elevation, "--reason", "repaired")
            decided(state, "deny", "exec", command="ls")
        finally:
            agent.terminate()
    assert desk.run("dev", "elevate", "list").stdout == "Nothing is lifted, and nobody waits for an approval.\n"
    assert "ended 20" in desk.run("dev", "elevate", "list", "--ended", "1").stdout
    made_to_stay(desk, elevation, tmp_path / "project")


def made_to_stay(desk: Desk, elevation: str, project: Path) -> None:
    """What was lifted becomes a base policy: the plan right after is looser for exactly that subject."""
    printed = desk.run("owner", "overlay", "codify", elevation)
    assert "It is a copy: what changes in Policy/default from now on does not change here." in printed.stderr
    project.mkdir()
    (project / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n")
    (project / "all.yaml").write_text("\n---\n".join(json.dumps(item) for item in resources()))
    assert json.loads(desk.run("owner", "plan", str(project), "--format", "json").stdout)["changes"] == []
    desk.run("owner", "overlay", "codify", elevation, "--write", str(project))
    assert (project / "policies" / "shell-for-dev.yaml").read_text() == printed.stdout
    plan = json.loads(desk.run("owner", "plan", str(project), "--format", "json").stdout)
    assert [(item["address"], item["action"]) for item in plan["changes"]] == [("Policy/shell-for-dev", "create")]
    meaning = plan["meaning"]
    assert (meaning["verdict"], meaning["losses"], meaning["affected"]) == ("looser", [], {"users": 1, "instances": 1})
    assert [(gain["what"], gain["names"]) for gain in meaning["gains"]] == [(["exec"], ["dev on lap-1"])]


def test_what_was_stopped_becomes_a_file(desk: Desk, tmp_path: Path) -> None:
    on = desk.run("owner", "kill", "on", "--scope", "tool:web_fetch", "--reason", "CVE-2026-1", "-o", "json")
    kill = json.loads(on.stdout)["overlay"]["id"]
    printed = desk.run("owner", "overlay", "codify", kill).stdout
    assert "  name: stop-tool-web-fetch\n" in printed
    assert "  mode: guardrail\n  tools:\n    deny: [web_fetch]\n" in printed
    project = tmp_path / "project"
    project.mkdir()
    (project / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n")
    written = desk.run("owner", "overlay", "codify", kill, "--write", str(project))
    assert "stop-tool-web-fetch.yaml is written." in written.stderr
    assert (project / "policies" / "stop-tool-web-fetch.yaml").read_text() == printed
    again = desk.run("owner", "overlay", "codify", kill, "--write", str(project), status=1)
    assert "is there already" in again.stderr
    assert "has none" not in desk.run("owner", "fmt", "--check", str(project)).stderr
    desk.run("owner", "kill", "off", kill, "--reason", "in the files now")
