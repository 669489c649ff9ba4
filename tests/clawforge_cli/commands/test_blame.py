"""`clawforge blame` through the installed program: by the revisions of a real control plane, and by real commits."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from git_repository import DAY, START, Repository
from programs import Program, running_server

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n"
PEOPLE = "apiVersion: clawforge/v1\nkind: User\nmetadata: {name: %s}\nspec: {email: %s@acme.example}\n"
ORGANIZATION = "apiVersion: clawforge/v1\nkind: Organization\nmetadata: {name: acme}\n"
POLICY = (
    "apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: default}\n"
    "spec:\n  appliesTo: everyone\n  tools: {deny: [%s]}\n"
)


@dataclass
class World:
    """A project in the folder `fleet` of a repository, and where things stand."""

    program: Program
    repository: Repository

    @property
    def folder(self) -> Path:
        return self.repository.root / "fleet"

    def write(self, *tools: str) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "clawforge.yaml").write_text(PROJECT)
        (self.folder / "organization.yaml").write_text(ORGANIZATION)
        (self.folder / "dev.yaml").write_text(PEOPLE % ("dev", "dev"))
        (self.folder / "default.yaml").write_text(POLICY % ", ".join(tools))

    def offline(self, *more: str, tool: str = "exec", expect: int = 0) -> Any:
        return self.program.json("blame", "dev@acme.example", tool, self.folder, "--offline", *more, expect=expect)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Program(Path(sys.executable).parent / "clawforge", tmp_path), Repository.at(tmp_path / "repository"))


def commits(document: Any) -> list[str]:
    return [flip["mark"]["commit"] for flip in document["flips"]]


def test_the_commit_since_when_it_is_allowed(world: World) -> None:
    world.write("exec", "read")
    world.repository.commit("shut")
    world.write("read")
    opened = world.repository.commit("Open the shell", START + DAY)
    (world.repository.root / "unrelated").write_text("x")
    world.repository.commit("elsewhere", START + 2 * DAY)
    (world.folder / "eve.yaml").write_text(PEOPLE % ("eve", "eve"))
    world.repository.commit("eve joins", START + 3 * DAY)
    document = world.offline()
    (flip,) = document["flips"]
    assert flip["mark"] == {
        "revision": None,
        "commit": opened,
        "at": "2026-05-02T12:00:00Z",
        "actor": None,
        "author": "Ada <ada@acme.example>",
        "subject": "Open the shell",
        "dirty": False,
        "rollbackTo": None,
    }
    assert flip["touches"] == [
        {
            "address": "Policy/default",
            "action": "update",
            "decisive": True,
            "fields": [{"path": "spec.tools.deny", "before": ["exec", "read"], "after": ["read"]}],
        }
    ]
    lines = world.program.run("blame", "dev", "exec", world.folder, "--offline").splitlines()
    assert lines == [
        "dev exec",
        "allow",
        "  allowed: The tool exec is allowed: nothing denies it.",
        f"since commit {opened[:12]} (Ada <ada@acme.example>, Open the shell), 2026-05-02T12:00:00Z, deny became allow",
        "  before: tool-denied: The tool exec is denied by the pattern exec. [Policy/default]",
        '  Policy/default spec.tools.deny: ["exec","read"] -> ["read"]',
    ]


def test_what_a_commit_says_does_not_act(world: World) -> None:
    world.write("exec")
    world.repository.commit("shut")
    world.write("read")
    world.repository.git("add", "-A")
    world.repository.git(
        "commit", "-qm", "\x1b[31m::error::\u202eopen", at=START + DAY, GIT_AUTHOR_NAME="\x1b]0;x\x07Eve \u200b"
    )
    said = world.program.run("blame", "dev", "exec", world.folder, "--offline")
    assert all(character.isprintable() or character == "\n" for character in said)
    assert "\\u{001b}" in said
    document = world.program.run("blame", "dev", "exec", world.folder, "--offline", "--format", "json")
    assert not {"\x1b", "\u202e", "\u200b"} & set(document)


def test_a_refusal_is_dated_too_and_is_a_finding(world: World) -> None:
    world.write("read")
    world.repository.commit("open")
    world.write("exec")
    shut = world.repository.commit("shut", START + DAY)
    document = world.offline("--all", expect=3)
    assert [(flip["before"], flip["after"]) for flip in document["flips"]] == [("allow", "deny"), ("deny", "allow")]
    assert commits(document)[0] == shut
    assert (document["cut"], document["next"]) == ("", None)


def test_files_that_are_not_committed_are_left_out(world: World) -> None:
    world.write("read")
    world.repository.commit("open")
    world.write("exec")
    assert world.offline()["decision"]["effect"] == "allow"


def test_a_commit_with_errors_is_named_as_a_candidate(world: World) -> None:
    world.write("exec")
    world.repository.commit("shut")
    (world.folder / "default.yaml").write_text("not: a resource\n")
    broken = world.repository.commit("broken", START + DAY)
    world.write("read")
    mended = world.repository.commit("mended", START + 2 * DAY)
    (flip,) = world.offline()["flips"]
    assert (flip["mark"]["commit"], flip["skipped"]) == (mended, [broken])
    said = world.program.run("blame", "dev", "exec", world.folder, "--offline")
    assert f"  or in {broken[:12]}, whose files have errors and were not judged" in said


def test_what_was_never_allowed_has_no_beginning(world: World) -> None:
    world.write("exec")
    first = world.repository.commit("shut")
    said = world.program.run("blame", "dev", "exec", world.folder, "--offline", expect=3)
    assert f"since the beginning, commit {first[:12]} (Ada <ada@acme.example>, shut), 2026-05-01T12:00:00Z\n" in said


def test_the_project_s_own_first_commit_is_a_beginning(world: World) -> None:
    (world.repository.root / "README").write_text("x")
    world.repository.commit("before there were policies")
    world.write("read")
    began = world.repository.commit("policies", START + DAY)
    assert commits(world.offline()) == [began]


def test_a_clone_that_is_cut_off_says_so(world: World, tmp_path: Path) -> None:
    world.write("exec")
    world.repository.commit("shut")
    world.write("exec", "read")
    world.repository.commit("tighter", START + DAY)
    world.repository.git("clone", "-q", "--depth", "1", f"file://{world.repository.root}", str(tmp_path / "shallow"))
    said = world.program.run("blame", "dev", "exec", tmp_path / "shallow" / "fleet", "--offline", expect=3)
    assert "before that: unknown, the history ends at " in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("Policy/default", "spec.tools.deny", "--offline"), "--offline for their calls"),
        (("Policy/default", "spec.tools.deny"), "No control plane is named."),
        (("Policy/default",), "No control plane is named."),
        (("dev",), "Which tool?"),
        (("Polcy/default",), "Did you mean Policy/default?"),
        (("Policy/",), "is no address"),
        (("dev", "exec", "--offline"), "there is no git repository around it"),
        (("dev", "exec"), "No control plane is named."),
    ],
)
def test_what_cannot_be_asked(world: World, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    (tmp_path / "clawforge.yaml").write_text(PROJECT)
    done = world.program.finish("blame", *arguments)
    assert done.returncode == 1
    assert said in done.stderr


def test_head_with_errors_is_an_error(world: World) -> None:
    world.write("read")
    (world.folder / "default.yaml").write_text("not: a resource\n")
    world.repository.commit("broken")
    done = world.program.finish("blame", "dev", "exec", world.folder, "--offline")
    assert done.returncode == 1
    assert "have one error; the first is at default.yaml:" in done.stderr


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A control plane at revision 3: open, shut for exec by a commit, and something else."""
    folder = tmp_path_factory.mktemp("blame")
    program = Program(Path(sys.executable).parent / "clawforge", folder)
    with running_server(program, folder / "data") as server:
        there = program.with_environment(CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token)
        world = World(there, Repository.at(folder / "repository"))
        for tools in (["read"], ["exec", "read"], ["exec", "read", "write"]):
            world.write(*tools)
            world.repository.commit(", ".join(tools))
            there.run("apply", world.folder, "--auto-approve")
        yield world


