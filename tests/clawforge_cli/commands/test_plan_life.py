"""Plans that are kept, shown, approved by name and applied in part, through the installed program and a real server."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from programs import Program, Server, running_server

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: {source}\n{more}"
PEOPLE = (
    "apiVersion: clawforge/v1\nkind: User\nmetadata: {name: dev}\nspec: {email: dev@acme.example}\n"
    "---\napiVersion: clawforge/v1\nkind: Organization\nmetadata: {name: acme}\n"
    "---\napiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: default}\nspec: {appliesTo: everyone}\n"
)


def overlay(name: str, deny: str, metadata: str = "") -> str:
    return (
        f"apiVersion: clawforge/v1\nkind: Policy\nmetadata: {{name: {name}{metadata}}}\n"
        f"spec: {{appliesTo: everyone, mode: overlay, tools: {{deny: [{deny}]}}}}\n"
    )


class World:
    """Two projects of one org, and its server."""

    def __init__(self, program: Program, root: Path, server: Server) -> None:
        self.program, self.root, self.server = program, root, server
        self.main, self.other = root / "main", root / "other"
        self.write(self.main, "people", PEOPLE)
        self.project(self.main)
        self.project(self.other)

    def project(self, folder: Path, more: str = "") -> None:
        folder.mkdir(exist_ok=True)
        (folder / "clawforge.yaml").write_text(PROJECT.format(source=folder.name, more=more))

    def write(self, folder: Path, name: str, text: str) -> None:
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text(text)

    def apply(self, folder: Path, *more: str, expect: int = 0) -> str:
        return self.program.run("apply", folder, "--auto-approve", *more, expect=expect)

    def refused(self, *arguments: str | Path, expect: int = 1) -> str:
        return self.said_by(self.program, *arguments, expect=expect)

    @staticmethod
    def said_by(program: Program, *arguments: str | Path, expect: int = 1) -> str:
        done = program.finish(*arguments)
        assert done.returncode == expect, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    program = Program(Path(sys.executable).parent / "clawforge", tmp_path)
    with running_server(program, tmp_path / "data") as server:
        known = program.with_environment(CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token)
        yield World(known, tmp_path, server)


def test_a_plan_is_kept_shown_verified_and_applied_by_its_id(world: World) -> None:
    world.apply(world.main)
    world.write(world.main, "extra", overlay("extra", "exec"))
    done = world.program.finish("plan", world.main, "--submit", "--format", "json")
    plan = json.loads(done.stdout)
    assert f"{world.server.url}/v1/orgs/acme/plans/{plan['id']}" in done.stderr
    assert plan["signature"]["keyid"].startswith("ed25519:")

    org = ("--org", "acme")
    assert "Plan: 1 to add" in world.program.run("show", plan["id"], *org)
    assert world.program.json("show", plan["id"], *org) == plan
    assert "### clawforge plan: 1 to add" in world.program.run("show", plan["id"], *org, "--format", "markdown")
    assert world.program.finish("show", plan["id"], *org, "--verify").returncode == 0
    world.program.run("show", plan["id"], *org, "--detailed-exitcode", expect=2)

    result = world.program.json("apply", plan["id"], *org, "--auto-approve")
    assert (result["revision"], result["applied"]) == (2, True)
    # Again: nothing is applied twice.
    assert world.program.json("apply", plan["id"], *org, "--auto-approve") == result
    assert "there is no plan" in world.refused("show", "plan-0000000000000000000000", *org).lower()


def test_a_saved_plan_that_was_edited_shows_and_is_refused(world: World, tmp_path: Path) -> None:
    world.apply(world.main)
    world.write(world.main, "extra", overlay("extra", "exec"))
    saved = tmp_path / "plan.json"
    world.program.run("plan", world.main, "--out", saved)
    assert world.program.finish("show", saved, "--verify").returncode == 0
    document = json.loads(saved.read_text())
    document["summary"]["add"] = 0
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps(document))
    assert "signature does not fit" in world.refused("show", edited, "--verify")
    assert "differs from the plan" in world.refused("apply", edited, "--auto-approve", expect=4)
    cut = tmp_path / "cut.json"
    cut.write_text(saved.read_text()[:-200])
    assert "is not a saved plan" in world.refused("show", cut)
    assert "is not a saved plan" in world.refused("apply", cut)
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps({**json.loads(saved.read_text()), "formatVersion": "2.0"}))
    assert "is not a saved plan" in world.refused("show", newer)
    offline = tmp_path / "offline.json"
    offline.write_text(world.program.run("plan", world.main, "--offline", "--format", "json"))
    assert "carries no signature" in world.refused("show", offline, "--verify")


def test_a_part_is_planned_and_the_rest_is_named(world: World) -> None:
    world.apply(world.main)
    world.write(world.main, "a", overlay("a", "exec", ", labels: {team: x}"))
    world.write(world.main, "b", overlay("b", "browser"))
    said = world.program.run("apply", world.main, "--auto-approve", "--select", "team=x")
    assert "Policy/a" in said
    assert "Policy/b" not in said
    assert "Resources: 1 added, 0 changed, 0 destroyed." in said
    assert "one other difference is left out" in said
    assert "Policy/b" in world.program.run("plan", world.main, "--exclude", "Policy/a")
    assert "No changes." in world.program.run("plan", world.main, "--target", "Group/*")
    assert "is no address" in world.refused("plan", world.main, "--target", "a")
    assert "is no label" in world.refused("plan", world.main, "--select", "team")
    offline = world.program.run("plan", world.main, "--offline", "--target", "Policy/default", "--target", "User/dev")
    assert "Plan: 2 to add" in offline


def test_a_rename_destroys_nothing(world: World) -> None:
    world.write(world.main, "a", overlay("a", "exec"))
    world.apply(world.main)
    world.write(world.main, "a", overlay("b", "exec"))
    world.project(world.main, "moved:\n  - {from: Policy/a, to: Policy/b}\n")
    said = world.apply(world.main)
    assert "Policy/b will be renamed from Policy/a" in said
    assert "Plan: 0 to add, 0 to change, 0 to destroy, 1 to rename." in said
    assert "Verdict: equal" in said
    assert "No changes." in world.program.run("plan", world.main, "--detailed-exitcode")


def test_two_projects_share_an_org(world: World) -> None:
    world.write(world.main, "a", overlay("a", "exec"))
    world.apply(world.main)
    (world.main / "a.yaml").unlink()
    world.write(world.other, "a", overlay("a", "browser"))
    assert "belongs to the source 'main'" in world.refused("plan", world.other, expect=4)
    taken = ("--take-ownership", "Policy/a")
    assert "taken over from the source main" in world.apply(world.other, *taken)
    # What it does not own any more it does not destroy.
    assert "No changes." in world.program.run("plan", world.main)
    (world.other / "a.yaml").unlink()
    world.project(world.other, "removed:\n  - {from: Policy/a, action: forget}\n")
    said = world.apply(world.other)
    assert "will stay and belong to nobody" in said
    assert "1 forgotten" in said
    world.write(world.main, "a", overlay("a", "browser"))
    assert "taken in, which nobody owns" in world.apply(world.main)
    assert "No changes." in world.program.run("plan", world.main)


def test_what_must_not_be_destroyed(world: World) -> None:
    mark = ", annotations: {clawforge.io/prevent-destroy: 'true'}"
    world.write(world.main, "a", overlay("a", "exec", mark))
    world.apply(world.main)
    (world.main / "a.yaml").unlink()
    assert "would destroy Policy/a" in world.refused("plan", world.main)
    world.write(world.main, "a", overlay("a", "exec"))
    world.apply(world.main)
    (world.main / "a.yaml").unlink()
    assert "1 destroyed" in world.apply(world.main)


def test_patience_lets_several_apply_at_once(world: World) -> None:
    world.apply(world.main)
    folders = [world.root / f"team-{number}" for number in range(4)]
    for number, folder in enumerate(folders):
        world.project(folder)
        world.write(folder, "policy", overlay(f"team-{number}", f"tool_{number}"))
    done: dict[Path, Any] = {}

    def run(folder: Path) -> None:
        done[folder] = world.program.finish("apply", folder, "--auto-approve", "--lock-timeout", "60s")

    threads = [threading.Thread(target=run, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [item.returncode for item in done.values()] == [0, 0, 0, 0], [item.stderr for item in done.values()]
    log = world.program.json("log", world.main)
    assert [item["number"] for item in log["revisions"]] == [5, 4, 3, 2, 1]
    assert "--lock-timeout" in world.refused("apply", world.main, "--lock-timeout", "soon")


def test_two_plans_of_one_change_read_alike(world: World) -> None:
    world.apply(world.main)
    world.write(world.main, "extra", overlay("extra", "exec"))
    for form in ("text", "markdown"):
        first, second = (world.program.run("plan", world.main, "--detail", "--format", form) for _ in range(2))
        assert first == second
        assert "Less" in first


def test_without_a_control_plane_it_is_held_against_what_was_seen_last(world: World) -> None:
    alone = Program(world.program.path, world.root).with_environment(CLAWFORGE_CACHE_DIR=str(world.root / "cache"))
    assert "was not seen here yet" in World.said_by(alone, "plan", world.main, "--offline", "--last-seen")
    cached = world.program.with_environment(CLAWFORGE_CACHE_DIR=str(world.root / "cache"))
    cached.run("apply", world.main, "--auto-approve")
    world.write(world.main, "extra", overlay("extra", "exec"))
    said = alone.run("plan", world.main, "--offline", "--last-seen")
    assert "compared with revision 1, as it was seen at" in said
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in said
    # A part of the files is not what is in force.
    cached.run("apply", world.main, "--auto-approve", "--target", "Policy/extra")
    assert "Plan: 1 to add" in alone.run("plan", world.main, "--offline", "--last-seen")
    cached.run("plan", world.main)
    assert "No changes." in alone.run("plan", world.main, "--offline", "--last-seen")
    for file in (world.root / "cache").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:-1])
    assert "was not seen here yet" in World.said_by(alone, "plan", world.main, "--offline", "--last-seen")
    assert "Add --offline" in World.said_by(alone, "plan", world.main, "--last-seen")
