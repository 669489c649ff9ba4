"""Reconcilers as processes of their own: woken by a webhook, put to sleep, and killed at every step."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from command_in_process import decided
from git_fed_org import DYING, GitFedOrg, wait_for
from server_process import ServerProcess, apply, free_port, resource, server_process

from clawforge.bundle import Bundle
from clawforge.trust import TrustState, held
from clawforge_cli.gitops.cycle import Step

ROOT = Path(__file__).resolve().parents[3]
JUMPING = (str(ROOT / "tests/clawforge_server/jumping_server.py"),)
FENCELESS = (str(ROOT / "tests/clawforge_server/fenceless_server.py"),)
RECONCILES = int(os.environ.get("CLAWFORGE_CHAOS_RECONCILES", "6"))
HOOK_SECRET = "a-secret-of-the-forge"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[ServerProcess, httpx.Client]]:
    with server_process(tmp_path / "data", program=JUMPING) as running, running.client() as client:
        yield running, client


def end(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def push(port: int, commit: str) -> int:
    """What a forge sends after a push; the status of the answer."""
    body = json.dumps({"ref": "refs/heads/main", "after": commit, "repository": {"clone_url": "x"}}).encode()
    digest = hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": commit[:32],
        "X-Hub-Signature-256": f"sha256={digest}",
        "Content-Type": "application/json",
    }
    return httpx.post(f"http://127.0.0.1:{port}/hooks/main", content=body, headers=headers, trust_env=False).status_code


def test_a_push_reaches_the_agent_and_a_bad_one_does_not(
    tmp_path: Path, server: tuple[ServerProcess, httpx.Client]
) -> None:
    org = GitFedOrg.make(tmp_path, *server)
    port = free_port()
    (tmp_path / "hook").write_text(HOOK_SECRET)
    hook = {"provider": "github", "secret": {"secretRef": {"file": "hook"}}}
    org.configure(interval="1h", webhook=hook, listen=f"127.0.0.1:{port}")
    token = org.post("enrollments", {"user": "dev"})["token"]
    state = tmp_path / "agent"
    agent = subprocess.Popen(
        [sys.executable, "-m", "clawforge_cli", "agent", "run", "--server", org.server.url, "--state", str(state)],
        env={**os.environ, "CLAWFORGE_ENROLL_TOKEN": token},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    reconciler = org.start()
    try:
        wait_for("the first commit is applied", org.denied)
        decided(state, "deny", "browser")
        apply(org.client, [resource("ChangePolicy", "git", approvals=[{"count": 1}])], org.name, source="rules")
        head = org.deny("web_fetch")
        assert push(port, head) < 300
        approve(org, ["browser"])
        decided(state, "deny", "web_fetch")
        decided(state, "allow", "browser")
        bundle = wait_for("the agent holds it", lambda: (found := holds(state)).commit == head and found)
        assert (bundle.signers, bundle.approvers) == (("user:ada",), ("owner",))
        assert bundle.revision == org.revisions()[0]["number"]
        wait_for("the fleet is in sync", lambda: org.condition("FleetInSync").get("reason") == "InForce")
        org.write("from-git.yaml", "kind: Policy\n")
        bad = org.commit("Broken")
        assert push(port, bad) < 300
        wait_for("it is stalled", lambda: org.condition("Stalled").get("status") == "true")
        assert "from-git.yaml:1:1" in org.condition("Ready")["message"]
        decided(state, "deny", "web_fetch")
        assert push(port, org.deny("browser")) < 300
        approve(org, ["web_fetch"])
        decided(state, "deny", "browser")
        wait_for("it is ready", lambda: org.condition("Ready").get("status") == "true")
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        assert 'clawforge_reconcile_in_sync{source="main"} 1' in metrics
        reconciler.terminate()
        assert reconciler.wait(timeout=20) == 0
        assert org.view()["held"] is False
    finally:
        end(agent, reconciler)


def approve(org: GitFedOrg, denied: list[str]) -> None:
    """Approve the plan that the reconciler waits with, as its condition says, and have it look again."""
    said = wait_for(
        "it waits for an approval",
        lambda: (found := org.condition("Applied")).get("reason") == "ApprovalMissing" and found["message"],
    )
    assert org.denied() == denied
    plan = re.search(r"plan-[A-Za-z0-9_-]+", said)
    assert plan is not None
    org.post(f"plans/{plan[0]}/approvals", {})
    org.post("reconcilers/main/wanted", {})


def holds(state: Path) -> Bundle:
    """The bundle that an agent holds on its disk."""
    stored = json.loads((state / "state.json").read_bytes())["state"]["trust"]
    holding = held(TrustState.model_validate_json(json.dumps(stored)))
    assert holding is not None
    return holding.bundle


def jump(server: ServerProcess, seconds: int) -> None:
    """On the server's clock."""
    ahead = server.data.with_name(f"{server.data.name}.jump")
    passed = int(ahead.read_text()) if ahead.exists() else 0
    ahead.with_suffix(".new").write_text(str(passed + seconds))
    ahead.with_suffix(".new").replace(ahead)


