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
from server_process import ServerProcess, apply, company

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
    """The org `acme`, its repository and the configuration of a reconciler."""

    server: ServerProcess
    client: httpx.Client
    folder: Path
    repository: Repository
    config: Path
    more: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, server: ServerProcess, client: httpx.Client, **source: Any) -> GitFedOrg:
        """One commit is there, and what the org had before came from elsewhere."""
        key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        kind, public, *_ = (folder / "key.pub").read_text().split()
        (folder / "signers").write_text(f"{SIGNER} {kind} {public}\n")
        (folder / "token").write_text(server.token)
        repository = Repository.at(folder / "repository")
        made = cls(server, client, folder, repository, folder / "reconciler.yaml", source)
        made.configure()
        apply(client, company({**_user("ada"), "spec": {"email": SIGNER}}))
        made.write("clawforge.yaml", "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: git\n")
        made.deny("browser")
        return made

    def configure(self, **more: Any) -> None:
        """Write the configuration; JSON is YAML too."""
        source = {
            "name": "main",
            "org": "acme",
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

    def view(self) -> dict[str, Any]:
        """The reconciler as the control plane shows it; empty before its first lease."""
        found: list[dict[str, Any]] = self.client.get("/v1/orgs/acme/reconcilers").json()["reconcilers"]
        return found[0] if found else {}

    def condition(self, kind: str) -> dict[str, Any]:
        """One condition."""
        return next((item for item in self.view().get("conditions", ()) if item["type"] == kind), {})

    def denied(self, name: str = "from-git") -> list[str] | None:
        """What a policy denies on the server; None if it is not there."""
        for item in self.client.get("/v1/orgs/acme/state").json()["resources"]:
            if (item["kind"], item["metadata"]["name"]) == ("Policy", name):
                return list(item["spec"]["tools"]["deny"])
        return None

    def revisions(self) -> list[dict[str, Any]]:
        """Every revision, newest first."""
        found: list[dict[str, Any]] = self.client.get("/v1/orgs/acme/revisions?limit=500").json()["revisions"]
        return found


def _user(name: str) -> dict[str, Any]:
    return {"apiVersion": "clawforge/v1", "kind": "User", "metadata": {"name": name}}
