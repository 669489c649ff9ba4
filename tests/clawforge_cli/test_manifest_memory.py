"""What is remembered of documents is what they declare: over random edits, and never where something is wrong."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.lint.engine import obstacles
from clawforge.load.files import Files
from clawforge.load.limits import Limits
from clawforge.load.project import load_project
from clawforge.resource.registry import canonical_resource
from clawforge.wire import PlanRequest
from clawforge_cli import manifest_memory
from clawforge_cli.cache import Cache
from clawforge_cli.manifest import Manifest
from clawforge_cli.manifest_memory import LIMITS, ManifestMemory
from clawforge_cli.proposal import plan_request

NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
POLICY = (
    "apiVersion: clawforge/v1\nkind: Policy\nmetadata: {{name: {name}}}\n"
    "spec:\n  appliesTo: everyone\n  mode: overlay\n{rest}"
)
SECRET = "ghp" + "_a1B2c3D4e5F6g7H8i9J0kLmNoPqRsT2Q67Zp"

DOCUMENTS = {
    "plain": POLICY.format(name="plain", rest="  tools: {deny: [exec, browser]}\n"),
    "unsorted": POLICY.format(name="unsorted", rest="  tools:\n    deny:\n      - write\n      - exec\n"),
    "folded": POLICY.format(name="folded", rest="  message: >\n    one\n\n    two --- three\n"),
    "marked text": POLICY.format(name="marked", rest='  message: "a\n\n    --- b"\n'),
    "commented": "# first\n" + POLICY.format(name="commented", rest="  # clawforge: ignore[x] reason='y'\n"),
    "again": POLICY.format(name="plain", rest=""),
    "ended": POLICY.format(name="ended", rest="") + "...\n",
    "directed": "...\n%YAML 1.2\n---\n" + POLICY.format(name="directed", rest=""),
    "only a comment": "# nothing\n",
    "empty": "",
    "broken": "apiVersion: [\n",
    "no resource": "a: 1\n",
    "unknown": POLICY.format(name="unknown", rest="  extends: [nobody]\n"),
    "secret": POLICY.format(name="secret", rest=f"  message: {SECRET}\n"),
    "escaped secret": POLICY.format(name="escaped", rest=f'  message: "{SECRET.replace("_", chr(92) + "x5F", 1)}"\n'),
    "broken secret": POLICY.format(name="torn", rest=f'  message: "{SECRET[:2]}{chr(92)}\n    {SECRET[2:]}"\n'),
    "secret in a comment": f"# {SECRET}\n" + POLICY.format(name="telling", rest=""),
    "windows": POLICY.format(name="windows", rest="").replace("\n", "\r\n"),
    "no last line end": POLICY.format(name="cut", rest="  message: cut"),
}
FILES = ("a.yaml", "b.yml", "sub/c.yaml")
MARKS = ("---\n", "--- \n", "---\r\n", "---\t# next\n", "\n---\n")
TEXTS = st.builds(
    lambda names, mark: mark.join(DOCUMENTS[name] for name in names),
    st.lists(st.sampled_from(sorted(DOCUMENTS)), max_size=4),
    st.sampled_from(MARKS),
)
EDITS = st.tuples(st.sampled_from(FILES), st.one_of(st.none(), TEXTS), st.sampled_from(["", "\n\n", "# top\n"]))


class World:
    """A project and a cache; counts the pieces of files that had to be read."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.root.mkdir()
        (self.root / "clawforge.yaml").write_text(PROJECT)
        self.cache = Cache(folder / "cache", LIMITS)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())

    def ask(self, build: str = "one") -> Manifest | None:
        return ManifestMemory(self.cache, build, self.root).manifest(NOW)

    def holds(self) -> Manifest | None:
        """What is remembered now, which must be what the files declare, or nothing."""
        project = load_project(self.root)
        manifest = self.ask()
        if obstacles(project, now=NOW):
            assert manifest is None
        if manifest is not None:
            assert manifest == Manifest.of(project)
            sent = PlanRequest.model_validate_json(manifest.body(plan_request(manifest)))
            assert sent.positions == project.positions
            assert sent.resources == tuple(canonical_resource(resource) for resource in project.values)
        return manifest


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@given(st.lists(EDITS, min_size=1, max_size=6))
@settings(max_examples=120, deadline=None)
def test_over_random_edits_it_is_what_the_files_declare_or_nothing(
    edits: list[tuple[str, str | None, str]],
) -> None:
    with TemporaryDirectory() as name:
        world = World(Path(name))
        for file, text, top in edits:
            if text is None:
                (world.root / file).unlink(missing_ok=True)
            else:
                world.write(file, top + text)
            world.holds()
            world.holds()


def looks(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The texts that are parsed from now on."""
    seen: list[bytes] = []
    compose: Callable[..., object] = manifest_memory.compose

    def watched(data: bytes, **more: object) -> object:
        seen.append(data)
        return compose(data, **more)

    monkeypatch.setattr(manifest_memory, "compose", watched)
    return seen


def test_only_what_changed_is_parsed_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"p{number}" for number in range(9)]
    documents = [POLICY.format(name=name, rest="") for name in names]
    world.write("a.yaml", "---\n".join(documents))
    assert world.holds() is not None
    seen = looks(monkeypatch)
    assert world.ask() is not None
    assert not seen
    documents[4] = POLICY.format(name="p4", rest="  tools: {deny: [exec]}\n")
    world.write("a.yaml", "---\n".join(documents))
    assert world.holds() is not None
    assert [data.strip() for data in seen] == [b"---\n" + documents[4].strip().encode()]
    # Another program may read them otherwise.
    assert world.ask("two") is not None
    assert len(seen) == 2


@pytest.mark.parametrize(
    "name",
    ["secret", "escaped secret", "broken secret", "secret in a comment", "broken", "no resource", "unknown"],
)
def test_files_that_need_a_closer_look_are_never_remembered(world: World, name: str) -> None:
    world.write("a.yaml", DOCUMENTS["plain"])
    assert world.holds() is not None
    world.write("b.yml", DOCUMENTS[name])
    assert world.ask() is None
    assert world.ask() is None
    world.write("b.yml", DOCUMENTS["unsorted"])
    assert world.holds() is not None


def test_levels_of_rules_and_a_telling_project_file_need_a_closer_look(world: World) -> None:
    world.write("a.yaml", DOCUMENTS["plain"])
    for more in ("lint: {levels: {exec-deny-best-effort: error}}\n", f"# {SECRET}\n", "unknown: 1\n"):
        world.write("clawforge.yaml", PROJECT + more)
        assert world.ask() is None
    world.write("clawforge.yaml", PROJECT)
    assert world.holds() is not None


def test_limits_on_a_file_hold_for_its_pieces_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write("a.yaml", "---\n".join(POLICY.format(name=f"p{number}", rest="") for number in range(4)))
    assert world.holds() is not None
    for limits in (Limits(max_nodes=20), Limits(max_documents=3)):
        monkeypatch.setattr(manifest_memory, "Files", partial(Files, limits=limits))
        assert world.ask() is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"a": 1}', b'{"a": [1]}', b"\xff"])
def test_a_damaged_memory_is_none(world: World, damage: bytes) -> None:
    world.write("a.yaml", DOCUMENTS["plain"])
    assert world.holds() is not None
    for kept in os.listdir(world.root.parent / "cache"):
        world.cache.put(kept, damage)
    assert world.holds() is not None
