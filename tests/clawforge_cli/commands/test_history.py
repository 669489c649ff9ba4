"""`clawforge can --history` through the installed program: a real repository, a real control plane, an instance."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from git_repository import DAY, START, Repository
from programs import Program, Server, running_server

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n"
PEOPLE = (
    "apiVersion: clawforge/v1\nkind: User\nmetadata: {name: dev}\nspec: {email: dev@acme.example}\n"
    "---\napiVersion: clawforge/v1\nkind: Organization\nmetadata: {name: acme}\n"
)
POLICY = (
    "apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: default}\n"
    "spec:\n  appliesTo: everyone\n  tools: {deny: [%s]}\n"
)
PAGE = "/v1/orgs/acme/instances"


@dataclass
class World:
    """A project in a repository, a control plane, one instance, and the moments at which something changed."""

    program: Program
    repository: Repository
    server: Server
    instance: str = ""
    credential: str = ""
    moments: dict[str, str] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)

    def write(self, tools: str) -> None:
        (self.repository.root / "clawforge.yaml").write_text(PROJECT)
        (self.repository.root / "people.yaml").write_text(PEOPLE)
        (self.repository.root / "default.yaml").write_text(POLICY % tools)

    def now(self, name: str) -> None:
        """Remember the present moment; nothing else happens at it."""
        self.moments[name] = dt.datetime.now(dt.UTC).isoformat()

    def call(self, method: str, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.server.token}", **options.pop("headers", {})}
        answer = httpx.request(method, self.server.url + path, headers=headers, trust_env=False, **options)
        assert answer.is_success, answer.text
        return answer

    def poll(self, acknowledged: str = "") -> str:
        headers = {"ClawForge-Acknowledged": acknowledged} if acknowledged else {}
        return self.call("GET", "/v1/agent/policy", self.credential, headers=headers).headers["etag"].strip('"')

    def enroll(self) -> None:
        minted = self.call("POST", "/v1/orgs/acme/enrollments", json={"user": "dev"}).json()
        answer = self.call("POST", "/v1/enroll", json={"token": minted["token"]}).json()
        self.instance, self.credential = answer["instance"], answer["credential"]

    def ask(self, at: str, *more: str, expect: int = 0) -> dict[str, Any]:
        document = self.program.json(
            "can", "dev@acme.example", "exec", "repository", "--history", "--at", at, *more, expect=expect
        )
        return {reading["clock"]: reading for reading in document["readings"]}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """git allows at `START` and refuses a day later; the control plane follows by steps, the instance behind it."""
    folder = tmp_path_factory.mktemp("history")
    program = Program(Path(sys.executable).parent / "clawforge", folder)
    with running_server(program, folder / "data") as server:
        there = program.with_environment(CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token)
        made = World(there, Repository.at(folder / "repository"), server)
        made.now("before")
        made.write("read")
        made.commits["open"] = made.repository.commit("open", START)
        there.run("apply", "repository", "--auto-approve")
        made.enroll()
        made.now("applied")
        first = made.poll()
        made.poll(first)
        made.now("acknowledged")
        made.write("read, exec")
        made.commits["shut"] = made.repository.commit("shut", START + DAY)
        there.run("apply", "repository", "--auto-approve")
        made.now("behind")
        second = made.poll(first)
        made.poll(second)
        made.now("caught up")
        yield made


def effects(readings: dict[str, Any]) -> dict[str, Any]:
    return {clock: reading["effect"] for clock, reading in readings.items()}


def test_an_instance_lags_behind_what_was_served(world: World) -> None:
    found = world.ask(world.moments["behind"], "--instance", world.instance, expect=3)
    assert effects(found) == {"git": "deny", "server": "deny", "instance": "allow"}
    assert found["git"]["source"] == f"commit {world.commits['shut']}"
    assert found["git"]["since"] == "2026-05-02T12:00:00Z"
    assert found["git"]["decision"]["reasons"][0]["position"] == {"file": "default.yaml", "line": 6}
    assert found["server"]["source"] == f"revision 2, commit {world.commits['shut']}"
    assert found["instance"]["source"].startswith("revision 1, acknowledged as sha256:")
    assert found["instance"]["decision"]["revision"] == 1
    found = world.ask(world.moments["caught up"], "--instance", world.instance, expect=3)
    assert effects(found) == {"git": "deny", "server": "deny", "instance": "deny"}


def test_all_three_agree_and_that_is_exit_0(world: World) -> None:
    """The branch's clock is its committers': to it, everything here happened in May."""
    found = world.ask(world.moments["acknowledged"], "--instance", world.instance, expect=3)
    assert effects(found) == {"git": "deny", "server": "allow", "instance": "allow"}
    moment = (START + DAY / 2).isoformat()
    found = world.ask(moment, "--instance", world.instance)
    assert effects(found) == {"git": "allow", "server": None, "instance": None}
    assert found["git"]["source"] == f"commit {world.commits['open']}"


def test_each_says_why_it_cannot_tell(world: World) -> None:
    found = world.ask((START - DAY).isoformat(), "--instance", world.instance, expect=1)
    assert {clock: reading["reason"] for clock, reading in found.items()} == {
        "git": "Every commit of this branch is younger.",
        "server": "The org acme had no revision yet.",
        "instance": "It was not enrolled yet.",
    }
    found = world.ask(world.moments["applied"], "--instance", world.instance, expect=3)
    assert found["instance"]["reason"] == "It had acknowledged nothing yet."
    found = world.ask(world.moments["behind"], expect=3)
    assert found["instance"]["reason"] == "No instance is named; pass --instance."
    found = world.ask(world.moments["behind"], "--instance", "nobody", expect=3)
    assert found["instance"]["reason"] == "There is no instance 'nobody' in this org."


def test_a_person_reads_three_paragraphs(world: World) -> None:
    question = ("can", "dev", "exec", "repository", "--at", world.moments["behind"], "--instance", world.instance)
    said = world.program.run(*question, "--history", expect=3)
    paragraphs = said.split("\n\n")
    assert paragraphs[1].startswith(f"git said: commit {world.commits['shut']}, since 2026-05-02T12:00:00Z\ndeny\n")
    assert paragraphs[2].startswith("the control plane served: revision 2, commit ")
    assert paragraphs[3].startswith("the instance had acknowledged: revision 1, acknowledged as sha256:")
    assert "\nallow\n" in paragraphs[3]


def test_without_a_control_plane_git_still_answers(world: World) -> None:
    alone = Program(world.program.path, world.program.cwd)
    document = alone.json("can", "dev", "exec", "repository", "--history", "--at", START.isoformat())
    readings = {reading["clock"]: reading for reading in document["readings"]}
    assert effects(readings) == {"git": "allow", "server": None, "instance": None}
    assert readings["server"]["reason"] == "No control plane is named."


def test_files_outside_of_git_are_no_obstacle_to_the_others(world: World, tmp_path: Path) -> None:
    (tmp_path / "clawforge.yaml").write_text(PROJECT)
    arguments = ("can", "dev", "exec", tmp_path, "--history", "--at", world.moments["behind"])
    readings = {item["clock"]: item for item in world.program.json(*arguments, expect=3)["readings"]}
    assert effects(readings) == {"git": None, "server": "deny", "instance": None}
    assert readings["git"]["reason"] == "The history cannot be read: there is no git repository around it."


def test_a_commit_with_errors_is_not_judged(world: World, tmp_path: Path) -> None:
    made = Repository.at(tmp_path / "broken")
    (made.root / "clawforge.yaml").write_text(PROJECT)
    (made.root / "default.yaml").write_text(POLICY.replace("appliesTo", "appliesToo") % "read")
    commit = made.commit("broken")
    alone = Program(world.program.path, world.program.cwd)
    arguments = ("can", "dev", "exec", made.root, "--history", "--at", (START + DAY).isoformat())
    git, *_ = alone.json(*arguments, expect=1)["readings"]
    assert git["source"] == f"commit {commit}"
    assert git["reason"].startswith(
        f"The files of the commit {commit[:12]} have one error; the first is at default.yaml:"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--history needs a moment."),
        (("--at", "2999-01-01T00:00:00Z"), "that moment is still to come"),
        (("--at", "2026-01-01T00:00:00Z", "--applied"), "--history asks the control plane anyway"),
    ],
)
def test_it_looks_back_only(world: World, options: tuple[str, ...], said: str) -> None:
    done = world.program.finish("can", "dev", "exec", "repository", "--history", *options)
    assert done.returncode == 1
    assert said in done.stderr


def test_a_right_that_is_missing_silences_one_clock(world: World) -> None:
    key = world.call("POST", "/v1/orgs/acme/tokens", json={"name": "reader", "permissions": ["revisions:read"]}).json()
    reader = world.program.with_environment(CLAWFORGE_TOKEN=key["token"])
    arguments = ("can", "dev", "exec", "repository", "--history", "--at", world.moments["behind"])
    readings = {
        item["clock"]: item for item in reader.json(*arguments, "--instance", world.instance, expect=3)["readings"]
    }
    assert effects(readings) == {"git": "deny", "server": None, "instance": None}
    assert "state:read" in readings["server"]["reason"]
    assert "instances:read" in readings["instance"]["reason"]
    assert readings["git"]["notes"] == ["Groups and tags of the instance's enrolment are not known here."]
