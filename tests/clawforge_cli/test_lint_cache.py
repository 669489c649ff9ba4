"""What is remembered is what would be found: over random edits, at random moments, by different programs."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.errors import InputError
from clawforge.lint.moment import Span
from clawforge.lint.outcome import LintOutcome
from clawforge.load.files import Snapshot
from clawforge_cli import lint_cache, lint_run
from clawforge_cli.cache import Cache
from clawforge_cli.lint_run import checked, remembered

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
TICK = dt.datetime.resolution
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
HEAD = "apiVersion: clawforge/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n"


def document(kind: str, name: str, spec: str) -> str:
    return HEAD.format(kind=kind, name=name) + spec


DOCUMENTS = {
    "policy": document("Policy", "p", '  appliesTo: everyone\n  exec: {deny: ["rm **"]}\n'),
    "accepted in a comment": document(
        "Policy",
        "q",
        "  appliesTo: everyone\n  mode: overlay\n  exec:\n"
        '    # clawforge: ignore[exec-deny-best-effort] reason="why" until=2026-11-21\n    deny: ["rm **"]\n',
    ),
    "waiver to a moment": document(
        "Waiver",
        "w",
        "  rule: exec-deny-best-effort\n  resource: Policy/p\n  reason: why\n  expires: 2026-11-20T15:00:00+02:00\n",
    ),
    "waiver to a day": document(
        "Waiver", "v", "  rule: home-secrets-readable\n  resource: Policy/p\n  reason: why\n  expires: 2026-11-21\n"
    ),
    "account": document(
        "ServiceAccount", "ci", "  permissions: ['plans:read']\n  expires: 2026-11-20T12:00:00.000001Z\n"
    ),
    "review": document(
        "SkillApproval",
        "s",
        f"  appliesTo: everyone\n  key: s\n  digest: sha256:{'0' * 64}\n  status: approved\n  reviewBy: 2026-11-20\n",
    ),
    "organization": document("Organization", "acme", "  displayName: Acme\n  timezone: Pacific/Kiritimati\n"),
    "schedule": document(
        "Policy",
        "freeze",
        "  appliesTo: everyone\n  mode: overlay\n  schedule:\n"
        "    windows: [{from: 2026-11-01T00:00:00Z, until: 2026-11-20T18:00:00Z}]\n",
    ),
    "jump": document(
        "Policy",
        "nights",
        "  appliesTo: everyone\n  mode: overlay\n"
        "  schedule: {timezone: Europe/Berlin, windows: [{cron: 30 2 * * *, duration: 1h}]}\n",
    ),
    "deadline": document(
        "VersionTarget",
        "host",
        '  appliesTo: everyone\n  components: {host: {range: ">=2026.9.1"}}\n  enforcement: block\n'
        "  deadline: 2026-11-22T00:00:00Z\n",
    ),
    "broken": "apiVersion: [\n",
    "empty": "",
}
BOUNDARIES = [
    NOW,
    dt.datetime(2026, 11, 20, 13, tzinfo=dt.UTC),
    dt.datetime(2026, 11, 20, 18, tzinfo=dt.UTC),
    dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC),
    dt.datetime(2026, 11, 21, tzinfo=dt.UTC),
    dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC),
    dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
    dt.datetime(2026, 10, 25, tzinfo=dt.UTC),
    dt.datetime(2027, 4, 1, tzinfo=dt.UTC),
]
SETTINGS = (
    "",
    "lint: {levels: {exec-deny-best-effort: error}}\n",
    "lint: {levels: {waiver-expired: off}}\n",
    "exclude: [a.yaml]\n",
    "include: [sub/**]\n",
    "include: [nothing.yaml]\n",
    "unknown: 1\n",
)
FILES = ("a.yaml", "b.yml", "sub/c.yaml", "sub/deeper/d.yaml", "notes.txt")


@dataclass
class World:
    """A project, a cache, and which of the answers came from it."""

    root: Path
    cache: Cache
    hits: int = 0
    misses: int = 0
    _found: list[bool] = field(default_factory=list)

    def agrees(self, now: dt.datetime, build: str = "one") -> None:
        """Ask twice with the cache and once without."""
        fresh = checked(self.root, now)
        assert self.ask(now, build) == fresh
        assert self.ask(now, build) == fresh

    def ask(self, now: dt.datetime, build: str) -> LintOutcome:
        found = lint_cache.LintCache(self.cache, build, Snapshot(self.root, most=1 << 20)).find(now)
        self.hits, self.misses = self.hits + (found is not None), self.misses + (found is None)
        return remembered(self.root, now, self.cache, build)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return begun(tmp_path)


def begun(folder: Path) -> World:
    root = folder / "project"
    root.mkdir()
    (root / "clawforge.yaml").write_text(PROJECT)
    return World(root, Cache(folder / "cache"))


def write(path: Path, text: str) -> None:
    remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def link(path: Path) -> None:
    remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(os.path.devnull)


def pipe(path: Path) -> None:
    remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


def folder(path: Path) -> None:
    remove(path)
    write(path / "clawforge.yaml", PROJECT)


files = st.sampled_from(FILES)
edits: st.SearchStrategy[Callable[[Path], object]] = st.one_of(
    st.builds(
        lambda file, names: lambda root: write(root / file, "---\n".join(DOCUMENTS[name] for name in names)),
        files,
        st.lists(st.sampled_from(sorted(DOCUMENTS)), max_size=4),
    ),
    st.builds(lambda file, act: lambda root: act(root / file), files, st.sampled_from([remove, link, pipe, folder])),
    st.builds(
        lambda text: lambda root: (root / "clawforge.yaml").write_text(PROJECT + text), st.sampled_from(SETTINGS)
    ),
    st.just(lambda root: None),
)
moments = st.builds(lambda at, ticks: at + ticks * TICK, st.sampled_from(BOUNDARIES), st.integers(-1, 1))
steps = st.lists(st.tuples(edits, moments, st.sampled_from(["one", "two"])), min_size=1, max_size=6)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_over_random_edits_what_is_remembered_is_what_would_be_found(
    taken: list[tuple[Callable[[Path], object], dt.datetime, str]],
) -> None:
    with TemporaryDirectory() as name:
        world = begun(Path(name))
        for edit, now, build in taken:
            edit(world.root)
            world.agrees(now, build)


def expire(world: World) -> None:
    """Goes over every boundary of everything that depends on time, forwards and backwards."""
    write(world.root / "a.yaml", "---\n".join(DOCUMENTS[name] for name in sorted(DOCUMENTS) if name != "broken"))
    for at in sorted(BOUNDARIES):
        world.agrees(at - TICK)
        world.agrees(at)
    for at in sorted(BOUNDARIES, reverse=True):
        world.agrees(at)


def test_answers_end_when_something_expires(world: World) -> None:
    expire(world)
    assert world.hits


@pytest.mark.parametrize("name", ["waiver to a moment", "waiver to a day", "account", "review", "schedule", "deadline"])
def test_each_thing_that_expires_ends_the_answer_by_itself(world: World, name: str) -> None:
    write(world.root / "a.yaml", DOCUMENTS["policy"] + "---\n" + DOCUMENTS[name])
    for at in sorted(BOUNDARIES):
        world.agrees(at - TICK)
        world.agrees(at)


def test_an_answer_is_used_again_until_it_ends(world: World) -> None:
    write(world.root / "a.yaml", DOCUMENTS["policy"] + "---\n" + DOCUMENTS["waiver to a moment"])
    world.ask(NOW, "one")
    assert (world.hits, world.misses) == (0, 1)
    for minutes in range(0, 60, 7):
        world.ask(NOW + dt.timedelta(minutes=minutes), "one")
    assert (world.hits, world.misses) == (9, 1)
    world.ask(NOW + dt.timedelta(hours=1), "one")
    assert (world.hits, world.misses) == (9, 2)


def upgrade(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version finds something else in the same files."""
    from clawforge.lint import registry

    write(world.root / "a.yaml", DOCUMENTS["policy"])
    world.agrees(NOW, "one")
    monkeypatch.setattr(registry, "RULES", tuple(rule for rule in registry.RULES if rule.id == "exec-deny-best-effort"))
    world.agrees(NOW, "two")


