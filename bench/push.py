"""From a push to the fleet in sync: the example project, a forge's webhook, a reconciler, and agents that all hold it.

PUSHES (default 5) and AGENTS (default 5). Everything is a process of its own and every commit is signed. `agents` is
when the last agent holds a bundle of that commit, `told` when the control plane says that the fleet is in sync.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fleet_world import free_port, served
from measure import program

from clawforge.trust import TrustState, held

PUSHES = int(os.environ.get("PUSHES", "5"))
AGENTS = int(os.environ.get("AGENTS", "5"))
_EXAMPLE = Path(__file__).resolve().parents[1] / "policies.example"
_SIGNER = "dana.okafor@acme.example"
_SECRET = "the-secret-of-the-forge"
_PATIENCE = 60.0
_BOT = """\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata:
  name: git-bot
spec:
  description: The reconciler.
  permissions:
    - commits:verify
    - instances:read
    - plans:apply
    - plans:create
    - plans:read
    - reconcilers:read
    - reconcilers:run
    - state:read
"""


@dataclass(frozen=True)
class Place:
    """Where everything is."""

    folder: Path
    server: str
    hooks: str
    client: httpx.Client

    @property
    def repository(self) -> Path:
        """The work tree whose branch is watched."""
        return self.folder / "repository"

    def agent(self, number: int) -> Path:
        """The state of an agent."""
        return self.folder / f"agent-{number}"


def main() -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        server = running.enter_context(served(folder / "data"))
        os.environ.update({"CLAWFORGE_SERVER": server.url, "CLAWFORGE_TOKEN": server.token})
        client = running.enter_context(
            httpx.Client(base_url=f"{server.url}/v1/orgs/acme/", headers={"Authorization": f"Bearer {server.token}"})
        )
        listen = f"127.0.0.1:{free_port()}"
        place = Place(folder, server.url, f"http://{listen}/hooks/example", client)
        _prepare(place, listen)
        for number in range(AGENTS):
            running.enter_context(_agent(place, number))
        running.enter_context(_process("reconcile", "--config", folder / "reconciler.yaml"))
        _wait("the first cycle", lambda: _in_sync(place, _git(place, "rev-parse", "HEAD")))
        print(f"{'push to ' + str(AGENTS) + ' agents':<28} {'agents s':>9} {'told s':>9}")
        took = [_push(place, number) for number in range(PUSHES)]
        print(f"{'median':<28} {_median(took, 0):>9.2f} {_median(took, 1):>9.2f}")


def _median(took: list[tuple[float, float]], which: int) -> float:
    return statistics.median(one[which] for one in took)


def _push(place: Place, number: int) -> tuple[float, float]:
    policy = place.repository / "policies/default.yaml"
    policy.write_text(policy.read_text().replace("      - file.io\n", f"      - file.io\n      - drop-{number}.test\n"))
    head = _commit(place, f"Deny drop-{number}.test")
    body = json.dumps({"ref": "refs/heads/main", "after": head, "repository": {"clone_url": "x"}}).encode()
    signature = hmac.new(_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": head[:32],
        "X-Hub-Signature-256": f"sha256={signature}",
        "Content-Type": "application/json",
    }
    began = time.perf_counter()
    httpx.post(place.hooks, content=body, headers=headers).raise_for_status()
    _wait("all agents", lambda: all(_holds(place.agent(one)) == head for one in range(AGENTS)))
    agents = time.perf_counter() - began
    _wait("the fleet is in sync", lambda: _in_sync(place, head))
    told = time.perf_counter() - began
    print(f"{number + 1:<28} {agents:>9.2f} {told:>9.2f}", flush=True)
    return agents, told


def _prepare(place: Place, listen: str) -> None:
    """A signed repository of the example, the org that it makes, and the reconciler's configuration."""
    key = place.folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    kind, public, *_ = key.with_suffix(".pub").read_text().split()
    (place.folder / "signers").write_text(f"{_SIGNER} {kind} {public}\n")
    (place.folder / "secret").write_text(_SECRET)
    shutil.copytree(_EXAMPLE, place.repository)
    (place.repository / "access/git-bot.yaml").write_text(_BOT)
    _git(place, "init", "-q", "-b", "main")
    _commit(place, "The example")
    apply = [program("clawforge"), "apply", place.repository, "--auto-approve"]
    subprocess.run(apply, stdout=subprocess.DEVNULL, check=True)
    permissions = [line.strip(" -") for line in _BOT.splitlines() if line.startswith("    - ")]
    body = {"name": "bot", "serviceAccount": "git-bot", "permissions": permissions, "ttl": 86_400}
    (place.folder / "token").write_text(place.client.post("tokens", json=body).raise_for_status().json()["token"])
    source = {
        "name": "example",
        "org": "acme",
        "source": "security-policies",
        "repository": {"url": str(place.repository)},
        "interval": "1h",
        "trust": {"allowedSigners": "signers"},
        "webhook": {"provider": "github", "secret": {"secretRef": {"file": "secret"}}},
    }
    document = {
        "apiVersion": "clawforge/v1",
        "kind": "Reconciler",
        "server": place.server,
        "token": {"secretRef": {"file": "token"}},
        "state": "state",
        "listen": listen,
        "sources": [source],
    }
    (place.folder / "reconciler.yaml").write_text(json.dumps(document))


def _commit(place: Place, message: str) -> str:
    _git(place, "add", "-A")
    signing = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={place.folder / 'key'}")
    _git(place, "-c", "user.name=Dana", "-c", f"user.email={_SIGNER}", *signing, "commit", "-q", "-S", "-m", message)
    return _git(place, "rev-parse", "HEAD")


def _git(place: Place, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=place.repository, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _in_sync(place: Place, commit: str) -> bool:
    for view in place.client.get("reconcilers").raise_for_status().json()["reconcilers"]:
        conditions = {item["type"]: item for item in view["conditions"]}
        if view.get("seen") == commit and conditions["Ready"]["status"] == "true":
            return bool(conditions["FleetInSync"]["reason"] == "InForce")
    return False


def _holds(state: Path) -> str | None:
    """The commit of the bundle that an agent holds on its disk."""
    try:
        stored: Any = json.loads((state / "state.json").read_bytes())["state"]["trust"]
    except FileNotFoundError:
        return None
    holding = held(TrustState.model_validate_json(json.dumps(stored)))
    return None if holding is None else holding.bundle.commit


@contextmanager
def _agent(place: Place, number: int) -> Iterator[None]:
    answer = place.client.post("enrollments", json={"user": "dana"}).raise_for_status()
    environment = {"CLAWFORGE_ENROLL_TOKEN": answer.json()["token"]}
    with _process("agent", "run", "--server", place.server, "--state", place.agent(number), **environment):
        yield


@contextmanager
def _process(*arguments: str | Path, **environment: str) -> Iterator[None]:
    process = subprocess.Popen(
        [program("clawforge"), *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _wait(what: str, found: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not found():
        if time.monotonic() > deadline:
            raise SystemExit(f"Never: {what}.")
        time.sleep(0.01)


if __name__ == "__main__":
    main()
