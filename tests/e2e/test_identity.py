"""Keys, rights and users from the command line of the installed wheel, against a real server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from programs import Program, Server, running_server

PEOPLE = """\
apiVersion: clawforge/v1
kind: Organization
metadata: {name: acme}
spec: {passwords: {enabled: true}}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: ann}
spec: {email: ann@acme.example}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: bob}
spec:
  email: bob@acme.example
  state: active
---
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec: {permissions: ['plans:create', 'plans:read', 'state:read']}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: auditors}
spec: {role: auditor, subjects: {users: [bob]}, scope: {groups: [staff]}}
---
apiVersion: clawforge/v1
kind: Group
metadata: {name: staff}
spec: {members: {users: [bob]}}
"""


@pytest.fixture(scope="module")
def applied(installed_clawforge: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, Server]]:
    home = tmp_path_factory.mktemp("identity")
    project = home / "project"
    project.mkdir()
    (project / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: people\n")
    (project / "people.yaml").write_text(PEOPLE)
    program = Program(installed_clawforge, project)
    with running_server(program, home / "data") as server:
        owner = program.with_environment(
            CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token, XDG_STATE_HOME=str(home / "state")
        )
        owner.run("apply", ".", "--auto-approve")
        yield owner, server


def test_a_key_is_made_listed_rotated_and_revoked(applied: tuple[Program, Server]) -> None:
    owner, _ = applied
    done = owner.finish(
        "token", "create", "pipeline", "--service-account", "ci", "--permission", "plans:create", "--ttl", "1d"
    )
    assert done.returncode == 0, done.stderr
    key = done.stdout.strip()
    assert key.startswith("cf_live_"), "standard output is the key and nothing else"
    assert done.stdout.count("\n") == 1
    ci = owner.with_environment(CLAWFORGE_TOKEN=key)
    me = ci.json("whoami")
    assert (me["principal"], me["kind"], me["scopes"]) == ("service-account:ci", "service-account", ["plans:create"])
    assert "plans:create  through ServiceAccount/ci" in ci.run("whoami")
    (listed,) = owner.json("token", "list")["tokens"]
    assert (listed["holder"], listed["id"]) == ("service-account:ci", me["credential"])
    assert key not in json.dumps(listed)
    newer = owner.run("token", "rotate", listed["id"], "--overlap", "1h").strip()
    assert owner.with_environment(CLAWFORGE_TOKEN=newer).json("whoami")["principal"] == "service-account:ci"
    ci.run("whoami")
    successor = next(item for item in owner.json("token", "list")["tokens"] if item["id"] != listed["id"])
    owner.run("token", "revoke", successor["id"])
    for dead in (key, newer):
        refused = owner.with_environment(CLAWFORGE_TOKEN=dead).finish("whoami")
        assert refused.returncode == 1
        assert "not valid" in refused.stderr
    assert "revoked" in owner.run("token", "list")


def test_wrong_keys_are_refused_with_a_sentence(applied: tuple[Program, Server]) -> None:
    owner, _ = applied
    for arguments, says in (
        (["--permission", "plan:create"], "plans:create"),
        (["--permission", "plans"], "permissions"),
        (["--permission", "state:read", "--ttl", "x"], "--ttl"),
        (["--permission", "state:read", "--network", "10.0.0.1/8"], "CIDR"),
        (["--permission", "plans:apply", "--service-account", "ci"], "does not hold"),
        (["--permission", "plans:create", "--service-account", "nobody"], "nobody"),
    ):
        done = owner.finish("token", "create", "k", *arguments)
        assert done.returncode == 1, done.stdout
        assert done.stdout == ""
        assert says in done.stderr
        assert "Traceback" not in done.stderr


def test_can_i_answers_by_exit_code(applied: tuple[Program, Server]) -> None:
    owner, _ = applied
    assert owner.run("auth", "can-i", "plans:apply").startswith("yes")
    key = owner.run("token", "create", "k", "--permission", "plans:create").strip()
    limited = owner.with_environment(CLAWFORGE_TOKEN=key)
    assert limited.json("auth", "can-i", "plans:create")["allowed"] is True
    assert limited.run("auth", "can-i", "plans:apply", expect=3).startswith("no")
    assert "plans:apply" in limited.finish("auth", "can-i", "plan:apply").stderr


def test_a_user_is_suspended_and_activated(applied: tuple[Program, Server]) -> None:
    owner, _ = applied
    done = owner.finish("user", "suspend", "bob", "--reason", "lost laptop")
    assert done.returncode == 0, done.stderr
    assert "people.yaml:16" in done.stderr, "the line that makes it last"
    listed: dict[str, Any] = {item["user"]: item for item in owner.json("user", "list")["users"]}
    assert (listed["bob"]["state"], listed["bob"]["declared"]) == ("suspended", "active")
    assert "lost laptop" in owner.run("user", "list")
    assert owner.finish("user", "suspend", "bob", "--reason", "again").returncode == 4
    owner.run("user", "activate", "bob@acme.example")
    assert owner.finish("user", "activate", "bob").returncode == 4
    assert "suspended" not in owner.run("user", "list")


def test_a_plan_is_shown_and_approved_by_somebody_else(applied: tuple[Program, Server], tmp_path: Path) -> None:
    owner, _ = applied
    project = owner.cwd
    proposal = tmp_path / "proposal"
    shutil.copytree(project, proposal)
    (proposal / "more.yaml").write_text(
        "apiVersion: clawforge/v1\nkind: RoleBinding\nmetadata: {name: more}\n"
        "spec: {role: auditor, subjects: {users: [ann]}}\n"
    )
    key = owner.run("token", "create", "p", "--service-account", "ci", "--permission", "plans:create").strip()
    ci = owner.with_environment(CLAWFORGE_TOKEN=key)
    shown = ci.run("plan", proposal, "--out", tmp_path / "saved.json")
    assert "Needs approval by somebody else with plans:approve (rbac-escalation)" in shown
    assert "audit:read for user:ann through RoleBinding/more" in shown
    plan = json.loads((tmp_path / "saved.json").read_text())["id"]
    assert "--yes" in owner.finish("approve", plan).stderr
    done = owner.finish("approve", plan, "--yes", "--reason", "ticket 7")
    assert done.returncode == 0, done.stderr
    assert "RoleBinding/more" in done.stdout
    rejected = owner.json("reject", plan, "--yes", "--reason", "on second thought")
    assert rejected["approvals"]["given"][0]["verdict"] == "rejected"
    assert owner.finish("apply", tmp_path / "saved.json", "--auto-approve").returncode == 4


def test_an_invited_user_learns_what_to_do(applied: tuple[Program, Server]) -> None:
    owner, server = applied
    text = owner.run("user", "invite", "ann")
    assert f"clawforge login --server {server.url} --org acme --password" in text
    assert "password set" in text
    assert "eve" in owner.finish("user", "invite", "eve").stderr
