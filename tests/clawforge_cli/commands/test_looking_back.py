"""`clawforge log`, `diff`, `rollback` and `blame` of fields through the installed program and a real control plane."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from git_repository import DAY, START, Repository
from programs import Program, Server, running_server

from clawforge.errors import NotFoundError
from clawforge.plan import Action
from clawforge.secret import Secret
from clawforge_cli.history_client import HistoryClient
from clawforge_cli.settings import Connection

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n"
OWNED = (
    "apiVersion: clawforge/v1\nkind: Organization\nmetadata: {name: acme}\n---\n"
    "apiVersion: clawforge/v1\nkind: User\nmetadata: {name: dev}\nspec: {email: dev@acme.example}\n"
)
POLICY = (
    "apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: default}\n"
    "spec:\n  appliesTo: everyone\n  tools: {deny: [%s]}\n"
)


@dataclass
class World:
    """A project in a repository, and a control plane at revision 3; `commits` are those of its revisions."""

    program: Program
    repository: Repository
    server: Server
    commits: list[str]

    def write(self, tools: str) -> None:
        (self.repository.root / "clawforge.yaml").write_text(PROJECT)
        (self.repository.root / "people.yaml").write_text(OWNED)
        (self.repository.root / "default.yaml").write_text(POLICY % tools)

    def run(self, *arguments: str, expect: int = 0) -> str:
        return self.program.run(*arguments, expect=expect)

    def fails(self, *arguments: str, expect: int = 1) -> str:
        done = self.program.finish(*arguments)
        assert (done.returncode, done.stdout) == (expect, ""), done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr


@contextmanager
def opened(folder: Path, commits: list[str]) -> Iterator[World]:
    program = Program(Path(sys.executable).parent / "clawforge", folder / "repository")
    with running_server(program, folder / "data") as server:
        there = program.with_environment(CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token)
        yield World(there, Repository(folder / "repository"), server, commits)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder of a world that nobody runs, and its commits."""
    folder = tmp_path_factory.mktemp("made")
    repository = Repository.at(folder / "repository")
    with opened(folder, []) as world:
        for day, tools in enumerate(("exec", "exec, read", "read, write")):
            world.write(tools)
            world.commits.append(repository.commit(tools, START + day * DAY))
            world.run("apply", "--auto-approve")
        return folder, world.commits


@contextmanager
def copied(made: tuple[Path, list[str]], folder: Path) -> Iterator[World]:
    shutil.copytree(made[0], folder, symlinks=True)
    with opened(folder, made[1]) as world:
        yield world


@pytest.fixture
def world(made: tuple[Path, list[str]], tmp_path: Path) -> Iterator[World]:
    """For a test that changes something."""
    with copied(made, tmp_path / "world") as world:
        yield world


