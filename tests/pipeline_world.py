"""A repository of policies, the control plane that it goes to, a forge, and the pipelines that run between them."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from certificates import make_certificates
from forge_api import TOKEN, ForgeApi, forge_api
from git_repository import Repository
from identity_issuer import Issuer, running_issuer
from server_process import ServerProcess, server_process
from sign_in_world import GITLAB_CLAIMS, GITLAB_SUBJECT

from clawforge_cli.__main__ import run as run_command

ROOT = Path(__file__).resolve().parents[1]
AUDIENCE = "https://clawforge.acme.example"
ACTION = ROOT / ".github" / "actions" / "clawforge" / "action.yml"
REPOSITORY, OWNER = 74, 65
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n"
PEOPLE = """\
apiVersion: clawforge/v1
kind: User
metadata: {name: ann, annotations: {clawforge.io/github-id: "1001", clawforge.io/gitlab-id: "2001"}}
spec: {email: ann@acme.example}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: bob, annotations: {clawforge.io/github-id: "1002", clawforge.io/gitlab-id: "2002"}}
spec: {email: bob@acme.example}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: reviewers}
spec: {role: approver, subjects: {users: [ann, bob]}}
---
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: four-eyes}
spec:
  approvals: [{match: {effect: loosen}}]
"""
POLICY = """\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: default}
spec:
  appliesTo: everyone
  tools: {deny: [%s]}
"""
ACCOUNT = """\
---
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: %s}
spec:
  permissions: [%s]
  expires: 2099-01-01T00:00:00Z
  federated:
    issuer: %s
    audience: https://clawforge.acme.example
    claims: {%s}