def test_another_program_asks_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(world, monkeypatch)


def test_without_the_end_of_answers_a_wrong_one_would_be_given(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Span, "__contains__", lambda self, moment: True)
    with pytest.raises(AssertionError):
        expire(world)


def test_without_the_program_in_the_name_a_wrong_one_would_be_given(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = lint_cache.LintCache._name

    def nameless(self: lint_cache.LintCache, *parts: object) -> str:
        self._build = ""
        return name(self, *parts)

    monkeypatch.setattr(lint_cache.LintCache, "_name", nameless)
    with pytest.raises(AssertionError):
        upgrade(world, monkeypatch)


def test_a_file_that_changes_while_lint_runs_is_not_remembered_as_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes that were looked up are the bytes that are checked, whatever is on the disk by then."""
    write(world.root / "a.yaml", DOCUMENTS["policy"])
    before = checked(world.root, NOW)
    examined = lint_run._examined

    def interrupted(path: Path, now: dt.datetime, known: lint_cache.LintCache | None = None) -> LintOutcome:
        if known is not None:
            write(world.root / "a.yaml", DOCUMENTS["broken"])
            write(world.root / "b.yaml", DOCUMENTS["account"])
        return examined(path, now, known)

    world.ask(NOW, "one")
    write(world.root / "a.yaml", DOCUMENTS["policy"] + "# changed\n")
    with monkeypatch.context() as patched:
        patched.setattr(lint_run, "_examined", interrupted)
        world.ask(NOW, "one")
    world.agrees(NOW)
    remove(world.root / "b.yaml")
    write(world.root / "a.yaml", DOCUMENTS["policy"] + "# changed\n")
    world.agrees(NOW)
    assert remembered(world.root, NOW, world.cache, "one").report == before.report


def test_a_project_that_is_too_large_is_checked_and_not_remembered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lint_run, "_MOST_KEPT", 100)
    write(world.root / "a.yaml", DOCUMENTS["policy"])
    world.agrees(NOW)
    assert world.hits == 0


def test_nothing_is_remembered_of_what_is_no_project(world: World, tmp_path: Path) -> None:
    remove(world.root / "clawforge.yaml")
    world.agrees(NOW)
    assert world.hits == 0
    with pytest.raises(InputError):
        remembered(tmp_path / "nowhere", NOW, world.cache, "one")


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b"[1, 2]", b'[["../.."], []]', b'[["**"], [], []]', b"\xff"])
def test_a_kept_answer_of_another_shape_is_no_answer(
    world: World, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a checksum is no secret, whoever writes as this user can write anything; it must not be a traceback."""
    write(world.root / "a.yaml", DOCUMENTS["policy"])
    put = world.cache.put
    monkeypatch.setattr(world.cache, "put", lambda name, _: put(name, content))
    world.agrees(NOW)
    assert world.hits == 0


def test_two_checkouts_share_an_answer(world: World, tmp_path: Path) -> None:
    write(world.root / "a.yaml", DOCUMENTS["policy"])
    world.ask(NOW, "one")
    other = World(Path(shutil.copytree(world.root, tmp_path / "other")), world.cache)
    other.agrees(NOW)
    assert other.misses == 0