@pytest.fixture(scope="module")
def seen(made: tuple[Path, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """For tests that only look."""
    with copied(made, tmp_path_factory.mktemp("seen") / "world") as world:
        yield world


def key(world: World, *permissions: str) -> str:
    url, headers = f"{world.server.url}/v1/orgs/acme/tokens", {"Authorization": f"Bearer {world.server.token}"}
    body = {"name": "ci", "permissions": list(permissions), "ttl": 3600}
    return str(httpx.post(url, json=body, headers=headers, trust_env=False).json()["token"])


def numbers(page: Any) -> list[int]:
    return [item["number"] for item in page["revisions"]]


def test_the_log_is_paged_and_says_who_and_what(seen: World) -> None:
    lines = seen.run("log", "--limit", "2").splitlines()
    assert lines[0].startswith("revision 3  ")
    assert lines[0].endswith("  mixed  by owner")
    assert lines[1:3] == [
        f"  source policies, {seen.commits[2][:12]} by Ada <ada@acme.example>",
        "  0 added, 1 changed, 0 destroyed",
    ]
    assert lines[-1] == "(older revisions are not shown: --before 2 goes on, --limit shows more)"
    first = seen.program.json("log", "--limit", "2")
    assert (numbers(first), first["next"]) == ([3, 2], 2)
    assert [item["verdict"] for item in first["revisions"]] == ["mixed", "tighter"]
    rest = seen.program.json("log", "--before", "2", "--limit", "9")
    assert (numbers(rest), rest["next"]) == ([1], None)
    assert seen.run("log", "--before", "1") == "No revisions below 1.\n"


def test_diff_of_two_revisions(seen: World) -> None:
    assert seen.run("diff").splitlines() == [
        "Org acme, from revision 2 to revision 3:",
        "",
        "  ~ Policy/default differs (default.yaml:1)",
        "      ~ spec.tools.deny:",
        '          - "exec"',
        '          + "write"',
        "            (1 unchanged)",
        "",
        "Differences: 0 new, 1 changed, 0 gone.",
    ]
    document = seen.program.json("diff", "latest~2", "2")
    assert document["changes"][0]["fields"] == [
        {"path": "spec.tools.deny", "before": ["exec"], "after": ["exec", "read"]}
    ]
    assert seen.run("diff", "3", "3") == "No differences.\nIn org acme, revision 3 and revision 3 say the same.\n"
    assert "3 new, 0 changed, 0 gone." in seen.run("diff", "0", "1")
    assert "spec.email" not in seen.run("diff", "0", "1")
    assert '+ spec.email: "dev@acme.example"' in seen.run("diff", "0", "1", "--detail")


def test_diff_of_files_and_a_revision(world: World) -> None:
    assert "revision 3 and the files say the same" in world.run("diff", "--files", "--detailed-exitcode")
    world.write("write")
    changed = world.program.json("diff", "--files", "--detailed-exitcode", expect=2)
    assert changed["changes"][0]["fields"][0]["after"] == ["write"]
    assert (changed["before"]["revision"], changed["after"]["revision"]) == (3, None)
    planned = world.program.json("plan")
    assert changed["after"]["digest"] == planned["stateDigest"]
    assert changed["changes"] == planned["changes"]
    assert "from revision 1 to the files" in world.run("diff", "1", "--files")
    assert "3 new" in world.run("diff", "0", "--files")
    assert "one revision" in world.fails("diff", "1", "2", "--files")


def test_diff_from_elsewhere_with_exit_codes(seen: World) -> None:
    away = Program(seen.program.path, seen.repository.root.parent, seen.program.environment)
    away.run("diff", "1", "2", "repository", "--detailed-exitcode", expect=2)
    away.run("diff", "repository", "--detailed-exitcode", expect=2)
    away.run("diff", "2", "2", "--org", "acme", "--detailed-exitcode")
    assert "neither a revision nor a directory" in seen.fails("diff", "1", "nowhere")
    assert "'x' names no revision" in seen.fails("diff", "x", "2")
    assert "At most two" in seen.fails("diff", "1", "2", "3")
    assert "There is no revision 9: the latest is 3." in seen.fails("diff", "9")


def test_rollback_asks_then_goes_back(world: World) -> None:
    done = world.program.finish("rollback", "1")
    assert done.returncode == 1
    assert "pass --auto-approve" in done.stderr
    assert numbers(world.program.json("log")) == [3, 2, 1]
    said = world.run("rollback", "1", "--auto-approve")
    command = f"`git revert --no-edit {world.commits[0][:12]}..{world.commits[2][:12]}`"
    assert f"Git still holds the newer files, and their next apply undoes the rollback: revert them there as well, "\
        f"such as by {command}." in said  # fmt: skip
    assert "Org acme is at revision 4." in said
    assert said.splitlines()[-1].startswith("Next: revert the newer files in git as well")
    newest, *_ = world.program.json("log")["revisions"]
    assert (newest["rollbackTo"], newest["commit"]) == (1, world.commits[0])
    assert "  rollback to revision 1" in world.run("log", "--limit", "1").splitlines()
    assert "No differences." in world.run("diff", "1", "latest")
    # As it says: the next apply of the files undoes it, and reverting them does not.
    assert "1 to change" in world.run("plan")
    command = command.strip("`").removeprefix("git ")
    world.repository.git(*command.split())
    assert "No changes." in world.run("plan")


def test_rollback_to_the_present_changes_nothing(seen: World) -> None:
    said = seen.run("rollback", "latest")
    assert said == "No changes.\nSource policies of org acme already says what it said at latest.\n"
    document = seen.program.json("rollback", "3")
    assert document == {"revision": 3, "applied": False, "positionsRefreshed": False}


def test_a_change_in_between_is_exit_4(world: World) -> None:
    said = world.run("rollback", "1", "--out", "back.plan")
    assert said.splitlines()[-1] == "Nothing was changed. `clawforge apply back.plan` carries it out."
    world.run("rollback", "2", "--auto-approve")
    assert "since then revision 4 was applied" in world.program.finish("apply", "back.plan", "--auto-approve").stderr
    world.program.run("apply", "back.plan", "--auto-approve", expect=4)
    assert numbers(world.program.json("log")) == [4, 3, 2, 1]


def test_of_two_at_once_each_wins_whole_or_loses(world: World) -> None:
    commands = [[str(world.program.path), "rollback", number, "--auto-approve"] for number in ("1", "2", "1", "2")]
    options: dict[str, Any] = {"cwd": world.program.cwd, "env": dict(world.program.environment)}
    running = [subprocess.Popen(one, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options) for one in commands]
    said = [process.communicate(timeout=60)[1].decode() for process in running]
    codes = [process.returncode for process in running]
    assert set(codes) <= {0, 4}, said
    # The other one came first, before or after this one's plan was made.
    moved = ("since then revision", "The present revision is")
    assert all(any(it in text for it in moved) for text, code in zip(said, codes, strict=True) if code == 4), said
    page = world.program.json("log")["revisions"]
    made = [item for item in page if item["rollbackTo"] is not None]
    assert [item["number"] for item in page] == list(range(3 + len(made), 0, -1))
    # Who went back to what was present by then made no revision.
    assert 1 <= len(made) <= codes.count(0)


def test_a_saved_rollback_is_a_plan(world: World) -> None:
    document = world.program.json("rollback", "latest~1", "--out", "back.plan")
    assert document["summary"]["change"] == 1
    result = world.program.json("apply", "back.plan", "--auto-approve")
    assert (result["revision"], result["stateDigest"]) == (4, document["stateDigest"])
    assert world.program.json("log")["revisions"][0]["rollbackTo"] == 2


def test_rollback_without_the_project(world: World, tmp_path: Path) -> None:
    away = Program(world.program.path, tmp_path, world.program.environment)
    away.run("rollback", "1", "--org", "acme", "--source", "policies", "--auto-approve")
    assert "no source is named" in away.finish("rollback", "1", "--org", "acme").stderr
    said = away.finish("rollback", "1", "--org", "acme", "--source", "policie")
    assert (said.returncode, "Did you mean policies?" in said.stderr) == (1, True)


def test_blame_of_a_list_names_the_commit_of_each_item(seen: World) -> None:
    lines = seen.run("blame", "Policy/default", "spec.tools.deny").splitlines()
    assert lines[0] == "Policy/default spec.tools.deny at revision 3"
    for line, item, number in ((lines[1], '"read" ', 2), (lines[2], '"write"', 3)):
        commit = seen.commits[number - 1][:12]
        start = f"  {item}  revision {number} (commit {commit}, Ada <ada@acme.example>, applied by owner), "
        assert line.startswith(start), line
    (field,) = seen.program.json("blame", "Policy/default", "spec.tools.deny")["fields"]
    assert [(item["value"], item["mark"]["commit"]) for item in field["items"]] == [
        ("read", seen.commits[1]),
        ("write", seen.commits[2]),
    ]


def test_blame_of_a_resource_and_its_history(seen: World) -> None:
    whole = seen.program.json("blame", "Policy/default")
    assert {item["path"]: item["mark"]["revision"] for item in whole["fields"]} == {
        "spec.appliesTo": 1,
        "spec.tools.deny": 3,
    }
    away = Program(seen.program.path, seen.repository.root.parent, seen.program.environment)
    assert away.json("blame", "Policy/default", "repository") == whole
    assert away.json("blame", "User/dev", "spec", "repository")["fields"][0]["path"] == "spec.email"
    every = seen.run("blame", "Policy/default", "spec.tools.deny", "--all").splitlines()
    assert [line.split(" (")[0] for line in every if line.startswith("  revision")] == [
        "  revision 3",
        "  revision 2",
        "  revision 1",
    ]
    assert '    + spec.tools.deny: "write"' in every


def test_blame_of_what_is_gone(world: World) -> None:
    (world.repository.root / "default.yaml").write_text(POLICY.partition("  tools")[0] % ())
    world.run("apply", "--auto-approve")
    lines = world.run("blame", "Policy/default", "spec.tools.deny").splitlines()
    assert lines[1] == "  is not set now"
    assert lines[2].startswith("  revision 4 (commit ")
    assert lines[3] == '    - spec.tools.deny: ["read","write"]'


def test_blame_of_what_never_was(seen: World) -> None:
    assert "Did you mean spec.tools.deny?" in seen.fails("blame", "Policy/default", "spec.tool.deny")
    assert "Did you mean Policy/default?" in seen.fails("blame", "Policy/defalt")
    assert "does not set spec.exec.mode, and never did" in seen.fails("blame", "Policy/default", "spec.exec.mode")
    assert "options of a call" in seen.fails("blame", "Policy/default", "spec.tools", "--instance", "x")


def test_a_question_about_a_user_is_the_question_about_a_call(seen: World) -> None:
    assert seen.program.json("blame", "User/dev", "exec")["decision"]["effect"] == "allow"
    assert seen.program.json("blame", "User/dev", "spec.email")["fields"][0]["mark"]["revision"] == 1


def test_what_somebody_wrote_does_not_act(world: World) -> None:
    (world.repository.root / "default.yaml").write_text(
        'apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: default, annotations: {note: "\\u202e##[x]"}}\n'
        "spec: {appliesTo: everyone}\n"
    )
    world.repository.git("add", "-A")
    world.repository.git("commit", "-qm", "x", at=START + 3 * DAY, GIT_AUTHOR_NAME="\x1b]0;x\x07Eve \u200b")
    world.run("apply", "--auto-approve")
    for command in (("log",), ("diff",), ("blame", "Policy/default"), ("blame", "Policy/default", "--all")):
        text = world.run(*command)
        assert all(character.isprintable() or character == "\n" for character in text), command
        assert not {"\x1b", "\u202e", "\u200b"} & set(world.run(*command, "--format", "json"))
    assert "##[" not in world.run("blame", "Policy/default")


def test_who_may_not_look_back(seen: World) -> None:
    other = World(
        seen.program.with_environment(CLAWFORGE_TOKEN=key(seen, "revisions:read")), seen.repository, seen.server, []
    )
    assert numbers(other.program.json("log")) == [3, 2, 1]
    for command in (("diff",), ("blame", "Policy/default"), ("rollback", "1")):
        assert "lacks the permission" in other.fails(*command)


def test_one_revision_with_its_changes_as_far_as_one_may_know(seen: World) -> None:
    client = HistoryClient(Connection(seen.server.url, Secret(seen.server.token)), "acme")
    found = client.revision_detail("latest~1")
    assert (found.revision.number, found.revision.commit) == (2, seen.commits[1])
    assert found.changes is not None
    (change,) = found.changes
    assert [(field.path, field.before, field.after) for field in change.fields] == [
        ("spec.tools.deny", ["exec"], ["exec", "read"])
    ]
    first = client.revision_detail("1").changes
    assert first is not None
    assert {change.action for change in first} == {Action.CREATE}
    lister = HistoryClient(Connection(seen.server.url, Secret(key(seen, "revisions:read"))), "acme")
    assert lister.revision_detail("2").changes is None
    with pytest.raises(NotFoundError):
        client.revision_detail("0")


def test_addresses_are_completed(seen: World) -> None:
    line = {"_CLAWFORGE_COMPLETE": "complete_bash", "COMP_WORDS": "clawforge blame Pol", "COMP_CWORD": "2"}
    assert seen.program.with_environment(**line).finish().stdout.split() == ["Policy/default"]


def test_show_tells_one_revision(seen: World) -> None:
    said = seen.run("show", "latest~1", "--org", "acme")
    number = json.loads(seen.run("show", "latest~1", "--org", "acme", "--format", "json"))["revision"]["number"]
    assert f"revision {number}" in said.lower()
    assert "only plans are signed" in seen.fails("show", "1", "--org", "acme", "--verify")