@contextmanager
def sleeping_leader(tmp_path: Path, program: tuple[str, ...]) -> Iterator[tuple[GitFedOrg, subprocess.Popen[bytes]]]:
    """A leader that was stopped right before it writes, for longer than its lease lasts."""
    with server_process(tmp_path / "data", program=program) as running, running.client() as client:
        org = GitFedOrg.make(tmp_path, running, client)
        leader = org.start(DYING, "apply", "SIGSTOP", log="leader")
        try:
            os.waitpid(leader.pid, os.WUNTRACED)
            jump(running, 60)
            yield org, leader
        finally:
            end(leader)


def wake(org: GitFedOrg, leader: subprocess.Popen[bytes]) -> str:
    """What the leader says of its write, which is empty if it was let in."""
    revisions = len(org.revisions())
    os.kill(leader.pid, signal.SIGCONT)
    log = org.folder / "leader"

    def answered() -> list[str]:
        said = [line for line in log.read_text().splitlines() if "waits:" in line]
        return said or ([""] if len(org.revisions()) > revisions else [])

    return str(wait_for("the leader is answered", answered)[0])


def take_over(org: GitFedOrg) -> None:
    """Another process holds the lease, and has written nothing yet: the leader's plan still fits."""
    asked = {"holder": "another-process-1", "source": "git", "repository": "git.example", "branch": "main"}
    assert org.post("reconcilers/main/lease", asked)["fence"] == 2


def test_a_leader_that_slept_past_its_lease_cannot_write(tmp_path: Path) -> None:
    with sleeping_leader(tmp_path, JUMPING) as (org, leader):
        take_over(org)
        assert "lease" in wake(org, leader)
        assert (org.denied(), len(org.revisions())) == (None, 1)


def test_without_the_fence_it_would_be_let_in(tmp_path: Path) -> None:
    """The mutant: a server that looks at no fence takes the write of a leader that is none any more."""
    with sleeping_leader(tmp_path, FENCELESS) as (org, leader):
        take_over(org)
        assert wake(org, leader) == ""
        assert (org.denied(), len(org.revisions())) == (["browser"], 2)


def test_another_takes_over_and_both_agree(tmp_path: Path) -> None:
    with sleeping_leader(tmp_path, JUMPING) as (org, leader):
        second = org.start(log="second")
        try:
            wait_for("the second takes over", lambda: org.view()["fence"] == 2 and org.denied())
            assert "lease" in wake(org, leader)
            assert len(org.revisions()) == 2
        finally:
            end(second)


def test_killed_at_each_step_it_converges_and_applies_each_commit_once(
    tmp_path: Path, server: tuple[ServerProcess, httpx.Client]
) -> None:
    org = GitFedOrg.make(tmp_path, *server)
    steps = [step for step in Step if step is not Step.REPORT]
    for number in range(RECONCILES):
        head = org.deny(f"tool_{number}", "browser")
        dying = org.start(DYING, steps[number % len(steps)].value, "SIGKILL")
        assert dying.wait(timeout=60) == -signal.SIGKILL
        jump(org.server, 60)
        with org.loop() as loop:
            deadline = time.monotonic() + 30
            while True:
                result, pause = loop.once()
                if getattr(result, "error", result) is None:
                    break
                assert time.monotonic() < deadline, result
                time.sleep(min(pause, 0.2))
        assert (org.denied(), org.view()["last"]["commit"]) == (["browser", f"tool_{number}"], head)
    found = Counter(item["commit"] for item in org.revisions() if item["commit"])
    assert found
    assert max(found.values()) == 1
    assert len(found) == RECONCILES


def test_a_server_runs_a_reconciler_beside_it_and_both_end(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "token").write_text("a-token-that-no-server-knows")
    (tmp_path / "reconciler.json").write_text(
        json.dumps(
            {
                "apiVersion": "clawforge/v1",
                "kind": "Reconciler",
                "server": f"http://127.0.0.1:{port}",
                "token": {"secretRef": {"file": "token"}},
                "state": "state",
                "sources": [
                    {
                        "name": "main",
                        "org": "acme",
                        "repository": {"url": str(tmp_path)},
                        "trust": {"signatures": "off"},
                    }
                ],
            }
        )
    )
    log = tmp_path / "log"
    with log.open("ab") as out:
        both = subprocess.Popen(
            [
                *(sys.executable, "-m", "clawforge_cli", "serve", "--data", str(tmp_path / "data")),
                *("--listen", f"127.0.0.1:{port}", "--reconcile", str(tmp_path / "reconciler.json")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        wait_for("the reconciler speaks", lambda: "main:" in log.read_text())
        both.terminate()
        assert both.wait(timeout=30) == 0
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False)
    finally:
        if both.poll() is None:
            os.killpg(both.pid, signal.SIGKILL)
