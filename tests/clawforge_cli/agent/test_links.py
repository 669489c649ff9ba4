"""Path rules see through the symbolic links of the real file system, and trust no guess about the workspace."""

from __future__ import annotations

from pathlib import Path

import pytest
from signing_world import DEV, NOON, SigningWorld, policy

from clawforge.decide.request import Decision, InstanceFacts
from clawforge.trust import accept_answer, held
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.protocol import CheckRequest
from clawforge_cli.agent.service import AgentService


def service(facts: InstanceFacts, **rules: object) -> AgentService:
    world = SigningWorld([policy(**rules)])
    holding = held(accept_answer(world.enrolled(DEV, NOON), world.full(DEV, NOON), NOON))
    assert holding is not None
    made = AgentService(Clock(NOON, wall=lambda: NOON, monotonic=lambda: 0.0), facts)
    made.adopt(holding)
    return made


def read(agent: AgentService, path: object) -> Decision:
    return agent.decide(CheckRequest(tool="read", params={"path": str(path)}))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path.resolve()
    for name in ("secret/deep", "work/src", "elsewhere"):
        (root / name).mkdir(parents=True)
    (root / "secret" / "key").write_text("k")
    (root / "work" / "link").symlink_to(root / "secret")
    (root / "work" / "file").symlink_to("../secret/key")
    (root / "work" / "inner").symlink_to(root / "work" / "src")
    (root / "alias").symlink_to(root / "work")
    (root / "work" / "loop").symlink_to(root / "work" / "loop")
    return root


@pytest.mark.parametrize(
    "path", ["link/key", "file", "link/deep/../key", "link/new", "{root}/work/link/key", "{root}/alias/file"]
)
def test_a_link_into_a_denied_folder_is_denied(tree: Path, path: str) -> None:
    facts = InstanceFacts(home=str(tree), workspace=str(tree / "work"))
    agent = service(facts, paths={"deny": [f"{tree}/secret/**"]})
    assert read(agent, path.format(root=tree)).reasons[0].code == "path-denied"


def test_a_denied_link_is_denied_by_its_own_name_too(tree: Path) -> None:
    facts = InstanceFacts(home=str(tree), workspace=str(tree / "work"))
    agent = service(facts, paths={"deny": [f"{tree}/alias/**"]})
    assert read(agent, tree / "alias" / "src" / "a").reasons[0].code == "path-denied"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("src/a", "allowed"),
        ("inner/a", "allowed"),
        ("{root}/alias/src/a", "allowed"),
        ("link/key", "path-outside-workspace"),
        ("{root}/elsewhere/a", "path-outside-workspace"),
        ("link/../src/a", "path-outside-workspace"),
    ],
)
def test_a_workspace_is_where_files_really_lie(tree: Path, path: str, code: str) -> None:
    facts = InstanceFacts(home=str(tree), workspace=str(tree / "work"))
    agent = service(facts, paths={"workspaceOnly": True})
    assert read(agent, path.format(root=tree)).reasons[0].code == code


def test_a_guessed_workspace_says_nothing_about_paths_that_leave_it(tree: Path) -> None:
    facts = InstanceFacts(home=str(tree), workspace=str(tree / "work"), workspace_guessed=True)
    agent = service(facts, paths={"deny": ["/nowhere/**"]})
    assert read(agent, "src/a").reasons[0].code == "allowed"
    assert read(agent, "../elsewhere/a").reasons[0].code == "path-denied"
    assert read(agent, tree / "elsewhere" / "a").reasons[0].code == "allowed"


def test_a_path_that_cannot_be_followed_is_denied(tree: Path) -> None:
    world = SigningWorld([policy(paths={"deny": ["/nowhere/**"]})])
    holding = held(accept_answer(world.enrolled(DEV, NOON), world.full(DEV, NOON), NOON))
    assert holding is not None
    facts = InstanceFacts(home=str(tree), workspace=str(tree / "work"))
    agent = AgentService(Clock(NOON, wall=lambda: NOON, monotonic=lambda: 0.0), facts, follow=lambda path: None)
    agent.adopt(holding)
    assert read(agent, "src/a").reasons[0].code == "path-denied"