def test_the_revision_since_when_it_is_refused(applied: World) -> None:
    document = applied.program.json("blame", "dev", "exec", applied.folder, "--all", expect=3)
    assert [(flip["mark"]["revision"], flip["after"]) for flip in document["flips"]] == [(2, "deny"), (1, "allow")]
    assert document["flips"][0]["mark"]["commit"] == applied.repository.git("rev-parse", "HEAD~1")
    assert document["decision"]["reasons"][0]["position"]["file"] == "default.yaml"
    said = applied.program.run("blame", "dev", "exec", applied.folder, expect=3)
    assert "since revision 2 (commit " in said
    assert "Ada <ada@acme.example>, applied by owner), " in said
    assert '  Policy/default spec.tools.deny: ["read"] -> ["exec","read"]\n' in said


def test_both_ways_agree(applied: World) -> None:
    online = applied.program.json("blame", "dev", "exec", applied.folder, "--all", expect=3)
    offline = applied.program.json("blame", "dev", "exec", applied.folder, "--all", "--offline", expect=3)
    assert commits(online) == commits(offline)
    assert [flip["touches"] for flip in online["flips"]] == [flip["touches"] for flip in offline["flips"]]


def test_a_stranger_may_be_asked_about(applied: World) -> None:
    shutil.copytree(applied.folder, applied.program.cwd / "copy", dirs_exist_ok=True)
    document = applied.program.json("blame", "stranger@acme.example", "read", "copy", expect=3)
    assert document["flips"] == []
    assert document["oldest"]["revision"] == 1
