"""A real control plane, a real repository whose commits are signed by SSH, and reconcilers between the two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from git_repository import Repository
from reconcile_world import RUN
from server_process import ServerProcess, apply, company, resource

from clawforge.load.reconciler_file import read_reconciler_file
from clawforge_cli.gitops.reconciling import Reconciler
from clawforge_cli.gitops.source_loop import SourceLoop

PATIENCE = 30.0
PROGRAM = ("-m", "clawforge_cli", "reconcile", "--config")
DYING = (str(Path(__file__).with_name("dying_reconciler.py")),)
SIGNER = "ada@acme.example"


def wait_for(what: str, found: Callable[[], Any]) -> Any:
    """The first answer that is true."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.03)


@dataclass
class GitFedOrg:
    """An org, its repository and the configuration of a reconciler that runs as a service account."""

    server: ServerProcess
    client: httpx.Client
    folder: Path
    repository: Repository
    config: Path
    name: str = "acme"
    more: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, server: ServerProcess, client: httpx.Client, name: str = "acme") -> GitFedOrg:
        """One commit is there, and what the org had before came from elsewhere."""
        key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        kind, public, *_ = (folder / "key.pub").read_text().split()
        (folder / "signers").write_text(f"{SIGNER} {kind} {public}\n")
        repository = Repository.at(folder / "repository")
        made = cls(server, client, folder, repository, folder / "reconciler.yaml", name)
        made.configure()
        bot = resource("ServiceAccount", "git-bot", permissions=[*RUN, "instances:read"])
        owners = resource("RoleBinding", "owners", role="owner", subjects={"users": ["dev"]})
        _, *others = company(resource("User", "ada", email=SIGNER), bot, owners)
        apply(client, [resource("Organization", name, displayName=name), *others], name)
        body = {"name": "bot", "serviceAccount": "git-bot", "permissions": [*RUN, "instances:read"], "ttl": 86_400}
        (folder / "token").write_text(made.post("tokens", body)["token"])
        made.write("clawforge.yaml", f"apiVersion: clawforge/v1\nkind: Project\norg: {name}\nsource: git\n")
        made.deny("browser")
        return made

    def configure(self, **more: Any) -> None:
        """Write the configuration; JSON is YAML too."""
        source = {
            "name": "main",
            "org": self.name,
            "source": "git",
            "repository": {"url": str(self.repository.root)},
            "interval": "5s",
            "trust": {"allowedSigners": "signers"},
            **self.more,
            **more,
        }
        document = {
            "apiVersion": "clawforge/v1",
            "kind": "Reconciler",
            "server": self.server.url,
            "token": {"secretRef": {"file": "token"}},
            "state": "state",
            "sources": [source],
        }
        listen = source.pop("listen", None)
        self.config.write_text(json.dumps(document | ({"listen": listen} if listen else {}), indent=2))

    def write(self, name: str, text: str) -> None:
        """A file of the work tree."""
        path = self.repository.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def deny(self, *tools: str, name: str = "from-git") -> str:
        """A commit that denies tools; its id."""
        listed = ", ".join(tools)
        self.write(
            f"{name}.yaml",
            f"apiVersion: clawforge/v1\nkind: Policy\nmetadata:\n  name: {name}\n"
            f"spec:\n  appliesTo: everyone\n  mode: overlay\n  tools:\n    deny: [{listed}]\n",
        )
        return self.commit(f"Deny {listed}")

    def commit(self, message: str, *, signed: bool = True) -> str:
        """Commit the work tree."""
        self.repository.git("add", "-A")
        options = ["-S", "-c"] if signed else []
        signing = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={self.folder / 'key'}"]
        self.repository.git(*signing, "commit", "-q", "--allow-empty", *options[:1], "-m", message)
        return self.repository.git("rev-parse", "HEAD")

    @contextmanager
    def loop(self, **more: Any) -> Iterator[SourceLoop]:
        """The loop of the source, in this process; nobody runs it."""
        self.configure(**more)
        reconciler = Reconciler(read_reconciler_file(self.config), self.folder, lambda _line: None)
        with reconciler.loops() as (loop,):
            try:
                yield loop
            finally:
                loop.keeper.close()

    def start(self, program: tuple[str, ...] = PROGRAM, *arguments: str, log: str = "log") -> subprocess.Popen[bytes]:
        """A reconciler as a process of its own."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CLAWFORGE_")}
        with (self.folder / log).open("ab") as out:
            return subprocess.Popen(
                [sys.executable, *program, str(self.config), *arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment,
            )  # fmt: skip

    def path(self, *parts: str) -> str:
        """An address of the org."""
        return "/".join(["/v1/orgs", self.name, *parts])

    def post(self, where: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to the owner, who must not be refused."""
        answer = self.client.post(self.path(where), json=body)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def view(self) -> dict[str, Any]:
        """The reconciler as the control plane shows it; empty before its first lease."""
        found: list[dict[str, Any]] = self.client.get(self.path("reconcilers")).json()["reconcilers"]
        return found[0] if found else {}

    def condition(self, kind: str) -> dict[str, Any]:
        """One condition."""
        return next((item for item in self.view().get("conditions", ()) if item["type"] == kind), {})

    def denied(self, name: str = "from-git") -> list[str] | None:
        """What a policy denies on the server; None if it is not there."""
        for item in self.client.get(self.path("state")).json()["resources"]:
            if (item["kind"], item["metadata"]["name"]) == ("Policy", name):
                return list(item["spec"]["tools"]["deny"])
        return None

    def revisions(self) -> list[dict[str, Any]]:
        """Every revision, newest first."""
        found: list[dict[str, Any]] = self.client.get(self.path("revisions?limit=500")).json()["revisions"]
        return found
