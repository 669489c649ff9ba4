"""`clawforge fleet` and `clawforge enroll` against a real control plane, with a real agent process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from server_process import ServerProcess, apply, company, resource, server_process

TEMPLATE = resource("Enrollment", "laptops", users=["dev"], tags={"form": "laptop"}, maxUses=3, requireApproval=True)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("plane") / "data") as server:
        with server.client() as owner:
            apply(owner, company(TEMPLATE))
        yield server


def environment(plane: ServerProcess, org: str = "acme") -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
    return {**clean, "CLAWFORGE_SERVER": plane.url, "CLAWFORGE_TOKEN": plane.token, "CLAWFORGE_ORG": org}


def run(plane: ServerProcess, *arguments: str, status: int = 0, org: str = "acme") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "clawforge_cli", *arguments],
        env=environment(plane, org),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def until(log: Path, word: str) -> None:
    deadline = time.monotonic() + 20
    while word not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def test_a_machine_joins_waits_works_and_is_lost(plane: ServerProcess, tmp_path: Path) -> None:
    token = run(plane, "enroll", "mint", "--template", "laptops", "--instance", "lap-1").stdout.strip()
    log = tmp_path / "agent.log"
    command = [sys.executable, "-m", "clawforge_cli", "agent", "run", "--state", str(tmp_path / "agent")]
    variables = {**environment(plane), "CLAWFORGE_ENROLL_TOKEN": token}
    with log.open("w") as written, subprocess.Popen(command, env=variables, stderr=written) as agent:
        try:
            until(log, "waits for an approval")
            assert run(plane, "fleet", "list", "--state", "pending").stdout.startswith("lap-1  pending   dev  waits")
            assert "lap-1 of dev is let in" in run(plane, "fleet", "approve", "lap-1", "--reason", "seen").stderr
            until(log, "Enforcing revision 1")
            wide = run(plane, "fleet", "list", "-o", "wide").stdout
            assert "tags form=laptop" in wide
            assert "approved by owner" in wide
            run(plane, "fleet", "revoke", "lap-1", "--reason", "left in a train")
            lost = time.monotonic()
            until(log, "was revoked")
            assert time.monotonic() < lost + 2
            check = run(plane, "agent", "check", "--state", str(tmp_path / "agent"), "--tool", "read", status=3)
            assert "was revoked" in check.stdout
        finally:
            agent.terminate()
    assert token not in log.read_text()
    listed = json.loads(run(plane, "fleet", "list", "-o", "json").stdout)["instances"]
    lost_one = next(item for item in listed if item["instance"] == "lap-1")
    assert (lost_one["state"], lost_one["reason"]) == ("revoked", "left in a train")
    assert run(plane, "fleet", "approve", "lap-1", status=1).stderr


def test_a_machine_that_violates_an_invariant_waits_for_its_release(plane: ServerProcess, tmp_path: Path) -> None:
    no_reading = resource(
        "Invariant",
        "quiet-kiosks",
        appliesTo={"tags": {"form": ["kiosk"]}},
        forbid={"tools": ["read"]},
        enforcement="warn",
        onViolation="quarantine",
    )
    people = [resource("Organization", "shop"), resource("User", "dev", email="dev@shop.example")]
    with plane.client() as owner:
        apply(owner, [*people, resource("Policy", "default", appliesTo="everyone"), no_reading], org="shop")
    minted = run(plane, "enroll", "mint", "--user", "dev", "--instance", "k-1", "--tag", "form=kiosk", org="shop")
    log, state = tmp_path / "agent.log", str(tmp_path / "agent")
    command = [sys.executable, "-m", "clawforge_cli", "agent", "run", "--state", state]
    variables = {**environment(plane, "shop"), "CLAWFORGE_ENROLL_TOKEN": minted.stdout.strip()}
    check = ("agent", "check", "--state", state, "--tool", "ls")
    with log.open("w") as written, subprocess.Popen(command, env=variables, stderr=written) as agent:
        try:
            until(log, "Enforcing revision 1")
            shown = run(plane, "fleet", "list", org="shop").stdout
            assert shown.startswith("k-1  quarantined  dev  seen")
            assert "for Invariant/quiet-kiosks: dev on k-1 on a machine with form=kiosk at" in shown
            assert "it is in quarantine since 20" in run(plane, *check, status=3).stdout
            assert run(plane, "fleet", "release", "k-1", "--reason", " ", status=1, org="shop").stderr
            released = run(plane, "fleet", "release", "k-1", "--reason", "our own kiosk", org="shop").stderr
            assert "k-1 of dev is released." in released
            deadline = time.monotonic() + 20
            while json.loads(agent_check(plane, state))["effect"] != "allow":
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
        finally:
            agent.terminate()
    assert run(plane, "fleet", "list", org="shop").stdout.startswith("k-1  active")


def agent_check(plane: ServerProcess, state: str) -> str:
    command = [sys.executable, "-m", "clawforge_cli", "agent", "check", "--state", state, "--tool", "ls"]
    done = subprocess.run(
        [*command, "--format", "json"], env=environment(plane), capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    return done.stdout


def test_tokens_are_listed_and_revoked(plane: ServerProcess) -> None:
    run(plane, "enroll", "mint", "--template", "laptops", "--uses", "2", "--ttl", "1h")
    listed = json.loads(run(plane, "enroll", "list", "--format", "json").stdout)["enrollments"][-1]
    assert (listed["template"], listed["uses"], listed["requireApproval"]) == ("laptops", 2, True)
    shown = run(plane, "enroll", "list").stdout
    assert f"{listed['id']}  for dev from laptops" in shown
    assert "2 of 2 uses left, until" in shown
    assert "revoked" in run(plane, "enroll", "revoke", listed["id"]).stderr
    assert "revoked 20" in run(plane, "enroll", "list").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["enroll", "mint"],
        ["enroll", "mint", "--template", "laptops", "--tag", "form=server"],
        ["enroll", "mint", "--template", "laptpos"],
        ["enroll", "revoke", "nothing"],
        ["fleet", "revoke", "nothing", "--reason", "lost"],
        ["fleet", "revoke", "nothing", "--reason", " "],
        ["fleet", "reject", "nothing"],
        ["fleet", "release", "nothing", "--reason", "found"],
        ["fleet", "list", "--state", "lost"],
    ],
)
def test_what_cannot_be_is_a_sentence(plane: ServerProcess, arguments: list[str]) -> None:
    done = run(plane, *arguments, status=1)
    assert (done.stdout, bool(done.stderr)) == ("", True)