"""


@dataclass
class Pipelines:
    """What every run shares."""

    home: Path
    repository: Repository
    server: ServerProcess
    issuer: Issuer
    authority: Path
    forge: ForgeApi
    gitlab: ForgeApi
    documents: int = 0
    more: dict[str, str] = field(default_factory=dict)

    def write(self, denied: str = "exec, write") -> None:
        """The policy as it is to be."""
        (self.repository.root / "policies" / "policy.yaml").write_text(POLICY % denied)

    def commit(self, message: str, denied: str | None = None, **more: str) -> str:
        """Commit what stands there, or another policy."""
        if denied is not None:
            self.write(denied)
        self.repository.git("add", "-A")
        self.repository.git("commit", "-q", "--allow-empty", "-m", message, **more)
        return self.repository.git("rev-parse", "HEAD")

    def identity(self, **claims: str) -> dict[str, str]:
        """The variables by which GitHub lets a job ask who it is; the answer is good for one sign-in."""
        self.documents += 1
        path = f"/ask/{self.documents}?api-version=2&audience="
        asked = AUDIENCE.replace(":", "%3A").replace("/", "%2F")
        usual = {"repository_id": str(REPOSITORY), "repository_owner_id": str(OWNER), "sub": "repo:acme/policies"}
        value = self.issuer.token(aud=AUDIENCE, **{**usual, **claims})
        self.issuer.documents[path + asked] = json.dumps({"value": value}).encode()
        address = f"{self.issuer.url}{path.removesuffix('&audience=')}"
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": address, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "ask-0123456789"}

    def gitlab_identity(self, **claims: str) -> dict[str, str]:
        """The variable that GitLab puts a job's identity token into."""
        value = self.issuer.token(sub=GITLAB_SUBJECT, aud=AUDIENCE, **{**GITLAB_CLAIMS, **claims})
        return {"CLAWFORGE_ID_TOKEN": value}

    def environment(self, **more: str) -> dict[str, str]:
        """Of a job, without the service's own variables."""
        dropped = ("CLAWFORGE_", "GITHUB_", "CI_", "GITLAB_", "BUILDKITE", "JENKINS", "ACTIONS_", "XDG_", "GIT_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
        own = {"HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache"), "NO_COLOR": "1", "CI": "true"}
        return {**kept, **own, "SSL_CERT_FILE": str(self.authority), **self.more, **more}

    def github(self, event: str, payload: Mapping[str, Any], **more: str) -> dict[str, str]:
        """The variables of a job on GitHub."""
        path = self.home / "event.json"
        path.write_text(json.dumps({"repository": {"id": REPOSITORY, "default_branch": "main"}, **payload}))
        for name in ("summary.md", "output"):
            (self.home / name).write_text("")
        own = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(path),
            "GITHUB_REPOSITORY": "acme/policies",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_SHA": self.repository.git("rev-parse", "HEAD"),
            "GITHUB_API_URL": self.forge.url,
            "GITHUB_STEP_SUMMARY": str(self.home / "summary.md"),
            "GITHUB_OUTPUT": str(self.home / "output"),
            "RUNNER_TEMP": str(self.home / "runner"),
        }
        return self.environment(**{**own, **more})

    def pull_request(self, *, foreign: bool = False, **more: str) -> dict[str, str]:
        """The variables of a job for pull request 12."""
        here = {"sha": self.repository.git("rev-parse", "HEAD"), "repo": {"id": 99 if foreign else REPOSITORY}}
        base = {"sha": self.repository.git("rev-parse", "HEAD~1"), "repo": {"id": REPOSITORY}}
        payload = {"pull_request": {"number": 12, "head": here, "base": base, "title": "$(touch pwned)"}}
        asked = {} if foreign else self.identity(event_name="pull_request", ref="refs/pull/12/merge")
        return self.github("pull_request", payload, GITHUB_REF="refs/pull/12/merge", **asked, **more)

    def merge(self, protected: str = "true", **more: str) -> dict[str, str]:
        """The variables of a job for a push to the main branch."""
        asked = self.identity(event_name="push", ref="refs/heads/main", ref_protected=protected)
        return self.github("push", {}, GITHUB_REF="refs/heads/main", GITHUB_REF_PROTECTED=protected, **asked, **more)

    def act(self, environment: Mapping[str, str], status: int = 0, **inputs: str) -> str:
        """Run the step of the action that does the work, as the runner would; what it printed."""
        action = yaml.safe_load(ACTION.read_text())
        given = {name: item.get("default", "") for name, item in action["inputs"].items()}
        given |= {"project": "policies", "server": self.server.url, "audience": AUDIENCE, "github-token": TOKEN}
        given |= {"account": "ci-plan", "apply-account": "ci-apply", "sarif": str(self.home / "found.sarif")}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        (step,) = [item for item in action["runs"]["steps"] if item.get("id") == "run"]
        variables = {name: filled(text, given) for name, text in step["env"].items()}
        script = self.home / "step.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=self.repository.root,
            env={**environment, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        for secret in (TOKEN, "ask-0123456789"):
            assert secret not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def here(self, environment: Mapping[str, str], *arguments: str, status: int = 0) -> str:
        """`clawforge ci` within the process of the test; what it printed."""
        out = io.StringIO()
        with (
            mock.patch.dict(os.environ, environment, clear=True),
            contextlib.chdir(self.repository.root),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
        ):
            code = run_command(["ci", "policies", *arguments])
        assert code == status, f"{code}\n{out.getvalue()}"
        return out.getvalue()

    def revision(self) -> int:
        """The present revision of the org."""
        with self.server.client() as client:
            number: int = client.get("/v1/orgs/acme/revisions?limit=1").json()["revisions"][0]["number"]
            return number


def filled(text: str, inputs: Mapping[str, str]) -> str:
    """An expression of the action, which names one input and nothing else."""
    name = text.removeprefix("${{ inputs.").removesuffix(" }}")
    assert text == f"${{{{ inputs.{name} }}}}", text
    return inputs[name]


@contextmanager
def pipelines(home: Path) -> Iterator[Pipelines]:
    """A world whose org was applied once, with the policy that denies `exec` and `write`."""
    with ExitStack() as stack:
        certificates = make_certificates(home)
        issuer = stack.enter_context(running_issuer(certificates, lambda: dt.datetime.now(dt.UTC)))
        options = ("--issuer-ca", str(certificates.authority), "--allow-private-issuers")
        server = stack.enter_context(server_process(home / "data", program=("-m", "clawforge_server", *options)))
        forge, gitlab = (stack.enter_context(forge_api(kind)) for kind in ("github", "gitlab"))
        repository = Repository.at(home / "checkout")
        world = Pipelines(home, repository, server, issuer, certificates.authority, forge, gitlab)
        project = repository.root / "policies"
        project.mkdir()
        (project / "clawforge.yaml").write_text(
            "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n"
        )
        ids = f'repository_id: "{REPOSITORY}", repository_owner_id: "{OWNER}"'
        trusted = f'{ids}, ref: refs/heads/main, event_name: push, ref_protected: "true"'
        accounts = ACCOUNT % ("ci-plan", "plans:create, plans:read", issuer.url, f"{ids}, event_name: pull_request")
        accounts += ACCOUNT % ("ci-apply", "plans:create, plans:read, plans:apply, plans:vouch", issuer.url, trusted)
        theirs = 'project_id: "22", namespace_id: "72"'
        branch = f'{theirs}, pipeline_source: push, ref: main, ref_type: branch, ref_protected: "true"'
        rights = "plans:create, plans:read"
        accounts += ACCOUNT % ("gl-plan", rights, issuer.url, f"{theirs}, pipeline_source: merge_request_event")
        accounts += ACCOUNT % ("gl-apply", f"{rights}, plans:apply, plans:vouch", issuer.url, branch)
        (project / "people.yaml").write_text(PEOPLE + accounts)
        world.commit("The policies", "exec, write")
        program = Path(sys.executable).with_name("clawforge")
        (home / "runner" / "clawforge" / "bin").mkdir(parents=True)
        (home / "runner" / "clawforge" / "bin" / "clawforge").symlink_to(program)
        owner = {"CLAWFORGE_TOKEN": server.token, "CLAWFORGE_SERVER": server.url}
        command = [program, "apply", project, "--auto-approve"]
        done = subprocess.run(command, env=world.environment(**owner), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        yield world
